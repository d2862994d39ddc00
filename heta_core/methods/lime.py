r"""LIME for texts: a ridge regression of f on which units are left, close to the text (Ribeiro et al. 2016).

1. Draw 2U + 255 sets: how many units are masked evenly from 1 to U, which ones blindly; with the whole text first.
2. d = 1 − cos(left, all) = 1 − √(s/U) with s units left; weight √exp(−(100 d)²/25²), as in the authors' code for texts.
3. Weighted least squares with an intercept and a penalty of 1 on the squared coefficients, which are the scores.

The authors draw 5,000 sets and explain a probability. Here as many are drawn as for KernelSHAP, and f is explained.
"""

import numpy as np

from heta_core.methods._coalitions import valued
from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.parts import Floats, Work
from heta_core.passes.sets import Sets

_WIDTH = 0.25  # of the kernel, in distances of 0 to 1
_PENALTY = 1.0  # α


def score(asked: Asked, draw: int) -> Scoring:
    """(U,) nats, signed. At most 2U + 256 forwards for each line of f."""
    kept = neighbours(len(asked.groups), (asked.settings.seed, draw))
    found = yield from valued(asked, kept)
    yield Work(), ridge(kept.astype(np.float64), found, closeness(kept))


def neighbours(n: int, seed: tuple[int, int]) -> Sets:
    """(2n + 256, n) which of n units are left, the whole text first; equal seeds give equal sets."""
    rng = np.random.default_rng(seed)
    n_drawn = 2 * n + 255
    n_masked = rng.integers(1, n, size=n_drawn, endpoint=True)
    places = rng.random((n_drawn, n)).argsort(axis=1).argsort(axis=1)  # of each unit in a blind order
    return np.concatenate([np.ones((1, n), bool), places >= n_masked[:, None]])


def closeness(kept: Sets) -> Floats:
    """(N,) how much each set weighs; 1 the whole text. What holds nothing is at distance 1."""
    distance = 1 - np.sqrt(kept.sum(1) / kept.shape[1])
    return np.asarray(np.sqrt(np.exp(-(distance**2) / _WIDTH**2)), np.float64)


def ridge(design: Floats, found: Floats, weights: Floats) -> Floats:
    """(U,) w of least Σ weight · (f − w·x − b)² + α ‖w‖², the intercept b free: both sides centred, it drops out."""
    x: Floats = design - np.average(design, axis=0, weights=weights)
    y: Floats = found - np.average(found, weights=weights)
    covariance = x.T @ (weights[:, None] * x)
    penalised = covariance + _PENALTY * np.eye(len(covariance))
    return np.asarray(np.linalg.solve(penalised, x.T @ (weights * y)), np.float64)


METHOD = Method(
    name="lime",
    title="LIME",
    meaning="A straight line through what the answer does when some words are missing, the fewer the more it counts.",
    score=score,
    unit="nats",
    is_signed=True,
    source="Ribeiro et al. 2016",
    place=72,
)
