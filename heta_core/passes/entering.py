"""Hidden states where they enter a layer: read once, and put in the place of what the layers below would hand on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from heta_core.errors import SettingsError, UnsupportedModelError
from heta_core.language_model import LanguageModel, running
from heta_core.passes.feeding import Arguments, called_with, hidden_of

Change = Callable[[Tensor], Tensor | None]


def entry_of(lm: LanguageModel, n_last: int) -> int:
    """The number of the layer that the last so many begin with.

    Raises:
        SettingsError: the model has fewer layers.
        UnsupportedModelError: it is not known where they are.
    """
    n_layers = len(lm.architecture.blocks(lm.model))
    if n_last > n_layers:
        raise SettingsError(f"layers must be at most {n_layers}, as many as {lm.source.model} has, got {n_last}.")
    return n_layers - n_last


@torch.no_grad()
def entering(lm: LanguageModel, embeddings: Tensor, entry: int) -> Tensor:
    """(T, D) what enters a layer in one forward over (T, D) embeddings."""
    seen: list[Tensor] = []
    with running(lm) as model, _hooked(lm, entry, seen.append):
        model(inputs_embeds=embeddings[None], use_cache=False, logits_to_keep=1)
    return seen[0][0]


@contextmanager
def entered_by(lm: LanguageModel, entry: int | None, hidden: Tensor) -> Iterator[None]:
    """Every forward inside goes on from (B, T', D) hidden states at a layer; with no layer named, as it is."""
    if entry is None:
        yield
        return
    with _hooked(lm, entry, lambda _: hidden):
        yield


@contextmanager
def _hooked(lm: LanguageModel, entry: int, change: Change) -> Iterator[None]:
    layer = lm.architecture.blocks(lm.model)[entry]
    handle = layer.register_forward_pre_hook(_around(change), with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def _around(change: Change) -> Callable[[nn.Module, tuple[Any, ...], dict[str, Any]], Arguments]:
    """A hook that shows a layer's hidden states to `change` and hands on what comes back, if anything does."""

    def hook(_module: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> Arguments:
        hidden = hidden_of(given, named)
        if not isinstance(hidden, Tensor) or hidden.ndim != 3:
            raise UnsupportedModelError(
                "layers=k needs layers that take hidden states of shape (batch, tokens, width); this model's take "
                "something else: leave out layers."
            )
        changed = change(hidden)
        return (given, named) if changed is None else called_with(changed, given, named)

    return hook
