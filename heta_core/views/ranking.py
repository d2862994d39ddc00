"""The context's tokens, or the blocks of them that are scored, by what they contribute, as plain rows."""

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from heta_core.attribution import Attribution
from heta_core.generated import GenerationAttribution
from heta_core.views import words

# Below it an effect has no sign: it is as small as what the mask itself does to the rounding.
LEAST_EFFECT = 1e-3


@dataclass(frozen=True, slots=True)
class Row:
    """What is known about one context token, or one group of them scored as a block. None is not known."""

    rank: int  # 1 is the highest
    unit: int  # its place among what is scored
    position: int  # of its first token
    n_tokens: int
    label: str
    is_explained: bool  # of the span itself: it explains the tokens after it
    share: float | None  # of the final score
    hessian_part: float | None  # of the final score, M·β·S over the sum
    kl_part: float | None  # of the final score, M·γ·I over the sum; of a contrast M·γ·|Δ|
    transition: float | None
    hessian: float | None  # nats per squared embedding unit
    hessian_error: float | None
    hessian_density: float | None  # S over the number of tokens
    kl: float | None  # nats
    effect: float | None  # Δ, nats; of a contrast above 0 for what is said, below 0 for the foil
    information: float | None  # nats, what the score weighs: the KL, of a contrast |Δ|
    p_masked: float | None  # of the target, of a span all of it
    first_choice: str | None  # with this token masked; of a span at the first place where it changes
    changes_answer: bool | None  # the first choice is another one


# The fields that are known before any number is.
_KNOWN = ("rank", "unit", "position", "n_tokens", "label", "is_explained")


@dataclass(frozen=True, slots=True)
class StepRow:
    """One token of a continuation and how likely it was."""

    step: int
    position: int
    token_id: int
    label: str
    p: float
    rank: int  # 1 is the model's first choice
    entropy: float  # nats
    is_given: bool  # it was given or forced, not chosen by the decoding


def steps_table(generation: GenerationAttribution) -> tuple[StepRow, ...]:
    """Every token of the continuation once, in order; none while the text still grows."""
    return tuple(
        StepRow(
            k,
            step.target.position,
            step.target.token_id,
            words.label(step.target.piece),
            min(1.0, math.exp(step.prediction.log_p)),
            step.prediction.rank,
            step.prediction.entropy,
            k < generation.n_given,
        )
        for k, step in enumerate(generation.steps)
    )


def rows(attribution: Attribution) -> tuple[Row, ...]:
    """Every unit once, by the final score, or by the best that is known of it."""
    columns = _columns(attribution)
    order = _order(columns, attribution.n_units)
    pieces, places, begins = attribution.units.pieces, attribution.places, attribution.target.position
    rows = []
    for rank, i in enumerate(order, 1):
        start, stop = places[i]
        known = {name: column[i] for name, column in columns.items()}
        rows.append(Row(rank, i, start, stop - start, words.label(pieces[i]), start >= begins, **known))
    return tuple(rows)


def hidden_share(shown: tuple[Row, ...], all_rows: tuple[Row, ...]) -> float:
    """The part of the score that the rows not shown hold."""
    return max(0.0, 1.0 - sum(row.share or 0.0 for row in shown)) if len(shown) < len(all_rows) else 0.0


def answer_of(attribution: Attribution, i: int) -> int:
    """The id of the model's first choice with nothing masked, at the place where its choice without unit i stands."""
    information, target = attribution.information, attribution.target
    places = None if information is None else information.places
    place = target.position if places is None else int(places[i])
    return attribution.predictions[place - target.position].candidates[0].token_id


def _columns(a: Attribution) -> dict[str, list[Any]]:
    """The fields of `Row` that the numbers give, for all units at once."""
    unknown: list[Any] = [None] * a.n_units
    columns = {f.name: unknown for f in fields(Row) if f.name not in _KNOWN}
    combined, information, effect, weighed = a.combined, a.information, a.effect, a.information_scores
    if combined is not None:
        total = float(combined.scores.sum()) or 1.0
        columns["share"] = (combined.scores / total).tolist()
        columns["hessian_part"] = (combined.hessian / total).tolist()
        columns["kl_part"] = (combined.kl / total).tolist()
    elif a.shares is not None:
        columns["share"] = a.shares.tolist()
    if a.transition is not None:
        columns["transition"] = a.transition.scores.tolist()
    if a.hessian is not None and a.density is not None:
        columns["hessian_density"] = a.density.tolist()
        columns["hessian"] = a.hessian.scores.tolist()
        columns["hessian_error"] = [None if math.isnan(e) else e for e in a.hessian.standard_error.tolist()]
    if information is not None and effect is not None and weighed is not None:
        columns["kl"], columns["effect"] = information.kl.tolist(), effect.tolist()
        columns["information"] = weighed.tolist()
        columns["p_masked"] = np.minimum(1.0, np.exp(information.log_p)).tolist()
        columns["first_choice"] = [words.label(c.piece) for c in information.first_choices]
        columns["changes_answer"] = [c.token_id != answer_of(a, i) for i, c in enumerate(information.first_choices)]
    return columns


def _order(columns: dict[str, list[Any]], n: int) -> list[int]:
    """Highest first; equal ones in reading order."""
    best = next((name for name in ("share", "information", "transition") if columns[name][0] is not None), None)
    known = columns[best] if best else [0.0] * n
    return sorted(range(n), key=lambda i: (-known[i], i))
