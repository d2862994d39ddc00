"""A run as tables: a row for each example, and one for each example, method and measure."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from heta_core.evaluation.outcome import Key, Outcome, Remark
from heta_core.evaluation.signs import flips, mass, signs
from heta_core.views import export, words

Cell = str | float | bool | None

LONG = ("model", "dataset", "example", "cluster", "method", "measure", "value", "seconds", "problem", "tags", "note")


def example_row(
    outcome: Outcome, method: str, remark: Remark | None = None, *, met: Sequence[str] | None = None
) -> dict[str, Cell]:
    """One example as the table of a desk shows it: raw numbers, None where unknown.

    Args:
        met: its signs, where they are known already.
    """
    answer, scored = outcome.answer, outcome.of(method)
    row: dict[str, Cell] = {
        "id": outcome.example.id,
        "prompt": outcome.example.prompt,
        "target": words.label(outcome.target.text) if outcome.target else outcome.example.target,
        "says": words.label(answer.said) if answer else None,
        "p": answer.p if answer else None,
        "right": answer.is_right if answer else None,
        "signs": ", ".join(signs(outcome, method) if met is None else met),
        "evidence": mass(outcome, method, "evidence"),
        "distractor": mass(outcome, method, "distractor"),
        "flips": float(len(flips(outcome))) if answer else None,
        "stays": outcome.stays,
        "highest": _highest(outcome, method),
    }
    row |= dict(scored.values) if scored else {}
    row["tags"] = ", ".join(remark.tags) if remark else ""
    row["note"] = remark.note if remark else ""
    row["problem"] = outcome.problem or (scored.problem if scored else None)
    return row


def _highest(outcome: Outcome, method: str) -> str | None:
    """The unit with the highest score, as it is spelled."""
    scored = outcome.of(method)
    if scored is None or not scored.scores or outcome.tokens is None:
        return None
    best = max(range(len(scored.scores)), key=scored.scores.__getitem__)
    start, stop = outcome.places[best]
    return words.label("".join(outcome.tokens.pieces[start:stop]))


def long_rows(outcomes: Iterable[Outcome], remarks: dict[Key, Remark]) -> Iterator[tuple[Cell, ...]]:
    """The columns `LONG`: one for each example, method and measure; of what was skipped or failed one that says so."""
    for outcome in outcomes:
        remark = remarks.get(outcome.key, Remark())
        head = (*outcome.key, outcome.example.cluster)
        tail = (", ".join(remark.tags), remark.note)
        if outcome.problem is not None:
            yield (*head, None, None, None, None, outcome.problem, *tail)
        for one in outcome.scored:
            for measure, value in one.values or ((None, None),):
                yield (*head, one.method, measure, value, one.seconds, one.problem, *tail)


def long_csv(outcomes: Iterable[Outcome], remarks: dict[Key, Remark]) -> str:
    """The same as CSV. Texts that a spreadsheet would take for a formula get an apostrophe in front."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(LONG)
    for row in long_rows(outcomes, remarks):
        table.writerow(["" if c is None else export.cell(c) if isinstance(c, str) else c for c in row])
    return file.getvalue()
