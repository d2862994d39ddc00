"""The semantic transition by definition: slow, from the models' own modules. Imports nothing of the code under test."""

import copy
from itertools import pairwise, product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PreTrainedModel

Floats = NDArray[np.float64]


def flow(model: PreTrainedModel, ids: tuple[int, ...]) -> Floats:
    """(L, H, T) Φ·n at the last position, summed over every path through the layers, one path at a time."""
    attention, strength = attention_of(model, ids), strengths(model, ids)
    n_layers, n_heads, n_tokens, _ = attention.shape
    found = np.zeros((n_layers, n_heads, n_tokens))
    for layer in range(n_layers):
        for leaving in range(n_tokens):
            weight = weight_of_paths(attention, layer, leaving)
            for head, i in product(range(n_heads), range(n_tokens)):
                found[layer, head, i] += weight * attention[layer, head, leaving, i] * strength[layer, head, i]
    return found


def weight_of_paths(attention: Floats, layer: int, leaving: int) -> float:
    """What leaves `layer` at position `leaving` and ends at the prediction: the sum over all paths between the two.

    A path names the position it is at after each later layer; the last is the predicting one. Each step costs half the
    mean attention paid, and staying where it is another half.
    """
    n_layers, _, n_tokens, _ = attention.shape
    n_steps = n_layers - 1 - layer
    if n_steps == 0:
        return float(leaving == n_tokens - 1)
    total = 0.0
    for between in product(range(n_tokens), repeat=n_steps - 1):
        path = (leaving, *between, n_tokens - 1)
        weight = 1.0
        for step, (source, reader) in enumerate(pairwise(path)):
            paid = float(attention[layer + 1 + step, :, reader, source].mean())
            weight *= 0.5 * paid + 0.5 * float(reader == source)
        total += weight
    return total


def attention_of(model: PreTrainedModel, ids: tuple[int, ...]) -> Floats:
    """(L, H, T, T) probabilities, as the model itself returns them."""
    output = eager(model)(torch.tensor([ids]), output_attentions=True)
    return np.stack([a[0].detach().numpy() for a in output.attentions])


def strengths(model: PreTrainedModel, ids: tuple[int, ...]) -> Floats:
    """(L, H, T) 1-norm of what each head writes for each token: its value times its part of the output matrix."""
    model = eager(model)
    states = model(torch.tensor([ids]), output_hidden_states=True).hidden_states
    blocks = model.transformer.h if hasattr(model, "transformer") else model.model.layers
    rows = []
    for block, state in zip(blocks, states, strict=False):
        value_matrix, value_bias, output_matrix = matrices(model, block)
        norm = block.ln_1 if hasattr(block, "ln_1") else block.input_layernorm
        values = norm(state[0]) @ value_matrix + value_bias  # (T, Hkv·Dh)
        rows.append(_strengths_of_a_layer(values, output_matrix, model.config.num_attention_heads))
    return torch.stack(rows).detach().numpy()


def matrices(model: PreTrainedModel, block: nn.Module) -> tuple[Tensor, Tensor | float, Tensor]:
    """Values' matrix (D, Hkv·Dh) and bias, and the output matrix (H·Dh, D), row vectors multiplying from the left."""
    config = model.config
    match config.model_type:
        case "gpt2":
            fused, width = block.attn.c_attn, config.n_embd
            return fused.weight[:, 2 * width :], fused.bias[2 * width :], block.attn.c_proj.weight
        case "gptj":
            return block.attn.v_proj.weight.T, 0.0, block.attn.out_proj.weight.T
        case "phi3":
            head = config.hidden_size // config.num_attention_heads
            first = (config.num_attention_heads + config.num_key_value_heads) * head
            return block.self_attn.qkv_proj.weight[first:].T, 0.0, block.self_attn.o_proj.weight.T
        case "llama" | "mistral" | "qwen2" | "qwen3":
            projection = block.self_attn.v_proj
            bias = 0.0 if projection.bias is None else projection.bias
            return projection.weight.T, bias, block.self_attn.o_proj.weight.T
    raise NotImplementedError(f"write down where {config.model_type} keeps its values, then its test can run")


def _strengths_of_a_layer(values: Tensor, output_matrix: Tensor, n_heads: int) -> Tensor:
    width = len(output_matrix) // n_heads
    n_groups = values.shape[1] // width
    rows = []
    for head in range(n_heads):
        group = head * n_groups // n_heads
        value = values[:, group * width : (group + 1) * width]
        rows.append((value @ output_matrix[head * width : (head + 1) * width]).abs().sum(-1))
    return torch.stack(rows)


def eager(model: PreTrainedModel) -> PreTrainedModel:
    """A copy that returns attention probabilities; the model under test stays as it is."""
    model = copy.deepcopy(model)
    model.set_attn_implementation("eager")
    return model
