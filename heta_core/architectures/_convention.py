"""What a family without a file probably looks like, by the names that families share and by shape.

1. The layers are the first module list of length L.
2. The attention is the first module of a layer that holds an output projection under one of its usual names.
3. The values come from a projection of their own, from a fused one in one of two layouts, or from the latent that a
   head's keys and values are made of; what is done to them afterwards by a module of its own (a norm) is taken after.
4. Where a layer holds what looks like a gate, the heads' outputs may be multiplied by it, through one of two functions.

A guess is no knowledge: `loading` takes it only if it rebuilds the attention output.
"""

from collections.abc import Iterator
from dataclasses import replace
from inspect import signature
from itertools import product

from torch import nn
from transformers import PreTrainedModel

from heta_core.architectures._contract import (
    Architecture,
    Gate,
    Split,
    group_by_group,
    in_quarters,
    key_then_value,
    separate,
    side_by_side,
)
from heta_core.architectures._gates import beside_queries, sigmoid, softplus

_OUTPUT_NAMES = ("o_proj", "out_proj", "c_proj", "dense", "wo", "Wo", "attn_out", "o_proj.linear")
_VALUE_NAMES = ("v_norm", "v_proj", "value", "wv", "Wv", "v", "v_proj.linear")
_FUSED_NAMES = ("qkv_proj", "query_key_value", "c_attn", "Wqkv", "wqkv", "qkv", "att_proj")
_LATENT_NAMES = ("kv_b_proj",)
_GATE_NAMES = ("gate_proj", "g_proj")
_QUERY_AND_GATE_NAMES = ("q_proj", "q_gate_proj")
_PROBABILITIES_NAME = "attn_dropout"  # what a module does to them in training, and nothing in evaluation
_SCALE_NAMES = ("v_scale",)
_LIMIT_NAMES = ("clip_qkv",)
_SINK_NAMES = ("sinks",)


def guesses(model: PreTrainedModel) -> tuple[Architecture, ...]:
    """Architectures to try on a model, likeliest first; none where nothing looks like attention."""
    layers = _layers(model)
    if not layers:
        return ()
    found = []
    for attention, output, values, split in _sites(model.get_submodule(layers)):
        parts = [p for layer in model.get_submodule(layers).children() if (p := _at(layer, attention)) is not None]
        found += [_guess(model, parts, layers, attention, values, split, output, gate) for gate in _gates(parts[0])]
    aside = [replace(a, probabilities=_PROBABILITIES_NAME) for a in found if _passes_probabilities(model, a)]
    return (*found, *aside)


def unread(model: PreTrainedModel, refusal: str) -> Architecture:
    """Of a family whose attention cannot be read, what else is known.

    Args:
        refusal: why, as half a sentence.
    """
    model_type = model.config.get_text_config().model_type
    return Architecture(
        name=f"{model_type} (without its attention)",
        title=model_type,
        model_types=(model_type,),
        layers=_layers(model) or "",
        attention="",
        values="",
        split=separate,
        output="",
        has_positions_from_mask=_has_positions_from_mask(model),
        tiny_configs=tuple,
        refusal=refusal,
    )


def _sites(layers: nn.Module) -> Iterator[tuple[str, str, str, Split]]:
    """Paths of attention, output projection and values, with the layout, as the first layer that has them shows."""
    inside: dict[str, nn.Module] = {}
    for layer in reversed(list(layers.children())):
        inside |= dict(layer.named_modules())
    for attention, output in product(inside, _OUTPUT_NAMES):
        if not _is_projection(inside.get(_join(attention, output))):
            continue
        for values, split in _value_sites():
            if (made := inside.get(_join(attention, values))) is not None and (
                split is separate or _is_projection(made)
            ):
                yield attention, output, values, split


def _guess(
    model: PreTrainedModel,
    parts: list[nn.Module],
    layers: str,
    attention: str,
    values: str,
    split: Split,
    output: str,
    gate: Gate | None,
) -> Architecture:
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
        gate=gate,
        value_scale=next((name for name in _SCALE_NAMES if hasattr(parts[0], name)), ""),
        value_limit=next((name for name in _LIMIT_NAMES if getattr(parts[0], name, None)), ""),
        has_sinks=any(getattr(part, name, None) is not None for part in parts for name in _SINK_NAMES),
        has_positions_from_mask=_has_positions_from_mask(model),
        tiny_configs=tuple,
    )


def _passes_probabilities(model: PreTrainedModel, architecture: Architecture) -> bool:
    layers = architecture.blocks(model)
    return any(_at(layer, _join(architecture.attention, _PROBABILITIES_NAME)) is not None for layer in layers)


def _gates(attention: nn.Module) -> list[Gate | None]:
    """Gates that the names in an attention module suggest; without one, none."""
    named = [Gate(n, f) for n, f in product(_GATE_NAMES, (sigmoid, softplus)) if _is_projection(_at(attention, n))]
    named += [Gate(n, beside_queries) for n in _QUERY_AND_GATE_NAMES if _is_projection(_at(attention, n))]
    return [None, *named]


def _has_positions_from_mask(model: PreTrainedModel) -> bool:
    """Positions cannot be stated, or ALiBi may count them off the mask (BLOOM, Falcon)."""
    has_alibi = bool(getattr(model.config.get_text_config(), "alibi", False))
    return has_alibi or "position_ids" not in signature(model.forward).parameters


def _layers(model: PreTrainedModel) -> str | None:
    n_layers = getattr(model.config.get_text_config(), "num_hidden_layers", None)
    lists = (name for name, m in model.named_modules() if isinstance(m, nn.ModuleList) and len(m) == n_layers)
    return next(lists, None)


def _value_sites() -> list[tuple[str, Split]]:
    fused: list[Split] = [side_by_side, group_by_group, in_quarters]
    own: list[tuple[str, Split]] = [(name, separate) for name in _VALUE_NAMES]
    return own + list(product(_FUSED_NAMES, fused)) + [(name, key_then_value) for name in _LATENT_NAMES]


def _at(module: nn.Module, path: str) -> nn.Module | None:
    return dict(module.named_modules()).get(path)


def _is_projection(module: nn.Module | None) -> bool:
    weight = getattr(module, "weight", None)
    return weight is not None and weight.ndim == 2


def _join(parent: str, child: str) -> str:
    return f"{parent}.{child}" if parent else child
