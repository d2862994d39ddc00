"""What the lesson on testing a map says of the model, measured anew on the shipped weights."""

import numpy as np
import pytest

from heta_core.attribution import Attribution
from heta_core.engine import attribute
from heta_core.errors import InputError
from heta_core.faithfulness.running import own_steps
from heta_core.language_model import LanguageModel
from heta_core.learning import _deletion as deletion
from heta_core.learning import testing
from heta_core.littletown.lessons import held_out
from heta_core.littletown.words import PLACES
from heta_core.settings import Settings
from heta_core.teaching import asking, shipped, town
from heta_core.teaching.contract import Data

SURE, TWICE, BACK = (text for _, text in testing.TEXTS)
ALONG = ("heta", "gradient_norm", "last_attention", "recency")
LITTLE, NEARLY_ALL = 0.02, 0.98  # of p
QUICK = Settings(probes=2)
FEW = 8  # random orders, enough to tell in a test


@pytest.fixture(scope="module")
def sure(littletown: LanguageModel) -> Attribution:
    return attribute(littletown, SURE, weights=deletion.OPENING)


def found(lm: LanguageModel, result: Attribution, scope: str, *names: str) -> dict[str, Data]:
    """What is left of the answer along these orders."""
    may = deletion.masked_in(result, scope, result.tokens.text.rfind("Question:"))
    orders = [[i for i in deletion.order(lm, result, name) if i in may] for name in names]
    return dict(zip(names, deletion.along(lm, result, orders), strict=True))


def chance(lm: LanguageModel, result: Attribution, scope: str) -> list[float]:
    """The areas of random orders."""
    may = deletion.masked_in(result, scope, result.tokens.text.rfind("Question:"))
    orders = [[i for i in deletion.order(lm, result, "random", k) if i in may] for k in range(FEW)]
    return [one["area"] for one in deletion.along(lm, result, orders)]


def test_the_curve_of_the_lesson_is_that_of_the_check_on_explore(littletown: LanguageModel, sure: Attribution) -> None:
    *_, whole = own_steps(littletown, sure)
    (own,) = whole.curves
    drawn = found(littletown, sure, "all", "heta")["heta"]
    assert tuple(drawn["masked"]) == own.order and whole.settings.mask == "mean" != sure.settings.mask
    np.testing.assert_allclose(drawn["p"], whole.values(own, "deletion", "probability"), rtol=1e-3, atol=1e-6)
    assert drawn["area"] == pytest.approx(whole.area(own, "deletion"), rel=1e-3)


def test_in_the_story_every_score_beats_chance_and_the_end_does_not(
    littletown: LanguageModel, sure: Attribution
) -> None:
    ways, drawn = found(littletown, sure, "story", *ALONG), chance(littletown, sure, "story")
    for name in ALONG[:3]:
        assert ways[name]["area"] < 0.08 < 0.25 < np.mean(drawn)
        assert ways[name]["p"][1] < LITTLE and ways[name]["says"][0] == "garden" == sure.tokens.pieces[5].strip()
        assert ways[name]["masked"][0] == 5
    assert ways["recency"]["area"] > max(0.5, float(np.mean(drawn)))


def test_where_the_question_may_be_masked_breaking_it_wins(littletown: LanguageModel, sure: Attribution) -> None:
    ways = found(littletown, sure, "all", "heta", "recency")
    end = ways["recency"]
    assert end["area"] < ways["heta"]["area"] < 0.05 and end["area"] < min(chance(littletown, sure, "all"))
    assert sure.tokens.pieces[end["masked"][0]] == ":" and end["p"][1] < LITTLE
    assert end["says"][1] not in PLACES and end["says"][0] in PLACES


def test_of_two_tellings_the_first_masked_changes_nothing(littletown: LanguageModel) -> None:
    result = attribute(littletown, TWICE, weights=deletion.OPENING)
    way = found(littletown, result, "story", "heta")["heta"]
    assert [result.tokens.pieces[i] for i in way["masked"][:2]] == [" garden", " garden"]
    assert way["p"][1] > NEARLY_ALL and way["says"][1] == "garden"
    assert way["p"][2] < LITTLE and way["says"][2] == "park"


def test_no_single_word_of_the_story_turns_the_answer_told_twice(littletown: LanguageModel) -> None:
    result = asking.looked(littletown, TWICE)
    story = deletion.masked_in(result, "story", TWICE.rfind("Question:"))
    alone = [deletion.along(littletown, result, [[i]])[0] for i in story]
    assert {one["says"][1] for one in alone} == {"garden"} and min(one["p"][1] for one in alone) > NEARLY_ALL


def test_with_the_story_masked_the_answer_comes_back_as_a_guess(littletown: LanguageModel) -> None:
    result = attribute(littletown, BACK, weights=deletion.OPENING, settings=QUICK)
    way = found(littletown, result, "story", "heta")["heta"]
    assert way["p"][0] > NEARLY_ALL and way["p"][1] < LITTLE
    assert way["p"][-1] > 0.7 and way["says"][-1] == way["says"][0] == "Kate"


def test_an_order_of_ones_own_is_followed_as_far_as_it_goes(littletown: LanguageModel) -> None:
    said = testing.reply(littletown, {"kind": "order", "text": 0, "masked": [11, 5]})
    assert (said["text"], said["masked"], said["says"]) == (0, [11, 5], ["garden", "garden", "office"])
    assert said["p"][1] > NEARLY_ALL and said["p"][2] < LITTLE
    for event in ({}, {"text": 9, "masked": [1]}, {"text": True, "masked": [1]}):
        with pytest.raises(InputError, match="one of the 3 texts"):
            testing.reply(littletown, event)
    for own in ([], [1, 1], [99], [-1], [True], "12", None):
        with pytest.raises(InputError, match="each once"):
            testing.reply(littletown, {"text": 0, "masked": own})


# ---- many questions ----


@pytest.mark.parametrize("skill", ["where", "have"])
def test_over_questions_scores_beat_random_orders(littletown: LanguageModel, skill: str) -> None:
    (asked,) = held_out(skill, 1, deletion.SEED, syllabus=town.LENGTHS["short"])
    for areas in deletion.of_question(littletown, asked).values():
        assert max(areas["heta"], areas["gradient_norm"], areas["occlusion"]) < areas["random"]
        assert abs(areas["heta"] - areas["gradient_norm"]) < 0.1 < areas["random"]


def test_what_is_said_of_many_questions_is_what_was_measured() -> None:
    """That they are the model's is a test of all lessons: measuring again gives what is shipped."""
    data = shipped.data("testing")
    for scope in deletion.SCOPES:
        gradient, random = (deletion.row(data, scope, name) for name in ("gradient_norm", "random"))
        assert gradient["apart"]["low"] < 0 < gradient["apart"]["high"] < 0.02  # cannot be told from HETA
        assert random["apart"]["low"] > 0.2
        assert deletion.row(data, scope, "heta")["beats"] > 0.95
    assert deletion.row(data, "story", "last_attention")["apart"]["low"] > 0.1
    assert deletion.row(data, "story", "occlusion")["apart"]["high"] < -0.03
    story, every = (deletion.row(data, scope, "recency") for scope in deletion.SCOPES)
    assert 0.4 < story["beats"] < 0.6 and every["beats"] > 0.9
    assert (data["many"]["story"]["n"], data["many"]["all"]["n"]) == (88, 104)
