r"""Integrated gradients: the slope along a straight way from nothing to the text (Sundararajan et al. 2017).

    a_i = Σ x_i · ∫₀¹ ∂f/∂x_i (α·x) dα,    Σ_i a_i = f(x) − f(0)

The way begins at embeddings of zeros. The integral is a sum over 50 nodes of Gauss–Legendre, exact for what is smooth:
on GPT-2, whose positions are embeddings of their own, nothing is missing. Where nothing but the token's embedding
enters, as in Llama, the first norm blows the shortest one up to the usual length; nearly all of f(x) − f(0) then
happens before the first node, and more nodes help little. So the gap belongs beside the scores; it can be larger than
what is explained.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from heta_core.language_model import embed
from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.parts import Floats, Work
from heta_core.passes.slopes import slopes, value_at

_NODES = 50


@dataclass(frozen=True, slots=True, eq=False)
class Integrated:
    """Scores, and how far they are from adding up."""

    scores: Floats  # (U,) nats
    rise: float  # f(x) − f(0), nats

    @property
    def gap(self) -> float:
        """|Σ a − (f(x) − f(0))|, nats: 0 where the integral is exact."""
        return abs(float(self.scores.sum()) - self.rise)


def integrated(asked: Asked) -> Integrated:
    """Scores and their gap: 50 forwards and backwards, and two forwards, for each line of f.

    Raises: as `integrated_steps`.
    """
    *_, (_, found) = integrated_steps(asked)
    assert found is not None
    return found


def integrated_steps(asked: Asked) -> Iterator[tuple[Work, Integrated | None]]:
    """The same batch by batch.

    Raises:
        NotDifferentiableError: f or its gradient is not finite on the way.
        OutOfMemoryError: a single sequence does not fit into memory.
    """
    lm, objective = asked.lm, asked.objective
    context = embed(lm, objective.lines[0].ids)[: objective.n_context]  # (T, D)
    roots, weights = np.polynomial.legendre.leggauss(_NODES)  # on −1 … 1, weights of sum 2
    wide = torch.promote_types(context.dtype, torch.float32)
    alphas, shares = (torch.tensor(v, dtype=wide, device=context.device) for v in ((roots + 1) / 2, weights / 2))

    def versions(batch: slice) -> Tensor:
        return (alphas[batch, None, None] * context).to(context.dtype)

    n_lines, done = len(objective.lines), 0
    mean = torch.zeros_like(context, dtype=wide)  # of ∇f along the way
    for found in slopes(lm, objective, _NODES, versions, asked.settings):
        n = len(found.values)
        mean += torch.einsum("n,ntd->td", shares[done : done + n], found.gradients.to(wide))
        done += n
        yield Work(forwards=n * n_lines, backwards=n * n_lines), None
    along = (mean * context).sum(-1).double().cpu().numpy()  # (T,)
    rise = value_at(lm, objective, context) - value_at(lm, objective, torch.zeros_like(context))
    yield Work(forwards=2 * n_lines), Integrated(asked.summed(along), rise)


def score(asked: Asked, _draw: int) -> Scoring:
    """(U,) a summed over the tokens of each unit, nats."""
    for work, found in integrated_steps(asked):
        yield work, None if found is None else found.scores


METHOD = Method(
    name="integrated_gradients",
    title="Integrated gradients",
    meaning="Each embedding times the mean gradient on the way from embeddings of zeros to the text.",
    score=score,
    unit="nats",
    is_signed=True,
    adds_up="zero",
    source="Sundararajan et al. 2017",
    place=31,
)
