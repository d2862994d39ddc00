"""Eq. 5 of HETA and its two scalings, on numpy.

Attr_i = M_i · (β·S_i + γ·I_i). S is in nats per squared embedding unit and I in nats, so which of them decides
depends on the model and on how sure it is. `raw` is the paper's sum. `unit` ("balanced") divides S and I each by its
sum over the context first, so that β and γ weigh two distributions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heta_core.settings import Weights

Array = NDArray[np.float64]
UNGATED = "heta_ungated"  # the method of a model whose M cannot be known: 1 in its place


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """The final score and the two terms it is the sum of."""

    hessian: Array  # (T,) M_i · β · S_i
    kl: Array  # (T,) M_i · γ · I_i
    is_zero_term: tuple[bool, bool]  # S, I zero on every token: the term contributes nothing and says so

    @property
    def scores(self) -> Array:
        """(T,) the final score, ≥ 0, in the unit of the scaling."""
        return self.hessian + self.kl

    @property
    def shares(self) -> Array:
        """(T,) the final score over its sum; all zero where nothing has a score."""
        return share(self.scores)

    @property
    def hessian_share(self) -> float | None:
        """The part of the summed score that the Hessian term makes up; None where the sum is 0."""
        total = float(self.scores.sum())
        return float(self.hessian.sum()) / total if total > 0 else None


def combine(transition: Array, hessian: Array, kl: Array, weights: Weights) -> Combined:
    """M·(β·S + γ·I), Eq. 5, from raw components of shape (T,)."""
    zero = (not hessian.any(), not kl.any())
    if weights.scaling == "unit":
        hessian, kl = share(hessian), share(kl)
    return Combined(transition * weights.beta * hessian, transition * weights.gamma * kl, zero)


def share(values: Array) -> Array:
    """(T,) values over their sum; unchanged where every value is zero."""
    total = values.sum()
    return values / total if total > 0 else values
