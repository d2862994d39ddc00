"""HETA itself: Eq. 5 with all three components (arXiv 2604.13258)."""

from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.parts import Work


def score(asked: Asked, _draw: int) -> Scoring:
    """(U,) M·(β·S + γ·I) in the scaling of the weights."""
    for work in asked.shared.until("transition", "kl", "hessian"):
        yield work, None
    assert asked.shared.result is not None
    yield Work(), asked.shared.result.scores


METHOD = Method(
    name="heta",
    title="HETA",
    meaning="What flows to the answer, times how strongly it bends it and how far the prediction moves without it.",
    score=score,
    source="arXiv 2604.13258",
    place=0,
)
