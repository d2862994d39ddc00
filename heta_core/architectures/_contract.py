"""What must be known about a model family: where attention's values and output projection sit.

A family is a record of facts. Everything else (heads, widths, groups) is read off the tensors of a forward, and
`loading` rebuilds the attention output from these facts before it believes them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.pytorch_utils import Conv1D

Split = Callable[[Tensor, int, int], Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """The modules of one layer that the attention is read from."""

    attention: nn.Module  # output[1] holds the probabilities (1, H, T, T) under eager attention
    values: nn.Module  # its output holds the values, after biases and norms
    output: nn.Module  # W_O


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Architecture:
    """One model family. Paths are dotted attribute names."""

    name: str  # as in results, `family`
    title: str  # as on the page
    model_types: tuple[str, ...]  # `model_type` of the configurations it reads
    layers: str  # from the model to the list of its L layers
    attention: str  # from a layer to its attention module
    values: str  # from the attention to the module that makes the values
    split: Split  # what part of that module's output the values are
    output: str  # from the attention to W_O
    has_sinks: bool = False  # attention rows may sum to less than 1; the rest goes to no token
    has_positions_from_mask: bool = False  # a hole in the attention mask would move the tokens after it
    tiny_configs: Callable[[], tuple[PreTrainedConfig, ...]]  # two layers, for tests; every model type once

    def sites(self, model: PreTrainedModel) -> tuple[Site, ...]:
        """(L,) where each layer's attention is read.

        Raises:
            AttributeError: the model has no module at one of the paths.
        """
        attentions = [layer.get_submodule(self.attention) for layer in model.get_submodule(self.layers).children()]
        return tuple(Site(a, a.get_submodule(self.values), a.get_submodule(self.output)) for a in attentions)


def separate(projected: Tensor, n_heads: int, width: int) -> Tensor:
    """(T, Hkv·Dh) of a projection that makes only values → (T, Hkv, Dh)."""
    return projected.reshape(len(projected), -1, width)


def side_by_side(projected: Tensor, n_heads: int, width: int) -> Tensor:
    """(T, (H + 2·Hkv)·Dh), all queries | all keys | all values → (T, Hkv, Dh)."""
    n_groups = _groups_of_fused(projected, n_heads, width)
    return projected[:, -n_groups * width :].reshape(len(projected), n_groups, width)


def group_by_group(projected: Tensor, n_heads: int, width: int) -> Tensor:
    """(T, (H + 2·Hkv)·Dh), for each group its queries | its key | its value → (T, Hkv, Dh)."""
    n_groups = _groups_of_fused(projected, n_heads, width)
    return projected.reshape(len(projected), n_groups, -1, width)[:, :, -1]


def _groups_of_fused(projected: Tensor, n_heads: int, width: int) -> int:
    """Hkv, how many heads keys and values have in a projection that also makes H queries."""
    n_groups, rest = divmod(projected.shape[-1] - n_heads * width, 2 * width)
    if rest or n_groups < 1 or n_heads % n_groups:
        raise ValueError(f"{projected.shape[-1]} columns are not {n_heads} queries of {width} with keys and values")
    return n_groups


def projection_weight(module: nn.Module) -> Tensor:
    """(in, out) matrix of a linear map: Linear keeps it transposed, GPT-2's Conv1D does not.

    Raises:
        TypeError: the module keeps no such matrix.
    """
    weight = getattr(module, "weight", None)
    if not isinstance(weight, Tensor) or weight.ndim != 2 or not weight.is_floating_point():
        raise TypeError(f"{type(module).__name__} keeps no floating-point matrix")
    return weight if isinstance(module, Conv1D) else weight.T
