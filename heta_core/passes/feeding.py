"""The last layer's feed-forward at the positions that are read, and at no others.

It works position by position and no layer follows, so what it makes of the other positions reaches no prediction that
is asked for. In a model of four layers it is a sixth of all work. Whether it may be left out is tried when a model is
loaded.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from heta_core.architectures import Architecture


def feed_forward_of(model: PreTrainedModel, architecture: Architecture) -> nn.Module | None:
    """The one part of the last layer, beside its attention, that has matrices; None where there is no one such."""
    return None if architecture.refusal else part_beside(model, architecture.sites(model)[-1].attention)


def part_beside(model: nn.Module, attention: nn.Module) -> nn.Module | None:
    """The one other part of an attention's layer that has matrices; None where there is no one such."""
    holder = holder_of(model, attention)
    parts = [m for m in holder.children() if m is not attention and any(p.ndim > 1 for p in m.parameters())]
    return parts[0] if len(parts) == 1 else None


def holder_of(model: nn.Module, part: nn.Module) -> nn.Module:
    """The module that has a part of the model as a child."""
    return next(m for m in model.modules() if any(child is part for child in m.children()))


Arguments = tuple[tuple[Any, ...], dict[str, Any]]  # of a call: by place and by name


def hidden_of(given: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """The hidden states that a part of a layer is called with."""
    return given[0] if given else named.get("hidden_states")


def called_with(hidden: Tensor, given: tuple[Any, ...], named: dict[str, Any]) -> Arguments:
    """The same call with other hidden states."""
    return ((hidden, *given[1:]), named) if given else (given, named | {"hidden_states": hidden})


@contextmanager
def fed_at(feed_forward: nn.Module | None, rows: Sequence[int]) -> Iterator[None]:
    """Inside, the module sees some positions, in order, and gives zeros for the others; none given, all as it is."""
    if feed_forward is None:
        yield
        return
    taken = _Taken(tuple(rows))
    handles = (
        feed_forward.register_forward_pre_hook(taken.before, with_kwargs=True),
        feed_forward.register_forward_hook(taken.after),
    )
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class _Taken:
    """What stands between the layer and its feed-forward."""

    def __init__(self, rows: tuple[int, ...]) -> None:
        self._rows = rows
        self._n_positions = 0

    def before(self, _module: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> Arguments:
        hidden = hidden_of(given, named)
        self._n_positions = hidden.shape[1]
        return called_with(self._selected(hidden), given, named)

    def after(self, _module: nn.Module, _given: tuple[Any, ...], output: Any) -> Any:
        if isinstance(output, tuple):
            return self._spread(output[0]), *output[1:]
        return self._spread(output)

    def _selected(self, hidden: Tensor) -> Tensor:
        """(B, R, D) of (B, T', D)."""
        if len(self._rows) == 1:  # a view; what gathers and scatters costs more than one row is worth
            return hidden[:, self._rows[0] : self._rows[0] + 1]
        return hidden.index_select(1, torch.tensor(self._rows, device=hidden.device))

    def _spread(self, output: Tensor) -> Tensor:
        """(B, T', D) of (B, R, D)."""
        if len(self._rows) == 1:
            return nn.functional.pad(output, (0, 0, self._rows[0], self._n_positions - self._rows[0] - 1))
        zeros = output.new_zeros(len(output), self._n_positions, output.shape[-1])
        return zeros.index_copy(1, torch.tensor(self._rows, device=output.device), output)
