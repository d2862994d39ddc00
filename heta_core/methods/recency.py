"""The last first: what stands close to the answer often matters, and it takes no model to say so."""

import numpy as np

from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.parts import Work


def score(asked: Asked, _draw: int) -> Scoring:
    """(U,) the places of the units, 0 … U−1."""
    yield Work(), np.arange(len(asked.groups), dtype=np.float64)


METHOD = Method(
    name="recency",
    title="Recency",
    meaning="The closer to the answer, the more important; the model is not asked.",
    score=score,
    is_reference=True,
    place=40,
)
