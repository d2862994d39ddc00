"""HETA's first-order twin: the gradient's length in the place of the curvature. Does the second order earn its cost?"""

from heta_core.combine import combine
from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.parts import Floats, Work
from heta_core.passes.curvature import first_gradient, surface


def score(asked: Asked, _draw: int) -> Scoring:
    """(U,) M·(β·‖∇f‖₁ + γ·I) in the scaling of the weights. No Hessian product, one backward for each line of f."""
    for work in asked.shared.until("transition", "kl"):
        yield work, None
    found = asked.shared.result
    assert found is not None and found.transition is not None
    information = found.information_scores
    assert information is not None
    over = surface(asked.lm, asked.objective, asked.groups)
    yield Work(forwards=len(over.embeddings), backwards=1), None
    lengths: Floats = first_gradient(over).abs().sum(-1).double().cpu().numpy()  # (T,)
    yield Work(), combine(found.transition.scores, asked.summed(lengths), information, asked.weights).scores


METHOD = Method(
    name="first_order",
    title="First-order twin",
    meaning="HETA with the length of the gradient in the place of the curvature.",
    score=score,
    place=5,
)
