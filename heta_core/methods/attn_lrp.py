"""AttnLRP: the logit handed back, layer by layer, to what made it (Achtibat et al. 2024, arXiv 2402.05602).

    R_i = Σ x_i · g_i,  g the gradient of the target's logit by the rules of `heta_core.passes.rules`

What is explained is a logit, not a log-probability: of a span the sum of its logits, of a contrast their difference.
Relevance need not add up to it. The rule for softmax leaves part of it behind, biases and position embeddings take
theirs, and so do a foil's own tokens where whole strings are compared. With the attention held constant, and without
biases, it adds up.
"""

from dataclasses import dataclass

import numpy as np

from heta_core.errors import NotDifferentiableError
from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.parts import Floats, Work
from heta_core.passes.rules import handed_back


@dataclass(frozen=True, slots=True, eq=False)
class Relevance:
    """What each unit gets, and what there was to hand out."""

    scores: Floats  # (U,) in units of a logit
    explained: float  # the logit, or the sum or difference of logits

    @property
    def kept(self) -> float:
        """Σ R, the part of it that arrived at the units."""
        return float(self.scores.sum())


def relevance(asked: Asked, *, holds_attention: bool = False) -> Relevance:
    """One forward and one backward for each line of f.

    Args:
        holds_attention: attention probabilities are constants, and nothing flows back to queries and keys.

    Raises:
        UnsupportedModelError: the model uses an operation that has no rule.
        NotDifferentiableError: NaN or infinity flows back.
    """
    objective = asked.objective
    n = objective.n_context
    found = [handed_back(asked.lm, line, n, holds_attention=holds_attention) for line in objective.lines]
    scores = np.sum([flowed.double().cpu().numpy() for flowed, _ in found], axis=0)
    if not np.isfinite(scores).all():
        raise NotDifferentiableError("NaN or infinity flows back to the text: load the model in float32.")
    return Relevance(asked.summed(scores), sum(explained for _, explained in found))


def score(asked: Asked, _draw: int) -> Scoring:
    """(U,) R summed over the tokens of each unit, in units of a logit."""
    n_lines = len(asked.objective.lines)
    yield Work(forwards=n_lines, backwards=n_lines), relevance(asked).scores


METHOD = Method(
    name="attn_lrp",
    title="AttnLRP",
    meaning="The target's logit handed back through every layer, in shares, to the embeddings.",
    score=score,
    unit="logits",
    is_signed=True,
    source="Achtibat et al. 2024",
    place=35,
)
