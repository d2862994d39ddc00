"""The context tokens by what they contribute, as plain rows."""

from dataclasses import dataclass

import numpy as np

from heta_core.attribution import Attribution
from heta_core.views import words

# Below it an effect has no sign: it is as small as what the mask itself does to the rounding.
LEAST_EFFECT = 1e-3


@dataclass(frozen=True, slots=True)
class Row:
    """What is known about one context token. None is not known."""

    rank: int  # 1 is the highest
    position: int
    label: str
    share: float | None  # of the final score
    hessian_part: float | None  # of the final score, M·β·S over the sum
    kl_part: float | None  # of the final score, M·γ·I over the sum
    transition: float | None
    hessian: float | None  # nats per squared embedding unit
    hessian_error: float | None
    kl: float | None  # nats
    effect: float | None  # Δ, nats
    p_masked: float | None  # of the target
    first_choice: str | None  # with this token masked
    changes_answer: bool | None  # the first choice is another one


def rows(attribution: Attribution) -> tuple[Row, ...]:
    """Every context token once, by the final score, or by the best that is known of it."""
    order = _order(attribution)
    return tuple(_row(attribution, int(i), rank) for rank, i in enumerate(order, 1))


def hidden_share(shown: tuple[Row, ...], all_rows: tuple[Row, ...]) -> float:
    """The part of the score that the rows not shown hold."""
    return max(0.0, 1.0 - sum(row.share or 0.0 for row in shown)) if len(shown) < len(all_rows) else 0.0


def answer_of(attribution: Attribution) -> int:
    """The id of the model's first choice with nothing masked."""
    return attribution.prediction.candidates[0].token_id


def _order(a: Attribution) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    combined = a.combined
    by = combined.scores if combined else None
    if by is None and a.information is not None:
        by = a.information.kl
    if by is None and a.transition is not None:
        by = a.transition.scores
    return np.arange(a.n_context) if by is None else np.argsort(-by, kind="stable")


def _row(a: Attribution, i: int, rank: int) -> Row:
    combined, transition, hessian, information = a.combined, a.transition, a.hessian, a.information
    total = float(combined.scores.sum()) if combined else 0.0
    part = 1 / total if total > 0 else 0.0
    error = float(hessian.standard_error[i]) if hessian else np.nan
    first = information.first_choices[i] if information else None
    effect = a.effect
    return Row(
        rank,
        i,
        words.label(a.tokens.pieces[i]),
        float(combined.scores[i]) * part if combined else None,
        float(combined.hessian[i]) * part if combined else None,
        float(combined.kl[i]) * part if combined else None,
        float(transition.scores[i]) if transition else None,
        float(hessian.scores[i]) if hessian else None,
        None if np.isnan(error) else error,
        float(information.kl[i]) if information else None,
        float(effect[i]) if effect is not None else None,
        float(np.exp(information.log_p[i])) if information else None,
        words.label(first.piece) if first else None,
        first.token_id != answer_of(a) if first else None,
    )
