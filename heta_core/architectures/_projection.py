"""The matrix that a linear map multiplies with, however the map keeps it."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D


def projection(module: nn.Module, like: Tensor) -> tuple[Tensor, Tensor | None]:
    """(in, out) matrix and (out,) bias of a linear map: Linear keeps it transposed, GPT-2's Conv1D does not.

    An adapter adds to the matrix inside of its forward, offloaded weights are there only while the module runs, and
    quantised ones are unpacked there: of those the matrix is what the forward makes of the unit vectors.

    Args:
        like: (…, in) something that the map is applied to.

    Raises:
        TypeError: the module is no linear map.
    """
    weight = getattr(module, "weight", None)
    if not isinstance(weight, Tensor):
        raise TypeError(f"{type(module).__name__} keeps no matrix")
    if not is_plain(module):
        return _tried(module, like)
    if weight.ndim != 2 or not weight.is_floating_point():
        raise TypeError(f"{type(module).__name__} keeps no floating-point matrix")
    return weight if isinstance(module, Conv1D) else weight.T, getattr(module, "bias", None)


def is_plain(module: nn.Module) -> bool:
    """What the module multiplies with is its weight, as it stands there."""
    weight: Any = module.weight
    is_wrapped = hasattr(module, "base_layer")  # as adapters wrap a layer
    return not is_wrapped and not weight.is_meta and not hasattr(weight, "quant_state") and weight.dtype != torch.int8


@torch.no_grad()
def _tried(module: nn.Module, like: Tensor) -> tuple[Tensor, Tensor]:
    """The matrix and the bias that a forward shows. Hooks do not see it: `forward` is called by its name."""
    size = like.shape[-1]
    rows = torch.eye(size, dtype=like.dtype, device=like.device)
    found: Tensor = module.forward(torch.cat([rows, torch.zeros_like(rows[:1])])[None])[0]
    if found.ndim != 2 or len(found) != size + 1:
        raise TypeError(f"{type(module).__name__} is no linear map")
    wide = found.to(torch.promote_types(found.dtype, torch.float32))
    return wide[:-1] - wide[-1], wide[-1]
