"""Adaptive probes: a coloured estimate first, then probes of their own for the blocks that could matter.

1. The coloured estimate gives every block a value, a spread and a bias.
2. A block could matter where its final score, with its error, reaches the tenth highest; of those, the ones whose
   score is less certain than asked get block probes: four at first, then up to twice as many, as many as the spread
   says are needed, the most influential first and no more than half a second's worth in one round.
3. The spread of a block's own few draws is too rough to stop on: it is pooled with that of all blocks, and the error
   stands for as many standard errors as Student's t asks for so few draws.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heta_core.estimators.coloured import AUTO_DRAWS, Coloured, coloured
from heta_core.estimators.probes import Floats, Probe, Signs, block_signs, cover, own_rows
from heta_core.estimators.steadying import steadied
from heta_core.parts import Work
from heta_core.passes.batching import Room, in_batches
from heta_core.passes.curvature import Surface, open_window
from heta_core.passes.cutting import curvature_chunk
from heta_core.settings import Settings
from heta_core.timing import timed

TOLERANCE = 0.1  # relative error of a score
TOP = 10  # the blocks whose order and size are made sure of
_LEAST, _MOST = 4, 64  # draws of a block
_ROUND_SECONDS = 0.5
_POOLED = 8.0  # draws that the pooled spread counts for beside a block's own

# The final score of (B,) S, up to a factor.
Score = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Adaptive:
    """What is known of every block."""

    scores: Floats  # (B,) S
    errors: Floats  # (B,) standard errors of S
    n_draws: NDArray[np.int64]  # (B,)
    has_own: NDArray[np.bool_]  # (B,) probes of its own; else coloured
    preview: Coloured


def adaptive(over: Surface, settings: Settings, score: Score, room: Room) -> Iterator[tuple[Work, Adaptive | None]]:
    """The work of each batch, and after the preview and every round all that is known.

    Args:
        score: the final score as a function of S, which says what matters.

    Raises:
        NotDifferentiableError: the model has no second derivative.
        OutOfMemoryError: a graph does not fit into memory.
    """
    found: Coloured | None = None
    rate = _Rate()
    for (work, known), seconds in timed(coloured(over, settings, AUTO_DRAWS, room)):
        rate.add(work, seconds)
        found = known or found
        yield work, None
    assert found is not None
    held = _Held(found)
    yield Work(), held.known()
    while wanted := _wanted(held.known(), score, settings.tolerance or TOLERANCE, held):
        # All of it is drawn before the next decision: how fast the computer is decides what is seen when, and no more.
        while wanted:
            part, wanted = _affordable(wanted, held, rate.products(_ROUND_SECONDS))
            for work, seconds in timed(_draw(over, settings, part, held, room)):
                rate.add(work, seconds)
                yield work, None
            yield Work(), held.known()


@dataclass(slots=True)
class _Rate:
    """How fast products come, windows included."""

    n_products: int = 0
    seconds: float = 0.0

    def add(self, work: Work, seconds: float) -> None:
        """Some work and how long it took."""
        self.n_products += work.products
        self.seconds += seconds

    def products(self, seconds: float) -> float:
        """As many as come in some time."""
        return seconds * self.n_products / max(self.seconds, 1e-6)


@dataclass(slots=True, eq=False)
class _Held:
    """The draws of the blocks that have probes of their own."""

    preview: Coloured
    products: dict[int, Floats] = field(default_factory=dict)  # (m, w)
    signs: dict[int, Signs] = field(default_factory=dict)  # (m, w)

    def n_draws(self, k: int) -> int:
        return len(self.products.get(k, ()))

    def add(self, k: int, products: Floats, signs: Signs) -> None:
        self.products[k] = np.concatenate([self.products[k], products]) if k in self.products else products
        self.signs[k] = np.concatenate([self.signs[k], signs]) if k in self.signs else signs

    def known(self) -> Adaptive:
        """Means and pooled errors."""
        rows = list(self.preview.draws)
        for k, products in self.products.items():
            rows[k] = steadied(products, self.signs[k], self.preview.gradients[k])
        has_own = np.array([k in self.products for k in range(len(rows))])
        errors = np.empty(len(rows))
        for own in (False, True):
            errors[has_own == own] = pooled_errors(
                [row for row, is_own in zip(rows, has_own, strict=True) if is_own == own]
            )
        scores = np.array([max(float(row.mean()), 0.0) for row in rows])
        return Adaptive(scores, errors, np.array([len(row) for row in rows]), has_own, self.preview)


def pooled_errors(rows: list[Floats]) -> Floats:
    """(B,) standard errors of the means of B rows of draws, each spread pooled with the others' relative one."""
    if not rows:
        return np.empty(0)
    mean = np.array([row.mean() for row in rows])
    free = np.array([len(row) - 1.0 for row in rows])
    spread = np.array([row.var(ddof=1) if len(row) > 1 else 0.0 for row in rows])
    relative = np.divide(spread, mean**2, out=np.zeros_like(mean), where=mean > 0)
    common = float((free * relative).sum() / free.sum()) if free.sum() else 0.0
    variance = (_POOLED * common * mean**2 + free * spread) / (_POOLED + free)
    error: Floats = np.sqrt(variance / (free + 1))
    return error


def student(n_draws: NDArray[np.int64]) -> Floats:
    """(B,) how many standard errors hold two thirds of the chance after so few draws: Student's t, expanded in 1/ν."""
    free = n_draws - 1 + _POOLED
    z = 1.0
    wider: Floats = z + (z**3 + z) / (4 * free) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)
    return wider


def _wanted(known: Adaptive, score: Score, tolerance: float, held: _Held) -> list[tuple[int, int]]:
    """Blocks and how many draws each should have in all, the most influential first."""
    scores = score(known.scores)
    bias = np.where(known.has_own, 0.0, max(known.preview.bias, 0.0) * known.scores)
    error_s = np.hypot(known.errors * student(known.n_draws), bias)
    # The score is linear in S, beside what the other terms give it.
    by_curvature = scores - score(np.zeros_like(scores))
    error = by_curvature * np.divide(error_s, known.scores, out=np.zeros_like(error_s), where=known.scores > 0)
    tenth = np.sort(scores)[-min(TOP, len(scores))]
    could = (scores + error >= tenth) & (error > tolerance * scores)
    order = sorted(np.flatnonzero(could).tolist(), key=lambda k: (-error[k], k))
    wanted = []
    for k in order:
        n = held.n_draws(k)
        needed = _LEAST
        if n:
            ratio = float(error[k] / (tolerance * scores[k])) if scores[k] > 0 else math.inf
            needed = min(2 * n, _MOST, max(n + 1, math.ceil(n * min(ratio, 2.0) ** 2)))
        if needed > n:
            wanted.append((k, needed))
    return wanted


def _affordable(
    wanted: list[tuple[int, int]], held: _Held, most: float
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The first of them with no more new draws than `most`, one at least; and the rest."""
    spent = 0
    for n, (k, needed) in enumerate(wanted):
        spent += needed - held.n_draws(k)
        if n and spent > most:
            return wanted[:n], wanted[n:]
    return wanted, []


def _draw(over: Surface, settings: Settings, wanted: list[tuple[int, int]], held: _Held, room: Room) -> Iterator[Work]:
    """New draws of some blocks, read off the device once."""
    width, needed = over.context.shape[1], dict(wanted)
    parts: list[Tensor] = []
    drawn: list[tuple[int, Signs]] = []
    for chunk, members in cover(over, needed, curvature_chunk(settings)):
        window = open_window(over, chunk)
        yield Work(forwards=len(over.embeddings) + chunk.n_grown, backwards=1)
        news = [(k, range(held.n_draws(k), needed[k])) for k in members]
        new = [(k, block_signs(settings.seed, over.blocks[k], draws, width)) for k, draws in news]
        probes = [Probe(over.blocks[k], one) for k, signs in new for one in signs]
        for found in in_batches(len(probes), room, partial(own_rows, window, probes)):
            parts += found
            yield Work(products=len(found))
        drawn += new
    values = torch.cat(parts).double().cpu().numpy()
    done = 0
    for k, signs in drawn:
        flat = signs.reshape(len(signs), -1)
        held.add(k, values[done : done + flat.size].reshape(flat.shape), flat)
        done += flat.size
