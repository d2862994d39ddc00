"""KL information against one mask at a time in full runs, and its form against arithmetic with more digits."""

import math
from dataclasses import replace

import numpy as np
import oracles_curvature as oracle
import pytest
import torch

from heta_core.components.kl import effects, information, kl
from heta_core.errors import InputError, UnsupportedModelError
from heta_core.language_model import LanguageModel
from heta_core.parts import Information
from heta_core.settings import MASKS, Mask, Settings
from heta_core.targets import next_token

IDS = (70, 3, 9, 41, 9, 120, 7)
TARGET = 11


def settings_of(mask: Mask, chunk: int = 3) -> Settings:
    return Settings(mask=mask, mask_token=5 if mask == "token" else None, chunk=chunk)


def last(lm: LanguageModel, settings: Settings, target: int = TARGET) -> Information:
    with torch.no_grad():
        log_p = oracle.log_p(lm.model, oracle.embedded(lm.model, IDS))
    explained = next_token(IDS, target)
    *_, (_, found) = effects(lm, explained.lines[0], len(IDS), log_p[None], settings)
    assert found is not None
    return information(lm, explained, [found])


@pytest.mark.parametrize("mask", ["zero", "mean", "token"])
@torch.no_grad()
def test_kl_equals_one_mask_at_a_time(lm: LanguageModel, mask: Mask) -> None:
    embeddings = oracle.embedded(lm.model, IDS)
    substitute = {
        "zero": torch.zeros_like(embeddings[0]),
        "mean": embeddings.mean(0),
        "token": oracle.embedded(lm.model, (5,))[0],
    }[mask]
    log_p = oracle.log_p(lm.model, embeddings)
    after = [oracle.masked_log_p(lm.model, IDS, i, substitute) for i in range(len(IDS))]
    found = last(lm, settings_of(mask))
    # float32 softmax inside a float64 model rounds log p at 6e-8; the KL is flat to first order where q = p.
    np.testing.assert_allclose(found.kl, [oracle.divergence(log_p, q) for q in after], rtol=3e-5, atol=3e-8)
    np.testing.assert_allclose(found.log_p, [float(q[TARGET]) for q in after], rtol=0, atol=3e-6)
    assert [c.token_id for c in found.first_choices] == [int(q.argmax()) for q in after]


@torch.no_grad()
def test_the_attention_mask_equals_one_hole_at_a_time(gpt2: LanguageModel) -> None:
    found = last(gpt2, settings_of("attention"))
    for i in range(1, len(IDS) - 1):
        mask = torch.ones(1, len(IDS), dtype=torch.long)
        mask[0, i] = 0
        positions = torch.arange(len(IDS))[None]
        logits = gpt2.model(input_ids=torch.tensor([IDS]), attention_mask=mask, position_ids=positions).logits[0, -1]
        assert found.log_p[i] == pytest.approx(float(logits[TARGET] - logits.logsumexp(-1)), abs=1e-10)
    positions = torch.arange(1, len(IDS))[None]
    logits = gpt2.model(input_ids=torch.tensor([IDS[1:]]), position_ids=positions).logits[0, -1]
    assert found.log_p[0] == pytest.approx(float(logits[TARGET] - logits.logsumexp(-1)), abs=1e-10)


def test_hiding_the_last_token_changes_nothing_by_construction(lm: LanguageModel) -> None:
    found = last(lm, settings_of("attention"))
    assert found.kl[-1] == 0 and (found.kl[:-1] > 0).all()


@pytest.mark.parametrize("mask", MASKS)
def test_a_prefix_changes_no_number(lm: LanguageModel, mask: Mask) -> None:
    behind = last(lm, settings_of(mask))
    whole = last(replace(lm, has_prefix=False), settings_of(mask, chunk=64))
    np.testing.assert_allclose(behind.kl, whole.kl, rtol=1e-5, atol=1e-8)


def test_the_kl_does_not_know_the_word(lm: LanguageModel) -> None:
    one, other = last(lm, settings_of("zero"), 11), last(lm, settings_of("zero"), 12)
    assert one.kl.tobytes() == other.kl.tobytes()
    assert one.first_choices == other.first_choices
    assert (one.log_p != other.log_p).all()


def test_every_mask_gives_another_answer(gpt2: LanguageModel) -> None:
    results = [last(gpt2, settings_of(mask)).kl for mask in MASKS]
    assert len({r.tobytes() for r in results}) == len(MASKS)


def test_a_mask_token_outside_the_vocabulary_is_refused(gpt2: LanguageModel) -> None:
    with pytest.raises(InputError, match="mask_token must be an id from 0"):
        last(gpt2, Settings(mask="token", mask_token=10**6))


def test_positions_counted_along_the_mask_are_refused(gpt2: LanguageModel) -> None:
    gpt2.model.config.alibi = True
    try:
        with pytest.raises(UnsupportedModelError, match="ALiBi"):
            last(gpt2, settings_of("attention"))
    finally:
        del gpt2.model.config.alibi


def test_small_effects_keep_their_digits() -> None:
    """p and q differ by 1e-5 in each log-ratio: the textbook form has lost the sign in float32 by then."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(300, 40, generator=generator, dtype=torch.float64)
    moved = logits + 1e-5 * torch.randn(300, 40, generator=generator, dtype=torch.float64)
    exact = kl(logits.log_softmax(-1), moved.log_softmax(-1))
    textbook = (logits.softmax(-1) * (logits.log_softmax(-1) - moved.log_softmax(-1))).sum(-1)
    torch.testing.assert_close(exact, textbook, rtol=1e-4, atol=1e-15)
    single = kl(logits.float().log_softmax(-1), moved.float().log_softmax(-1))
    assert (single >= 0).all()


def test_large_effects_are_exact() -> None:
    log_p = torch.tensor([math.log(0.999999), math.log(1e-6)], dtype=torch.float64)
    assert kl(log_p, log_p.flip(-1)) == pytest.approx(oracle.divergence(log_p, log_p.flip(-1)), rel=1e-12)


def test_an_underflowing_probability_gives_a_number() -> None:
    log_p = torch.tensor([0.0, -200.0]).log_softmax(-1)
    log_q = torch.tensor([-200.0, 0.0]).log_softmax(-1)
    assert kl(log_p, log_q) == pytest.approx(200.0)
