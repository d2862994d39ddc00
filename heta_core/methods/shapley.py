r"""Shapley values by sampling orders (Castro et al. 2009; Štrumbelj & Kononenko 2010).

1. Draw 25 orders of the units: 13 blindly, the others are twelve of them read backwards. What is drawn too high in an
   order for whoever joins early comes out too low in its reverse. Up to 24 orders in all, every one is taken: exact.
2. Every order starts with all units masked and lets them in one by one.
3. a_i is the mean of what f gains when unit i joins. So Σ a = f(nothing masked) − f(everything masked).
"""

from itertools import permutations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from heta_core.methods._coalitions import valued
from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.parts import Work

N_ORDERS = 25  # what captum takes too

Orders = NDArray[np.int64]  # (N, U) units, in the order in which they join


def score(asked: Asked, draw: int) -> Scoring:
    """(U,) nats, signed. At most 25 (U − 1) + 2 forwards for each line of f; a set that was run is not run again."""
    orders = orders_of(len(asked.groups), (asked.settings.seed, draw))
    n_orders, n = orders.shape
    place = np.argsort(orders, axis=1)  # when each unit joins
    kept = place[:, None, :] < np.arange(n + 1)[:, None]  # (N, U + 1, U)
    found = yield from valued(asked, kept.reshape(-1, n))
    gains = np.diff(found.reshape(n_orders, n + 1), axis=1)  # (N, U) of the k-th to join
    yield Work(), np.take_along_axis(gains, place, axis=1).mean(0)


def orders_of(n: int, seed: tuple[int, int]) -> Orders:
    """(N, n) the orders of n units that are looked at; equal seeds give equal ones."""
    if n < N_ORDERS and factorial(n) <= N_ORDERS:
        return np.array(list(permutations(range(n))))
    rng = np.random.default_rng(seed)
    drawn = np.array([rng.permutation(n) for _ in range(N_ORDERS - N_ORDERS // 2)])
    return np.concatenate([drawn, drawn[: N_ORDERS // 2, ::-1]])


METHOD = Method(
    name="shapley",
    title="Shapley sampling",
    meaning="What the answer gains when this joins, on average over orders of joining.",
    score=score,
    unit="nats",
    is_signed=True,
    adds_up="mask",
    source="Štrumbelj & Kononenko 2010",
    place=70,
)
