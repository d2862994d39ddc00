"""The last layer's feed-forward at the read positions alone: the same numbers, from less work."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from heta_core.bench.flops import counted
from heta_core.language_model import LanguageModel, embed, running
from heta_core.loading import wrap
from heta_core.passes.curvature import open_window, surface
from heta_core.passes.prefix import Chunk, logits_at
from heta_core.targets import next_token

IDS = tuple(range(40, 52))


def test_every_family_has_one_that_can_be_spared(lm: LanguageModel) -> None:
    assert lm.feed_forward is not None


@pytest.mark.parametrize("at", [(11,), (3,), (0, 7), (4, 5, 11)])
def test_read_positions_say_the_same(lm: LanguageModel, at: tuple[int, ...]) -> None:
    rows = embed(lm, IDS)[None].repeat(2, 1, 1)
    rows[1, 2] = 0
    with torch.no_grad(), running(lm):
        alone, whole = (logits_at(side, rows, None, at) for side in (lm, replace(lm, feed_forward=None)))
    torch.testing.assert_close(alone, whole, rtol=0, atol=1e-12)


def test_it_sees_nothing_else(lm: LanguageModel) -> None:
    seen: list[tuple[int, ...]] = []
    assert lm.feed_forward is not None
    handle = lm.feed_forward.register_forward_hook(lambda _module, given, _out: seen.append(tuple(given[0].shape[:2])))
    try:
        with running(lm):
            logits_at(lm, embed(lm, IDS)[None], None, (4, 11))
    finally:
        handle.remove()
    assert seen == [(1, 2)]


def test_products_are_the_same_and_take_less(lm: LanguageModel) -> None:
    over = surface(lm, next_token(IDS, 5))
    sides = [over, replace(over, lm=replace(lm, feed_forward=None))]
    windows = [open_window(side, Chunk(0, 12, 0, None)) for side in sides]
    directions = torch.randn(3, *windows[0].gradient.shape, dtype=torch.float64, generator=torch.manual_seed(0))
    alone, whole = (window.products(directions) for window in windows)
    torch.testing.assert_close(alone, whole, rtol=0, atol=1e-7 * float(whole.abs().max()))
    few, all_of_it = (counted(lambda w=w: w.products(directions)) for w in windows)
    assert few < 0.9 * all_of_it


class Mixing(nn.Module):
    """A feed-forward that looks at what came before, as token shifts do."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, hidden: Tensor) -> Tensor:
        return self.inner(hidden + hidden.cumsum(1))


def test_one_that_needs_the_other_positions_gets_them(llama: LanguageModel) -> None:
    model = copy.deepcopy(llama.model)
    last = model.model.layers[-1]
    last.mlp = Mixing(last.mlp)
    assert wrap(model, llama.tokenizer).feed_forward is None


def test_a_layer_of_several_parts_keeps_them_all(llama: LanguageModel) -> None:
    model = copy.deepcopy(llama.model)
    model.model.layers[-1].another = nn.Linear(4, 4)
    assert wrap(model, llama.tokenizer).feed_forward is None


def test_a_run_that_fails_leaves_the_module_as_it_was(llama: LanguageModel) -> None:
    with pytest.raises(RuntimeError), running(llama):
        logits_at(llama, embed(llama, IDS)[None], None, (4, 99))
    assert llama.feed_forward is not None
    assert not llama.feed_forward._forward_hooks and not llama.feed_forward._forward_pre_hooks
