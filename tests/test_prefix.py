"""Cached prefixes: where they come from, and that they are those of the text."""

import pytest
import torch
import transformers
from conftest import random_model
from transformers import DynamicCache, PreTrainedTokenizerFast

from heta_core.language_model import LanguageModel, embed, running
from heta_core.loading import wrap
from heta_core.passes import prefix
from heta_core.passes.prefix import chunks, growths

IDS = tuple(range(40, 52))
CUTS = [(0, 5), (5, 7), (7, 12)]


@pytest.fixture(scope="module")
def sliding(tokenizer: PreTrainedTokenizerFast) -> LanguageModel:
    """A model whose layers forget what is four tokens away."""
    sizes = {"vocab_size": 264, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = transformers.MistralConfig(
        **sizes, num_key_value_heads=2, head_dim=4, intermediate_size=32, sliding_window=4, bos_token_id=256
    )
    return wrap(random_model(config), tokenizer)


def test_one_forward_serves_all_chunks(llama: LanguageModel) -> None:
    assert growths(llama, CUTS) == [(0, 7)]
    assert [chunk.n_grown for chunk in prefix.chunks_at(llama, embed(llama, IDS), CUTS)] == [0, 1, 0]


def test_layers_that_forget_grow_chunk_by_chunk(sliding: LanguageModel) -> None:
    assert sliding.has_prefix
    assert growths(sliding, CUTS) == [(0, 5), (5, 7)]
    assert [chunk.n_grown for chunk in prefix.chunks_at(sliding, embed(sliding, IDS), CUTS)] == [0, 1, 1]


def test_a_single_chunk_needs_none(llama: LanguageModel) -> None:
    assert growths(llama, [(0, 12)]) == []


@torch.no_grad()
def test_each_chunk_has_the_keys_and_values_of_what_is_before_it(lm: LanguageModel) -> None:
    for chunk in chunks(lm, embed(lm, IDS), 5):
        cache = chunk.copy_of_cache(3)
        if chunk.start == 0:
            assert cache is None
            continue
        alone = DynamicCache(config=lm.model.config)
        with running(lm) as model:
            model(torch.tensor([IDS[: chunk.start]]), past_key_values=alone)
        assert cache is not None and cache.get_seq_length() == chunk.start
        for found, expected in zip(cache.layers, alone.layers, strict=True):
            assert len(found.keys) == len(found.values) == 3
            for mine, its in ((found.keys, expected.keys), (found.values, expected.values)):
                torch.testing.assert_close(mine, its.expand_as(mine), rtol=0, atol=1e-6)


@torch.no_grad()
def test_a_run_does_not_change_the_prefix_of_the_next(lm: LanguageModel) -> None:
    embeddings = embed(lm, IDS)
    *_, chunk = chunks(lm, embeddings, 5)
    with running(lm):
        once, again = (prefix.last_logits(lm, embeddings[None, 10:], chunk.copy_of_cache(1)) for _ in range(2))
    assert once.equal(again)
