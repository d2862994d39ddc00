"""What must be known about a model family: where attention's values and output projection sit.

A family is a record of facts. Everything else (heads, widths, groups) is read off the tensors of a forward, and
`loading` rebuilds the attention output from these facts before it believes them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel

from heta_core.errors import UnsupportedModelError

Split = Callable[[Tensor, int, int], Tensor]
Factor = Callable[[nn.Module, Tensor, int, int], Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """What the heads' outputs are multiplied by, element by element, before W_O."""

    module: str  # from the attention to the module that makes it
    factor: Factor  # of the attention and that module's (T, ·) output, with H and Dh: (T, H, Dh) or (T, H, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """The modules of one layer that the attention is read from."""

    attention: nn.Module  # output[1] holds the probabilities (1, H, T, T) under eager attention
    values: nn.Module  # its output holds the values, after biases and norms
    output: nn.Module  # W_O
    probabilities: nn.Module | None  # its output is the probabilities, where the attention does not return them
    gate: nn.Module | None  # what it makes is multiplied into the heads' outputs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Architecture:
    """One model family. Paths are dotted attribute names."""

    name: str  # as in results, `family`
    title: str  # as on the page
    model_types: tuple[str, ...]  # `model_type` of the configurations it reads
    layers: str  # from the model to the list of its L layers; empty where it has no such list
    attention: str  # from a layer to its attention module
    values: str  # from the attention to the module that makes the values
    split: Split  # what part of that module's output the values are
    output: str  # from the attention to W_O
    probabilities: str = ""  # from the attention to a module that passes them on, where it does not return them
    gate: Gate | None = None  # what multiplies the heads' outputs before W_O
    value_scale: str = ""  # the attention's attribute that the values are multiplied by
    value_limit: str = ""  # the attention's attribute that the values are cut off at, on either side of zero
    has_sinks: bool = False  # attention rows may sum to less than 1; the rest goes to no token
    has_positions_from_mask: bool = False  # a hole in the attention mask would move the tokens after it
    tiny_configs: Callable[[], tuple[PreTrainedConfig, ...]]  # two layers, for tests; every model type once
    refusal: str = ""  # why the transition is not known of it, as half a sentence; empty where it is

    def sites(self, model: PreTrainedModel) -> tuple[Site, ...]:
        """(L,) where each layer's attention is read.

        Raises:
            AttributeError: the model has no module at one of the paths.
            UnsupportedModelError: the transition is not known of it.
        """
        self.check_attention()
        return tuple(self.site(layer) for layer in self.blocks(model))

    def blocks(self, model: PreTrainedModel) -> tuple[nn.Module, ...]:
        """(L,) the layers.

        Raises:
            AttributeError: the model has no module at the path.
            UnsupportedModelError: it is not known where they are.
        """
        if not self.layers:
            raise UnsupportedModelError(f"The layers of a model are needed, but {self.title} has no list of them.")
        return tuple(model.get_submodule(self.layers).children())

    def check_attention(self) -> None:
        """Refuse what has to be read off the attention where that is not known.

        Raises:
            UnsupportedModelError: the transition is not known of it.
        """
        if self.refusal:
            raise UnsupportedModelError(
                f"The attention of every layer is needed, but of {self.title} it cannot be read: {self.refusal}. What "
                "works without it: the KL, the Hessian, their weighted sum and the methods that mask or differentiate."
            )

    def site(self, layer: nn.Module) -> Site:
        """Where the attention of one layer is read.

        Raises:
            AttributeError: the layer has no module at one of the paths.
        """
        attention = layer.get_submodule(self.attention)
        return Site(
            attention,
            attention.get_submodule(self.values),
            attention.get_submodule(self.output),
            attention.get_submodule(self.probabilities) if self.probabilities else None,
            attention.get_submodule(self.gate.module) if self.gate else None,
        )


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


def in_quarters(projected: Tensor, n_heads: int, width: int) -> Tensor:
    """(T, 3·H·Dh), for each quarter of the heads its queries | its values | its keys → (T, H, Dh). CodeGen."""
    return projected.reshape(len(projected), 4, 3, -1)[:, :, 1].reshape(len(projected), n_heads, width)


def key_then_value(projected: Tensor, n_heads: int, width: int) -> Tensor:
    """(T, H·(Dk + Dh)), each head's key | its value → (T, H, Dh). Latent attention (DeepSeek-V2)."""
    return projected.reshape(len(projected), n_heads, -1)[..., -width:]


def _groups_of_fused(projected: Tensor, n_heads: int, width: int) -> int:
    """Hkv, how many heads keys and values have in a projection that also makes H queries."""
    n_groups, rest = divmod(projected.shape[-1] - n_heads * width, 2 * width)
    if rest or n_groups < 1 or n_heads % n_groups:
        raise ValueError(f"{projected.shape[-1]} columns are not {n_heads} queries of {width} with keys and values")
    return n_groups
