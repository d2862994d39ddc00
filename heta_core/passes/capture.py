"""What attention does, read with hooks while the model runs: the only place where hooks are set.

1. `watched` sets hooks on each layer: on the module that makes the values, on the output projection, where there is
   one on what makes the gate, and on the attention itself, which ends last.
2. When a layer's attention ends, its `Layer` is shown to a reader; what the reader returns is kept, the rest is freed.
   So (L, H, T, T) never exists: memory is that of one layer and of what the readers keep.
3. `capture` keeps the mean over heads; `components.transition` looks a second time, with a reader that contracts.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle
from transformers import PreTrainedModel

from heta_core.architectures import Architecture, Site, projection
from heta_core.errors import InputError, UnsupportedModelError
from heta_core.language_model import LanguageModel, check_ids, log_probs, running
from heta_core.passes.prefix import kept_at


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One layer's attention during a forward; not to be kept."""

    index: int
    probabilities: Tensor  # (H, T, T) A[query j, key i]
    values: Tensor  # (H, T, Dh) as the layer used them, groups repeated to H heads
    weight: Tensor  # (H, Dh, D) W_O, head by head
    mixed: Tensor  # (T, H·Dh) input of W_O
    projected: Tensor  # (T, D) output of W_O, with its bias
    bias: Tensor | None  # (D,) of W_O
    gate: Tensor | None  # (H, T, Dh) or (H, T, 1), by which what a reader's head has mixed is multiplied before W_O

    def on(self, device: torch.device) -> "Layer":
        """The same where readers have their own tensors; layers may be spread over several devices."""
        if self.projected.device == device:
            return self
        held = ((field.name, getattr(self, field.name)) for field in fields(self))
        moved: dict[str, Any] = {name: v.to(device) for name, v in held if isinstance(v, Tensor)}
        return replace(self, **moved)


Reader = Callable[[Layer], Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What one forward gave. Never outlives its call."""

    kept: Tensor  # (L, …) what the reader returned for each layer
    log_probs: Tensor  # (P, V) nats, the next token at P positions


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """The predictions at P positions and how attention mixes on the way there."""

    ids: tuple[int, ...]  # T context tokens
    positions: tuple[int, ...]  # P, each predicts the token after it
    log_probs: Tensor  # (P, V) nats
    # (L, T, T) mean over heads of A[query j, key i], at least float32; None of a family whose attention is not read
    head_means: Tensor | None

    @property
    def log_p(self) -> Tensor:
        """(V,) nats, at the last of the positions."""
        return self.log_probs[-1]


def capture(lm: LanguageModel, ids: tuple[int, ...], positions: tuple[int, ...] | None = None) -> Trace:
    """One forward over the context: predictions and head means.

    Args:
        positions: where predictions are wanted, each 0 … T−1; the last token's alone if not given.

    Raises:
        InputError: a position lies outside the context.
        UnsupportedModelError: the attention gives no probabilities.
        OutOfMemoryError: (L, T, T) does not fit.
    """
    positions = (len(ids) - 1,) if positions is None else positions
    if not lm.has_transition:
        with running(lm):
            return Trace(ids, positions, _run(lm, ids, positions), None)
    reading = read(lm, ids, _head_mean, positions)
    return Trace(ids, positions, reading.log_probs, reading.kept)


def head_means(lm: LanguageModel, ids: tuple[int, ...], positions: tuple[int, ...]) -> Tensor:
    """(L, T, T) how attention mixes on the way to some predictions, averaged over heads.

    Raises:
        UnsupportedModelError: the family's attention cannot be read.
    """
    lm.architecture.check_attention()
    found = capture(lm, ids, positions).head_means
    assert found is not None
    return found


@torch.no_grad()
def read(lm: LanguageModel, ids: tuple[int, ...], reader: Reader, positions: tuple[int, ...]) -> Reading:
    """One forward in which `reader` sees every layer's attention.

    Raises:
        InputError: a position lies outside the context.
        UnsupportedModelError: the attention gives no probabilities.
    """
    with running(lm) as model, watched(model, lm.architecture, lambda layer: reader(layer.on(lm.device))) as kept:
        found = _run(lm, ids, positions)
    return Reading(torch.stack([k.to(lm.device) for k in kept]), found)


@torch.no_grad()
def _run(lm: LanguageModel, ids: tuple[int, ...], positions: tuple[int, ...]) -> Tensor:
    """(P, V) nats at P positions; inside `running`."""
    if not positions or not all(0 <= p < len(ids) for p in positions):
        raise InputError(f"Positions must lie in 0 … {len(ids) - 1}, got {positions}.")
    check_ids(lm, ids)
    rows = torch.tensor([ids], device=lm.device)
    wanted = torch.tensor(positions, device=lm.device)
    logits: Tensor = lm.model(input_ids=rows, use_cache=False, logits_to_keep=wanted).logits
    return log_probs(kept_at(logits, positions)[0])


@torch.no_grad()
def without_attention(lm: LanguageModel, ids: tuple[int, ...]) -> Tensor:
    """(V,) nats, the prediction after the context if no layer's attention added anything. One forward."""
    rows = torch.tensor([ids], device=lm.device)
    handles = []
    with running(lm) as model:
        try:
            for site in lm.architecture.sites(model):
                handles.append(site.output.register_forward_hook(lambda _module, _inputs, output: output * 0))
            logits: Tensor = model(input_ids=rows, use_cache=False).logits[0, -1]
        finally:
            for handle in handles:
                handle.remove()
    return log_probs(logits)


@contextmanager
def watched(model: PreTrainedModel, architecture: Architecture, reader: Reader) -> Iterator[list[Tensor]]:
    """The model with hooks in it; the list fills with what the reader returns, layer by layer."""
    kept: list[Tensor] = []
    handles: list[RemovableHandle] = []
    try:
        for index, site in enumerate(architecture.sites(model)):
            handles += _hooks(index, site, architecture, lambda layer: kept.append(reader(layer)))
        yield kept
    finally:
        for handle in handles:
            handle.remove()


def _hooks(index: int, site: Site, architecture: Architecture, show: Callable[[Layer], None]) -> list[RemovableHandle]:
    seen: dict[str, Tensor] = {}

    def on_output(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        seen["mixed"], seen["projected"] = inputs[0][0], output[0]

    def on_attention(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Any) -> None:
        found = seen["probabilities"] if site.probabilities else _returned(output)
        show(_layer(index, site, architecture, _probabilities(found), seen))
        seen.clear()

    parts = {"values": site.values, "probabilities": site.probabilities, "gate": site.gate}
    kept = [module.register_forward_hook(_keeper(seen, name)) for name, module in parts.items() if module]
    return [
        *kept,
        site.output.register_forward_hook(on_output),
        site.attention.register_forward_hook(on_attention),
    ]


def _keeper(seen: dict[str, Tensor], name: str) -> Callable[[nn.Module, Any, Tensor], None]:
    def keep(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
        seen[name] = output

    return keep


def _layer(index: int, site: Site, architecture: Architecture, probabilities: Tensor, seen: dict[str, Tensor]) -> Layer:
    n_heads, n_tokens, _ = probabilities.shape
    flat, bias = projection(site.output, seen["mixed"])  # (H·Dh, D)
    weight = flat.reshape(n_heads, -1, flat.shape[1])
    width = weight.shape[1]
    values = architecture.split(seen["values"].reshape(n_tokens, -1), n_heads, width).transpose(0, 1)  # (Hkv, T, Dh)
    if architecture.value_limit:
        limit = getattr(site.attention, architecture.value_limit)
        values = values.clamp(-limit, limit)
    if architecture.value_scale:
        values = values * getattr(site.attention, architecture.value_scale)
    values = values.repeat_interleave(n_heads // len(values), dim=0)
    gate = None
    if architecture.gate:
        made = seen["gate"].reshape(n_tokens, -1)
        gate = architecture.gate.factor(site.attention, made, n_heads, width).transpose(0, 1)
    return Layer(index, probabilities, values, weight, seen["mixed"].flatten(1), seen["projected"], bias, gate)


def _returned(output: Any) -> Any:
    """What an attention module returns second, where it returns several things."""
    return output[1] if isinstance(output, tuple) and len(output) > 1 else None


def _probabilities(found: Any) -> Tensor:
    """(H, T, T) from (1, H, T, T)."""
    if not isinstance(found, Tensor) or found.ndim != 4 or found.shape[-1] != found.shape[-2]:
        raise UnsupportedModelError(
            "The transition needs attention probabilities of shape (1, heads, T, T); this model's attention returns "
            f"{tuple(found.shape) if isinstance(found, Tensor) else 'none'}: load it with attn_implementation='eager'."
        )
    return found[0]


def _head_mean(layer: Layer) -> Tensor:
    dtype = torch.promote_types(layer.probabilities.dtype, torch.float32)
    return layer.probabilities.mean(0, dtype=dtype)
