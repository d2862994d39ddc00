"""What a family without a file probably looks like, by the names that families share and by shape.

1. The layers are the first module list of length L.
2. The attention is the first module of a layer that holds an output projection under one of its usual names.
3. The values come from a projection of their own, or from a fused one in one of two layouts.

A guess is no knowledge: `loading` takes it only if it rebuilds the attention output.
"""

from inspect import signature
from itertools import product

from torch import nn
from transformers import PreTrainedModel

from heta_core.architectures._contract import Architecture, Split, group_by_group, separate, side_by_side

_OUTPUT_NAMES = ("o_proj", "out_proj", "c_proj", "dense", "wo", "attn_out")
_VALUE_NAMES = ("v_proj", "value", "wv", "v")
_FUSED_NAMES = ("qkv_proj", "query_key_value", "c_attn", "Wqkv", "wqkv", "qkv", "att_proj")


def guesses(model: PreTrainedModel) -> tuple[Architecture, ...]:
    """Architectures to try on a model, likeliest first; none where nothing looks like attention."""
    layers = _layers(model)
    if not layers:
        return ()
    inside = dict(next(model.get_submodule(layers).children()).named_modules())
    found = []
    for attention, output in product(inside, _OUTPUT_NAMES):
        if not _is_projection(inside.get(_join(attention, output))):
            continue
        for values, split in _value_sites():
            if _is_projection(inside.get(_join(attention, values))):
                found.append(_guess(model, layers, attention, values, split, output))
    return tuple(found)


def _guess(model: PreTrainedModel, layers: str, attention: str, values: str, split: Split, output: str) -> Architecture:
    model_type = model.config.get_text_config().model_type
    return Architecture(
        name=f"{model_type} (by convention)",
        title=f"{model_type}, by convention",
        model_types=(model_type,),
        layers=layers,
        attention=attention,
        values=values,
        split=split,
        output=output,
        has_positions_from_mask=_has_positions_from_mask(model),
        tiny_configs=tuple,
    )


def _has_positions_from_mask(model: PreTrainedModel) -> bool:
    """Positions cannot be stated, or ALiBi may count them off the mask (BLOOM, Falcon)."""
    has_alibi = bool(getattr(model.config.get_text_config(), "alibi", False))
    return has_alibi or "position_ids" not in signature(model.forward).parameters


def _layers(model: PreTrainedModel) -> str | None:
    n_layers = getattr(model.config.get_text_config(), "num_hidden_layers", None)
    lists = (name for name, m in model.named_modules() if isinstance(m, nn.ModuleList) and len(m) == n_layers)
    return next(lists, None)


def _value_sites() -> list[tuple[str, Split]]:
    fused: list[Split] = [side_by_side, group_by_group]
    return [(name, separate) for name in _VALUE_NAMES] + list(product(_FUSED_NAMES, fused))


def _is_projection(module: nn.Module | None) -> bool:
    weight = getattr(module, "weight", None)
    return weight is not None and weight.ndim == 2


def _join(parent: str, child: str) -> str:
    return f"{parent}.{child}" if parent else child
