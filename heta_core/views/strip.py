"""An `Attribution` as the plain values that the page's component draws: JSON types only, every vector once and raw.

Positions are those of `Attribution.tokens`: the context is 0 … T − 1, what follows is not seen by the prediction.
"""

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from heta_core.attribution import Attribution
from heta_core.tokens import Tokens
from heta_core.views import caption, ranking, words

Value = object


def payload(attribution: Attribution) -> dict[str, Value]:
    """Everything that is drawn of a result; what is not known is None."""
    a = attribution
    words_of = caption.caption(a)
    return {
        "tokens": token_parts(a.tokens),
        "labels": labels(a.tokens),
        "n_context": a.n_context,
        "target": {
            "token_id": a.target.token_id,
            "label": words.label(a.target.piece),
            "is_observed": a.target.is_observed,
        },
        "prediction": _prediction(a),
        "transition": _list(a.transition.scores if a.transition else None),
        "hessian": _list(a.hessian.scores if a.hessian else None),
        "hessian_error": _list(a.hessian.standard_error if a.hessian else None),
        "kl": _list(a.information.kl if a.information else None),
        "masked": _masked(a),
        "weights": asdict(a.weights),
        "caption": words_of.text,
        "method": words_of.method,
        "fraction": min(1.0, a.work.fraction),
        "components": [asdict(c) for c in words.COMPONENTS],
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


def _prediction(a: Attribution) -> dict[str, Value]:
    p = a.prediction
    candidates = [
        {"token_id": c.token_id, "label": words.label(c.piece), "p": min(1.0, c.probability)} for c in p.candidates
    ]
    return {
        "p": min(1.0, float(np.exp(p.log_p))),
        "rank": p.rank,
        "entropy": p.entropy,
        "is_guess": caption.is_guess(a),
        "candidates": candidates,
        "elsewhere": max(0.0, 1.0 - sum(c.probability for c in p.candidates)),
    }


def _masked(a: Attribution) -> dict[str, Value] | None:
    """What masking each token does to the target and to the answer."""
    information, effect = a.information, a.effect
    if information is None or effect is None:
        return None
    return {
        "p": _list(np.minimum(1.0, np.exp(information.log_p))),
        "effect": _list(effect),
        "says": [words.label(c.piece) for c in information.first_choices],
        "says_p": [min(1.0, c.probability) for c in information.first_choices],
        "changes": [i for i, c in enumerate(information.first_choices) if c.token_id != ranking.answer_of(a, i)],
        "raises": [int(i) for i in np.flatnonzero(effect < -ranking.LEAST_EFFECT)],
    }


def _list(values: NDArray[np.float64] | None) -> list[float | None] | None:
    """Plain numbers; what is not known in an array is None, as NaN is no JSON."""
    return None if values is None else [None if np.isnan(v) else float(v) for v in values]
