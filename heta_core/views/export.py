"""A result as a table for a spreadsheet."""

import csv
import io
from dataclasses import asdict, fields

from heta_core.attribution import Attribution
from heta_core.generated import GenerationAttribution
from heta_core.views import ranking

# A spreadsheet takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(attribution: Attribution) -> str:
    """One line per token or block, the highest first, with raw numbers; what is not known is empty.

    Tokens that a spreadsheet would take for a formula get an apostrophe in front.
    """
    file = io.StringIO()
    table = csv.DictWriter(file, [f.name for f in fields(ranking.Row)], lineterminator="\n")
    table.writeheader()
    for row in ranking.rows(attribution):
        table.writerow(_safe(row))
    return file.getvalue()


def generation_csv(generation: GenerationAttribution) -> str:
    """The same for every step of a generation, in order, with the step's token and how likely it was."""
    file = io.StringIO()
    names = {f.name: "step" if f.name == "step" else f"step_{f.name}" for f in fields(ranking.StepRow)}
    table = csv.DictWriter(file, [*names.values(), *(f.name for f in fields(ranking.Row))], lineterminator="\n")
    table.writeheader()
    for step in ranking.steps_table(generation):
        said = {names[name]: value for name, value in (asdict(step) | {"label": cell(step.label)}).items()}
        for row in ranking.rows(generation.at(step.step)):
            table.writerow(said | _safe(row))
    return file.getvalue()


def _safe(row: ranking.Row) -> dict[str, object]:
    return asdict(row) | {"label": cell(row.label), "first_choice": cell(row.first_choice or "")}


def cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
