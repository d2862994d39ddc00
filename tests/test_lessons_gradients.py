"""What the lessons `looking` and `blind` say of the model, measured anew on the shipped weights."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from heta_core import Settings, attribute
from heta_core.language_model import LanguageModel
from heta_core.learning import _rivals as rivals
from heta_core.learning import _saturation as saturation
from heta_core.learning import blind, called, looking
from heta_core.littletown.words import PLACES
from heta_core.settings import Mask
from heta_core.teaching import asking, shipped
from heta_core.teaching.contract import Data
from heta_core.typed import token_of

OURS = {"rel": 0.02, "abs": 1e-4}  # what is shipped beside what is measured here, on another machine
NOTHING, MUCH = 1e-3, 1.0  # nats: a KL of less changes nothing that a reader sees, of more a lot


@pytest.fixture(scope="module")
def mary(littletown: LanguageModel) -> Data:
    """The first text of `looking`."""
    return looking.of_text(littletown, *looking.TEXTS[0])


@pytest.fixture(scope="module")
def school(littletown: LanguageModel) -> Data:
    """The second."""
    return looking.of_text(littletown, *looking.TEXTS[1])


def last(text: Data, word: str) -> int:
    return max(i for i, label in enumerate(text["labels"]) if label == word)


def test_both_texts_are_shipped_as_they_are_measured(mary: Data, school: Data) -> None:
    for found, kept in zip((mary, school), shipped.data("looking")["texts"], strict=True):
        for name in ("attention", "kl"):
            assert kept[name] == pytest.approx(found[name], **OURS)
        assert [one[0]["label"] for one in kept["without"]] == [one[0]["label"] for one in found["without"]]


def test_half_of_the_attention_goes_to_a_place_without_which_nothing_changes(mary: Data) -> None:
    rival = mary["rival"]
    assert mary["labels"][rival] == "office" and mary["said"] == "museum"
    assert mary["attention"][rival] == max(mary["attention"]) > 0.45
    assert mary["kl"][rival] < NOTHING
    assert mary["without"][rival][0]["label"] == "museum"


@pytest.mark.parametrize(("word", "least"), [("museum", 5.0), ("Mary", MUCH)])
def test_what_the_last_layer_hardly_looks_at_turns_the_answer(mary: Data, word: str, least: float) -> None:
    i = mary["labels"].index(word)
    assert mary["attention"][i] < 0.01 and mary["kl"][i] > least
    assert mary["without"][i][0]["label"] == "office"


@pytest.mark.parametrize("mask", ["mean", "attention"])
def test_other_masks_say_the_same(littletown: LanguageModel, mary: Data, mask: Mask) -> None:
    found = asking.looked(littletown, mary["text"], settings=Settings(mask=mask)).information
    assert found is not None
    assert found.kl[mary["rival"]] < NOTHING and found.kl[mary["answer"]] > 5
    assert found.first_choices[mary["rival"]].piece == " museum" and found.first_choices[5].piece == " office"


def test_every_other_place_beside_it_is_looked_at_and_not_needed_either(littletown: LanguageModel) -> None:
    found = looking.elsewhere(littletown)
    assert {each["place"] for each in found} == set(PLACES) - {"museum", "office"}
    assert {each["said"] for each in found} == {each["without"] for each in found} == {"museum"}
    assert min(each["attention"] for each in found) > 0.4 and max(each["kl"] for each in found) < NOTHING
    assert [each["kl"] for each in shipped.data("looking")["places"]] == pytest.approx(
        [each["kl"] for each in found], **OURS
    )


def test_the_questions_name_holds_the_answer_before_the_last_layer(littletown: LanguageModel, mary: Data) -> None:
    """Given what that one place holds where the two places are swapped, the model says the other place."""
    own = mary["text"]
    swapped = own.replace("museum", "*").replace("office", "museum").replace("*", "office")
    name = last(mary, "Mary")
    assert mary["attention"][name] > 0.45
    lm, said = littletown, " office"
    held = _run(lm, swapped)[1]
    assert _run(lm, own, {name: held})[0][token_of(lm.tokenizer, said)] > 0.99
    others = (mary["answer"], mary["rival"], 1, len(mary["labels"]) - 1)
    assert _run(lm, own, dict.fromkeys(others, held))[0][token_of(lm.tokenizer, said)] < 0.01


def _run(lm: LanguageModel, text: str, put: dict[int, torch.Tensor] | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """Probabilities of the next token, and what enters the last layer; some places of that from another run."""
    entering: list[torch.Tensor] = []

    def before(_: object, args: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        hidden = args[0].clone()
        for place, other in (put or {}).items():
            hidden[0, place] = other[0, place]
        entering.append(hidden)
        return hidden, *args[1:]

    handle = lm.model.model.layers[-1].register_forward_pre_hook(before)
    try:
        with torch.no_grad():
            logits = lm.model(lm.tokenizer(text, return_tensors="pt").input_ids).logits[0, -1]
    finally:
        handle.remove()
    return logits.softmax(-1), entering[0]


def test_on_the_other_text_looking_and_needing_agree_in_the_highest_word_alone(school: Data) -> None:
    answer = school["answer"]
    assert school["said"] == school["labels"][answer] == "Kate"
    assert school["attention"][answer] == max(school["attention"]) and school["kl"][answer] == max(school["kl"])
    mark, stop = school["labels"].index("?"), school["labels"].index(".", answer)
    assert school["attention"][mark] > 0.2 and school["kl"][mark] < NOTHING
    assert school["attention"][stop] < 0.001 and school["kl"][stop] > MUCH
    assert school["without"][mark][0]["label"] == "Kate" and school["without"][stop][0]["label"] == "Alice"


def test_attention_is_a_poor_guide_and_not_an_empty_one(littletown: LanguageModel) -> None:
    """One question of each skill; the shipped shares are of eight."""
    found = rivals.summed_up(rivals.typical(littletown, 1))
    attention, _, gate = found["rows"]
    assert found["n"] == 13
    assert attention["differs"] > 0.6 and attention["unchanged"] > 0.2
    assert 0.1 < attention["spearman"] < 0.5 < gate["spearman"]
    whole = shipped.data("looking")["typical"]
    assert whole["n"] == 104 and abs(whole["rows"][0]["differs"] - attention["differs"]) < 0.2
    assert all(row["ordered"] == whole["n"] for row in whole["rows"])  # the note says: here all


def test_a_question_without_an_order_is_left_out_of_the_mean() -> None:
    found = {name: [(True, True, 0.5), (False, False, None)] for name, _ in rivals.RIVALS}
    for row in rivals.summed_up(found)["rows"]:
        assert (row["spearman"], row["ordered"], row["differs"]) == (0.5, 1, 0.5)


def test_the_lessons_that_build_the_score_are_those_that_the_second_names() -> None:
    assert [called(name).number for name in ("gate", "curvature", "information", "together")] == [4, 5, 6, 7]
    assert "lessons 4 to 7" in looking.LESSON.idea[1]


# ---- blind ----


def test_masking_does_as_much_where_curvature_is_thousands_of_times_smaller(littletown: LanguageModel) -> None:
    unsure, sure = (saturation.of_word(attribute(littletown, text), "map") for text in saturation.PAIR)
    assert unsure["asked"] == sure["asked"] == "map" and unsure["q"] > 0.2 and sure["q"] < 0.001
    assert min(unsure["word"][name] / sure["word"][name] for name in "sg") > 1000
    assert sure["word"]["kl"] > 0.9 * unsure["word"]["kl"] > 5
    assert unsure["word"]["without"] == sure["word"]["without"] == "cup"
    shipped_as((unsure, sure), "pair")


def shipped_as(found: Sequence[Data], name: str) -> None:
    for one, kept in zip(found, shipped.data("blind")[name], strict=True):
        assert (one["text"], one["word"]["without"]) == (kept["text"], kept["word"]["without"])
        for number in ("s", "g", "kl"):
            assert kept["word"][number] == pytest.approx(one["word"][number], **OURS)


def test_asked_about_another_word_the_same_text_bends_again(littletown: LanguageModel) -> None:
    own, office, kitchen = asked = saturation.asked_otherwise(littletown)
    shipped_as(asked, "asked")
    for other in (office, kitchen):
        assert other["word"]["s"] > 1000 * own["word"]["s"] and other["word"]["g"] > 1000 * own["word"]["g"]
        assert other["word"]["kl"] == pytest.approx(own["word"]["kl"], rel=1e-5)


@pytest.mark.parametrize("to", saturation.OTHERS)
def test_slope_and_bend_at_the_start_predict_nothing_of_the_way(littletown: LanguageModel, to: str) -> None:
    way = saturation.way(littletown, to)
    change = way["f"][-1] - way["f"][0]
    assert change < -10
    assert abs(way["slope"][0]) < 1e-3 and abs(way["slope"][0] + way["bend"][0] / 2) < 0.01
    assert way["f"][saturation.STEPS // 5] > -NOTHING  # flat for a fifth of the way
    kept = next(each for each in shipped.data("blind")["ways"] if each["to"] == to)
    assert kept["f"] == pytest.approx(way["f"], **OURS)
    # The slopes are those of f: central differences over two steps, whose error is that of the third derivative.
    steps = np.gradient(way["f"], 1 / saturation.STEPS)
    inner = slice(len(steps) * 2 // 3, -1)
    assert np.allclose(steps[inner], way["slope"][inner], rtol=0.02)
    assert np.allclose(np.gradient(way["slope"], 1 / saturation.STEPS)[inner], way["bend"][inner], rtol=0.2, atol=2)


OWN = "Mary went to the museum Anna went to the office Where is Mary"
SOME = (
    "The plate is red. The plate is white. Question: What colour is the plate? Answer:",
    "Question: What is a young dog called? Answer:",
    "Jack has the map. Jack has the hat. Question: What does Jack have? Answer:",
    "Tom has the book. Tom has the key. Question: What does Tom have? Answer:",
    "Emma has the clock. Emma has the cup. Question: What does Emma have? Answer:",
)


def test_curvature_and_gradient_shrink_as_the_model_becomes_sure_and_the_kl_does_not(
    littletown: LanguageModel,
) -> None:
    """Some of the prompts; they are those that are shipped."""
    found = [attribute(littletown, text) for text in (*SOME, looking.TEXTS[0][1])]
    points = [saturation.point(one) for one in found]
    own = found[-1]
    assert " ".join(own.tokens.pieces[i].strip() for i in saturation.words_at(own)) == OWN
    assert own.information is not None
    kl = own.information.kl
    assert points[-1]["most"] == pytest.approx(kl[5], rel=1e-5) and kl[-1] > kl[5]  # “museum”, not the last “:”
    whole = saturation.summary(points, [saturation.orders(one) for one in found])
    grown, orders = whole["growth"], whole["orders"]
    assert orders["s_g"] > 0.75 and set(whole["ordered"].values()) == {len(found)}
    assert 0.75 < grown["s"]["slope"] < 1.5 and 0.75 < grown["g"]["slope"] < 1.5
    assert abs(grown["kl"]["slope"]) < 0.25
    assert min(p["most"] for p in points) > 2.9
    by_text = {p["text"]: p for p in shipped.data("blind")["points"]}
    for p in points[: len(SOME)]:
        for name in ("q", "s", "g", "kl", "most"):
            assert by_text[p["text"]][name] == pytest.approx(p[name], rel=0.02, abs=1e-5)


def test_what_is_shipped_of_the_prompts_is_what_the_lesson_says(littletown: LanguageModel) -> None:
    """What is shipped of all of them. Some are measured anew above, all of them by the gate (`figures`)."""
    data = shipped.data("blind")
    assert {p["text"] for p in data["points"]} == {text.strip() for text in saturation.prompts(littletown)}
    for name in "sg":
        assert 0.9 < data["growth"][name]["slope"] < 1.1 and data["growth"][name]["spearman"] > 0.9
    assert abs(data["growth"]["kl"]["slope"]) < 0.1
    sure = [p for p in data["points"] if p["q"] < blind.SURE]
    assert len(sure) >= 50 and min(p["most"] for p in sure) >= 2.9
    # Both order words alike, and curvature is no closer to what masking says.
    orders = data["orders"]
    assert set(data["ordered"].values()) == {len(data["points"])}
    assert orders["s_g"] > 0.8 and orders["s_kl"] < orders["g_kl"] < orders["s_g"]


def test_the_curve_is_blind_on_the_left_helped_at_the_bend_and_straight_on_the_right() -> None:
    (_, left, far), (_, bend, short), (_, right, long) = blind._PLACES
    slope, curvature, change, both = blind.predicted(left, far)
    assert max(slope * far, both) < 0.25 * change
    assert curvature / slope == pytest.approx(blind._STEEP, rel=0.01)  # both vanish at one rate
    slope, curvature, change, both = blind.predicted(bend, short)
    assert abs(both - change) < 0.5 * abs(slope * short - change)
    slope, curvature, change, both = blind.predicted(right, long)
    assert slope * long == pytest.approx(change, rel=0.01) and curvature < 0.01 * slope


def test_slope_and_bend_of_the_curve_are_its_derivatives() -> None:
    def f(x: float) -> float:
        return math.log1p(math.exp(blind._STEEP * x))

    d = 1e-4  # truncation d², rounding of the second difference 1e-16/d² = 1e-8
    for x in (-2.0, -0.3, 0.0, 1.1):
        slope, bend, change, _ = blind.predicted(x, 0.7)
        assert slope == pytest.approx((f(x + d) - f(x - d)) / (2 * d), rel=1e-6)
        assert bend == pytest.approx((f(x + d) - 2 * f(x) + f(x - d)) / d**2, rel=1e-4)
        assert change == pytest.approx(f(x + 0.7) - f(x))
