"""The residual stream: what every layer finds there, what it adds, and what a logit reads off it in the end.

1. `logit_directions` runs the model once and the part after its last layer backward, with the scale of the last norm
   held at its value: so the logit is linear in what the stream holds at the row that it is read from.
2. `read_stream` runs it once more and shows a reader every layer's attention beside what entered the layer. That a
   layer adds its attention and its feed-forward to what entered it, and nothing else, is checked on the way.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from heta_core.errors import UnsupportedModelError
from heta_core.language_model import LanguageModel, embed, rounding, running
from heta_core.passes.capture import Layer, read
from heta_core.passes.feeding import hidden_of, holder_of, part_beside
from heta_core.passes.rules import check_graph, logits, ruled
from heta_core.passes.slopes import value_of_line
from heta_core.targets import Line

StreamReader = Callable[[Layer, Tensor], Tensor]  # a layer's attention and the (T, D) that entered it

# Two sums of three terms, each rounded once or twice at the size of the largest.
_MARGIN = 8


@torch.no_grad()
def last_hidden(lm: LanguageModel, ids: tuple[int, ...]) -> Tensor:
    """(T, D) what the output matrix reads: the last hidden states, after the last norm. One forward."""
    with running(lm) as model:
        hidden: Tensor = model.base_model(input_ids=torch.tensor([ids], device=lm.device), use_cache=False)[0]
    return hidden[0]


def logit_directions(lm: LanguageModel, line: Line) -> Tensor:
    """(P, D) g: what is explained is g·x + const in what the stream holds after the last layer, at each row read.

    Of a span it is a sum of logits, of a contrast a difference. One forward, and a backward through the last norm. At
    least float32.

    Raises:
        UnsupportedModelError: what follows the last layer has an operation without a rule.
    """
    last = holder_of(lm.model, lm.architecture.sites(lm.model)[-1].attention)
    leaves: list[Tensor] = []

    def begin(_module: nn.Module, _given: Any, output: Any) -> Any:
        leaf = _hidden(output).detach()
        leaf.requires_grad = True
        leaves.append(leaf)
        return (leaf, *output[1:]) if isinstance(output, tuple) else leaf

    with running(lm), torch.enable_grad():
        handle = last.register_forward_hook(begin)
        try:
            with ruled(lm):
                found = value_of_line(lm, line, embed(lm, line.ids)[None], read=logits).sum()
        finally:
            handle.remove()
        check_graph(lm, found)
        (gradient,) = torch.autograd.grad(found, leaves[0])
    return gradient[0, list(line.rows)].to(torch.promote_types(gradient.dtype, torch.float32))


def read_stream(lm: LanguageModel, line: Line, reader: StreamReader) -> Tensor:
    """(L, …) what a reader returns for every layer, in order. One forward.

    Raises:
        UnsupportedModelError: a layer does more than add its attention and its feed-forward to what enters it.
    """
    with running(lm), _followed(lm) as stream:
        return read(lm, line.ids, lambda layer: reader(layer, stream.at(layer)), line.rows).kept


class _Stream:
    """What the layer that runs has been given and has added so far: copies, as some add in place (Falcon)."""

    def __init__(self, lm: LanguageModel) -> None:
        self._lm = lm
        self._parts: list[Tensor] = []  # (T, D) each: what entered, then what was added

    def at(self, layer: Layer) -> Tensor:
        """(T, D) what entered the layer, once its attention has run."""
        self._parts.append(layer.projected.clone())
        return self._parts[0]

    def begin(self, _module: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Before a layer."""
        self._parts = [hidden_of(given, named)[0].clone()]

    def fed(self, _module: nn.Module, _given: Any, output: Any) -> None:
        """After its feed-forward."""
        self._parts.append(_hidden(output)[0].clone())

    def end(self, _module: nn.Module, _given: Any, output: Any) -> None:
        """After the layer."""
        largest = max(float(part.abs().max()) for part in self._parts)
        miss = float((_hidden(output)[0] - sum(self._parts)).abs().max())
        if not miss <= _MARGIN * rounding(self._lm.dtype) * largest:
            raise _refusal(self._lm, f"a layer hands on something else, off by {miss:.2g}")


@contextmanager
def _followed(lm: LanguageModel) -> Iterator[_Stream]:
    """The model with hooks that follow the stream."""
    stream, handles = _Stream(lm), list[RemovableHandle]()
    try:
        for site in lm.architecture.sites(lm.model):
            feed_forward, layer = part_beside(lm.model, site.attention), holder_of(lm.model, site.attention)
            if feed_forward is None:
                raise _refusal(lm, "a layer has no one part beside its attention")
            handles.append(layer.register_forward_pre_hook(stream.begin, with_kwargs=True))
            handles.append(feed_forward.register_forward_hook(stream.fed))
            handles.append(layer.register_forward_hook(stream.end))
        yield stream
    finally:
        for handle in handles:
            handle.remove()


def _refusal(lm: LanguageModel, found: str) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"Every layer must add its attention and its feed-forward to the stream, but in {lm.source.model} {found}: "
        "take a model of another family, or attention rollout."
    )


def _hidden(output: Any) -> Tensor:
    """What a layer or one of its parts hands on."""
    found: Tensor = output[0] if isinstance(output, tuple) else output
    return found
