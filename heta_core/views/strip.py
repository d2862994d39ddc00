"""An `Attribution` as the plain values that the page's component draws: JSON types only, every vector once and raw.

Positions are those of `Attribution.units`: what is scored is 0 … T − 1, what follows is not seen by the prediction.
Numbers have six significant digits: the page shows three.
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from heta_core.attribution import Attribution
from heta_core.parts import Prediction
from heta_core.targets import Said
from heta_core.tokens import Tokens
from heta_core.views import caption, estimates, naming, ranking, reading, words

# Nats; a mark in the text is for what a reader would call a change: the answer 2 % likelier, not 0.1 %.
_MARKED_EFFECT = 0.02

Value = object


def payload(attribution: Attribution) -> dict[str, Value]:
    """Everything that is drawn of a result; what is not known is None."""
    a = attribution
    words_of, scored = caption.caption(a), naming.scored(a)
    one, many = ("word", "words") if scored == "tokens" else words.UNITS[scored]
    readings, unread = reading.offered(a, scored)
    return {
        "tokens": token_parts(a.units),
        "labels": labels(a.units),
        "n_context": a.n_units,
        "scored": {"by": scored, "one": one, "many": many, "sizes": a.sizes.tolist()},
        "readings": readings,
        "unread": unread,
        "framing": reading.framing_units(a),
        "target": _target(a),
        "prediction": _prediction(a),
        "is_gated": a.is_gated,
        "transition": numbers(a.transition.scores if a.transition else None),
        "hessian": numbers(a.hessian.scores if a.hessian else None),
        "density": numbers(a.density if a.groups else None),
        "hessian_error": numbers(a.hessian.standard_error if a.hessian else None),
        "shared": estimates.shares(a.hessian) if a.hessian else None,
        "kl": numbers(a.information_scores),
        "masked": _masked(a),
        "weights": asdict(a.weights),
        "caption": words_of.text,
        "method": words_of.method,
        "fraction": short(min(1.0, a.work.fraction)),
        "components": [asdict(c) for c in words.of_units(words.components(a.target.kind, is_gated=a.is_gated), scored)],
        "scalings": words.SCALINGS,
    }


def token_parts(tokens: Tokens) -> list[list[str]]:
    """For each token [white space before, what is seen, white space after, kind].

    Kinds: "special", "space", "part 2/3" for ids that share a character: the first of them spells it, and each is
    marked with its place.
    """
    marks = shared(tokens)
    parts = []
    for piece, special, mark in zip(tokens.pieces, tokens.is_special, marks, strict=True):
        cut = words.drawn(piece)
        kind = "special" if special else f"part {mark}" if mark else "" if piece.strip() else "space"
        if mark and not mark.startswith("1/"):
            cut = words.Drawn("", "", cut.tail)
        parts.append([cut.lead, cut.body, cut.tail, kind])
    return parts


def labels(tokens: Tokens) -> list[str]:
    """One line that names each token; ids that share a character say which of them they are."""
    marks = shared(tokens)
    return [words.label(p) + (f" {m}" if m else "") for p, m in zip(tokens.pieces, marks, strict=True)]


def shared(tokens: Tokens) -> list[str]:
    """For each token "2/3" where it is the second of three that spell the same characters, else ""."""
    marks = [""] * len(tokens)
    start = 0
    for i in range(1, len(tokens) + 1):
        span = tokens.spans[start]
        if i < len(tokens) and tokens.spans[i] == span and span[1] > span[0]:
            continue
        if i - start > 1:
            marks[start:i] = [f"{k + 1}/{i - start}" for k in range(i - start)]
        start = i
    return marks


def _target(a: Attribution) -> dict[str, Value]:
    """What is explained, and what it is compared with."""
    target = a.target
    return {
        "kind": target.kind,
        "start": a.unit_of(target.position),
        "stop": a.unit_of(target.stop - 1) + 1,
        "token_id": target.token_id,
        "label": words.label(target.text),
        "is_observed": target.is_observed,
        "foil": words.label(target.foil_text) if target.foil else None,
        "foil_ids": [said.token_id for said in target.foil],
        "asked": [words.label(text) for text in target.asked] if target.asked else None,
    }


def _prediction(a: Attribution) -> dict[str, Value]:
    """How likely the explained tokens are together and each, and what else could have stood at the first of them."""
    p = a.prediction
    return {
        "p": _probability(a.log_p),
        "log_p": short(a.log_p),
        "p_each": _probability(a.log_p / len(a.predictions)),  # the geometric mean over the explained tokens
        "rank": p.rank,
        "entropy": short(p.entropy),
        "is_guess": caption.is_guess(a),
        "tokens": _each(a.target.said, a.predictions),
        "f": short(a.f),
        "p_foil": None if a.log_p_foil is None else _probability(a.log_p_foil),
        "foil": _each(a.target.foil, a.foil),
        "candidates": [
            {"token_id": c.token_id, "label": words.label(c.piece), "p": short(min(1.0, c.probability))}
            for c in p.candidates
        ],
        "elsewhere": short(max(0.0, 1.0 - sum(c.probability for c in p.candidates))),
    }


def _each(said: Sequence[Said], predictions: Sequence[Prediction]) -> list[dict[str, Value]]:
    """One entry for each of some tokens."""
    return [
        {"label": words.label(s.piece), "p": _probability(p.log_p), "rank": p.rank, "entropy": short(p.entropy)}
        for s, p in zip(said, predictions, strict=True)
    ]


def _masked(a: Attribution) -> dict[str, Value] | None:
    """What masking each token does to the target and to the answer."""
    information, effect = a.information, a.effect
    if information is None or effect is None:
        return None
    foil, places = information.log_p_foil, information.places
    return {
        "p": [_probability(log_p) for log_p in information.log_p],
        "p_foil": None if foil is None else [_probability(log_p) for log_p in foil],
        "effect": numbers(effect),
        "says": [words.label(c.piece) for c in information.first_choices],
        "says_p": [short(min(1.0, c.probability)) for c in information.first_choices],
        "places": None if places is None else [a.unit_of(int(place)) for place in places],
        "changes": [i for i, c in enumerate(information.first_choices) if c.token_id != ranking.answer_of(a, i)],
        "raises": [int(i) for i in np.flatnonzero(effect < -_MARKED_EFFECT)],
    }


def numbers(values: NDArray[np.float64] | None) -> list[float | None] | None:
    """Plain numbers of six digits; what is not known in an array is None, as NaN is no JSON."""
    return None if values is None else [None if np.isnan(v) else short(v) for v in values.tolist()]


def _probability(log_p: float) -> float:
    """Above 0 also where exp(log p) is too small for a number, so that it is not written as never."""
    return short(min(1.0, max(float(np.exp(log_p)), sys.float_info.min)))


def short(value: float) -> float:
    """The number with six significant digits."""
    return float(f"{value:.6g}")
