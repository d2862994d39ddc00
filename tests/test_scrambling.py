"""A copy with meaningless weights: what of it is redrawn, what stays, and that the loaded model never notices."""

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from heta_core.attribution import Attribution
from heta_core.engine import attribute
from heta_core.errors import InputError, OutOfMemoryError, SettingsError
from heta_core.faithfulness import scrambling
from heta_core.faithfulness.scrambled import TOP, Scrambled
from heta_core.faithfulness.scrambling import compared, scramble_steps, scrambled_copy
from heta_core.language_model import LanguageModel
from heta_core.parts import Work
from heta_core.settings import Settings
from heta_core.targets import Choice
from heta_core.tokens import from_ids

IDS = (70, 3, 9, 41, 9, 120, 7, 33)
QUICK = Settings(probes=2)


def explained(lm: LanguageModel, choice: Choice = Choice(token_id=11)) -> Attribution:
    return attribute(lm, from_ids(lm.tokenizer, IDS), choice=choice, settings=QUICK)


def state(lm: LanguageModel) -> dict[str, Tensor]:
    return {name: values.clone() for name, values in lm.model.state_dict().items()}


def changed(lm: LanguageModel, copy: LanguageModel) -> set[str]:
    there = dict(copy.model.named_parameters())
    return {name for name, p in lm.model.named_parameters() if not torch.equal(p, there[name])}


def test_the_loaded_model_stays_as_it_is_bit_for_bit(lm: LanguageModel) -> None:
    before, result = state(lm), explained(lm)
    *_, last = scramble_steps(lm, result)
    after = lm.model.state_dict()
    assert last.is_complete and before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert (explained(lm).scores == result.scores).all()


def test_every_parameter_keeps_its_shape_mean_and_spread(lm: LanguageModel) -> None:
    there = state(scrambled_copy(lm))
    for name, p in state(lm).items():
        q = there[name]
        assert q.shape == p.shape and not torch.equal(p, q)
        assert (float(q.mean()), float(q.std())) == pytest.approx((float(p.mean()), float(p.std())), abs=1e-12)


def test_a_cascade_begins_at_the_output(gpt2: LanguageModel, llama: LanguageModel) -> None:
    for lm, first, last in (
        (gpt2, "transformer.h.0.", "transformer.h.1."),
        (llama, "model.layers.0.", "model.layers.1."),
    ):
        found = changed(lm, scrambled_copy(lm, n_last=1))
        assert any(name.startswith(last) for name in found)
        assert not any(name.startswith(first) or "embed" in name or "wte" in name or "wpe" in name for name in found)
        assert changed(lm, scrambled_copy(lm, n_last=2)) > found
    assert "lm_head.weight" in changed(llama, scrambled_copy(llama, n_last=1))
    with pytest.raises(SettingsError, match="1 to 2"):
        scrambled_copy(gpt2, n_last=3)


def test_weights_go_by_the_seed(gpt2: LanguageModel) -> None:
    one, again, other = (scrambled_copy(gpt2, seed=seed) for seed in (1, 1, 2))
    assert changed(one, again) == set() and changed(one, other)


def test_the_copy_is_asked_the_same_question(gpt2: LanguageModel) -> None:
    result = explained(gpt2, Choice(4, stop=7))
    *steps, last = scramble_steps(gpt2, result, seed=5)
    copy = scrambled_copy(gpt2, seed=5)
    again = attribute(copy, result.tokens, choice=Choice(4, stop=7), settings=QUICK)
    assert last.scores == pytest.approx(again.scores, abs=1e-12) and last.f == pytest.approx(again.f)
    assert all(step.work.fraction < 1 and not step.is_complete for step in steps) and last.work.fraction == 1
    assert not np.allclose(last.scores, result.scores)


def test_the_copy_is_freed(gpt2: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[weakref.ref[torch.nn.Module]] = []
    original = scrambling.scrambled_copy

    def watched(lm: LanguageModel, *, n_last: int | None, seed: int) -> LanguageModel:
        copy = original(lm, n_last=n_last, seed=seed)
        made.append(weakref.ref(copy.model))
        return copy

    monkeypatch.setattr(scrambling, "scrambled_copy", watched)
    list(scramble_steps(gpt2, explained(gpt2)))
    running = scramble_steps(gpt2, explained(gpt2))
    next(running), next(running)
    running.close()
    gc.collect()
    assert len(made) == 2 and [one() for one in made] == [None, None]


def test_a_copy_that_does_not_fit_is_refused(gpt2: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrambling, "free", lambda device: 1000)
    with pytest.raises(OutOfMemoryError, match="copy of tiny-gpt2"):
        scrambled_copy(gpt2)


def test_a_map_of_another_model_is_refused(gpt2: LanguageModel, llama: LanguageModel) -> None:
    with pytest.raises(InputError, match="tiny-gpt2"):
        next(scramble_steps(llama, explained(gpt2)))


def test_maps_that_agree_are_called_the_same(gpt2: LanguageModel) -> None:
    result, started = explained(gpt2), Scrambled(None, 0, Work())
    same = compared(started, result, result)
    assert same.order == pytest.approx(1) and same.n_shared == TOP and same.verdict == "same"
    assert result.hessian is not None and result.transition is not None
    flat = replace(result, transition=replace(result.transition, flow=np.ones_like(result.transition.flow)))
    assert compared(started, result, flat).order == pytest.approx(
        float(np.corrcoef(*(np.argsort(np.argsort(r.scores)) for r in (result, flat)))[0, 1])
    )


@pytest.mark.parametrize(
    ("order", "verdict"), [(-0.3, "changed"), (0.49, "changed"), (0.6, "partly"), (0.8, "same"), (None, "changed")]
)
def test_the_verdict_goes_by_the_order(order: float | None, verdict: str) -> None:
    assert Scrambled(None, 0, Work(), np.ones(3), order=order).verdict == verdict
