"""What attention does, read with hooks while the model runs: the only place where hooks are set.

1. `watched` sets three hooks on each layer: on the module that makes the values, on the output projection and on the
   attention itself, which ends last.
2. When a layer's attention ends, its `Layer` is shown to a reader; what the reader returns is kept, the rest is freed.
   So (L, H, T, T) never exists: memory is that of one layer and of what the readers keep.
3. `capture` keeps the mean over heads; `components.transition` looks a second time, with a reader that contracts.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle
from transformers import PreTrainedModel

from heta_core.architectures import Architecture, Site, projection_weight
from heta_core.errors import InputError, UnsupportedModelError
from heta_core.language_model import LanguageModel, log_probs, running


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
    head_means: Tensor  # (L, T, T) mean over heads of A[query j, key i], at least float32
    log_probs: Tensor  # (P, V) nats

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
    reading = read(lm, ids, _head_mean, positions)
    return Trace(ids, positions, reading.kept, reading.log_probs)


@torch.no_grad()
def read(lm: LanguageModel, ids: tuple[int, ...], reader: Reader, positions: tuple[int, ...]) -> Reading:
    """One forward in which `reader` sees every layer's attention.

    Raises:
        InputError: a position lies outside the context.
        UnsupportedModelError: the attention gives no probabilities.
    """
    if not positions or not all(0 <= p < len(ids) for p in positions):
        raise InputError(f"Positions must lie in 0 … {len(ids) - 1}, got {positions}.")
    rows = torch.tensor([ids], device=lm.device)
    wanted = torch.tensor(positions, device=lm.device)
    with running(lm) as model, watched(model, lm.architecture, reader) as kept:
        logits: Tensor = model(input_ids=rows, use_cache=False, logits_to_keep=wanted).logits[0]
    return Reading(torch.stack([k.to(lm.device) for k in kept]), log_probs(logits))


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

    def on_values(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        seen["values"] = output[0]

    def on_output(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        seen["mixed"], seen["projected"] = inputs[0][0], output[0]

    def on_attention(_module: nn.Module, _inputs: tuple[Tensor, ...], output: tuple[Tensor | None, ...]) -> None:
        show(_layer(index, site, architecture, _probabilities(output), seen))
        seen.clear()

    return [
        site.values.register_forward_hook(on_values),
        site.output.register_forward_hook(on_output),
        site.attention.register_forward_hook(on_attention),
    ]


def _layer(index: int, site: Site, architecture: Architecture, probabilities: Tensor, seen: dict[str, Tensor]) -> Layer:
    n_heads = len(probabilities)
    flat = projection_weight(site.output)  # (H·Dh, D)
    weight = flat.reshape(n_heads, -1, flat.shape[1])
    values = architecture.split(seen["values"], n_heads, weight.shape[1]).transpose(0, 1)  # (Hkv, T, Dh)
    values = values.repeat_interleave(n_heads // len(values), dim=0)
    bias = getattr(site.output, "bias", None)
    return Layer(index, probabilities, values, weight, seen["mixed"], seen["projected"], bias)


def _probabilities(output: tuple[Tensor | None, ...]) -> Tensor:
    """(H, T, T) from what an attention module returns."""
    found = output[1] if isinstance(output, tuple) and len(output) > 1 else None
    if not isinstance(found, Tensor) or found.ndim != 4 or found.shape[-1] != found.shape[-2]:
        raise UnsupportedModelError(
            "The transition needs attention probabilities of shape (1, heads, T, T); this model's attention returns "
            f"{'none' if found is None else tuple(found.shape)}: load it with attn_implementation='eager'."
        )
    return found[0]


def _head_mean(layer: Layer) -> Tensor:
    dtype = torch.promote_types(layer.probabilities.dtype, torch.float32)
    return layer.probabilities.mean(0, dtype=dtype)
