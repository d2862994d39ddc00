"""What the lessons on misleading explanations and on wrong reasons say of the model, measured anew."""

from collections.abc import Sequence
from urllib.parse import quote

import numpy as np
import pytest
import torch

from heta_core import Settings, Weights, attribute
from heta_core.language_model import LanguageModel
from heta_core.learning import _traps as measured
from heta_core.learning import misleading, wrong_reason
from heta_core.littletown.lexicon import known_words
from heta_core.taking import link
from heta_core.teaching import asking, shipped, texts
from heta_core.teaching.contract import Data

NOTHING, MUCH = 1e-3, 3.0  # nats
WHO = "{} went to the {}. {} moved to the {}. Question: Who is in the {}? Answer:"
SURE = 0.99
OTHERS = (("Kate", "Tom", "school", "hotel"), ("Dan", "Anna", "park", "barn"), ("Emma", "Noah", "market", "kitchen"))


@pytest.fixture(scope="module")
def traps(littletown: LanguageModel) -> Data:
    return misleading.measure(littletown)


@pytest.fixture(scope="module")
def scenes(littletown: LanguageModel) -> list[list[Data]]:
    """Of one person and of two, each asked for every name."""
    return [[wrong_reason.asked(littletown, text, n) for n in wrong_reason.NAMES] for _, text in wrong_reason.SCENES]


def first(found: Data) -> tuple[str, float]:
    return found["chances"][0]["label"], found["chances"][0]["p"]


def at(found: Data, word: str, which: int = 0) -> int:
    return misleading.places(found, word)[which]


def below(values: Sequence[float], value: float) -> int:
    return sum(v > value for v in values)


# ---- when explanations mislead ----


def test_a_sink_has_attention_and_flow_and_no_use(traps: Data) -> None:
    sink = traps["sink"]
    mark = at(sink, "?")
    assert sink["attention"][mark] > 0.1 and below(sink["attention"], sink["attention"][mark]) <= 3
    assert sink["transition"][mark] > 0.1 and below(sink["transition"], sink["transition"][mark]) <= 3
    assert sink["kl"][mark] < NOTHING and sink["hidden"][mark] < NOTHING and sink["hidden"][-1] is None
    assert sink["without"][mark][0]["label"] == first(sink)[0] == "Fred"
    assert abs(sink["without"][mark][0]["p"] - first(sink)[1]) < 1e-3
    assert sink["kl"][at(sink, "Fred")] > MUCH


@pytest.mark.parametrize("layer", range(4))
def test_what_a_sink_holds_is_of_no_use_either(littletown: LanguageModel, layer: int) -> None:
    """It is no relay: of what is replaced, before any layer, nothing reaches the answer."""
    own, mark = measured.SINK, 20
    swapped = own.replace("Fred", "*").replace("Alice", "Fred").replace("*", "Alice")
    said, held = run(littletown, own, layer)
    other = run(littletown, swapped, layer)[1]
    assert littletown.model.config.num_hidden_layers == 4
    for state in (torch.zeros_like(held[mark]), held.mean(0), held[7], other[mark]):
        then = run(littletown, own, layer, {mark: state})[0]
        assert (said.exp() * (said - then)).sum() < NOTHING and then.argmax() == said.argmax()
    if layer == 3:  # a relay: the question’s “school” has the name by then
        assert run(littletown, own, layer, {mark - 1: other[mark - 1]})[0].argmax() != said.argmax()


def run(
    lm: LanguageModel, text: str, layer: int, put: dict[int, torch.Tensor] | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """(V,) nats of the next token, and (T, D) what enters a layer; some places of that replaced."""
    entering: list[torch.Tensor] = []

    def before(_: object, args: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        hidden = args[0].clone()
        for place, state in (put or {}).items():
            hidden[0, place] = state
        entering.append(hidden[0])
        return hidden, *args[1:]

    handle = lm.model.model.layers[layer].register_forward_pre_hook(before)
    try:
        with torch.no_grad():
            logits = lm.model(lm.tokenizer(text, return_tensors="pt").input_ids).logits[0, -1]
    finally:
        handle.remove()
    return logits.double().log_softmax(-1), entering[0]


@pytest.mark.parametrize(
    "words", [("Ruth", "market", "Emma", "office", "market"), ("Jane", "library", "Mary", "barn", "barn")]
)
def test_it_is_a_sink_in_other_stories_too(littletown: LanguageModel, words: tuple[str, ...]) -> None:
    for mask in ("zero", "attention"):
        result = asking.looked(littletown, WHO.format(*words), settings=Settings(mask=mask))  # type: ignore[arg-type]
        assert result.transition is not None and result.information is not None
        mark = result.tokens.pieces.index("?")
        assert result.transition.scores[mark] > 0.1 and result.information.kl[mark] < NOTHING


def test_the_final_score_drops_the_sink_in_either_scaling(littletown: LanguageModel) -> None:
    result = attribute(littletown, measured.SINK, settings=Settings(probes=2))
    mark = result.tokens.pieces.index("?")
    for scaling in ("raw", "unit"):
        shares = result.with_weights(Weights(scaling=scaling)).shares  # type: ignore[arg-type]
        assert shares is not None and shares[mark] < 0.01
    assert result.hessian is not None and result.information is not None
    for scores in (result.hessian.scores, result.information.kl):  # both are small there, as the trap says
        assert scores[mark] < 0.01 * scores.sum()


def test_the_start_of_the_text_is_no_sink_here(traps: Data) -> None:
    sink = traps["sink"]
    assert sink["parts"][0][1] == "<s>"
    assert sink["attention"][0] < 0.01 and sink["kl"][0] < NOTHING


def test_attention_of_the_place_that_answers_sums_to_one(traps: Data) -> None:
    assert sum(traps["sink"]["attention"]) == pytest.approx(1, abs=1e-4)


def test_two_tellings_hide_each_other(traps: Data) -> None:
    twice = traps["redundancy"]
    one, two, both = twice["sets"]
    assert one["kl"] < NOTHING and two["kl"] < NOTHING and both["kl"] > MUCH
    assert first(twice)[0] == first(one)[0] == first(two)[0] == "garden"
    assert first(both)[0] == "park" and first(both)[1] > SURE
    assert twice["alone"] > MUCH
    assert max(twice["kl"][1:13]) < NOTHING  # every single word of the two sentences
    assert [twice["parts"][stop - 1][1] for stop in (one["span"][1], two["span"][1])] == [".", "."]


@pytest.mark.parametrize(("name", "other", "here", "there"), OTHERS)
def test_two_tellings_hide_each_other_whoever_is_told_of(
    littletown: LanguageModel, name: str, other: str, here: str, there: str
) -> None:
    text = f"{name} went to the {here}. {name} is in the {here}. {other} went to the {there}. "
    text += f"Question: Where is {name}? Answer:"
    kl = {}
    for title, groups, which in measured.sets(littletown, text):
        found = asking.looked(littletown, text, groups=groups).information
        assert found is not None
        kl[title] = found.kl[which]
    assert kl["Sentence 1"] < NOTHING and kl["Sentence 2"] < NOTHING and kl["Both at once"] > MUCH


def test_only_the_evidence_is_high_under_every_mask(traps: Data) -> None:
    masks = traps["masks"]
    assert first(masks)[0] == "red"
    assert misleading.steady(masks) == [at(masks, "cup"), at(masks, "red")]
    by_title = {m["title"]: m["kl"] for m in masks["masks"]}
    hat, asked, colour = at(masks, "hat"), at(masks, "cup", -1), at(masks, "colour")
    is_high = {title: kl[hat] >= misleading.HIGH for title, kl in by_title.items()}
    assert [title for title, high in is_high.items() if high] == ["Put “Tom”", "Hide from attention"]
    assert by_title["Set to zero"][asked] < misleading.HIGH < MUCH < by_title["Mean of the text"][asked]
    assert by_title["Set to zero"][colour] < misleading.HIGH < MUCH < by_title["Mean of the text"][colour]
    assert by_title["Hide from attention"][-1] is None


def test_a_word_of_a_low_kl_can_decide_all_the_same(traps: Data) -> None:
    masks = traps["masks"]
    assert first(masks)[0] == "red" and masks["masks"][0]["kl"][at(masks, "cup", -1)] < misleading.HIGH
    assert masks["hat"]["label"] == "blue" and masks["hat"]["p"] > SURE


def test_a_wrong_answer_follows_what_was_read_and_nothing_else(traps: Data) -> None:
    told, school, museum, without = traps["wrong"]["stories"]
    assert [first(story)[0] for story in (told, school, museum, without)] == ["garden", "school", "garden", "park"]
    assert min(first(story)[1] for story in (told, school, museum, without)) > SURE
    assert [story["truth"] == first(story)[0] for story in (told, school, museum, without)] == [False] * 3 + [True]
    assert told["kl"][at(told, "garden")] > MUCH and told["kl"][at(told, "Kate")] > MUCH
    assert told["kl"][at(told, "park")] < NOTHING and museum["kl"][at(museum, "museum")] < NOTHING
    assert without["kl"][at(without, "park")] > MUCH


def test_a_sentence_that_begins_with_then_has_no_effect(littletown: LanguageModel) -> None:
    text = measured.TRUTHS[0][1]
    found = asking.looked(littletown, text, groups=measured.sentences_of(littletown, text))
    assert found.information is not None and found.information.kl[2] < NOTHING < MUCH < found.information.kl[1]


def test_the_word_that_makes_it_fail_was_never_learnt(traps: Data) -> None:
    told = traps["wrong"]["stories"][0]
    assert "Then" not in known_words() and "She" in known_words()
    assert [told["parts"][k][1] for k in (7, 8)] == ["The", "n"]


@pytest.mark.parametrize(("name", "other", "here", "there"), OTHERS)
def test_a_sentence_that_begins_with_then_is_not_read(
    littletown: LanguageModel, name: str, other: str, here: str, there: str
) -> None:
    pronoun = "he" if name == "Dan" else "she"
    text = f"{name} went to the {here}. Then {pronoun} went to the {there}. {other} went to the cellar. "
    said = asking.next_of(littletown, f"{text}Question: Where is {name}? Answer:")
    assert said["chances"][0]["label"] == here


def test_every_trap_opens_on_explore(traps: Data, littletown: LanguageModel) -> None:
    assert {name: trap[-1] for name, trap in misleading.TRAPS.items()}["masks"] == "&mask=mean"
    for name in misleading.TRAPS:
        text, more = traps[name]["text"], traps[name]["link"]
        asked = link.read(f"{link.START}model=littletown&prompt={quote(text)}{more}")
        result = asking.looked(littletown, asked.prompt, settings=asked.settings or Settings(), groups=asked.groups)
        assert asked.prompt == text and (asked.groups is None) == (name != "redundancy")
        assert result.settings.mask == ("mean" if name == "masks" else "zero")
        if name == "redundancy":
            assert result.places[1] == tuple(traps[name]["sets"][2]["span"])


# ---- right for the wrong reason ----


def test_with_one_person_the_answer_stays_whoever_is_asked_for(scenes: list[list[Data]]) -> None:
    assert {first(found)[0] for found in scenes[0]} == {"park"}
    assert min(first(found)[1] for found in scenes[0]) > 0.9


def test_with_two_people_the_answer_changes(scenes: list[list[Data]]) -> None:
    by_name = {found["name"]: first(found) for found in scenes[1]}
    assert by_name["Tom"][0] == "park" and by_name["Anna"][0] == "museum"
    assert min(by_name["Tom"][1], by_name["Anna"][1]) > SURE
    assert by_name["Kate"][0] == "park" and by_name["Kate"][1] > 0.5  # of whom nothing is told
    assert by_name["Dan"][0] == "park" and by_name["Dan"][1] > SURE


def test_the_kl_of_the_name_tells_the_scenes_apart_and_its_flow_does_not(scenes: list[list[Data]]) -> None:
    for one, two in zip(*scenes, strict=True):
        assert one["parts"][one["at"]][1] == two["parts"][two["at"]][1] == one["name"]
        assert two["kl"][two["at"]] > 5 * one["kl"][one["at"]] and one["kl"][one["at"]] < 0.1
        assert two["transition"][two["at"]] == pytest.approx(one["transition"][one["at"]], rel=0.15)
    assert scenes[1][0]["kl"][scenes[1][0]["at"]] > MUCH


def test_the_kl_of_a_name_can_be_high_where_the_answer_stays_and_low_where_it_changes(scenes: list[list[Data]]) -> None:
    tom, anna, _, dan = scenes[1]
    assert first(tom)[0] == first(dan)[0] != first(anna)[0]
    assert dan["kl"][dan["at"]] > 2 * MUCH and anna["kl"][anna["at"]] < 1


def test_the_form_of_the_question_is_needed_whoever_is_asked_for(scenes: list[list[Data]]) -> None:
    for found in (*scenes[0], *scenes[1]):
        assert found["kl"][at(found, "Where")] > 1 and found["kl"][-1] > 1


def test_a_name_can_have_a_high_kl_where_it_is_not_read(littletown: LanguageModel) -> None:
    anna, tom = (wrong_reason.asked(littletown, wrong_reason.LIMIT, name) for name in ("Anna", "Tom"))
    assert anna["kl"][anna["at"]] > MUCH
    assert first(anna)[0] == first(tom)[0] == "key" and first(tom)[1] > SURE


def test_two_facts_are_guessed_and_one_is_read(littletown: LanguageModel) -> None:
    learnt, guessed = (wrong_reason.swapped(littletown, skill, 20) for skill, _ in wrong_reason.ASKED)
    assert learnt["right"] == 20 and learnt["same"] == 0
    assert guessed["same"] >= 17 and guessed["right"] <= 14
    assert guessed["right_and_same"] >= 0.8 * guessed["right"]


@pytest.mark.slow
def test_the_shipped_swaps_are_those_of_the_weights(littletown: LanguageModel) -> None:
    found = [wrong_reason.swapped(littletown, skill) for skill, _ in wrong_reason.ASKED]
    for now, then in zip(found, shipped.data("wrong-reason")["skills"], strict=True):
        counts = ("right", "same", "right_and_same")
        np.testing.assert_allclose([now[c] for c in counts], [then[c] for c in counts], atol=1)


# ---- their words ----


def test_the_texts_say_what_was_measured(traps: Data) -> None:
    said = misleading.told(traps)
    assert float(said["both"]) > MUCH and said["first"] == said["second"] == "<\u00a00.001"
    assert (said["known"], said["instead"]) == ("garden", "park")
    assert (said["wrong"], said["without"], said["hat"]) == ("garden", "park", "blue")
    assert said["steady"] == "the first “cup” and “red”"
    answer = texts.plain(texts.pieces(misleading.LESSON.answer, said))
    assert "from “garden” to “park”" in answer and said["both"] in answer


def test_paper_shows_what_cannot_be_masked_as_such(traps: Data) -> None:
    printed = misleading.still(traps, is_solved=True)
    assert printed.count("cannot be hidden") == 1
    assert all(words in printed for words in (trap[1] for trap in misleading.TRAPS.values()))
