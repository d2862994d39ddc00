"""What is explained, f, and its gradient at many versions of the context at once: one forward and backward for each.

`curvature` looks at one place and what bends there; here the places are many and the gradient is all that is wanted,
so its graph is not kept, and lines of f are run one after another.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from heta_core.errors import NotDifferentiableError
from heta_core.language_model import LanguageModel, embed, log_probs, running, wide
from heta_core.passes.batching import Room, in_batches
from heta_core.passes.cutting import whole_at_once
from heta_core.passes.prefix import logits_at
from heta_core.passes.room import Extent, gradient_rows
from heta_core.settings import Settings
from heta_core.targets import Line, Objective

Read = Callable[[Tensor], Tensor]  # (B, R, V) logits → what f is a sum of


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """f and ∇f at n versions of the context."""

    values: Tensor  # (n,) nats
    gradients: Tensor  # (n, T, D) ∇f


def slopes(
    lm: LanguageModel, objective: Objective, n: int, versions: Callable[[slice], Tensor], settings: Settings
) -> Iterator[Slopes]:
    """f and ∇f at n versions, batch by batch. A batch that does not fit is halved.

    Args:
        versions: (n', T, D) those of a slice of 0 … n−1.

    Raises:
        NotDifferentiableError: f or its gradient is not finite.
        OutOfMemoryError: a single version does not fit into memory.
    """
    length = max(len(line.ids) for line in objective.lines)
    extent = Extent(length, length, max(len(line.rows) for line in objective.lines))
    at_once = whole_at_once(lm, length, settings, is_gradient=True)
    room = Room(gradient_rows(lm, extent, settings.memory, most=at_once))
    yield from in_batches(n, room, lambda batch: _slopes(lm, objective, versions(batch)))


def _slopes(lm: LanguageModel, objective: Objective, contexts: Tensor) -> Slopes:
    values, gradients = torch.zeros((), device=contexts.device), wide(torch.zeros_like(contexts))
    for line in objective.lines:
        leaves = contexts.clone().requires_grad_(True)
        with running(lm), torch.enable_grad():
            found = value_of_line(lm, line, leaves)
            (gradient,) = torch.autograd.grad(found.sum(), leaves)
        values, gradients = values + found.detach(), gradients + wide(gradient)
    if not values.isfinite().all() or not gradients.isfinite().all():
        raise NotDifferentiableError("The gradient is NaN or infinity: load the model in float32 or bfloat16.")
    return Slopes(values, gradients)


@torch.no_grad()
def value_at(lm: LanguageModel, objective: Objective, context: Tensor) -> float:
    """F of one version of the context, nats.

    Args:
        context: (T, D).

    Raises:
        NotDifferentiableError: f is not finite.
    """
    with running(lm):
        found = sum(float(value_of_line(lm, line, context[None])) for line in objective.lines)
    if found - found != 0:
        raise NotDifferentiableError("What is explained is NaN or infinity: load the model in float32 or bfloat16.")
    return found


def value_of_line(lm: LanguageModel, line: Line, contexts: Tensor, read: Read = log_probs) -> Tensor:
    """(B,) what one line adds to f at B versions of its first T embeddings. Must run inside `running`.

    Args:
        contexts: (B, T, D); tokens of the line that come after them stay as they are.
        read: what of the logits is summed; log-probabilities if not given.
    """
    rest = embed(lm, line.ids)[contexts.shape[1] :].expand(len(contexts), -1, -1)
    found = read(logits_at(lm, torch.cat([contexts, rest], 1), None, line.rows))  # (B, R, V)
    places = [line.rows.index(term.row) for term in line.terms]
    chosen = found[:, places, [term.token_id for term in line.terms]]
    return (chosen * chosen.new_tensor([term.weight for term in line.terms])).sum(-1)
