"""How much goes through the model together."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from heta_core.groups import Groups, singles
from heta_core.language_model import LanguageModel
from heta_core.passes import cutting
from heta_core.passes.cutting import masked_at_once, masked_runs, products_at_once, whole_at_once
from heta_core.passes.room import Extent, shape_of
from heta_core.settings import Settings

Weighing = Callable[[int], LanguageModel]


@pytest.fixture
def of_weights(llama: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> Weighing:
    """A model that seems to have so many weights."""

    def made(n: int) -> LanguageModel:
        monkeypatch.setattr(cutting, "shape_of", lambda lm: replace(shape_of(lm), n_weights=n))
        return llama

    return made


@pytest.mark.parametrize(
    ("n_weights", "sizes"),
    [
        (10**9, [8] * 8),  # of a large model as few as share a prefix without loss
        (850_000, [19, 27, 18]),  # of a small one as many as make a run worth its while, more of them near the end
        (1_000, [64]),
    ],
)
def test_small_models_take_more_masked_tokens_at_once(of_weights: Weighing, n_weights: int, sizes: list[int]) -> None:
    found = masked_runs(of_weights(n_weights), singles(64), 64, Settings())
    assert [len(members) for members in found] == sizes
    assert [k for members in found for k in members] == list(range(64))


def test_groups_stay_whole(of_weights: Weighing) -> None:
    groups: Groups = ((0, 1), (1, 5), (5, 30), (30, 33), (33, 40))
    found = masked_runs(of_weights(10**9), groups, 40, Settings())
    assert found == [range(0, 2), range(2, 3), range(3, 4), range(4, 5)]


def test_what_is_asked_for_is_taken(of_weights: Weighing) -> None:
    lm = of_weights(1_000)
    assert [len(members) for members in masked_runs(lm, singles(10), 10, Settings(chunk=4))] == [4, 4, 2]
    assert products_at_once(lm, [Extent(64, 64)], Settings(batch=5)) == 5


@pytest.mark.parametrize(("n_weights", "n", "n_gradients"), [(10**9, 1, 1), (850_000, 36, 12)])
def test_small_models_take_more_whole_sequences_at_once(
    of_weights: Weighing, n_weights: int, n: int, n_gradients: int
) -> None:
    lm = of_weights(n_weights)
    assert whole_at_once(lm, 64, Settings()) == n
    assert whole_at_once(lm, 64, Settings(), is_gradient=True) == n_gradients
    assert whole_at_once(lm, 64, Settings(batch=5)) == 5


@pytest.mark.parametrize(("n_weights", "n"), [(10**9, 6), (850_000, 22), (425_000, 45)])
def test_small_models_take_more_products_at_once(of_weights: Weighing, n_weights: int, n: int) -> None:
    assert products_at_once(of_weights(n_weights), [Extent(64, 64)], Settings()) == n
    assert products_at_once(of_weights(n_weights), [Extent(64, 64)] * 2, Settings()) == max(3, n // 2)


@pytest.mark.parametrize(("n_tokens", "n"), [(8, 48), (48, 8), (384, 1), (1000, 1)])
def test_a_large_model_takes_as_many_products_as_fill_a_matrix(of_weights: Weighing, n_tokens: int, n: int) -> None:
    assert products_at_once(of_weights(10**9), [Extent(n_tokens, n_tokens)], Settings()) == n


@pytest.mark.parametrize(("n_tokens", "n"), [(64, 22), (256, 5), (2048, 1)])
def test_no_piece_of_a_long_prompt_is_too_large_to_be_kept(
    of_weights: Weighing, monkeypatch: pytest.MonkeyPatch, n_tokens: int, n: int
) -> None:
    lm = of_weights(850_000)
    small = shape_of(lm)
    heads_of_a_piece = replace(small, n_weights=850_000, n_heads=9, n_outputs=small.n_layers * 256, n_bytes=4)
    monkeypatch.setattr(cutting, "shape_of", lambda _: heads_of_a_piece)
    extent = Extent(n_tokens, n_tokens)
    assert products_at_once(lm, [extent], Settings()) == n
    widest = n_tokens * 128 * 4
    assert masked_at_once(lm, extent, [range(4), range(10**6)]) == 2**25 // widest
    assert masked_at_once(lm, extent, [range(2), range(1)]) == 2
