r"""How sure the highest places of a map are, under the error of its Hessian estimate.

S is a mean over random probes. Redraw it within what is known of its error, score again, and count how often each of
the highest units is among the highest once more:

1. S_i + e_i · t, e the standard error and t of Student's distribution, as the spread comes from few probes.
2. Where units shared probes (coloured) S is too high by some part, known only as a median over a few units: there S is
   also divided by 1 + x, x ≥ 0 drawn around that part and as wide as it is large.
3. M and I are exact and stay. Nothing here runs the model.
"""

from dataclasses import dataclass

import numpy as np

from heta_core.attribution import Attribution
from heta_core.parts import Floats, Sensitivity
from heta_core.settings import Settings

TOP = 5
# The frequency of a unit that just comes and goes is known to 2 % then.
_DRAWS = 500
# Spreads of coloured and adaptive estimates are pooled over all units, which counts for so many probes beside the own.
_POOLED = 8


@dataclass(frozen=True, slots=True)
class Stability:
    """How often each of the highest units stays among the highest."""

    units: tuple[int, ...]  # highest first
    stays: tuple[float, ...]  # of each, 0 to 1
    n_draws: int

    @property
    def least(self) -> float:
        """Of the one that is least sure."""
        return min(self.stays)


def stability(result: Attribution, *, seed: int = 0, n_draws: int = _DRAWS) -> Stability | None:
    """Of the five highest units; None where their error is not known, or where there are no others.

    The error is not known of an unfinished map, or where a unit with some transition had a single probe.
    """
    found = result.hessian
    if not result.is_complete or found is None or result.gate is None or result.n_units <= TOP:
        return None
    if not result.scores.any() or np.isnan(found.standard_error[result.gate > 0]).any():
        return None
    top = result.top(TOP)
    redrawn = _redrawn(found, result.settings, np.random.default_rng(seed), n_draws)
    counts = np.zeros(result.n_units)
    for hessian in redrawn:
        counts[np.argsort(-result.scored(hessian), kind="stable")[:TOP]] += 1
    return Stability(top, tuple(float(counts[i] / n_draws) for i in top), n_draws)


def _redrawn(found: Sensitivity, settings: Settings, rng: np.random.Generator, n_draws: int) -> Floats:
    """(N, U) what S might have come to."""
    shape = (n_draws, len(found.scores))
    is_coloured = np.array([name == "coloured" for name in found.estimators])
    is_pooled = settings.estimator == "coloured" or settings.probes == "auto"
    free = np.maximum(found.n_probes - 1, 1) + (_POOLED if is_pooled else 0)
    error = np.nan_to_num(found.standard_error)
    drawn = np.maximum(found.scores + error * rng.standard_t(free, shape), 0.0)
    if found.bias is not None:
        high = max(found.bias, 0.0)
        excess = high + np.hypot(high, found.bias_error or 0.0) * rng.standard_normal(shape)
        drawn /= 1 + np.where(is_coloured, np.maximum(excess, 0.0), 0.0)
    return drawn
