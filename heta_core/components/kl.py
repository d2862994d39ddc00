"""KL information I: how far the prediction moves when a token is masked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heta_core.errors import NotDifferentiableError
from heta_core.language_model import LanguageModel
from heta_core.parts import Candidate, Floats, Information, Work
from heta_core.passes.masked import Masked, Reading, masked
from heta_core.settings import Settings
from heta_core.targets import Line, Objective
from heta_core.tokens import piece_of

# Beyond this |δ|, expm1(δ) − δ has no cancellation left to avoid, and expm1 could overflow where p underflows.
_LARGE_STEP = 1.0
# Log-probabilities that the KL takes at once: 128 MB in float32.
_MOST_CELLS = 2**25


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
class Effects:
    """What masking each of T tokens does at each of R rows of a line, on the CPU.

    A token that a row cannot see changes nothing there: exact zeros and the unmasked values.
    """

    rows: tuple[int, ...]  # R, each predicts the token after it
    kl: Floats  # (T, R) nats
    first: NDArray[np.int64]  # (T, R) ids of the first choices with the token masked
    first_log_p: Floats  # (T, R)
    log_p: Floats  # (T, K) nats, of each of the line's K terms with the token masked
    choices: NDArray[np.int64]  # (R,) ids of the first choices unmasked

    def at(self, k: int) -> "Effects":
        """The effects at row number k alone, on the tokens that it sees; of a line with one term at each row."""
        seen, one = slice(0, self.rows[k] + 1), slice(k, k + 1)
        return Effects(
            rows=self.rows[one],
            kl=self.kl[seen, one],
            first=self.first[seen, one],
            first_log_p=self.first_log_p[seen, one],
            log_p=self.log_p[seen, one],
            choices=self.choices[one],
        )


def effects(
    lm: LanguageModel, line: Line, n_masked: int, log_probs: Tensor, settings: Settings
) -> Iterator[tuple[Work, Effects | None]]:
    r"""KL(p ‖ p with token i masked), Eq. 4, at every row of a line, with what the masked model says there.

    Yields the work of every chunk as it is done, and with the last of it the result. One pass of n_masked forwards on
    suffixes serves every row and every target.

    Args:
        n_masked: the first tokens of the line are masked one at a time.
        log_probs: (R, V) nats, the unmasked predictions at the line's rows.

    Raises:
        NotDifferentiableError: a masked run gives NaN or infinity.
    """
    unmasked = _unmasked(log_probs, line)
    parts = []
    for run in masked(lm, Reading(line.ids, n_masked, line.rows), settings):
        parts.append(_measured(run, log_probs, line, unmasked, can_see_itself=settings.mask != "attention"))
        yield Work(run.n_forwards), None
    yield Work(), _collected(line, n_masked, unmasked, parts)


@dataclass(frozen=True, slots=True, eq=False)
class _Measures:
    """What `Effects` holds, of n tokens, on the model's device."""

    kl: Tensor  # (n, R)
    first: Tensor  # (n, R)
    first_log_p: Tensor  # (n, R)
    log_p: Tensor  # (n, K)


def _unmasked(log_probs: Tensor, line: Line) -> _Measures:
    """The measures where nothing changes; n = 1."""
    first_log_p, first = log_probs.max(-1)
    places = [line.rows.index(term.row) for term in line.terms]
    own = log_probs[places, [term.token_id for term in line.terms]]
    return _Measures(torch.zeros_like(first_log_p)[None], first[None], first_log_p[None], own[None])


def _measured(run: Masked, log_p: Tensor, line: Line, unmasked: _Measures, *, can_see_itself: bool) -> _Measures:
    """The measures of a chunk of masked runs."""
    log_q = run.log_probs
    n_before = len(line.rows) - len(run.rows)
    first_log_p, first = log_q.max(-1)
    terms = [term for term in line.terms if term.row in run.rows]
    places = [run.rows.index(term.row) for term in terms]
    tokens = torch.arange(run.positions.start, run.positions.stop, device=log_q.device)[:, None]
    tokens = tokens if can_see_itself else tokens + 1  # of what a row cannot see, nothing may be read off it
    sees = tokens <= torch.tensor(run.rows, device=log_q.device)  # (n, R')
    return _Measures(
        _laid(_divergence(log_p[n_before:], log_q), unmasked.kl, sees),
        _laid(first, unmasked.first, sees),
        _laid(first_log_p, unmasked.first_log_p, sees),
        _laid(log_q[:, places, [term.token_id for term in terms]], unmasked.log_p, sees[:, places]),
    )


def _divergence(log_p: Tensor, log_q: Tensor) -> Tensor:
    """(n, R) of (R, V) and (n, R, V), a few rows at a time: the formula's temporary arrays are as large as log q."""
    size = max(1, _MOST_CELLS // (len(log_q) * log_p.shape[1]))
    starts = range(0, len(log_p), size)
    return torch.cat([kl(log_p[a : a + size], log_q[:, a : a + size]) for a in starts], 1)


def _laid(found: Tensor, unmasked: Tensor, sees: Tensor) -> Tensor:
    """(n, R) what was found for the last R' rows where they see the masked token, the unmasked value elsewhere."""
    whole = unmasked.expand(len(found), -1).clone()
    n_before = whole.shape[1] - found.shape[1]
    whole[:, n_before:] = torch.where(sees, found, whole[:, n_before:])
    return whole


def _collected(line: Line, n_masked: int, unmasked: _Measures, parts: list[_Measures]) -> Effects:
    """The measures of all chunks on the CPU; tokens that were never masked change nothing."""
    n_left = n_masked - sum(len(part.kl) for part in parts)

    def whole(name: str) -> NDArray[Any]:
        values = [getattr(part, name) for part in parts]
        values.append(getattr(unmasked, name).expand(n_left, -1))
        joined = torch.cat(values)
        return np.asarray((joined.double() if joined.is_floating_point() else joined).cpu().numpy())

    divergence = whole("kl")
    if not np.isfinite(divergence).all():
        raise NotDifferentiableError(
            "A masked run gave NaN or infinity; the KL information needs finite logits. Load the model in float32."
        )
    choices = np.asarray(unmasked.first[0].cpu().numpy())
    return Effects(line.rows, divergence, whole("first"), whole("first_log_p"), whole("log_p"), choices)


def information(lm: LanguageModel, objective: Objective, lines: Sequence[Effects]) -> Information:
    """What masking does to the target of an objective: sums over the rows of what is said, and of its foil.

    The first choice of token i is told where it first differs from the unmasked one, else where i can first be seen.
    """
    told, n_context = lines[0], objective.n_context
    i, differs = np.arange(n_context), told.first != told.choices  # (T,), (T, R)
    seen = np.argmax(np.array(told.rows) >= i[:, None], 1)
    place = np.where(differs.any(1), differs.argmax(1), seen)
    first, probability = told.first[i, place].tolist(), np.exp(told.first_log_p[i, place]).tolist()
    pieces = {token_id: piece_of(lm.tokenizer, token_id) for token_id in set(first)}
    said, foil = (_sum(objective, lines, weight) for weight in (1, -1))
    assert said is not None
    return Information(
        told.kl.sum(1),
        said,
        tuple(Candidate(t, pieces[t], p) for t, p in zip(first, probability, strict=True)),
        np.array(told.rows)[place] + 1 if len(told.rows) > 1 else None,
        foil,
    )


def _sum(objective: Objective, lines: Sequence[Effects], weight: int) -> Floats | None:
    """(T,) log p of all terms of one weight with each token masked; None where no term has it."""
    columns = [
        found.log_p[:, k]
        for line, found in zip(objective.lines, lines, strict=True)
        for k, term in enumerate(line.terms)
        if term.weight == weight
    ]
    return np.sum(columns, 0) if columns else None
