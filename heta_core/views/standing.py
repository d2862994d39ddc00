"""Whether anything stands out from a score, or it is spread about evenly.

A unit stands out when it holds at least what the largest of T parts would on average if the score were divided by
chance: by a stick broken at T − 1 random places, (1 + 1/2 + … + 1/T) / T. Its share is taken with its own Hessian one
standard error lower, so that what only the error lifts above that does not count. `standing` in
assets/strip/formula.js is the same rule, for weights that are being dragged.

Reference: R. H. MacArthur, "On the relative abundance of bird species", PNAS 43, 1957 (the broken stick).
"""

from dataclasses import dataclass

import numpy as np

from heta_core.attribution import Attribution
from heta_core.parts import Floats


@dataclass(frozen=True, slots=True)
class Standing:
    """The highest score among T, and what it is held against."""

    unit: int  # the highest
    share: float  # of the score
    lowered: float  # its share with its Hessian one standard error lower; the share itself where that is not known
    by_chance: float  # the share that the largest of T random parts has on average
    spread: float  # over how many equal parts a score would be as spread: exp of the shares' entropy, 1 to T

    @property
    def is_flat(self) -> bool:
        """Nothing stands out."""
        return self.lowered < self.by_chance


def standing(attribution: Attribution) -> Standing | None:
    """None where the score is not known, or zero on every unit."""
    a, combined = attribution, attribution.combined
    if combined is None or not combined.scores.any():
        return None
    scores, shares = combined.scores, combined.shares
    unit = int(np.argmax(scores))
    error = errors(a)[unit]
    lowered = max(0.0, scores[unit] - (0.0 if np.isnan(error) else error))
    others = scores.sum() - scores[unit]
    held = shares[shares > 0]
    return Standing(
        unit,
        float(shares[unit]),
        float(lowered / (lowered + others)) if others > 0 else 1.0,
        float(np.mean([1 / k for k in range(1, a.n_units + 1)])),
        float(np.exp(-(held * np.log(held)).sum())),
    )


def errors(attribution: Attribution) -> Floats:
    """(T,) the standard error of each score from that of its own Hessian, M·β·SE(S), in the unit of the score.

    The sums of the balanced scaling count as known. NaN where the standard error is not known.
    """
    a = attribution
    assert a.gate is not None and a.hessian is not None
    total = a.hessian.scores.sum() if a.weights.scaling == "unit" else 1.0
    return a.gate * a.weights.beta * a.hessian.standard_error / (total if total > 0 else 1.0)
