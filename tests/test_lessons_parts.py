"""What the lessons about information and about Eq. 5 say of Littletown, measured anew on the shipped weights."""

from functools import cache

import numpy as np
import pytest

from heta_core.attribution import Attribution
from heta_core.engine import attribute
from heta_core.errors import InputError
from heta_core.faithfulness.masking import mask_these
from heta_core.language_model import LanguageModel
from heta_core.learning import information, together
from heta_core.settings import Settings, Weights
from heta_core.teaching import asking, shipped, terms, texts
from heta_core.teaching.contract import Data
from heta_core.tokens import piece_of
from heta_core.views import strip, words

SURE, DOUBT = (text for _, text in information.TEXTS)
GRID = tuple(k / 100 for k in range(101))


def likeliest(found: Data, which: str = "q") -> tuple[str, float]:
    best = max(found["tokens"], key=lambda t: float(t[which]))
    return best["label"], best[which]


@pytest.fixture(scope="module")
def sure(littletown: LanguageModel) -> Data:
    return terms.masked_one_by_one(littletown, SURE)


@pytest.fixture(scope="module")
def doubt(littletown: LanguageModel) -> Data:
    return terms.masked_one_by_one(littletown, DOUBT)


# ---- information ----


@pytest.mark.parametrize("text", [SURE, DOUBT])
def test_the_kl_of_the_lesson_is_that_of_the_engine(text: str, littletown: LanguageModel) -> None:
    found = terms.masked_one_by_one(littletown, text)
    result = asking.looked(littletown, text)
    assert result.information is not None
    kls = [one["kl"] for one in found["masked"]]
    assert kls == pytest.approx(result.information.kl.tolist(), rel=1e-4, abs=2e-6)
    assert [likeliest(one)[0] for one in found["masked"]] == [c.piece.strip() for c in result.information.first_choices]


def test_the_terms_are_those_of_the_definition_and_add_up(doubt: Data, littletown: LanguageModel) -> None:
    place = doubt["labels"].index("museum")
    _, said = mask_these(littletown, asking.looked(littletown, DOUBT), [place], mask="zero")
    after = {c.piece.strip(): c.probability for c in said.candidates}
    found = doubt["masked"][place]
    for token in found["tokens"]:
        assert token["term"] == pytest.approx(token["p"] * np.log(token["p"] / token["q"]), rel=1e-3, abs=1e-6)
        assert token["q"] == pytest.approx(after.get(token["label"], token["q"]), rel=1e-3)
    assert sum(t["term"] for t in found["tokens"]) == pytest.approx(found["kl"], abs=0.005)
    assert found["kl"] > 0.4


def test_without_the_first_name_or_its_place_the_other_place_is_said(sure: Data) -> None:
    assert likeliest(sure["whole"]) == ("garden", pytest.approx(0.9998, abs=1e-3))
    for label in ("Kate", "garden"):
        found = information.masked(sure, label)
        assert found["kl"] > 10 and likeliest(found)[0] == "kitchen"


def test_what_the_answer_does_not_hang_on_moves_nothing(sure: Data) -> None:
    for label in ("went", "Noah", "kitchen"):
        found = information.masked(sure, label)
        assert found["kl"] < 1e-3 and likeliest(found)[0] == "garden"


def test_of_a_sure_model_one_term_is_the_kl(sure: Data) -> None:
    for found in sure["masked"]:
        if found["kl"] > 1:
            assert found["kl"] == pytest.approx(-np.log(information.token(found, "garden")["q"]), rel=2e-3)


def test_terms_below_zero_weigh_less_than_what_is_lost(doubt: Data) -> None:
    found = information.masked(doubt, "park")
    park, museum = (information.token(found, label) for label in ("park", "museum"))
    assert museum["term"] < -0.1 and museum["q"] > museum["p"] and park["p"] > museum["p"]
    assert all(one["kl"] >= 0 for one in doubt["masked"]) and found["kl"] > 10


def test_with_p_and_q_exchanged_the_kl_is_another_number(doubt: Data) -> None:
    found = information.masked(doubt, "park")
    assert 0 < sum(t["q"] * np.log(t["q"] / t["p"]) for t in found["tokens"]) < 0.5 * found["kl"]


def test_of_equal_terms_those_with_the_smallest_ids_are_shown(littletown: LanguageModel, sure: Data) -> None:
    """With nothing masked all terms are zero: what is shown does not hang on how a machine sorts."""
    assert {t["label"] for t in sure["whole"]["tokens"][-4:]} == {
        words.label(piece_of(littletown.tokenizer, i)) for i in range(terms._N_TERMS)
    }


def test_the_name_in_the_question_leaves_many_places(sure: Data) -> None:
    first, asked = (information.masked(sure, "Kate", nth) for nth in (0, 1))
    assert 1 < asked["kl"] < 0.5 * first["kl"]
    assert likeliest(asked)[0] != "garden" and likeliest(asked)[1] < 0.6
    assert information.token(asked, "garden")["q"] < 0.02
    assert sum(t["q"] > 0.05 for t in asked["tokens"]) >= 4


def test_the_highest_kl_is_of_a_word_that_makes_the_question(sure: Data) -> None:
    kls = [one["kl"] for one in sure["masked"]]
    assert sure["labels"][int(np.argmax(kls))] == "Where"
    for found in (information.masked(sure, "Where"), information.masked(sure, ":", 1)):
        assert likeliest(found)[0] == "Kate" and found["kl"] > 10


def test_a_text_of_the_readers_own_is_answered_the_same(littletown: LanguageModel, sure: Data) -> None:
    assert information.reply(littletown, {"kind": "mask", "text": SURE + " "}) == sure | {"strangers": []}
    assert information.reply(littletown, {"text": "Zeno went to the garden."})["strangers"] == ["Zeno"]
    with pytest.raises(InputError, match=f"at most {terms.LONGEST} tokens"):
        information.reply(littletown, {"text": "Kate went to the garden. " * 20})


# ---- together ----


@pytest.fixture(scope="module")
def near(littletown: LanguageModel) -> Attribution:
    return attribute(littletown, together.TEXTS[together.OPENS][1])


def leader(result: Attribution, beta: float) -> tuple[str, int]:
    shares = result.with_weights(Weights(beta=beta, gamma=1 - beta)).shares
    assert shares is not None
    best = int(shares.argmax())
    return result.units.pieces[best].strip(), best


def crossing(result: Attribution) -> float:
    """The first β of a fine grid at which another word leads than at 0."""
    return next(beta for beta in GRID if leader(result, beta) != leader(result, 0))


@pytest.mark.parametrize("scaling", ["raw", "unit"])
def test_the_lesson_weighs_as_the_engine_does(scaling: str, near: Attribution) -> None:
    view = strip.payload(near)
    for beta in (0.0, 0.35, 1.0):
        whole = near.with_weights(Weights(beta=beta, gamma=1 - beta, scaling=scaling))  # type: ignore[arg-type]
        drawn = together.final(view, beta, scaling)  # type: ignore[arg-type]
        assert drawn.shares == pytest.approx(whole.shares, rel=1e-4, abs=1e-6)


def test_the_three_parts_tell_three_stories(near: Attribution) -> None:
    labels = strip.labels(near.units)
    n_story = labels.index("Question")
    assert near.transition is not None and near.hessian is not None and near.information is not None
    assert labels[int(near.information.kl[:n_story].argmax())] == "school"
    assert labels[int(near.hessian.scores[:n_story].argmax())] == "office" == labels[near.hessian.scores.argmax()]
    assert int(near.transition.scores.argmax()) == together.place({"labels": labels}, "Fred", 2) > n_story
    told = together.told(shipped.data("together"))
    assert [told[name] for name in ("story_i", "story_s", "asked")] == ["school", "office", "Fred"]


def test_the_tabs_of_explore_are_called_as_the_lesson_says() -> None:
    tabs = (
        f"{words.BY_NAME[name].title} ({letter})"
        for name, letter in (("transition", "M"), ("hessian", "S"), ("kl", "I"))
    )
    assert f"tabs are {', '.join(tabs)}." in texts.plain(texts.told(together.LESSON, shipped.data("together")).idea[0])


def test_the_name_leads_by_the_kl_and_the_old_place_by_the_curvature(near: Attribution) -> None:
    asked = together.place({"labels": strip.labels(near.units)}, "Fred", 2)
    assert leader(near, 0) == ("Fred", asked) and leader(near, 1)[0] == "office"
    assert 0.5 < crossing(near) <= 0.75
    assert together.crossing(strip.payload(near)) - together.STEP < crossing(near)


def test_masking_the_old_place_makes_the_answer_surer_and_it_is_the_only_rival(near: Attribution) -> None:
    office = strip.labels(near.units).index("office")
    assert near.effect is not None and near.effect[office] < 0 and near.information is not None
    assert near.information.kl[office] < 0.1 and near.information.log_p[office] > near.prediction.log_p
    said = [(c.piece.strip(), c.probability) for c in near.prediction.candidates[:3]]
    assert [word for word, _ in said[:2]] == ["school", "office"] and said[2][1] < 0.1 * said[1][1]


@pytest.mark.slow
def test_beta_is_a_switch_in_doubt_and_nothing_where_the_model_is_sure(littletown: LanguageModel) -> None:
    results = {title: attribute(littletown, text) for title, text in together.TEXTS}
    views = {title: strip.payload(result) for title, result in results.items()}

    def part(title: str, beta: float, scaling: str = "raw") -> float:
        return together.final(views[title], beta, scaling).hessian_share or 0.0  # type: ignore[arg-type]

    step = together.STEP
    assert part("In doubt", step) > 0.75 and part("In doubt", step, "unit") < 0.15
    assert part("Sure", 1 - step) < 0.15 and part("Sure", 0.5, "unit") > 0.3
    assert 0.4 < part("Nearly sure", 0.5) < 0.6
    chances = [np.exp(results[title].log_p) for title, _ in together.TEXTS]
    assert chances[0] > 0.999 > chances[1] > 0.98 > 0.9 > chances[2]


def test_without_the_gate_the_last_mark_leads(near: Attribution) -> None:
    view = strip.payload(near)
    end = together.place(view, ":", 1)
    assert together.first(view, 0, is_gated=False) == end == near.n_units - 1
    assert near.transition is not None and near.transition.scores[end] < 0.05
    assert together.final(view, 0).shares[end] < 0.1


@pytest.mark.slow
def test_other_probes_move_the_crossing_and_leave_what_the_lesson_says(
    near: Attribution, littletown: LanguageModel
) -> None:
    others = [attribute(littletown, together.TEXTS[together.OPENS][1], settings=Settings(seed=k)) for k in (1, 2)]
    seeds = (near, *others)
    for beta in (0.0, 0.5, 0.75, 1.0):
        assert len({leader(result, beta) for result in seeds}) == 1
    assert len({crossing(result) for result in seeds}) > 1
    assert all(0.5 < crossing(result) <= 0.75 for result in seeds)

    @cache
    def order(k: int) -> tuple[int, ...]:
        shares = seeds[k].with_weights(Weights(beta=1, gamma=0)).shares
        assert shares is not None
        return tuple(np.argsort(-shares)[:4].tolist())

    assert len({order(k) for k in range(3)}) > 1  # close ones change places


def test_what_is_shipped_opens_on_the_old_place() -> None:
    data = shipped.data("together")
    assert data["texts"][data["opens"]]["view"]["labels"][data["word"]] == "office"
    assert shipped.data("information")["texts"][0]["labels"][information.OPENS_WITH] == "Kate"
