"""Input × gradient: the first-order guess at what removing a unit would do (Shrikumar et al. 2017)."""

from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.parts import Work
from heta_core.passes.curvature import first_gradient, surface


def score(asked: Asked, _draw: int) -> Scoring:
    """(U,) Σ x·∇f over the embeddings x of each unit, nats. One forward and one backward for each line of f."""
    over = surface(asked.lm, asked.objective, asked.groups)
    along = (first_gradient(over) * over.inputs).sum(-1).double().cpu().numpy()  # (T,)
    yield Work(forwards=len(over.embeddings), backwards=1), asked.summed(along)


METHOD = Method(
    name="input_gradient",
    title="Input × gradient",
    meaning="Each embedding times the gradient of what is explained: what a straight line says of removing it.",
    score=score,
    unit="nats",
    is_signed=True,
    is_reference=True,
    source="Shrikumar et al. 2017",
    place=30,
)
