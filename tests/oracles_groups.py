"""Groups by definition: one group at a time, in full runs. Imports nothing of the code under test."""

import copy

import oracles_curvature as oracle
import torch
from torch import Tensor
from transformers import PreTrainedModel

Group = tuple[int, int]


@torch.no_grad()
def replaced(model: PreTrainedModel, ids: tuple[int, ...], group: Group, substitute: Tensor, row: int) -> Tensor:
    """(V,) predicted at a row with every embedding of the group replaced."""
    embeddings = oracle.embedded(model, ids).clone()
    embeddings[group[0] : group[1]] = substitute
    return oracle.log_p(model, embeddings[: row + 1])


@torch.no_grad()
def hidden(model: PreTrainedModel, ids: tuple[int, ...], group: Group, row: int) -> Tensor:
    """(V,) predicted at a row as if the group's tokens before it had never been read: the others, where they stand.

    Tokens that are left out leave a gap in the positions, which an attention mask of ones keeps one text.
    """
    kept = [i for i in range(row + 1) if not group[0] <= i < group[1] or i >= row]
    given = torch.tensor([[ids[i] for i in kept]])
    output = model(input_ids=given, attention_mask=torch.ones_like(given), position_ids=torch.tensor([kept]))
    logits = output.logits[0, -1]
    return logits - logits.logsumexp(-1)


def block_norms(matrix: Tensor, group: Group, probes: Tensor) -> Tensor:
    """(m,) ‖𝓗_gg r‖₁, from the whole matrix.

    Args:
        matrix: (T, D, T, D).
        probes: (m, n_g, D) sign vectors.
    """
    start, stop = group
    block = matrix[start:stop, :, start:stop, :]
    return torch.einsum("iajb,mjb->mia", block, probes).abs().sum((1, 2))


def whole_hessian(model: PreTrainedModel, ids: tuple[int, ...], target: int) -> Tensor:
    """(T, D, T, D) of log p(target), row by row."""
    model = copy.deepcopy(model)
    model.set_attn_implementation("eager")
    leaf = oracle.embedded(model, ids).clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(oracle.log_p(model, leaf)[target], leaf, create_graph=True)
    rows = [torch.autograd.grad(g, leaf, retain_graph=True)[0] for g in gradient.flatten()]
    n, width = leaf.shape
    return torch.stack(rows).reshape(n, width, n, width)
