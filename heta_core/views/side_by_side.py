"""Analyses side by side: as the plain values that the page's component draws, and as a table for a spreadsheet.

The columns are called A, B, … as on a phone they stand one below the other. Every later one is compared with A.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from typing import get_args

import numpy as np

from heta_core.attribution import Attribution
from heta_core.parts import Floats
from heta_core.views import differing, export, naming, strip, words
from heta_core.views.comparing import FEWEST_SAME, LEAST_SAME, Agreement, Compared, Comparison, Kind, Mass, compare
from heta_core.views.strip import Value
from heta_core.views.words import Component

LETTERS = "ABCDEFGH"
_LEAST_CHANCE = 0.1  # with one decimal less would be written as none
_KINDS: tuple[Kind, ...] = get_args(Kind)


def payload(columns: Sequence[Attribution]) -> dict[str, Value]:
    """Everything that is drawn of two or more analyses; what one of them does not know is None.

    Vectors are those of `Comparison`, with six significant digits.
    """
    pairs = [compare(columns[0], other) for other in columns[1:]]
    weighed = [pairs[0].left, *(pair.right for pair in pairs)]
    return {
        "columns": [_column(a, letter) for a, letter in zip(weighed, LETTERS, strict=False)],
        "components": [_component(c, pairs) for c in _names(weighed)],
        "pairs": [_pair(pair, letter) for pair, letter in zip(pairs, LETTERS[1:], strict=False)],
        "weights": _weights(columns),
    }


def _column(a: Attribution, letter: str) -> dict[str, Value]:
    target = a.target
    return {
        "letter": letter,
        "question": naming.question(a, a.source.model),
        "sure": naming.certainty(a),
        "tokens": strip.token_parts(a.units),
        "labels": strip.labels(a.units),
        "n": a.n_units,
        "unit": naming.unit(a),
        "start": a.unit_of(target.position),
        "stop": a.unit_of(target.stop - 1) + 1,
        "is_observed": target.is_observed,
        "answer": words.label(target.text),
        "foil": words.label(target.foil_text) if target.foil else None,
    }


def _names(columns: Sequence[Attribution]) -> tuple[words.ComponentWords, ...]:
    """What the components are called in all columns; plainly where those explain different kinds of things."""
    kinds = {a.target.kind for a in columns}
    return words.components(kinds.pop()) if len(kinds) == 1 else words.COMPONENTS


def _component(named: words.ComponentWords, pairs: Sequence[Comparison]) -> dict[str, Value]:
    found = [pair.of(named.name) for pair in pairs]
    if any(c is None for c in found):
        return asdict(named) | {"values": None}
    compared = [c for c in found if c is not None]
    values = [compared[0].left, *(c.right for c in compared)]
    return asdict(named) | {
        "values": [strip.numbers(v) for v in values],
        "ranks": [_ranks(v) for v in values],
        "pairs": [_compared(c, letter) for c, letter in zip(compared, LETTERS[1:], strict=False)],
    }


def _ranks(values: Floats) -> list[int]:
    """1 is the highest; equal values in reading order."""
    ranks = np.empty(len(values), int)
    ranks[np.argsort(-values, kind="stable")] = np.arange(1, len(values) + 1)
    return [int(rank) for rank in ranks]


def _compared(c: Compared, letter: str) -> dict[str, Value]:
    return {
        "difference": strip.numbers(c.difference),
        "error": strip.numbers(c.error),
        "masses": [_mass(mass, name) for mass, name in zip(c.masses, ("A", letter), strict=True)],
        "facts": _facts(c.agreement) if c.agreement else None,
    }


def _mass(mass: Mass, letter: str) -> str:
    return (
        f"{letter}: {words.percent(mass.same)} on the same, {words.percent(mass.changed)} on changed, "
        f"{words.percent(mass.alone)} without a partner"
    )


def _facts(found: Agreement) -> list[list[str]]:
    """[name, value, what it means] of each measure."""
    rho = "no order: all equal in one" if found.spearman is None else f"{found.spearman:.2f}".replace("-", "−")
    told = "Rank correlation over the tokens that are the same in both: 1 is the same order, 0 none, −1 the reverse."
    facts = [["Order (Spearman)", rho, told]]
    for o in found.overlaps:
        told = (
            f"How many of the {o.k} highest are the same; if one order were random {o.chance:.1f} would be, on average."
        )
        facts.append([f"Top {o.k} in common", f"{o.n_common} of {o.k} (by chance {o.chance:.1f})", told])
    return facts


def _pair(pair: Comparison, letter: str) -> dict[str, Value]:
    causes, n, sizes = differing.causes(pair), pair.count("same"), (pair.left.n_units, pair.right.n_units)
    return {
        "places": [[_KINDS.index(p.kind), p.left, p.right] for p in pair.places],
        "aligned": f"{n} of {sizes[0]}" + ("" if sizes[0] == sizes[1] else f" in A, {sizes[1]} in {letter}"),
        "unlike": None if pair.is_alike else _unlike(pair),
        "causes": [[c.what, c.left, c.right] for c in causes],
        "verdict": differing.verdict(causes),
    }


def _unlike(pair: Comparison) -> str:
    """Why no agreement is told."""
    longer = max(pair.left.n_units, pair.right.n_units)
    least = max(FEWEST_SAME, int(np.ceil(LEAST_SAME * longer)))
    return (
        f"Not told: {pair.count('same')} of {longer} are the same in both, and with fewer than {least} a number for "
        "their agreement would say little."
    )


def _weights(columns: Sequence[Attribution]) -> str:
    """By which weights all are drawn, and which were saved with others."""
    first = columns[0].weights
    others = [
        f"{letter} was saved with {differing.weighing(a.weights)}"
        for letter, a in zip(LETTERS, columns, strict=False)
        if a.weights != first
    ]
    return "; ".join((f"All scores as in A: {differing.weighing(first)}", *others)) + "."


def csv_text(pair: Comparison) -> str:
    """One line per place in reading order, with both values and B minus A of each component, raw; else empty.

    Tokens that a spreadsheet would take for a formula get an apostrophe in front.
    """
    file = io.StringIO()
    known = [c.component for c in pair.components]
    numbers = [f"{name}_{of}" for name in known for of in ("a", "b", "difference")]
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["place", "kind", "position_a", "position_b", "token_a", "token_b", *numbers])
    for k, place in enumerate(pair.places):
        kind = {"left": "only in A", "right": "only in B"}.get(place.kind, place.kind)
        units = (place.left, place.right)
        where = ["" if u is None else a.places[u][0] for a, u in zip((pair.left, pair.right), units, strict=True)]
        labels = [
            "" if u is None else export.cell(words.label(a.units.pieces[u]))
            for a, u in zip((pair.left, pair.right), units, strict=True)
        ]
        table.writerow([k, kind, *where, *labels, *(n for name in known for n in _numbers(pair, name, k))])
    return file.getvalue()


def _numbers(pair: Comparison, component: Component, k: int) -> list[object]:
    """A, B and the difference of one component at one place."""
    found, place = pair.of(component), pair.places[k]
    assert found is not None
    one = "" if place.left is None else float(found.left[place.left])
    other = "" if place.right is None else float(found.right[place.right])
    return [one, other, "" if np.isnan(found.difference[k]) else float(found.difference[k])]
