"""Block-restricted Hessian-vector products of what is explained, batched over tokens and probes.

1. The embeddings of a chunk's tokens are the only leaf; what precedes them is a cached prefix.
2. One forward and one backward that keeps its graph give ∇f of the chunk.
3. For every token i and probe r one more backward through ∇f, with r in row i and zero elsewhere, gives 𝓗_ii r in
   row i (Pearlmutter 1994). A batch of them shares one call.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from heta_core.errors import NotDifferentiableError
from heta_core.language_model import LanguageModel, log_probs, running
from heta_core.passes.prefix import Chunk, logits_at
from heta_core.targets import Line, Objective


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """f as a function of the embeddings of n tokens, with the graph of its gradient."""

    start: int
    leaf: Tensor  # (n, D)
    gradient: Tensor  # (n, D) ∇f, differentiable


def open_window(lm: LanguageModel, objective: Objective, embeddings: Sequence[Tensor], chunk: Chunk) -> Window:
    """One forward for each line and one backward, over the positions that the chunk's tokens can reach.

    What is predicted before the chunk is constant here and left out of f.

    Args:
        embeddings: (length, D) of every line, whole.

    Raises:
        NotDifferentiableError: no gradient reaches the embeddings.
    """
    leaf = embeddings[0][chunk.start : chunk.stop].clone().requires_grad_(True)
    with running(lm), torch.enable_grad():
        values = [_value(lm, line, row, leaf, chunk) for line, row in zip(objective.lines, embeddings, strict=True)]
        (gradient,) = torch.autograd.grad(torch.stack(values).sum(), leaf, create_graph=True)
    if not gradient.requires_grad:
        raise NotDifferentiableError(
            "The Hessian needs a gradient that can be differentiated again; this model's gradient is constant."
        )
    return Window(chunk.start, leaf, gradient)


def _value(lm: LanguageModel, line: Line, embeddings: Tensor, leaf: Tensor, chunk: Chunk) -> Tensor:
    """What one line adds to f, with the chunk's embeddings taken from the leaf."""
    rows = [row for row in line.rows if row >= chunk.start]
    terms = [term for term in line.terms if term.row >= chunk.start]
    whole = torch.cat([embeddings[chunk.first : chunk.start], leaf, embeddings[chunk.stop :]])
    at = [row - chunk.first for row in rows]
    log_p = log_probs(logits_at(lm, whole[None], chunk.copy_of_cache(1), at))[0]  # (R, V)
    places = [rows.index(term.row) for term in terms]
    chosen = log_p[places, [term.token_id for term in terms]]
    return (chosen * chosen.new_tensor([term.weight for term in terms])).sum()


def block_products(lm: LanguageModel, window: Window, rows: Tensor, probes: Tensor) -> Tensor:
    """(B, D) of 𝓗_ii r, for B pairs of a token and a probe. One batched backward.

    Args:
        rows: (B,) which token of the window each probe is for.
        probes: (B, D).

    Raises:
        NotDifferentiableError: an operation of the model has no second derivative.
    """
    n_pairs = len(rows)
    pairs = torch.arange(n_pairs, device=probes.device)
    directions = probes.new_zeros(n_pairs, *window.leaf.shape)  # (B, n, D)
    directions[pairs, rows] = probes
    try:
        with running(lm):
            (products,) = torch.autograd.grad(
                window.gradient, window.leaf, directions, is_grads_batched=True, retain_graph=True
            )
    except RuntimeError as error:
        if "derivative for" not in str(error) and "not implemented" not in str(error):
            raise
        raise NotDifferentiableError(
            f"The Hessian needs second derivatives, but this model has none: {error} Load it with eager attention."
        ) from error
    return products[pairs, rows]
