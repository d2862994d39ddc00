"""Generation: every step is what a run for it alone would give, and nothing depends on how the text came about."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from heta_core import generation, stepwise
from heta_core.attribution import Attribution
from heta_core.engine import attribute
from heta_core.errors import InputError, SettingsError
from heta_core.generated import GenerationAttribution
from heta_core.generation import explain, generate, generate_steps
from heta_core.language_model import LanguageModel
from heta_core.report import dumps, loads_generation
from heta_core.settings import MASKS, Decoding, Mask, Settings
from heta_core.targets import Choice
from heta_core.tokens import Tokens, from_ids, from_text

PROMPT = "Kate has"
QUICK = Settings(probes=2, chunk=3)
SHORT = Decoding(steps=4)


def made(lm: LanguageModel, **options: object) -> GenerationAttribution:
    return generate(lm, PROMPT, decoding=SHORT, settings=QUICK, **options)  # type: ignore[arg-type]


def assert_same(step: Attribution, alone: Attribution) -> None:
    """The issue's bound: 1e-4 of the largest entry plus 1e-6 nats."""
    pairs: list[tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]] = []
    for a in (step, alone):
        assert a.transition and a.information and a.hessian and a.hessian.n_probes.all()
    assert step.transition and alone.transition and step.hessian and alone.hessian
    assert step.information and alone.information
    pairs += [(step.transition.scores, alone.transition.scores), (step.information.kl, alone.information.kl)]
    pairs += [(step.information.log_p, alone.information.log_p), (step.effect, alone.effect)]
    pairs += [(step.hessian.scores, alone.hessian.scores), (step.hessian.gradient, alone.hessian.gradient)]
    pairs += [(step.transition.flow, alone.transition.flow), (step.scores, alone.scores)]
    for found, wanted in pairs:
        assert found is not None and wanted is not None
        assert np.abs(found - wanted).max() <= 1e-4 * np.abs(wanted).max() + 1e-6
    said = [c.token_id for c in step.information.first_choices]
    assert said == [c.token_id for c in alone.information.first_choices]
    assert step.prediction.rank == alone.prediction.rank and step.target == alone.target


@pytest.mark.parametrize("mask", MASKS)
def test_every_step_equals_a_run_for_its_token_alone(lm: LanguageModel, mask: Mask) -> None:
    settings = replace(QUICK, mask=mask, mask_token=3 if mask == "token" else None)
    found = generate(lm, PROMPT, decoding=SHORT, settings=settings)
    assert found.is_complete and found.n_new == 4
    for k in range(found.n_new):
        alone = attribute(lm, found.tokens, choice=Choice(found.n_prompt + k), settings=settings)
        assert_same(found.at(k), alone)


def test_a_cache_changes_no_step(llama: LanguageModel) -> None:
    one, other = made(llama), made(replace(llama, has_prefix=False))
    assert one.tokens == other.tokens
    for k in range(one.n_new):
        assert_same(one.at(k), other.at(k))


def test_the_text_grows_then_all_steps_then_their_curvature(lm: LanguageModel) -> None:
    seen = list(generate_steps(lm, PROMPT, decoding=SHORT, settings=QUICK))
    n_new = [found.n_new for found in seen]
    assert n_new == sorted(n_new) and set(n_new) == {0, 1, 2, 3, 4}
    states = [
        (
            bool(found.ending),
            bool(found.steps),
            all(s.information for s in found.steps) and bool(found.steps),
            sum(s.hessian is not None for s in found.steps),
        )
        for found in seen
    ]
    assert states == sorted(states) and states[-1] == (True, True, True, 4)
    partly = [found for found in seen if 0 < sum(s.information is not None for s in found.steps) < 4]
    assert not partly, "KL of all steps arrives at once"
    fractions = [found.fraction for found in seen if found.steps]
    assert fractions == sorted(fractions) and fractions[-1] == 1


@pytest.mark.parametrize("mask", ["zero", "mean", "attention"])
def test_the_plan_counts_every_pass(llama: LanguageModel, mask: Mask) -> None:
    found = generate(llama, PROMPT, decoding=SHORT, settings=replace(QUICK, mask=mask))
    works = [found.work, *(step.work for step in found.steps)]
    assert [w.done for w in works] == [w.planned for w in works]


def test_the_step_that_is_looked_at_comes_first(llama: LanguageModel) -> None:
    looked = [2]
    order: list[int] = []
    for found in generate_steps(llama, PROMPT, decoding=SHORT, settings=QUICK, look=lambda: looked[0]):
        known = [k for k, step in enumerate(found.steps) if step.hessian]
        order += [k for k in known if k not in order]
        if order == [2]:
            looked[0] = 0  # another step is looked at while this one is being refined
    assert order[:2] == [2, 0] and sorted(order) == [0, 1, 2, 3]


def test_what_is_known_stays_when_it_is_cancelled(llama: LanguageModel) -> None:
    running = generate_steps(llama, PROMPT, decoding=SHORT, settings=QUICK)
    found = next(f for f in running if f.steps and f.steps[0].hessian)
    running.close()
    assert not found.is_complete and found.at(0).is_complete and not llama.lock._is_owned()  # type: ignore[attr-defined]


def test_sampling_with_a_seed_repeats_exactly(lm: LanguageModel) -> None:
    decoding = Decoding(method="sample", steps=6, temperature=1.3, top_k=50, top_p=0.95, seed=3)
    texts = [generate(lm, PROMPT, decoding=decoding, settings=Settings(probes=1)).tokens for _ in range(2)]
    assert texts[0] == texts[1]
    others = {
        generate(lm, PROMPT, decoding=replace(decoding, seed=s), settings=Settings(probes=1)).tokens.ids
        for s in range(4, 8)
    }
    assert others - {texts[0].ids}


def test_the_ids_of_the_export_reproduce_every_number_without_the_tokenizer(
    llama: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = loads_generation(dumps(made(llama)))
    monkeypatch.setattr(type(llama.tokenizer), "encode", lambda *_, **__: pytest.fail("a text was tokenised"))
    prompt = from_ids(llama.tokenizer, found.tokens.ids[: found.n_prompt])
    again = explain(llama, prompt, found.tokens, settings=found.settings)
    for k in range(found.n_new):
        assert_same(found.at(k), again.at(k))


def test_a_given_answer_is_explained_as_if_it_had_been_generated(lm: LanguageModel) -> None:
    written = made(lm)
    prompt = from_text(lm.tokenizer, PROMPT)
    given = explain(lm, prompt, written.tokens, settings=QUICK)
    assert (given.n_given, given.ending, given.decoding) == (4, "given", None)
    for k in range(4):
        assert (
            dumps(given.at(k).with_weights(written.weights)).partition('"seconds"')[0]
            == (dumps(written.at(k)).partition('"seconds"')[0])
        )


def test_a_typed_answer_is_appended_to_the_ids_of_the_prompt(llama: LanguageModel) -> None:
    found = explain(llama, PROMPT, " a cup", settings=Settings(probes=1))
    assert found.tokens.text == "Kate has a cup" and found.tokens.text[-6:] == " a cup" and found.n_new == 6


def test_a_branch_goes_on_from_what_it_was_forced_to_say(llama: LanguageModel) -> None:
    trunk = made(llama)
    forced = (trunk.tokens.ids[trunk.n_prompt], trunk.steps[1].prediction.candidates[1].token_id)
    branch = made(llama, given=forced)
    assert branch.tokens.ids[: trunk.n_prompt + 2] == (*trunk.tokens.ids[: trunk.n_prompt], *forced)
    assert branch.n_given == 2 and branch.n_new == 4
    assert branch.steps[1].prediction.rank == 2


def test_a_prompt_of_tokens_is_not_tokenised_again(llama: LanguageModel) -> None:
    ids = (256, 32, 64, 32)  # no tokenizer would cut a text like this
    found = generate(llama, from_ids(llama.tokenizer, ids), decoding=SHORT, settings=Settings(probes=1))
    assert found.tokens.ids[:4] == ids


def test_generation_stops_where_the_context_is_full_and_keeps_what_is_there(gpt2: LanguageModel) -> None:
    prompt = from_ids(gpt2.tokenizer, [64] * 126)
    found = generate(gpt2, prompt, decoding=Decoding(steps=9), settings=Settings(probes=1, chunk=64))
    assert (found.ending, found.n_new, len(found.tokens)) == ("context", 2, 128) and found.is_complete


def test_a_text_that_ends_at_once_has_one_step(llama: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    first = made(llama).tokens.ids[made(llama).n_prompt]
    monkeypatch.setattr(llama.model.generation_config, "eos_token_id", first)
    found = made(llama)
    assert (found.ending, found.n_new) == ("end", 1) and found.is_complete


def unlike(lm: LanguageModel) -> Tokens:
    return from_text(lm.tokenizer, "Noah had a map")


BAD: dict[str, tuple[Callable[[LanguageModel], object], type[Exception], str]] = {
    "zero steps": (lambda lm: Decoding(steps=0), SettingsError, "whole number ≥ 1"),
    "another prompt": (lambda lm: explain(lm, PROMPT, unlike(lm)), InputError, "only its first 1 are the same"),
    "no answer": (lambda lm: explain(lm, PROMPT, from_text(lm.tokenizer, PROMPT)), InputError, "An answer is needed"),
    "empty answer": (lambda lm: explain(lm, PROMPT, ""), InputError, "empty text"),
    "empty prompt": (lambda lm: generate(lm, ""), InputError, "A prompt is needed"),
    "unknown id": (lambda lm: generate(lm, PROMPT, given=(10**6,)), InputError, "Given ids must be"),
    "too long": (lambda lm: generate(lm, "a" * 400), InputError, "at most 128 tokens"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_before_anything_runs(
    gpt2: LanguageModel, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, function in ((stepwise, "capture"), (generation, "continuation")):
        monkeypatch.setattr(module, function, lambda *_, **__: pytest.fail("the model was run"))
    ask, kind, says = BAD[name]
    with pytest.raises(kind, match=says):
        ask(gpt2)
