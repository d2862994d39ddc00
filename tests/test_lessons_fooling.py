"""The lesson “Try to fool it”: what it says about the model, measured anew, and what it takes from a reader."""

import pytest

from heta_core.errors import InputError
from heta_core.language_model import LanguageModel
from heta_core.learning import fooling
from heta_core.teaching import reading, shipped, spelling
from heta_core.teaching.contract import Data

TEXTS = {title: fooling.unmarked(marked)[0] for title, marked, _ in fooling.SCENES}
RIGHT = {title: right for title, _, right in fooling.SCENES}
NOT_FOOLED = {"Two moves", "Not there", "A made-up verb", "It was"}
KATE, GARDEN, PARK = 0, 4, 11  # words of the first scene


def sure(lm: LanguageModel, texts: list[str]) -> list[tuple[str, float]]:
    return [(one["label"], one["p"]) for one in fooling.said(lm, texts)]


def alike(one: list[Data], other: list[Data]) -> None:
    """The same prediction of two rows of a batch, or of two passes: rounding apart."""
    assert one[0]["label"] == other[0]["label"]
    assert [c["p"] for c in one] == pytest.approx([c["p"] for c in other], abs=1e-4)


def test_marks_are_taken_out_of_a_scene() -> None:
    text, decides = fooling.unmarked("*Kate* is. Then *she* went to the *park*.")
    assert text == "Kate is. Then she went to the park."
    assert [spelling.words(text)[k] for k in decides] == ["Kate", "she", "park"]


def test_prepared_scenes_fool_it_and_do_not_as_is_known(littletown: LanguageModel) -> None:
    """All of them by far: it says one word with more than 99 %, right or wrong."""
    for title, (label, p) in zip(TEXTS, sure(littletown, list(TEXTS.values())), strict=True):
        assert (label == RIGHT[title]) is (title in NOT_FOOLED), title
        assert p > 0.99, title


def test_every_decisive_word_is_in_its_scene() -> None:
    for title, marked, right in fooling.SCENES:
        text, decides = fooling.unmarked(marked)
        assert all(spelling.story(text)[k] for k in decides)
        assert (len(decides) >= 2) is bool(right), title
        if right:
            assert right in [spelling.words(text)[k] for k in decides]


def test_only_the_wrong_place_changes_its_answer(littletown: LanguageModel) -> None:
    first = TEXTS["Then she went on"]
    whole, garden, park = sure(littletown, [first, *(first.replace(a, b) for a, b in fooling.CHANGES.items())])
    assert (whole[0], garden[0], park[0]) == ("garden", "school", "garden")
    assert min(p for _, p in (whole, garden, park)) > 0.99


def test_the_words_say_which_place_its_answer_needs() -> None:
    """The place where she no longer is."""
    said = fooling.told(shipped.data("fooling"))
    assert said["needed"] == said["says"] == "garden" == said["park"] != said["garden"]
    assert float(said["nobody_least"].rstrip(" \u00a0%")) > 90


def test_its_map_names_the_words_that_its_wrong_answer_rests_on(littletown: LanguageModel) -> None:
    text = TEXTS["Then she went on"]
    found = fooling.reply(littletown, {"text": text, "picks": [7, PARK]})
    assert [spelling.words(text)[k] for k in found["picks"]] == ["she", "park"]
    assert set(found["first"]) == {KATE, GARDEN}
    shares = fooling.held(found)
    assert shares[KATE] + shares[GARDEN] > 0.99 and sum(shares) == pytest.approx(1)
    assert found["hidden"]["yours"][0]["label"] == "garden"  # masking what decides the truth changes nothing
    assert found["hidden"]["map"][0]["label"] != "garden"


@pytest.mark.parametrize(("name", "right"), [("then", 0), ("moves", 16), ("turned", 0)])
def test_what_fools_it_fools_it_with_other_names_and_places(name: str, right: int, littletown: LanguageModel) -> None:
    assert len(set(fooling.family(name))) == fooling.N_OF_A_FAMILY
    assert fooling.counted(littletown, name)["right"] == right


def test_a_place_before_its_name_is_bound_to_the_next_one(littletown: LanguageModel) -> None:
    asked = fooling.family("turned")
    for (text, right), (label, _) in zip(asked, sure(littletown, [text for text, _ in asked]), strict=True):
        later = spelling.words(text)[spelling.words(text).index("To", 1) + 2]
        assert label == later != right


def test_it_never_says_that_it_does_not_know(littletown: LanguageModel) -> None:
    found = fooling.counted(littletown, "nobody")
    assert (found["n"], found["right"], found["named"]) == (16, 0, 16)
    assert found["least"] > 0.9  # and does not become unsure


def test_words_are_masked_together_and_as_many_of_the_maps(littletown: LanguageModel) -> None:
    text = TEXTS["Two moves"]
    story = [k for k, is_in in enumerate(spelling.story(text)) if is_in]
    found = fooling.reply(littletown, {"text": text + "  ", "picks": story[::-1]})
    assert found["text"] == text and found["picks"] == story
    assert sorted(found["first"]) == story
    alike(found["hidden"]["yours"], found["hidden"]["map"])
    assert found["hidden"]["yours"][0]["p"] < 0.9 < found["chances"][0]["p"]
    assert found["order"] == reading.read(littletown, text, spelling.story(text))["order"]
    none = fooling.reply(littletown, {"text": text, "picks": []})
    alike(none["hidden"]["yours"], none["chances"])
    assert len(none["first"]) == 2


def test_a_scene_of_other_words_is_answered_and_they_are_named(littletown: LanguageModel) -> None:
    text = "Kate went to the moon. Question: Where is Kate? Answer:"
    found = fooling.reply(littletown, {"text": text, "picks": [4]})
    assert found["strangers"] == ["moon"] and found["pieces"][4] > 1


@pytest.mark.parametrize("picks", [None, "0", [True], [-1], [1.0], [99], [20], list(range(61))])
def test_what_is_no_word_of_the_scene_is_refused(picks: object, littletown: LanguageModel) -> None:
    with pytest.raises(InputError, match="marked"):
        fooling.reply(littletown, {"text": TEXTS["Two moves"], "picks": picks})


@pytest.mark.parametrize("text", [None, "", "  ", "Question: Where is Kate? Answer:", "Kate is here. " * 60, "\ud800"])
def test_a_text_without_a_scene_is_refused(text: object, littletown: LanguageModel) -> None:
    with pytest.raises(InputError):
        fooling.reply(littletown, {"text": text, "picks": [0]})
