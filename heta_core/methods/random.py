"""No method at all: five orders drawn blindly, which every other has to beat."""

import numpy as np

from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.parts import Work


def score(asked: Asked, draw: int) -> Scoring:
    """(U,) scores that know nothing; equal seeds and draws give equal ones."""
    yield Work(), np.random.default_rng((asked.settings.seed, draw)).random(len(asked.groups))


METHOD = Method(
    name="random",
    title="Random",
    meaning="An order drawn blindly, with a seed.",
    score=score,
    is_reference=True,
    n_draws=5,
    place=10,
)
