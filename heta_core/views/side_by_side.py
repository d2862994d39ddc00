"""Analyses side by side, as the plain values that the page's component draws.

The columns are called A, B, … as on a phone they stand one below the other. Every later one is compared with A.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import get_args

import numpy as np

from heta_core.attribution import Attribution
from heta_core.parts import Floats
from heta_core.views import differing, looking, naming, strip, words
from heta_core.views.comparing import (
    FEWEST_SAME,
    LEAST_SAME,
    Agreement,
    Compared,
    Comparison,
    Kind,
    Mass,
    compare,
    together,
)
from heta_core.views.strip import Value

LETTERS = "ABCDEFGH"
_LEAST_CHANCE = 0.1  # with one decimal less would be written as none
_SCORE = (
    "What the method gives this word, as a part of the sizes of all that it gives: methods measure in different units. "
    "Below 0 the word speaks against the answer, where a method tells that apart."
)
_KINDS: tuple[Kind, ...] = get_args(Kind)


def payload(columns: Sequence[Attribution], letters: str = LETTERS) -> dict[str, Value]:
    """Everything that is drawn of two or more analyses; what one of them does not know is None.

    Vectors are those of `Comparison`, with six significant digits. A spot is a unit of each column, None where a column
    has none there; a pair's place is [kind, spot].
    """
    pairs = [compare(columns[0], other) for other in columns[1:]]
    all_of = together(pairs)
    weighed = [pairs[0].left, *(pair.right for pair in pairs)]
    return {
        "columns": [_column(a, letter) for a, letter in zip(weighed, letters, strict=False)],
        "spots": [list(spot) for spot in all_of.spots],
        "components": [_component(c, pairs, letters) for c in _names(weighed)],
        "pairs": [_pair(pairs[k], letters[k + 1], all_of.at[k]) for k in range(len(pairs))],
        "weights": _weights(columns, letters),
    }


def _column(a: Attribution, letter: str) -> dict[str, Value]:
    target = a.target
    return {
        "letter": letter,
        "question": naming.question(a, a.source.model),
        "method": naming.method(a),
        "is_signed": a.given is not None and a.given.is_signed,
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
    kinds, gates = {a.target.kind for a in columns}, {a.is_gated for a in columns}
    kind = kinds.pop() if len(kinds) == 1 else "token"
    named = words.components(kind, is_gated=gates != {False})
    if len(gates) == 1 and not any(a.given for a in columns):
        return named
    return tuple(replace(c, title="Score", plain="share", meaning=_SCORE) if c.name == "final" else c for c in named)


def _component(named: words.ComponentWords, pairs: Sequence[Comparison], letters: str) -> dict[str, Value]:
    """Values are there where at least two columns know them, of each column that does."""
    columns = [pairs[0].left, *(pair.right for pair in pairs)]
    values = [looking.raw(a, named.name) for a in columns]
    if sum(v is not None for v in values) < 2:
        return asdict(named) | {"values": None}
    found = zip((pair.of(named.name) for pair in pairs), letters[1:], strict=False)
    measures = [_measure(a) if named.name == "final" else "" for a in columns]
    return asdict(named) | {
        "values": [strip.numbers(v) for v in values],
        "ranks": [None if v is None else _ranks(v) for v in values],
        "scales": [measures.index(measure) for measure in measures],  # the first column that measures in the same unit
        "pairs": [_compared(c, letter) if c else None for c, letter in found],
    }


def _measure(a: Attribution) -> str:
    """The unit of a score, in which alone sizes of colours can be compared."""
    if not a.is_gated:
        return f"that of {naming.method(a)}"
    return "" if a.given is None else a.given.unit or f"that of {a.given.title}"


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


def _pair(pair: Comparison, letter: str, spots: Sequence[int]) -> dict[str, Value]:
    causes, n, sizes = differing.causes(pair), pair.count("same"), (pair.left.n_units, pair.right.n_units)
    return {
        "places": [[_KINDS.index(p.kind), at] for p, at in zip(pair.places, spots, strict=True)],
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


def _weights(columns: Sequence[Attribution], letters: str) -> str:
    """By which weights those of HETA are drawn, and which were saved with others."""
    first = columns[0].weights
    hetas = [(letter, a) for letter, a in zip(letters, columns, strict=False) if a.given is None]
    if not hetas:
        return ""
    whose = "All scores as in A:" if len(hetas) == len(columns) else "Scores of HETA with"
    others = [f"{letter} was saved with {differing.weighing(a.weights)}" for letter, a in hetas if a.weights != first]
    return "; ".join((f"{whose} {differing.weighing(first)}", *others)) + "."
