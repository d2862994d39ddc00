"""Where weights are, of models that are spread over devices.

What does not fit beside the rest stays in memory or on disk until its module runs (accelerate does that with hooks),
and is of the device `meta` in between. Derivatives hold all the same: what a forward was run with stays in its graph.
So a graph takes as much memory as the weights that it went through.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from heta_core.errors import UnsupportedModelError


def runs_on(module: nn.Module) -> torch.device:
    """Where a module with a weight takes its input."""
    weight: Any = module.weight
    if not weight.is_meta:
        return torch.device(weight.device)
    return next((torch.device(h.execution_device) for h in _hooks(module)), torch.device("cpu"))


def is_spread(model: nn.Module) -> bool:
    """Some of its weights are brought to a device only while they are used."""
    return any(_is_brought(module) for module in model.modules())


def n_bytes_away(model: nn.Module) -> int:
    """Of the weights that are elsewhere until they are used."""
    return sum(p.numel() * p.element_size() for p in model.parameters() if p.is_meta)


def check_whole(model: nn.Module, purpose: str) -> None:
    """Refuse what would read or change weights that are elsewhere.

    Raises:
        UnsupportedModelError: some are.
    """
    if is_spread(model):
        raise UnsupportedModelError(
            f"{purpose} needs the model in one place, but it is spread over {places(model)}: load it on one device."
        )


def parameters(model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Each parameter once, with its name; of one that is elsewhere what is kept there.

    Where weights that are shared are elsewhere, each module has a stand-in of its own for them.
    """
    shared: dict[str, str] = getattr(model, "all_tied_weights_keys", None) or {}
    modules = dict(model.named_modules())
    for name, parameter in model.named_parameters():
        holder, _, own = name.rpartition(".")
        if not parameter.is_meta:
            yield name, parameter
        elif name not in shared:
            yield name, _kept(modules[holder], own)


def missing(model: nn.Module) -> str | None:
    """The name of a weight that is nowhere, if there is one."""
    for name, module in model.named_modules():
        for own, parameter in module.named_parameters(recurse=False):
            if parameter.is_meta and not _is_brought(module):
                return f"{name}.{own}" if name else own
    return None


def places(model: nn.Module) -> str:
    """In words, such as "cuda:0, cpu, disk"."""
    mapped: dict[str, object] = getattr(model, "hf_device_map", None) or {}
    names = [f"cuda:{place}" if isinstance(place, int) else str(place) for place in mapped.values()]
    return ", ".join(dict.fromkeys(names)) or str(next(model.parameters()).device)


def _kept(module: nn.Module, own: str) -> torch.Tensor:
    hook: Any = next(h for h in _hooks(module) if h.offload)
    value: torch.Tensor = hook.weights_map[own]
    return value


def _is_brought(module: nn.Module) -> bool:
    return any(hook.offload for hook in _hooks(module))


def _hooks(module: nn.Module) -> Iterator[Any]:
    """Those of accelerate that say where a module runs."""
    hook: Any = getattr(module, "_hf_hook", None)
    for one in getattr(hook, "hooks", (hook,)):
        if hasattr(one, "execution_device") and one.execution_device is not None:
            yield one
