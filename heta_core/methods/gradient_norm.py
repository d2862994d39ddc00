"""How steep f is at each unit (Simonyan et al. 2014; Li et al. 2016)."""

import numpy as np

from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.parts import Work
from heta_core.passes.curvature import first_gradient, surface


def score(asked: Asked, _draw: int) -> Scoring:
    """(U,) ‖∇f‖₂ over the embeddings of each unit, of a block over all of its, nats per unit of embedding.

    One forward and one backward for each line of f.
    """
    over = surface(asked.lm, asked.objective, asked.groups)
    squares = first_gradient(over).double().square().sum(-1).cpu().numpy()  # (T,)
    n_lines = len(over.embeddings)
    yield Work(forwards=n_lines, backwards=n_lines), np.sqrt(asked.summed(squares))


METHOD = Method(
    name="gradient_norm",
    title="Gradient norm",
    meaning="How steeply the answer changes with each embedding, whichever way.",
    score=score,
    unit="nats per unit of embedding",
    source="Simonyan et al. 2014",
    place=25,
)
