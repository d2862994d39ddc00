"""Every unit as important as every other: what a map must beat to have said anything."""

import numpy as np

from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.parts import Work


def score(asked: Asked, _draw: int) -> Scoring:
    """(U,) ones, without a unit. The model does not run."""
    yield Work(), np.ones(len(asked.groups))


METHOD = Method(
    name="uniform",
    title="Uniform",
    meaning="Everything as important as everything else; the model is not asked.",
    score=score,
    place=11,
)
