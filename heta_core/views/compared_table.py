"""Analyses side by side as a table for a spreadsheet: one line for each place of all texts."""

import csv
import io
from collections.abc import Iterator, Sequence

import numpy as np

from heta_core.attribution import Attribution
from heta_core.parts import Floats
from heta_core.views import export, looking, words
from heta_core.views.comparing import Comparison, Together, compare, together
from heta_core.views.side_by_side import LETTERS
from heta_core.views.words import Component

_KINDS = {"left": "only in A", "right": "not in A"}

Column = list[object]


def csv_text(columns: Sequence[Attribution], letters: str = LETTERS) -> str:
    """All columns in reading order, with every component that two of them know and its differences from A; else empty.

    `score` is as the method has it, in its own unit, `final` the same as a share. All of HETA are weighed as A.
    Tokens that a spreadsheet would take for a formula get an apostrophe in front.
    """
    small = letters.lower()
    pairs = [compare(columns[0], other) for other in columns[1:]]
    all_of, weighed = together(pairs), [pairs[0].left, *(pair.right for pair in pairs)]
    found: dict[str, Column] = {"place": list(range(len(all_of.spots)))}
    for k, a in enumerate(weighed):
        found |= _text(a, [spot[k] for spot in all_of.spots], small[k])
    for k, pair in enumerate(pairs):
        kinds = (_KINDS.get(place.kind, place.kind) for place in pair.places)
        found[f"kind_{small[k + 1]}"] = _spread(list(kinds), all_of, k)
    for component in (c.name for c in words.COMPONENTS):
        found |= {f"{component}_{name}": column for name, column in _component(component, pairs, all_of, small)}
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(found)
    table.writerows(zip(*found.values(), strict=True))
    return file.getvalue()


def _text(a: Attribution, units: Sequence[int | None], letter: str) -> dict[str, Column]:
    pieces, places = a.units.pieces, a.places
    return {
        f"position_{letter}": ["" if u is None else places[u][0] for u in units],
        f"token_{letter}": ["" if u is None else export.cell(words.label(pieces[u])) for u in units],
        f"score_{letter}": _of(a.scores if a.is_complete else None, units),
    }


def _component(
    component: Component, pairs: Sequence[Comparison], all_of: Together, letters: str
) -> Iterator[tuple[str, Column]]:
    """One component of all columns; nothing where fewer than two know it."""
    values = [looking.raw(a, component) for a in (pairs[0].left, *(pair.right for pair in pairs))]
    if sum(v is not None for v in values) < 2:
        return
    for k, v in enumerate(values):
        yield letters[k], _of(v, [spot[k] for spot in all_of.spots])
    for k, pair in enumerate(pairs):
        compared = pair.of(component)
        if compared is not None:
            differences = ["" if np.isnan(d) else float(d) for d in compared.difference]
            yield f"{letters[k + 1]}_minus_a", _spread(differences, all_of, k)


def _of(values: Floats | None, units: Sequence[int | None]) -> Column:
    return ["" if values is None or u is None else float(values[u]) for u in units]


def _spread(values: Sequence[object], all_of: Together, k: int) -> Column:
    """The places of a pair among all; empty where the pair has none."""
    column: Column = [""] * len(all_of.spots)
    for at, value in zip(all_of.at[k], values, strict=True):
        column[at] = value
    return column
