"""Block-restricted Hessian-vector products of log p(target), batched over tokens and probes.

1. The embeddings of a chunk's tokens are the only leaf; what precedes them is a cached prefix.
2. One forward and one backward that keeps its graph give ∇f of the chunk.
3. For every token i and probe r one more backward through ∇f, with r in row i and zero elsewhere, gives 𝓗_ii r in
   row i (Pearlmutter 1994). A batch of them shares one call.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from heta_core.errors import NotDifferentiableError
from heta_core.language_model import LanguageModel, log_probs, running
from heta_core.passes.prefix import Chunk, last_logits


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """f = log p(target) as a function of the embeddings of n tokens, with the graph of its gradient."""

    start: int
    leaf: Tensor  # (n, D)
    gradient: Tensor  # (n, D) ∇f, differentiable


def open_window(lm: LanguageModel, embeddings: Tensor, target_id: int, chunk: Chunk) -> Window:
    """One forward and one backward over the positions that the chunk's tokens can reach.

    Args:
        embeddings: (T, D) of the whole context.

    Raises:
        NotDifferentiableError: no gradient reaches the embeddings.
    """
    leaf = embeddings[chunk.start : chunk.stop].clone().requires_grad_(True)
    before = embeddings[chunk.first : chunk.start]
    row = torch.cat([before, leaf, embeddings[chunk.stop :]])
    with running(lm), torch.enable_grad():
        f = log_probs(last_logits(lm, row[None], chunk.copy_of_cache(1)))[0, target_id]
        (gradient,) = torch.autograd.grad(f, leaf, create_graph=True)
    if not gradient.requires_grad:
        raise NotDifferentiableError(
            "The Hessian needs a gradient that can be differentiated again; this model's gradient is constant."
        )
    return Window(chunk.start, leaf, gradient)


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
