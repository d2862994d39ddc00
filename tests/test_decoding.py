"""Continuations: which token follows, and why the text ends."""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
import torch
from town import random_town

from heta_core.errors import InputError
from heta_core.language_model import LanguageModel
from heta_core.passes.decoding import Chosen, continuation, end_ids, ending
from heta_core.settings import Decoding
from heta_core.tokens import from_text

PROMPT = (256, *range(60, 72))
SAMPLED = Decoding(method="sample", steps=12, seed=3)


@pytest.fixture(autouse=True)
def endless(tiny_models: dict[str, LanguageModel], monkeypatch: pytest.MonkeyPatch) -> None:
    """No tiny model ends a text: the ids that their configurations name are bytes like any other."""
    for lm in tiny_models.values():
        ends_with(monkeypatch, lm, None)


def ends_with(monkeypatch: pytest.MonkeyPatch, lm: LanguageModel, ids: int | list[int] | None) -> None:
    monkeypatch.setattr(lm.model.generation_config, "eos_token_id", None)
    monkeypatch.setattr(lm.model.config, "eos_token_id", ids)


def chosen(lm: LanguageModel, ids: Iterable[int] = PROMPT, decoding: Decoding = SAMPLED) -> tuple[int, ...]:
    return tuple(c.token_id for c in continuation(lm, tuple(ids), decoding, n_prompt=len(PROMPT)))


def slow_logits(lm: LanguageModel, ids: Iterable[int]) -> np.ndarray:
    with torch.no_grad():
        return lm.model(torch.tensor([list(ids)])).logits[0, -1].double().numpy()


def slow_distribution(logits: np.ndarray, decoding: Decoding) -> dict[int, float]:
    """Token → probability by the definition, a token at a time."""
    heights = {i: float(z) / decoding.temperature for i, z in enumerate(logits)}
    highest = sorted(heights, key=lambda i: -heights[i])[: decoding.top_k]
    total = sum(np.exp(heights[i]) for i in highest)
    p = {i: float(np.exp(heights[i]) / total) for i in highest}
    if decoding.top_p is None:
        return p
    nucleus: dict[int, float] = {}
    for i in highest:
        if sum(nucleus.values()) >= decoding.top_p:
            break
        nucleus[i] = p[i]
    return {i: q / sum(nucleus.values()) for i, q in nucleus.items()}


def slow_draw(p: dict[int, float], seed: int, position: int) -> int:
    """The token at which the summed probabilities pass a uniform draw, tokens in the order of their ids."""
    draw = np.random.Generator(np.random.Philox(key=[seed, position])).random()
    below = 0.0
    for i in sorted(p):
        below += p[i]
        if draw < below:
            return i
    return max(p)


def test_greedy_takes_the_most_probable_token_each_time(lm: LanguageModel) -> None:
    ids = list(PROMPT)
    for token_id in chosen(lm, decoding=Decoding(steps=8)):
        assert token_id == slow_logits(lm, ids).argmax()
        ids.append(token_id)


def test_greedy_is_what_transformers_generates(lm: LanguageModel) -> None:
    own = lm.model.generate(
        torch.tensor([PROMPT]),
        attention_mask=torch.ones(1, len(PROMPT), dtype=torch.long),
        max_new_tokens=8,
        do_sample=False,
        pad_token_id=0,
    )
    assert chosen(lm, decoding=Decoding(steps=8)) == tuple(own[0, len(PROMPT) :].tolist())


@pytest.mark.parametrize(
    "shape",
    [{}, {"temperature": 0.3}, {"top_k": 5}, {"top_p": 0.4}, {"temperature": 2.0, "top_k": 40, "top_p": 0.7}],
)
def test_a_sample_is_drawn_as_the_definition_says(gpt2: LanguageModel, shape: dict[str, float]) -> None:
    decoding = replace(SAMPLED, **shape)
    ids = list(PROMPT)
    for token_id in chosen(gpt2, decoding=decoding):
        assert token_id == slow_draw(slow_distribution(slow_logits(gpt2, ids), decoding), decoding.seed, len(ids))
        ids.append(token_id)


def test_a_token_is_drawn_as_often_as_it_is_probable(gpt2: LanguageModel) -> None:
    n = 600
    decoding = Decoding(method="sample", steps=1, top_k=3)
    drawn = Counter(chosen(gpt2, decoding=replace(decoding, seed=seed))[0] for seed in range(n))
    p = slow_distribution(slow_logits(gpt2, PROMPT), decoding)
    assert set(drawn) == set(p)
    assert all(abs(drawn[i] - n * q) < 4 * np.sqrt(n * q * (1 - q)) for i, q in p.items())


def test_a_seed_repeats_exactly(lm: LanguageModel) -> None:
    assert chosen(lm) == chosen(lm)


@pytest.mark.parametrize(
    "other", [{"seed": 4}, {"temperature": 0.2}, {"top_k": 2}, {"top_p": 0.1}, {"steps": 3}, {"method": "greedy"}]
)
def test_every_option_changes_the_text(gpt2: LanguageModel, other: dict[str, object]) -> None:
    assert chosen(gpt2, decoding=replace(SAMPLED, **other)) != chosen(gpt2)


@pytest.mark.parametrize("narrow", [{"top_k": 1}, {"top_p": 1e-9}, {"temperature": 1e-6}])
def test_the_narrowest_sample_is_greedy(gpt2: LanguageModel, narrow: dict[str, float]) -> None:
    greedy = chosen(gpt2, decoding=Decoding(steps=SAMPLED.steps))
    assert chosen(gpt2, decoding=replace(SAMPLED, **narrow)) == greedy


@pytest.mark.parametrize("wide", [{"top_k": 10**6}, {"top_p": 1.0}])
def test_the_widest_sample_leaves_nothing_out(gpt2: LanguageModel, wide: dict[str, float]) -> None:
    assert chosen(gpt2, decoding=replace(SAMPLED, **wide)) == chosen(gpt2)


@pytest.mark.parametrize("seed", [0, 2**63, 2**64 - 1])
def test_every_seed_that_is_allowed_draws(gpt2: LanguageModel, seed: int) -> None:
    assert len(chosen(gpt2, decoding=replace(SAMPLED, seed=seed))) == SAMPLED.steps


def test_a_branch_forced_back_to_the_same_ids_goes_on_in_the_same_way(gpt2: LanguageModel) -> None:
    whole = chosen(gpt2)
    assert all(chosen(gpt2, (*PROMPT, *whole[:k])) == whole[k:] for k in range(len(whole)))


def test_without_a_cached_prefix_the_same_tokens_follow(lm: LanguageModel) -> None:
    assert chosen(replace(lm, has_prefix=False)) == chosen(lm)


def test_a_token_costs_one_forward_of_what_is_new(gpt2: LanguageModel) -> None:
    widths = []
    handle = gpt2.model.register_forward_pre_hook(
        lambda _, __, given: widths.append(given["inputs_embeds"].shape[1]), with_kwargs=True
    )
    try:
        chosen(gpt2, decoding=Decoding(steps=4))
    finally:
        handle.remove()
    assert widths == [len(PROMPT), 1, 1, 1]


def test_a_model_in_training_is_read_without_dropout_and_stays_in_training(gpt2: LanguageModel) -> None:
    expected = chosen(gpt2)
    gpt2.model.train()
    try:
        assert chosen(gpt2) == expected
        assert gpt2.model.training and all(p.grad is None for p in gpt2.model.parameters())
    finally:
        gpt2.model.eval()


def test_between_two_tokens_others_may_use_the_model(gpt2: LanguageModel) -> None:
    running = continuation(gpt2, PROMPT, SAMPLED, n_prompt=len(PROMPT))
    first = next(running).token_id
    got: list[tuple[int, ...]] = []
    other = threading.Thread(target=lambda: got.append(chosen(gpt2)))
    other.start()
    other.join(timeout=60)
    assert not other.is_alive()
    assert (first, *(c.token_id for c in running)) == got[0]


def test_the_last_token_says_that_the_length_is_reached(lm: LanguageModel) -> None:
    found = list(continuation(lm, PROMPT, Decoding(steps=3), n_prompt=len(PROMPT)))
    assert [c.ending for c in found] == [None, None, "length"]


def test_given_tokens_count_as_steps(gpt2: LanguageModel) -> None:
    found = list(continuation(gpt2, (*PROMPT, 7, 8), Decoding(steps=3), n_prompt=len(PROMPT)))
    assert [c.ending for c in found] == ["length"]


@pytest.mark.parametrize("k", [0, 3])
def test_the_end_token_is_kept_as_the_last(gpt2: LanguageModel, monkeypatch: pytest.MonkeyPatch, k: int) -> None:
    whole = chosen(gpt2)
    assert whole.index(whole[k]) == k
    ends_with(monkeypatch, gpt2, [255, whole[k]])
    found = list(continuation(gpt2, PROMPT, SAMPLED, n_prompt=len(PROMPT)))
    assert found[-1] == Chosen(whole[k], "end") and len(found) == k + 1


def test_an_end_token_in_the_prompt_ends_nothing(gpt2: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    ends_with(monkeypatch, gpt2, PROMPT[-1])
    assert chosen(gpt2, decoding=Decoding(steps=1)) != ()


def test_the_end_tokens_are_those_that_the_files_name(gpt2: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    assert end_ids(gpt2) == frozenset()
    monkeypatch.setattr(gpt2.model.config, "eos_token_id", 0)
    assert end_ids(gpt2) == {0}
    monkeypatch.setattr(gpt2.model.generation_config, "eos_token_id", [3, 4])
    assert end_ids(gpt2) == {3, 4}
    monkeypatch.setattr(gpt2.model, "generation_config", None)
    assert end_ids(gpt2) == {0}


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_token_that_completes_a_stop_text_is_the_last(n: int) -> None:
    lm = random_town()
    prompt = from_text(lm.tokenizer, "Mia ran to the market.").ids
    decoding = Decoding(method="sample", seed=1, steps=12)
    whole = [c.token_id for c in continuation(lm, prompt, decoding, n_prompt=len(prompt))]
    texts = [lm.tokenizer.decode([*prompt, *whole[:k]])[len(lm.tokenizer.decode(prompt)) :] for k in range(13)]
    stop = texts[5][len(texts[5 - n]) :]  # spelled by n tokens
    first = next(k for k in range(13) if stop in texts[k])
    found = list(continuation(lm, prompt, replace(decoding, stop=("\ue000", stop)), n_prompt=len(prompt)))
    assert len(found) == first and found[-1].ending == "stop"


def test_a_stop_text_in_the_prompt_or_across_its_end_stops_nothing() -> None:
    lm = random_town()
    prompt = from_text(lm.tokenizer, "Mia ran to the").ids
    words = lm.tokenizer.encode(" market. Noah", add_special_tokens=False)
    at = {"n_prompt": len(prompt)}
    assert ending(lm, (*prompt, *words), Decoding(stop=("ran", "the market")), **at) is None
    assert ending(lm, (*prompt, *words), Decoding(stop=(" market",)), **at) == "stop"
    assert ending(lm, (*prompt, *words), Decoding(stop=("market. N",)), **at) == "stop"


def test_a_stop_text_that_was_given_leaves_nothing_to_choose() -> None:
    lm = random_town()
    prompt = from_text(lm.tokenizer, "Mia ran to the").ids
    given = (*prompt, *lm.tokenizer.encode(".", add_special_tokens=False))
    assert list(continuation(lm, given, Decoding(stop=(".",)), n_prompt=len(prompt))) == []
    assert ending(lm, given, Decoding(stop=(".",)), n_prompt=len(prompt)) == "stop"


def test_a_stop_text_of_several_bytes_is_completed_by_the_last_of_them(gpt2: LanguageModel) -> None:
    fox = gpt2.tokenizer.encode("🦊", add_special_tokens=False)
    ends = [ending(gpt2, (*PROMPT, *fox[:k]), Decoding(stop=("🦊",)), n_prompt=len(PROMPT)) for k in range(5)]
    assert ends == [None, None, None, None, "stop"]


def test_a_full_context_ends_the_text_and_keeps_it(lm: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = chosen(lm)
    monkeypatch.setattr(type(lm), "max_context", len(PROMPT) + 3)
    found = list(continuation(lm, PROMPT, SAMPLED, n_prompt=len(PROMPT)))
    assert [c.ending for c in found] == [None, None, "context"]
    assert tuple(c.token_id for c in found) == whole[:3]


def test_a_prompt_that_fills_the_context_is_refused(gpt2: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(gpt2), "max_context", len(PROMPT))
    with pytest.raises(InputError, match=r"at most 13 tokens, the prompt has 13.*shorten"):
        chosen(gpt2)


@pytest.mark.parametrize("n_prompt", [0, len(PROMPT) + 1])
def test_a_prompt_that_is_none_is_refused(gpt2: LanguageModel, n_prompt: int) -> None:
    with pytest.raises(InputError, match=f"got {n_prompt}"):
        next(continuation(gpt2, PROMPT, SAMPLED, n_prompt=n_prompt))


def test_an_id_that_the_model_does_not_know_is_refused(gpt2: LanguageModel) -> None:
    with pytest.raises(InputError, match="vocabulary"):
        chosen(gpt2, (*PROMPT[:-1], 10**6))


def test_logits_that_are_no_numbers_are_an_error(gpt2: LanguageModel) -> None:
    last = gpt2.model.get_output_embeddings()
    handle = last.register_forward_hook(lambda _, __, logits: logits * float("nan"))
    try:
        with pytest.raises(InputError, match="NaN"):
            chosen(gpt2)
    finally:
        handle.remove()
