"""What a model's layers really mix, from the operations themselves: no family is known here, no module named.

In a forward of T tokens, T being no size of the model, attention is the one product of a (…, T, T) with a (…, T, Dh).
The next linear map that takes H·Dh numbers of each token is the output projection, and what it is given is what was
mixed, times the gate. Imports nothing of the code under test.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import oracles
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from transformers import PreTrainedModel


@dataclass
class Mixed:
    """One layer."""

    attention: Tensor  # (H, T, T)
    values: Tensor  # (H, T, Dh)
    gate: Tensor  # (H, T, Dh), ones where there is none
    output: Tensor  # (H, Dh, D)


@torch.no_grad()
def layers(model: PreTrainedModel, ids: tuple[int, ...]) -> list[Mixed]:
    """What every layer mixes, in the order of the run."""
    recorder = _Recorder(len(ids))
    with recorder:
        eager(model)(input_ids=torch.tensor([ids]), use_cache=False, output_attentions=True)
    return recorder.found


def eager(model: PreTrainedModel) -> PreTrainedModel:
    """As in `oracles`, also where a family does not let it be chosen (Falcon)."""
    model = oracles.eager(model)
    for part in model.modules():
        if isinstance(part, PreTrainedModel):
            part.config._attn_implementation_internal = "eager"
    return model


def flow(found: list[Mixed]) -> oracles.Floats:
    """(L, H, T) Φ·n at the last position, path by path, with the strength that each reader lets in."""
    attention = np.stack([layer.attention.numpy() for layer in found])
    n_layers, n_heads, n_tokens, _ = attention.shape
    total = np.zeros((n_layers, n_heads, n_tokens))
    for index, leaving in product(range(n_layers), range(n_tokens)):
        weight, layer = oracles.weight_of_paths(attention, index, leaving), found[index]
        for head, i in product(range(n_heads), range(leaving + 1)):
            written = (layer.values[head, i] * layer.gate[head, leaving]) @ layer.output[head]
            total[index, head, i] += weight * attention[index, head, leaving, i] * float(written.abs().sum())
    return total


class _Recorder(TorchFunctionMode):
    def __init__(self, n_tokens: int) -> None:
        super().__init__()
        self.found: list[Mixed] = []
        self._n = n_tokens
        self._open: tuple[Tensor, Tensor] | None = None  # (H, T, T) and (H, T, Dh) that wait for their output

    def __torch_function__(self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(function, "__name__", "")
        if name in ("matmul", "bmm", "__matmul__"):
            self._product(*args[:2])
        elif name == "linear" and self._open:
            self._linear(args[0], args[1].T)
        elif name == "addmm" and self._open:
            self._linear(args[1], args[2])
        return function(*args, **(kwargs or {}))

    def _product(self, left: Tensor, right: Tensor) -> None:
        n = self._n
        if left.ndim > 2 and left.shape[-1] == n == right.shape[-2] and left.shape[-2] % n == 0:
            attention = left.reshape(-1, n, n) if left.shape[-2] == n else left[0].reshape(n, -1, n).transpose(0, 1)
            values = right.reshape(-1, *right.shape[-2:])
            self._open = attention, values.expand(len(attention), -1, -1)
        elif self._open and right.ndim == 2:  # a linear map written out
            self._linear(left, right)

    def _linear(self, given: Tensor, weight: Tensor) -> None:
        attention, values = self._open
        mixed = attention @ values
        if given.numel() != mixed.numel():
            return
        n_heads, _, width = mixed.shape
        gate = given.reshape(self._n, n_heads, width).transpose(0, 1) / mixed
        if not (gate > 0).all():
            return  # another map that takes as many numbers: gates are a sigmoid or the like of something
        self.found.append(Mixed(attention, values, gate, weight.detach().reshape(n_heads, width, -1)))
        self._open = None
