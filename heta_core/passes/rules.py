"""The model run by the rules of AttnLRP: one backward, and gradient times input is relevance (Achtibat et al. 2024).

1. Inside `ruled`, every operation that the model asks torch for is looked at. Nothing of the model is changed, so its
   attention, its causal mask and its numbers stay what they are; only what flows back does not.
2. What is linear in one thing passes relevance on by shares (ε-rule, ε → 0): its gradient stays. A bias takes its part.
3. Of a product of two things each gets half: attention × values, queries × keys, gate × up.
4. The scale of a norm is a constant (identity rule); its mean, where there is one, is linear.
5. An activation f is x · (f(x)/x) with the quotient a constant (identity rule).
6. A softmax is its first-order Taylor series without the constant: its gradient stays. With `holds_attention` its
   probabilities are constants instead, and nothing flows back to queries and keys.
7. Whatever else has a gradient is refused by its name.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import BackwardCFunction
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

from heta_core.errors import UnsupportedModelError
from heta_core.language_model import LanguageModel, embed, running, wide
from heta_core.passes.slopes import value_of_line
from heta_core.targets import Line

# By the name of the function, as torch's operators, functions and methods share it.
_LINEAR = frozenset(
    {
        *("add", "sub", "rsub", "neg", "sum", "mean", "cat", "stack", "split", "chunk", "unbind", "dropout"),
        *("view", "view_as", "reshape", "flatten", "unflatten", "transpose", "permute", "movedim", "swapaxes"),
        *("expand", "expand_as", "broadcast_to", "repeat", "repeat_interleave"),
        *("squeeze", "unsqueeze", "contiguous", "clone"),
        *("to", "type", "type_as", "float", "double", "half", "bfloat16", "__getitem__", "__get__"),
        *("index_select", "index_copy", "narrow", "pad", "roll", "masked_fill", "where"),
    }
)
_PRODUCTS = frozenset({"mul", "matmul", "__matmul__", "bmm", "linear", "addmm"})
_QUOTIENTS = frozenset({"div", "__truediv__", "true_divide"})
_ACTIVATIONS = frozenset({"silu", "gelu", "relu", "tanh", "mish"})
_SCALES = frozenset({"pow", "square", "var", "std", "sqrt", "rsqrt"})  # what a norm's length is made with
_FROM_PARTS = "transformers.activations"  # activations of several operations, all of them element by element


def handed_back(lm: LanguageModel, line: Line, n_context: int, *, holds_attention: bool) -> tuple[Tensor, float]:
    """(T,) relevance of the logits of a line, and what they come to. One forward and one backward.

    Raises: as `ruled`.
    """
    leaf = embed(lm, line.ids)[None, :n_context].clone().requires_grad_(True)
    with running(lm), torch.enable_grad():
        with ruled(lm, holds_attention=holds_attention):
            found = value_of_line(lm, line, leaf, read=logits).sum()
        check_graph(lm, found)
        (gradient,) = torch.autograd.grad(found, leaf)
    return (wide(leaf.detach()) * wide(gradient))[0].sum(-1), float(found.detach())


def logits(found: Tensor) -> Tensor:
    """Logits as they are, at least in float32."""
    return wide(found)


def check_graph(lm: LanguageModel, found: Tensor) -> None:
    """Refuse a result in which a function with a gradient of its own had a part: no rule has seen what is inside.

    Raises:
        UnsupportedModelError: there is one.
    """
    due, seen = [found.grad_fn], set[Any]()
    while due:
        node = due.pop()
        if isinstance(node, BackwardCFunction):
            raise _refusal(lm, type(node).__name__.removesuffix("Backward"))
        if node is not None and node not in seen:
            seen.add(node)
            due += [before for before, _ in node.next_functions]


@contextmanager
def ruled(lm: LanguageModel, *, holds_attention: bool = False) -> Iterator[None]:
    """Forwards inside give what they always give; gradients through them are those of the rules.

    Raises:
        UnsupportedModelError: the model uses an operation that has no rule.
    """
    rules = _Rules(lm, holds_attention)
    handles: list[RemovableHandle] = []
    try:
        for module in lm.model.modules():
            if type(module).__module__ == _FROM_PARTS:
                handles += _as_one(module)
            elif "norm" in type(module).__name__.lower():
                handles += rules.watch_norm(module)
        with rules:
            yield
    finally:
        for handle in handles:
            handle.remove()


class _Rules(TorchFunctionMode):
    """Stands between the model and torch, in this thread."""

    def __init__(self, lm: LanguageModel, holds_attention: bool) -> None:
        super().__init__()
        self._lm = lm
        self._holds_attention = holds_attention
        self._norms = 0  # that the model is inside of

    def __torch_function__(
        self, function: Callable[..., Any], _types: Any, given: tuple[Any, ...] = (), named: Any = None
    ) -> Any:
        named = named or {}
        name = getattr(function, "__name__", "")
        if name in _PRODUCTS and _are_factors(name, given, named):
            return function(*_halved(given), **named)
        if name in _ACTIVATIONS and _has_gradient(given[0]):
            return _with_quotient(given[0], function(*given, **named))
        if name == "layer_norm":
            return _layer_norm(function, given, named)
        made = function(*given, **named)
        if not _has_gradient(made):
            return made
        if name == "softmax":
            return made.detach() if self._holds_attention else made
        if name in _SCALES and self._norms:
            return made.detach()
        plain = name if name.startswith("__") else name.removesuffix("_")  # in place or not
        if plain in _LINEAR or (plain in _QUOTIENTS and not _has_gradient((*given[1:], *named.values()))):
            return made
        raise _refusal(self._lm, name)

    def watch_norm(self, module: nn.Module) -> tuple[RemovableHandle, RemovableHandle]:
        """Hooks that tell where a norm begins and ends."""

        def begin(_module: nn.Module, _given: Any) -> None:
            self._norms += 1

        def end(_module: nn.Module, _given: Any, _output: Any) -> None:
            self._norms -= 1

        return module.register_forward_pre_hook(begin), module.register_forward_hook(end)


def _refusal(lm: LanguageModel, name: str) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"Relevance needs a rule for every operation of a model, and {lm.source.model} uses {name!r}, which has none "
        "here: take a model of another family, or input × gradient."
    )


def _has_gradient(made: Any) -> bool:
    if isinstance(made, tuple | list):
        return any(_has_gradient(part) for part in made)
    return isinstance(made, Tensor) and made.requires_grad


def _are_factors(name: str, given: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """What has a gradient is one or two of the factors, and not what a product is added to."""
    added = {"linear": given[2:], "addmm": given[:1]}.get(name, ())
    return not _has_gradient((*added, *named.values())) and sum(map(_has_gradient, given)) <= 2


def _halved(given: tuple[Any, ...]) -> tuple[Any, ...]:
    """The factors of a product, each with half its gradient where two have one; 0.5 · x + 0.5 · x is x exactly."""
    if sum(map(_has_gradient, given)) < 2:
        return given
    return tuple(0.5 * x + 0.5 * x.detach() if _has_gradient(x) else x for x in given)


def _with_quotient(x: Tensor, made: Tensor) -> Tensor:
    """f(x), whose gradient is the constant f(x)/x; where x is 0 no relevance arrives in any case."""
    still = x.detach()
    quotient = torch.where(still == 0, 0, made.detach() / still)
    return made.detach() + (x - still) * quotient


def _layer_norm(function: Callable[..., Tensor], given: tuple[Any, ...], named: dict[str, Any]) -> Tensor:
    """(x − mean)/σ · w + b, whose gradient takes σ for a constant."""
    x, shape, weight, _bias, epsilon = _arguments(*given, **named)
    made = function(*given, **named)
    if not _has_gradient(made):
        return made
    over = tuple(range(-len(shape), 0))
    centred = x - x.mean(over, keepdim=True)
    length = torch.sqrt(centred.detach().square().mean(over, keepdim=True) + epsilon)
    scale = 1 / length if weight is None else weight / length
    return made.detach() + (centred - centred.detach()) * scale


def _arguments(
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> tuple[Tensor, Any, Tensor | None, Tensor | None, float]:
    """Those of `layer_norm`, however they were given."""
    return input, normalized_shape, weight, bias, eps


def _as_one(module: nn.Module) -> tuple[RemovableHandle, RemovableHandle]:
    """Hooks that make one activation of what is made of several operations."""
    seen: list[Tensor] = []

    def before(_module: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        seen.append(given[0])
        return (given[0].detach(), *given[1:])

    def after(_module: nn.Module, _given: Any, made: Tensor) -> Tensor:
        x = seen.pop()
        return _with_quotient(x, made) if x.requires_grad else made

    return module.register_forward_pre_hook(before), module.register_forward_hook(after)
