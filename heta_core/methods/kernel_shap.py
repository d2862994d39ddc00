r"""KernelSHAP: the sum that fits f of coalitions best under the Shapley kernel (Lundberg & Lee 2017).

1. Coalitions of 1 and of U − 1 units, then of 2 and of U − 2, and so on, are all taken while 2U + 256 suffice for it.
2. The rest is drawn from the sizes between as the kernel weighs them, each with its complement.
3. φ minimises Σ π(S) (f(S) − f(∅) − Σ_S φ)² under Σ φ = f(all) − f(∅), which holds exactly: it is solved for, not
   bought with a huge weight. Up to 8 units every coalition is taken and φ are the Shapley values.
"""

from itertools import combinations
from math import comb

import numpy as np

from heta_core.methods._coalitions import additive, drawn_pairs, kernel_mass, valued
from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.parts import Floats, Work
from heta_core.passes.sets import Sets


def score(asked: Asked, draw: int) -> Scoring:
    """(U,) nats, signed. At most 2U + 258 forwards for each line of f."""
    n = len(asked.groups)
    kept, weights = coalitions(n, 2 * n + 256, (asked.settings.seed, draw))
    ends = np.array([[False] * n, [True] * n])
    found = yield from valued(asked, np.concatenate([ends, kept]))
    none, whole = float(found[0]), float(found[1])
    yield Work(), additive(kept, found[2:], weights, none=none, total=whole - none)


def coalitions(n: int, most: int, seed: tuple[int, int]) -> tuple[Sets, Floats]:
    """(N, n) coalitions, neither empty nor whole, and (N,) what each weighs; equal seeds give equal ones.

    Args:
        most: how many, at most.
    """
    mass = kernel_mass(n)
    taken: list[Sets] = [np.zeros((0, n), bool)]
    weights: list[Floats] = [np.zeros(0)]
    size = 1
    while size <= n // 2 and (n_both := _n_of(n, size)) <= most:
        taken.append(_all_of(n, size))
        weights.append(np.full(n_both, mass[size - 1] / comb(n, size)))
        most -= n_both
        size += 1
    if size <= n // 2 and most > 1:
        drawn = drawn_pairs(n, size, most // 2, np.random.default_rng(seed))
        taken.append(drawn)
        weights.append(np.full(len(drawn), mass[size - 1 : n - size].sum() / len(drawn)))
    return np.concatenate(taken), np.concatenate(weights)


def _n_of(n: int, size: int) -> int:
    """How many coalitions have this size or that of their complements."""
    return comb(n, size) * (1 if 2 * size == n else 2)


def _all_of(n: int, size: int) -> Sets:
    """(N, n) every coalition of this size, and their complements."""
    kept = np.zeros((comb(n, size), n), bool)
    for row, members in zip(kept, combinations(range(n), size), strict=True):
        row[list(members)] = True
    return kept if 2 * size == n else np.concatenate([kept, ~kept])


METHOD = Method(
    name="kernel_shap",
    title="KernelSHAP",
    meaning="The sum over what is left that fits the answer best, with the weights that make it Shapley's.",
    score=score,
    unit="nats",
    is_signed=True,
    adds_up="mask",
    source="Lundberg & Lee 2017",
    place=71,
)
