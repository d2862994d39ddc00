"""KL information I: how far the prediction moves when a token, or a group of tokens at once, is masked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heta_core.errors import NotDifferentiableError
from heta_core.groups import Groups, singles
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
    """What masking each of G groups of tokens does at each of R rows of a line, on the CPU.

    A group that a row cannot see changes nothing there: exact zeros and the unmasked values.
    """

    starts: NDArray[np.int64]  # (G,) the first token of each group
    rows: tuple[int, ...]  # R, each predicts the token after it
    kl: Floats  # (G, R) nats
    first: NDArray[np.int64]  # (G, R) ids of the first choices with the group masked
    first_log_p: Floats  # (G, R)
    log_p: Floats  # (G, K) nats, of each of the line's K terms with the group masked
    choices: NDArray[np.int64]  # (R,) ids of the first choices unmasked

    def at(self, k: int) -> "Effects":
        """The effects at row number k alone, on the groups that it sees; of a line with one term at each row."""
        seen, one = slice(0, int((self.starts <= self.rows[k]).sum())), slice(k, k + 1)
        return Effects(
            starts=self.starts[seen],
            rows=self.rows[one],
            kl=self.kl[seen, one],
            first=self.first[seen, one],
            first_log_p=self.first_log_p[seen, one],
            log_p=self.log_p[seen, one],
            choices=self.choices[one],
        )


def effects(
    lm: LanguageModel, line: Line, units: int | Groups, log_probs: Tensor, settings: Settings
) -> Iterator[tuple[Work, Effects | None]]:
    r"""KL(p ‖ p with unit i masked), Eq. 4, at every row of a line, with what the masked model says there.

    Yields the work of every batch as it is done, and with the last of it the result. One pass of a forward for each
    unit, on suffixes, serves every row and every target.

    Args:
        units: how many of the line's first tokens are masked, one at a time; or groups of them, one group at a time.
        log_probs: (R, V) nats, the unmasked predictions at the line's rows.

    Raises:
        NotDifferentiableError: a masked run gives NaN or infinity.
    """
    groups = singles(units) if isinstance(units, int) else units
    measures = _unmasked(log_probs, line, len(groups))
    choices = np.array(measures.first[0].cpu().numpy())  # a copy: the measures are written in place
    for run in masked(lm, Reading(line.ids, groups, line.rows), settings):
        _take_in(measures, run, log_probs, line)
        yield Work(run.n_forwards), None
    yield Work(), _collected(measures, groups, line, choices)


@dataclass(frozen=True, slots=True, eq=False)
class _Measures:
    """What `Effects` holds, on the model's device, with the unmasked values wherever nothing was found yet."""

    kl: Tensor  # (G, R)
    first: Tensor  # (G, R)
    first_log_p: Tensor  # (G, R)
    log_p: Tensor  # (G, K)


def _unmasked(log_probs: Tensor, line: Line, n: int) -> _Measures:
    """The measures where nothing changes."""
    first_log_p, first = log_probs.max(-1)
    places = [line.rows.index(term.row) for term in line.terms]
    own = log_probs[places, [term.token_id for term in line.terms]]
    rows = (torch.zeros_like(first_log_p), first, first_log_p, own)
    return _Measures(*(row.expand(n, -1).clone() for row in rows))


def _take_in(found: _Measures, run: Masked, log_p: Tensor, line: Line) -> None:
    """Write what a batch of masked runs says into the measures, where it holds."""
    log_q = run.log_probs
    columns = [line.rows.index(row) for row in run.rows]
    terms = [k for k, term in enumerate(line.terms) if term.row in run.rows]
    places = [run.rows.index(line.terms[k].row) for k in terms]
    own = log_q[:, places, [line.terms[k].token_id for k in terms]]
    first_log_p, first = log_q.max(-1)
    _write(found.kl, run, columns, _divergence(log_p[columns], log_q), run.holds)
    _write(found.first, run, columns, first, run.holds)
    _write(found.first_log_p, run, columns, first_log_p, run.holds)
    _write(found.log_p, run, terms, own, run.holds[:, places])


def _write(whole: Tensor, run: Masked, columns: list[int], values: Tensor, holds: Tensor) -> None:
    """Replace some columns of a run's groups by its values, where they hold."""
    groups = slice(run.groups.start, run.groups.stop)
    whole[groups, columns] = torch.where(holds, values, whole[groups, columns])


def _divergence(log_p: Tensor, log_q: Tensor) -> Tensor:
    """(n, R) of (R, V) and (n, R, V), a few rows at a time: the formula's temporary arrays are as large as log q."""
    size = max(1, _MOST_CELLS // (len(log_q) * log_p.shape[1]))
    starts = range(0, len(log_p), size)
    return torch.cat([kl(log_p[a : a + size], log_q[:, a : a + size]) for a in starts], 1)


def _collected(found: _Measures, groups: Groups, line: Line, choices: NDArray[np.int64]) -> Effects:
    """The measures on the CPU."""

    def whole(values: Tensor) -> NDArray[Any]:
        return np.asarray((values.double() if values.is_floating_point() else values).cpu().numpy())

    divergence = whole(found.kl)
    if not np.isfinite(divergence).all():
        raise NotDifferentiableError(
            "A masked run gave NaN or infinity; the KL information needs finite logits. Load the model in float32 or "
            "bfloat16."
        )
    starts = np.array([start for start, _ in groups])
    first, first_log_p, log_p = whole(found.first), whole(found.first_log_p), whole(found.log_p)
    return Effects(starts, line.rows, divergence, first, first_log_p, log_p, choices)


def information(lm: LanguageModel, objective: Objective, lines: Sequence[Effects]) -> Information:
    """What masking does to the target of an objective: sums over the rows of what is said, and of its foil.

    The first choice of unit i is told where it first differs from the unmasked one, else where i can first be seen.
    """
    told = lines[0]
    i, differs = np.arange(len(told.starts)), told.first != told.choices  # (G,), (G, R)
    seen = np.argmax(np.array(told.rows) >= told.starts[:, None], 1)
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
    """(G,) log p of all terms of one weight with each unit masked; None where no term has it."""
    columns = [
        found.log_p[:, k]
        for line, found in zip(objective.lines, lines, strict=True)
        for k, term in enumerate(line.terms)
        if term.weight == weight
    ]
    return np.sum(columns, 0) if columns else None
