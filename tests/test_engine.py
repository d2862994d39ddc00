"""The whole pipeline on every family: what must hold for any model, target and mask."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from heta_core import engine
from heta_core.attribution import Attribution
from heta_core.components import kl
from heta_core.engine import attribute, attribute_steps
from heta_core.errors import HetaError, InputError, OutOfMemoryError
from heta_core.language_model import LanguageModel
from heta_core.passes.masked import Masked
from heta_core.settings import MASKS, Mask, Settings, Weights
from heta_core.targets import Choice, next_token
from heta_core.tokens import from_ids

TEXT = "Kate has a cup."
QUICK = Settings(probes=2)


def fingerprint(lm: LanguageModel) -> tuple[object, ...]:
    """Everything about a model that its owner could notice."""
    state = hashlib.sha256()
    for name, value in lm.model.state_dict().items():
        state.update(name.encode() + value.numpy().tobytes())
    modules = list(lm.model.modules())
    return (
        state.hexdigest(),
        [m.training for m in modules],
        [len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in modules],
        [(p.requires_grad, p.grad is None) for p in lm.model.parameters()],
        repr(lm.model.config.to_dict()),
        lm.model.config._attn_implementation,
    )


def bits(result: Attribution) -> bytes:
    assert result.transition and result.information and result.hessian
    arrays = (result.transition.flow, result.information.kl, result.information.log_p, result.hessian.scores)
    return b"".join(a.tobytes() for a in arrays)


def test_components_arrive_one_after_another(lm: LanguageModel) -> None:
    results = list(attribute_steps(lm, TEXT, settings=Settings(probes=3)))
    known = [(r.transition is not None, r.information is not None, r.hessian is not None) for r in results]
    assert known[0] == (True, False, False) and known[-1] == (True, True, True)
    assert known == sorted(known, key=lambda k: (k[0], k[1], k[2]))
    assert [r.work.done for r in results] == sorted(r.work.done for r in results)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("has_prefix", [True, False])
def test_the_plan_counts_every_pass(llama: LanguageModel, mask: Mask, has_prefix: bool) -> None:
    settings = Settings(mask=mask, mask_token=3 if mask == "token" else None, probes=4, chunk=5)
    for text in ("ab", "abcde", "abcdefghij"):
        *_, result = attribute_steps(replace(llama, has_prefix=has_prefix), text, settings=settings)
        assert result.work.done == result.work.planned and result.work.fraction == 1


def test_the_score_is_eq_5_of_its_components(lm: LanguageModel) -> None:
    result = attribute(lm, TEXT, settings=QUICK, weights=Weights(beta=0.3, gamma=0.9))
    assert result.transition and result.information and result.hessian
    expected = result.transition.scores * (0.3 * result.hessian.scores + 0.9 * result.information.kl)
    np.testing.assert_allclose(result.scores, expected)
    assert result.transition.scores.sum() == pytest.approx(1)


@pytest.mark.parametrize("mask", MASKS)
def test_nothing_after_the_target_influences_a_score(lm: LanguageModel, mask: Mask) -> None:
    settings = Settings(probes=2, mask=mask, mask_token=3 if mask == "token" else None)
    choice = Choice(position=8, token_id=40)
    one = attribute(lm, "Kate has a cup and a map.", choice=choice, settings=settings)
    other = attribute(lm, "Kate has a green lamp in the tower.", choice=choice, settings=settings)
    assert one.tokens.ids[:8] == other.tokens.ids[:8] and one.tokens.ids[8:] != other.tokens.ids[8:]
    assert bits(one) == bits(other)


def test_a_fixed_seed_gives_the_same_bits_twice(lm: LanguageModel) -> None:
    assert bits(attribute(lm, TEXT, settings=QUICK)) == bits(attribute(lm, TEXT, settings=QUICK))


def test_transition_and_kl_do_not_know_the_candidate(lm: LanguageModel) -> None:
    one = attribute(lm, TEXT, choice=Choice(token_id=11), settings=QUICK)
    other = attribute(lm, TEXT, choice=Choice(token_id=12), settings=QUICK)
    assert one.transition and other.transition and one.information and other.information
    assert one.transition.flow.tobytes() == other.transition.flow.tobytes()
    assert one.information.kl.tobytes() == other.information.kl.tobytes()
    assert (one.scores != other.scores).any()


def test_the_prediction_is_the_models(lm: LanguageModel) -> None:
    result = attribute(lm, TEXT, settings=QUICK)
    with torch.no_grad():
        logits = lm.model(input_ids=torch.tensor([result.tokens.ids])).logits[0, -1]
    p = logits.double().softmax(-1)
    assert result.target.token_id == int(p.argmax()) and result.prediction.rank == 1
    assert result.prediction.log_p == pytest.approx(float(p.max().log()), abs=1e-6)
    assert result.prediction.entropy == pytest.approx(float(-(p * p.log()).sum()), abs=1e-5)
    assert [c.token_id for c in result.prediction.candidates] == p.topk(10).indices.tolist()


def test_a_token_of_the_text_is_explained_from_what_precedes_it(lm: LanguageModel) -> None:
    result = attribute(lm, TEXT, choice=Choice(position=4), settings=QUICK)
    assert result.target.token_id == result.tokens.ids[4] and result.target.is_observed
    assert len(result.scores) == 4 and len(result.tokens) > 4


def test_the_effect_is_positive_where_a_token_speaks_for_the_target(lm: LanguageModel) -> None:
    result = attribute(lm, TEXT, settings=QUICK)
    assert result.information is not None and result.effect is not None
    np.testing.assert_allclose(result.effect, result.prediction.log_p - result.information.log_p)


@pytest.mark.parametrize("is_closed_early", [True, False])
def test_the_users_model_is_unchanged(lm: LanguageModel, is_closed_early: bool) -> None:
    lm.model.train()
    try:
        before = fingerprint(lm)
        steps = attribute_steps(lm, TEXT, settings=QUICK)
        for n, _ in enumerate(steps):
            assert fingerprint(lm) == before
            if is_closed_early and n == 4:
                steps.close()
        assert fingerprint(lm) == before
    finally:
        lm.model.eval()


def test_the_model_is_free_between_steps(llama: LanguageModel) -> None:
    """A reader on another thread may run while this one is not stepping; an RLock tells only another thread."""
    steps = attribute_steps(llama, TEXT, settings=QUICK)
    for _ in steps:
        assert not llama.lock._is_owned()  # type: ignore[attr-defined]


def test_finished_components_outlive_a_later_failure(llama: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OutOfMemoryError("no room")

    monkeypatch.setattr(engine.hessian, "surface", full)
    results = []
    with pytest.raises(OutOfMemoryError, match="no room"):
        for result in attribute_steps(llama, TEXT):
            results.append(result)
    assert results[-1].transition is not None and results[-1].information is not None
    assert results[-1].combined is None


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("", Choice()),
        ("\ud800", Choice()),
        (TEXT, Choice(position=0)),
        (TEXT, Choice(position=-3)),
        (TEXT, Choice(position=99)),
        (TEXT, Choice(token_id=9999)),
        (" " * 10_000, Choice()),
    ],
)
def test_bad_input_is_refused_with_words(lm: LanguageModel, text: str, choice: Choice) -> None:
    with pytest.raises(InputError) as caught:
        attribute(lm, text, choice=choice)
    assert len(str(caught.value)) > 20


def test_one_token_is_not_enough(lm: LanguageModel) -> None:
    with pytest.raises(InputError, match="at least 2 tokens, got 1"):
        attribute(lm, from_ids(lm.tokenizer, [3]))


@pytest.mark.parametrize("text", ["a\x00b", "🙂🏽 漢字", "שלום עולם", "  \n\t ", "<script>alert(1)</script>"])
def test_odd_text_is_explained(llama: LanguageModel, text: str) -> None:
    result = attribute(llama, text, settings=QUICK)
    assert result.tokens.text == text and np.isfinite(result.scores).all()


def test_nan_logits_are_an_error(llama: LanguageModel) -> None:
    weight = llama.model.lm_head.weight
    kept = weight.data.clone()
    try:
        weight.data[5] = float("nan")
        with pytest.raises(HetaError, match="finite"):
            attribute(llama, TEXT, settings=QUICK)
    finally:
        weight.data.copy_(kept)


def test_seconds_are_told_for_each_component(llama: LanguageModel) -> None:
    seconds = dict(attribute(llama, TEXT, settings=QUICK).seconds)
    assert list(seconds) == ["transition", "kl", "hessian"] and all(s > 0 for s in seconds.values())


def test_a_masked_run_that_breaks_is_an_error(llama: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        holds = torch.ones(3, 1, dtype=torch.bool)
        yield Masked(range(3), (2,), holds, torch.full((3, 1, llama.vocabulary), float("nan")), 3)

    monkeypatch.setattr(kl, "masked", broken)
    line = next_token((1, 2, 3), 4).lines[0]
    with pytest.raises(HetaError, match="finite logits"):
        list(kl.effects(llama, line, 3, torch.zeros(1, llama.vocabulary), QUICK))
