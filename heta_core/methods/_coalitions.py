"""Coalitions, sets of units that stay while the others are masked: f of them, and the sum that fits them best."""

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from heta_core.methods._contract import Asked
from heta_core.parts import Floats, Work
from heta_core.passes.sets import Sets
from heta_core.passes.valuing import of_tokens, values


def valued(asked: Asked, kept: Sets) -> Generator[tuple[Work, None], None, Floats]:
    """(N,) f in nats with only the units of each of (N, U) coalitions left. Equal ones are run once.

    Yields the work of every batch; returns the values.
    """
    different, place = np.unique(kept, axis=0, return_inverse=True)
    found: Floats | None = None
    for work, last in values(asked.lm, asked.objective, of_tokens(~different, asked.groups), asked.settings):
        yield work, None
        found = last
    assert found is not None
    each: Floats = found[place]
    return each


def kernel_mass(n: int) -> Floats:
    """(n − 1,) what the Shapley kernel weighs all coalitions of 1 … n−1 of n units in all; sums to 1.

    π(S) = (n − 1) / (C(n, s) · s · (n − s)) for each (Lundberg & Lee 2017, Theorem 2), so size s has 1 / (s (n − s)).
    """
    sizes = np.arange(1, n)
    mass: Floats = 1 / (sizes * (n - sizes))
    share: Floats = mass / mass.sum()
    return share


def drawn_pairs(n: int, least: int, n_pairs: int, rng: np.random.Generator) -> Sets:
    """(2 · n_pairs, n) coalitions of `least` to n − least units and their complements, sizes as the kernel weighs them.

    None of a single unit: it has no coalition that is neither empty nor whole.
    """
    if n == 1:
        return np.zeros((0, 1), bool)
    chances = kernel_mass(n)[least - 1 : n - least]
    sizes = least + rng.choice(len(chances), size=n_pairs, p=chances / chances.sum())
    kept = rng.random((n_pairs, n)).argsort(axis=1).argsort(axis=1) < sizes[:, None]
    return np.concatenate([kept, ~kept])


def additive(kept: Sets, found: Floats, weights: Floats, *, none: float, total: float) -> Floats:
    """(U,) φ of least Σ weight · (v(S) − v(∅) − Σ_S φ)² whose sum is `total`, exactly.

    φ = total/U + B z with the columns of B an orthonormal basis of what sums to 0, so the constraint holds whatever z
    is. Where coalitions leave some of z open, the smallest is taken: nothing tells those units apart.

    Args:
        kept: (N, U) coalitions.
        found: (N,) v(S).
        none: v(∅).
    """
    n = kept.shape[1]
    even = np.full(n, total / n)
    if n == 1 or not len(kept):
        return even
    design = kept.astype(np.float64)
    basis = _sums_to_zero(n)
    root = np.sqrt(weights)
    rest = root * (found - none - design @ even)
    z, *_ = np.linalg.lstsq(root[:, None] * (design @ basis), rest, rcond=None)
    fitted: Floats = even + basis @ z
    return fitted


def _sums_to_zero(n: int) -> NDArray[np.float64]:
    """(n, n − 1) orthonormal columns that each sum to 0 (Helmert's)."""
    columns = np.triu(np.ones((n, n - 1)))
    k = np.arange(1, n)
    columns[k, k - 1] = -k
    found: NDArray[np.float64] = columns / np.sqrt(k * (k + 1))
    return found
