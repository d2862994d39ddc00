"""The examples that the page opens with: what they must show, and that the shipped ones do."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import samples
import town

from heta_core import examples, figures
from heta_core.attribution import Attribution
from heta_core.engine import attribute
from heta_core.errors import InputError
from heta_core.littletown.lessons import held_out, minimal_pair
from heta_core.parts import Candidate
from heta_core.report import loads, loads_generation
from heta_core.settings import Settings, Weights
from heta_core.typed import token_of

INDEX = examples.FOLDER / "index.json"


def pair() -> tuple[Attribution, Attribution]:
    """A made-up example that meets every condition, and its twin."""
    shown = samples.result()
    assert shown.information is not None
    probable = (replace(shown.prediction.candidates[0], probability=0.8), *shown.prediction.candidates[1:])
    first = list(shown.information.first_choices)
    first[0] = first[1] = probable[1]
    told = samples.SCENE.replace("does Kate have", "does Noah have")
    twin = samples.result(samples.words(told), says=(" map", " cup"))
    twin = replace(twin, target=replace(twin.target, token_id=probable[1].token_id))
    return (
        replace(
            shown,
            prediction=replace(shown.prediction, log_p=math.log(0.8), candidates=probable),
            information=replace(shown.information, first_choices=tuple(first)),
        ),
        twin,
    )


def broken(shown: Attribution, swapped: Attribution) -> list[str]:
    return [name for name, holds in examples.conditions(shown, swapped).items() if not holds]


def test_the_made_up_example_meets_every_condition() -> None:
    assert broken(*pair()) == []


def test_each_condition_can_fail_alone() -> None:
    shown, twin = pair()
    p, information = shown.prediction, shown.information
    assert information is not None
    rival = p.candidates[1]
    faint = (p.candidates[0], replace(rival, probability=0.04))
    stranger = (p.candidates[0], Candidate(7, " key", 0.1))
    steady = replace(information, first_choices=(p.candidates[0],) * shown.n_context)
    other = samples.result([*samples.words(samples.SCENE), " now"], says=(" map", " cup"))
    assert broken(replace(shown, prediction=replace(p, log_p=math.log(0.97))), twin) == ["p(target) from .75 to .95"]
    assert broken(replace(shown, prediction=replace(p, candidates=faint)), twin) == ["a runner-up of 5 % or more"]
    assert broken(replace(shown, prediction=replace(p, candidates=stranger)), twin) == [
        "the runner-up is the distractor"
    ]
    assert broken(shown, replace(twin, prediction=replace(twin.prediction, rank=2))) == ["the swap flips the answer"]
    longer = replace(other, target=replace(other.target, token_id=twin.target.token_id))
    assert broken(shown, longer) == ["one swapped word"]
    assert broken(replace(shown, information=steady), twin) == ["two words whose masking changes the answer"]
    assert broken(shown.with_weights(Weights(beta=0.001, scaling="unit")), twin) == ["both terms hold 20 % or more"]


@pytest.mark.parametrize(
    ("text", "other", "swap"),
    [
        ("Where is Kate? A:", "Where is Noah? A:", ("Kate", "Noah")),
        ("a b", "a b", None),
        ("a b c", "a x y", None),
        ("a b", "a b c", None),
    ],
)
def test_a_swap_is_one_word(text: str, other: str, swap: tuple[str, str] | None) -> None:
    assert examples.swap_of(text, other) == swap


def test_files_hold_what_the_page_reads(tmp_path: Path) -> None:
    shown, twin = pair()
    (tmp_path / "99.json").write_text("old", "utf-8")
    chosen = [examples.Example("One", shown, twin, (twin,)), examples.Example("Two", twin, None, ())]
    told = examples.story(
        town.random_town(),
        replace(chosen[0], shown=attribute(town.random_town(), "Kate has", settings=Settings(probes=1))),
    )
    paths = examples.write(chosen, told, tmp_path)
    assert sorted(p.name for p in paths) == sorted(p.name for p in tmp_path.iterdir())
    assert json.loads((tmp_path / "index.json").read_text("utf-8")) == [
        {
            "title": "One",
            "file": "00.json",
            "swap": {"from": "Kate", "to": "Noah", "file": "00-swap.json"},
            "candidates": ["00-1.json"],
        },
        {"title": "Two", "file": "01.json", "swap": None, "candidates": []},
    ]
    assert loads((tmp_path / "00-swap.json").read_text("utf-8")).target == twin.target
    again = loads_generation((tmp_path / examples.STORY).read_text("utf-8"))
    assert again.is_complete and again.tokens.text.startswith("Kate has")


def test_a_model_without_doubts_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "_DRAWN", 5)
    monkeypatch.setattr(examples, "_ROUNDS", 2)
    with pytest.raises(InputError, match="none among 0"):
        examples.choose_default(town.random_town(), 0, Weights())


def test_the_default_comes_with_its_twin_and_three_other_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = held_out("where", 1, 0)[0]
    monkeypatch.setattr(examples, "_in_doubt", lambda lm, seed: iter([instance]))
    monkeypatch.setattr(examples, "conditions", lambda shown, swapped: {})
    chosen = examples.choose_default(town.random_town(), 0, Weights(scaling="unit"))
    assert chosen.shown.target.piece == instance.answer
    assert chosen.swapped is not None and chosen.swapped.tokens.text == minimal_pair(instance).prompt
    targets = [a.target.token_id for a in chosen.candidates]
    assert len(set(targets) - {chosen.shown.target.token_id}) == 3
    assert {a.weights.scaling for a in (chosen.shown, chosen.swapped, *chosen.candidates)} == {"unit"}


def test_only_doubtful_questions_with_a_rival_of_their_scene_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    lm, drawn = town.random_town(), held_out("where", 12, 0)
    answer, rival = examples._ids(lm, [i.answer for i in drawn]), examples._ids(lm, [i.distractor for i in drawn])
    p = np.full((12, lm.vocabulary), 1e-6)
    p[np.arange(12), answer], p[np.arange(12), rival] = 0.8, 0.1
    p[0, answer[0]], p[1, rival[1]], p[2, token_of(lm.tokenizer, " is")] = 0.99, 0.04, 0.11
    flips = {minimal_pair(i).prompt: d for i, d in zip(drawn[4:], rival[4:], strict=True)}

    def said(_lm: object, prompts: list[str]) -> np.ndarray:
        if prompts == [i.prompt for i in drawn]:
            return np.log(p)
        return np.array([np.eye(lm.vocabulary)[flips.get(prompt, 0)] for prompt in prompts])

    monkeypatch.setattr(examples, "next_log_probs", said)
    monkeypatch.setattr(examples, "_DRAWN", 12)
    tried = examples._doubtful(lm, "where", 0, examples.ALL)
    assert [i.prompt for i in tried] == [i.prompt for i in drawn[4:]]


def test_any_other_of_the_scene_can_be_the_rival() -> None:
    """Three places are told: the rival decides about whom the twin asks."""
    instance = next(
        i for i in held_out("where", 50, 0) if len([f for f in i.ask.scene.facts if f.relation == "where"]) > 2
    )
    for fact in instance.ask.scene.facts:
        if fact.relation == "where" and fact != instance.ask.fact:
            against = examples._against(instance, " " + fact.word("place"))
            assert against is not None and against.distractor == " " + fact.word("place")
            assert minimal_pair(against).prompt == instance.prompt.replace(
                f"Where is {instance.ask.fact.word('name')}?", f"Where is {fact.word('name')}?"
            )
    assert examples._against(instance, " is") is None


def test_the_shipped_default_meets_every_condition() -> None:
    first = json.loads(INDEX.read_text("utf-8"))[0]
    shown, swapped = (
        loads((examples.FOLDER / name).read_text("utf-8")) for name in (first["file"], first["swap"]["file"])
    )
    assert broken(shown, swapped) == []
    assert (first["swap"]["from"], first["swap"]["to"]) == examples.swap_of(shown.tokens.text, swapped.tokens.text)


def test_the_shipped_candidates_are_the_likeliest_that_were_not_said() -> None:
    first = json.loads(INDEX.read_text("utf-8"))[0]
    shown, *others = (
        loads((examples.FOLDER / name).read_text("utf-8")) for name in (first["file"], *first["candidates"])
    )
    ids = [c.token_id for c in shown.prediction.candidates if c.token_id != shown.target.token_id]
    assert [a.target.token_id for a in others] == ids[:3]
    for other in others:
        assert (other.transition.scores == shown.transition.scores).all()
        assert (other.information.kl == shown.information.kl).all()


def test_every_shipped_example_is_of_the_shipped_model_and_shows_a_learnt_skill() -> None:
    index = json.loads(INDEX.read_text("utf-8"))
    weights = figures.read_evidence().weights_id
    learnt = {examples.TITLES[skill] for skill in figures.learnt()}
    names = {name for e in index for name in (e["file"], *e["candidates"], *([e["swap"]["file"]] if e["swap"] else []))}
    assert {e["title"] for e in index} <= learnt
    assert names | {"index.json", examples.STORY} == {p.name for p in examples.FOLDER.iterdir()}
    assert {loads((examples.FOLDER / name).read_text("utf-8")).source.weights_id for name in names} == {weights}


def test_the_shipped_story_goes_on_from_the_default_example_and_is_finished() -> None:
    first = json.loads(INDEX.read_text("utf-8"))[0]
    shown = loads((examples.FOLDER / first["file"]).read_text("utf-8"))
    told = loads_generation((examples.FOLDER / examples.STORY).read_text("utf-8"))
    assert told.is_complete and told.tokens.ids[: told.n_prompt] == shown.tokens.ids
    assert told.source.weights_id == shown.source.weights_id and told.weights == shown.weights
    # Its first step is the example itself: the same numbers, but for the rounding of a longer run.
    np.testing.assert_allclose(told.at(0).scores, shown.scores, rtol=1e-3, atol=1e-6)
