"""KL information I: how far the prediction moves when a token is masked."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from heta_core.errors import NotDifferentiableError
from heta_core.language_model import LanguageModel
from heta_core.parts import Candidate, Information, Work
from heta_core.passes.masked import masked
from heta_core.settings import Settings
from heta_core.tokens import piece_of

# Beyond this |δ|, expm1(δ) − δ has no cancellation left to avoid, and expm1 could overflow where p underflows.
_LARGE_STEP = 1.0


def kl(log_p: Tensor, log_q: Tensor) -> Tensor:
    r"""KL(p ‖ q) in nats over the last axis, every summed term ≥ 0.

    Σ_v p_v (expm1(δ_v) − δ_v) with δ = log q − log p. It equals Σ p (log p − log q) because Σ p = Σ q = 1, but no
    positive and negative terms cancel: small effects keep their digits and no clamp is needed.
    """
    p, q, delta = log_p.exp(), log_q.exp(), log_q - log_p
    small = p * (torch.expm1(delta) - delta)
    large = q - p - p * delta
    return torch.where(delta.abs() < _LARGE_STEP, small, large).sum(-1)


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """What is kept of one chunk of masked runs; stays on the model's device."""

    positions: range
    kl: Tensor  # (n,)
    log_p: Tensor  # (n,) of the target
    first: Tensor  # (n,) id
    first_log_p: Tensor  # (n,)


def information(
    lm: LanguageModel, ids: tuple[int, ...], log_p: Tensor, target_id: int, settings: Settings
) -> Iterator[tuple[Work, Information | None]]:
    r"""I_i = KL(p ‖ p with token i masked), Eq. 4, with what the masked model says instead.

    Yields the work of every chunk as it is done, and with the last of it the result. The pass is T forwards on
    suffixes, whatever the target.

    Args:
        ids: the T context tokens.
        log_p: (V,) nats, the unmasked prediction.

    Raises:
        NotDifferentiableError: a masked run gives NaN or infinity.
    """
    rows = []
    for run in masked(lm, ids, settings):
        first_log_p, first = run.log_probs.max(-1)
        rows.append(_Rows(run.positions, kl(log_p, run.log_probs), run.log_probs[:, target_id], first, first_log_p))
        yield Work(run.n_forwards), None
    if settings.mask == "attention":
        rows.append(_unchanged(len(ids) - 1, log_p, target_id))
    yield Work(), _collected(lm, rows)


def _unchanged(position: int, log_p: Tensor, target_id: int) -> _Rows:
    """The predicting token itself: no later token exists that could be kept from looking at it."""
    first_log_p, first = log_p.max(-1)
    zero = torch.zeros_like(first_log_p)
    return _Rows(range(position, position + 1), zero[None], log_p[target_id][None], first[None], first_log_p[None])


def _collected(lm: LanguageModel, rows: list[_Rows]) -> Information:
    """The rows of all chunks on the CPU: one wait for the device."""
    divergence, log_p, first_log_p = (
        torch.stack([torch.cat([getattr(r, name) for r in rows]) for name in ("kl", "log_p", "first_log_p")])
        .double()
        .cpu()
        .numpy()
    )
    first = torch.cat([r.first for r in rows]).tolist()
    if not torch.isfinite(torch.from_numpy(divergence)).all():
        raise NotDifferentiableError(
            "A masked run gave NaN or infinity; the KL information needs finite logits. Load the model in float32."
        )
    pieces = {token: piece_of(lm.tokenizer, token) for token in set(first)}
    probabilities = torch.from_numpy(first_log_p).exp().tolist()
    candidates = tuple(Candidate(t, pieces[t], p) for t, p in zip(first, probabilities, strict=True))
    return Information(divergence, log_p, candidates)
