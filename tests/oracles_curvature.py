"""The Hessian and the KL by definition: slow, dense, one thing at a time. Imports nothing of the code under test."""

import copy
import itertools
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedModel

Floats = NDArray[np.float64]


def log_p(model: PreTrainedModel, embeddings: Tensor) -> Tensor:
    """(V,) log-probabilities after T embeddings, in one full run."""
    logits = model(inputs_embeds=embeddings[None]).logits[0, -1]
    return logits - logits.logsumexp(-1)


def value(model: PreTrainedModel, embeddings: Tensor, words: list[tuple[int, int]]) -> Tensor:
    """Σ log p of (position, token) pairs in one full run, each token predicted from what stands before its position."""
    logits = model(inputs_embeds=embeddings[None]).logits[0]
    return torch.stack([logits[at - 1, token] - logits[at - 1].logsumexp(-1) for at, token in words]).sum()


def embedded(model: PreTrainedModel, ids: tuple[int, ...]) -> Tensor:
    return model.get_input_embeddings().weight.detach()[list(ids)]


def dense_blocks(model: PreTrainedModel, ids: tuple[int, ...], target: int) -> Tensor:
    """(T, D, D) diagonal blocks of the Hessian of log p(target)."""
    return blocks_of(model, ids, lambda model, leaf: log_p(model, leaf)[target])


def blocks_of(model: PreTrainedModel, ids: tuple[int, ...], f: Callable[[PreTrainedModel, Tensor], Tensor]) -> Tensor:
    """(T, D, D) diagonal blocks of the Hessian of f(model, embeddings), from the whole (T·D)² matrix, row by row.

    On a copy with eager attention: fused kernels have no second derivative.
    """
    model = copy.deepcopy(model)
    model.set_attn_implementation("eager")
    leaf = embedded(model, ids).clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(f(model, leaf), leaf, create_graph=True)
    rows = [torch.autograd.grad(g, leaf, retain_graph=True)[0] for g in gradient.flatten()]
    n, width = leaf.shape
    matrix = torch.stack(rows).reshape(n, width, n, width)
    return torch.stack([matrix[i, :, i, :] for i in range(n)])


def expected_norm(block: Tensor) -> float:
    """E_r ‖ block · r ‖₁ over all 2^D sign vectors r."""
    norms = [
        (block @ torch.tensor(r, dtype=block.dtype)).abs().sum()
        for r in itertools.product((-1.0, 1.0), repeat=len(block))
    ]
    return float(torch.stack(norms).mean())


def difference_block(f: Callable[[Tensor], Tensor], embeddings: Tensor, i: int, step: float) -> Tensor:
    """(D, D) block of token i by central second differences of f alone: four values for each entry."""
    width = embeddings.shape[1]
    block = torch.empty(width, width, dtype=embeddings.dtype)
    for a, b in itertools.product(range(width), repeat=2):
        total = 0.0
        for sa, sb in itertools.product((1, -1), repeat=2):
            moved = embeddings.clone()
            moved[i, a] += sa * step
            moved[i, b] += sb * step
            total += sa * sb * float(f(moved))
        block[a, b] = total / (4 * step**2)
    return block


def masked_log_p(model: PreTrainedModel, ids: tuple[int, ...], i: int, substitute: Tensor) -> Tensor:
    """(V,) with token i's embedding replaced, in one full run."""
    embeddings = embedded(model, ids).clone()
    embeddings[i] = substitute
    return log_p(model, embeddings)


def divergence(log_p: Tensor, log_q: Tensor) -> float:
    """KL(p ‖ q) as it is written in textbooks."""
    return float((log_p.exp() * (log_p - log_q)).sum())
