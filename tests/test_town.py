"""Littletown to play with: every skill from a seed, its truth, and what the model needed for it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # as `streamlit run app.py` does

from heta_core.answers import first_choices  # noqa: E402
from heta_core.engine import attribute_steps  # noqa: E402
from heta_core.errors import InputError  # noqa: E402
from heta_core.language_model import LanguageModel  # noqa: E402
from heta_core.littletown.lessons import SKILLS, evidence_change, held_out, minimal_pair  # noqa: E402
from heta_core.littletown.swapping import swapped  # noqa: E402
from heta_core.littletown.syllabus import ALL  # noqa: E402
from heta_core.settings import Settings  # noqa: E402
from heta_core.teaching import asking, reading, spelling, town  # noqa: E402
from heta_core.teaching.contract import Limits  # noqa: E402
from heta_core.teaching.town import Wanted  # noqa: E402
from heta_core.tokens import Tokens, from_text  # noqa: E402
from heta_core.typed import token_of  # noqa: E402
from pages.learn.town import of_the_address, read_event  # noqa: E402

N_FLIPPED = 20
EVERY = pytest.mark.parametrize("skill", SKILLS)
GOOD = {"kind": "show", "skill": "where", "seed": 7, "length": "short", "beside": "pair"}


def marked(text: dict, name: str) -> list[str]:
    return [part[1] for part, is_so in zip(text["parts"], text[name], strict=True) if is_so]


@EVERY
def test_a_seed_is_an_example_and_the_next_seed_another_one(skill: str) -> None:
    one, again, other = (town.example(Wanted(skill, seed)) for seed in (7, 7, 8))
    assert one == again
    assert one["texts"][0]["text"] != other["texts"][0]["text"]
    assert json.loads(json.dumps(one)) == one


@EVERY
def test_a_long_example_is_the_generators_own(skill: str) -> None:
    own = held_out(skill, 1, 7, syllabus=ALL)[0]
    told = town.example(Wanted(skill, 7, "long"))
    assert told["texts"][0]["text"] == own.prompt
    short = town.example(Wanted(skill, 7, "short"))["texts"][0]["text"]
    assert told["has_length"] is (short != own.prompt)


@EVERY
def test_beside_stands_the_same_with_one_change(skill: str) -> None:
    own = town.instance(Wanted(skill, 3))
    order = swapped(own)
    expected = {"pair": minimal_pair(own), "change": evidence_change(own), "order": order or minimal_pair(own)}
    for name, other in expected.items():
        told = town.example(Wanted(skill, 3, beside=name))
        assert told["has_order"] is (order is not None)
        assert told["wanted"]["beside"] == name
        assert told["beside"] == ("pair" if name == "order" and order is None else name)
        assert [t["text"] for t in told["texts"]] == [own.prompt, other.prompt]
        assert [t["answer"] for t in told["texts"]] == [own.answer.strip(), other.answer.strip()]
        assert any(told["texts"][1]["differs"])


def test_what_is_new_is_marked_in_both_texts() -> None:
    told = town.example(Wanted("where", 7))
    assert [marked(text, "differs") for text in told["texts"]] == [["Lucy"], ["Adam"]]


def test_the_evidence_is_the_sentence_and_the_question_does_not_compete() -> None:
    text = town.example(Wanted("where", 7))["texts"][0]
    assert marked(text, "evidence") == ["Lucy", "walked", "to", "the", "market", "."]
    assert marked(text, "decides") == ["Lucy", "market"]
    assert "Question" not in marked(text, "competes") and "Sofia" in marked(text, "competes")
    facts = town.example(Wanted("facts", 7))["texts"][0]
    assert all(facts["competes"])  # what decides stands in the question
    assert marked(facts, "decides") == ["coal"]


def test_every_skill_has_its_figures() -> None:
    figures = json.loads((ROOT / "assets" / "littletown" / "figures.json").read_text("utf-8"))
    told = town.skills()
    assert [one["name"] for one in told] == list(SKILLS)
    for one in told:
        shipped = figures["scores"][one["name"]]
        assert (one["accuracy"], one["pairs"], one["n"]) == (shipped["accuracy"], shipped["pairs"], shipped["n"])
        assert one["learnt"] is (one["name"] in figures["learnt"])


def test_making_an_example_brings_no_torch() -> None:
    code = "import sys; from heta_core.teaching import town; town.example(town.Wanted()); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@EVERY
def test_a_word_on_the_page_is_a_token_of_the_model(skill: str, littletown: LanguageModel) -> None:
    for length in town.LENGTHS:
        for text in town.example(Wanted(skill, 11, length))["texts"]:
            tokens = from_text(littletown.tokenizer, text["text"])
            assert [p.strip() for p in tokens.pieces[1:]] == [part[1] for part in text["parts"]]


@pytest.mark.parametrize("skill", ["where", "who", "facts", "conflict"])
def test_the_model_is_asked_about_both_texts(skill: str, littletown: LanguageModel) -> None:
    wanted = Wanted(skill, 7)
    told, found = town.example(wanted), town.reply(littletown, town.as_event(wanted))
    for text, answer in zip(told["texts"], found["texts"], strict=True):
        n = len(text["parts"])
        assert len(answer["m"]) == len(answer["kl"]) == n and answer["pieces"] == [1] * n
        whole = next(r for r in attribute_steps(littletown, text["text"]) if r.information is not None)
        assert answer["kl"] == pytest.approx(whole.information.kl[1:], rel=1e-5, abs=1e-7)
        assert answer["m"] == pytest.approx(whole.transition.scores[1:], rel=1e-5)
        ranked = {k for k, competes in enumerate(text["competes"]) if competes}
        assert all(set(order) == ranked for order in answer["order"].values())
        products = [answer["m"][k] * answer["kl"][k] for k in answer["order"]["mi"]]
        assert products == pytest.approx(sorted(products, reverse=True), rel=1e-4, abs=1e-15)
        assert answer["chances"][0]["label"] == text["answer"]  # these skills are learnt


@EVERY
def test_the_answer_flips_with_the_minimal_pair_where_the_skill_is_learnt(
    skill: str, littletown: LanguageModel
) -> None:
    """What the page says of a skill beside its name, on questions that the page draws."""
    known = next(each for each in town.skills() if each["name"] == skill)
    asked = [town.instance(Wanted(skill, seed)) for seed in range(N_FLIPPED)]
    pairs = [(one, minimal_pair(one)) for one in asked]
    said = first_choices(littletown, [text.prompt for pair in pairs for text in pair])
    right = [one == token_of(littletown.tokenizer, text.answer) for one, text in zip(said, sum(pairs, ()), strict=True)]
    flips = [a and b for a, b in zip(right[::2], right[1::2], strict=True)]
    assert all(one.answer != other.answer for one, other in pairs)
    assert sum(flips) >= 0.9 * N_FLIPPED if known["learnt"] else sum(flips) <= 0.2 * N_FLIPPED


def test_a_word_in_pieces_is_masked_as_a_whole(littletown: LanguageModel) -> None:
    text = "Kate blorped to the garden. Question: Where is Kate? Answer:"
    found = reading.read(littletown, text, spelling.story(text))
    assert spelling.words(text)[1] == "blorped" and found["pieces"][1] > 1
    assert found["pieces"].count(1) == len(found["pieces"]) - 1
    result, units = reading.by_word(littletown, text)
    plain = asking.looked(littletown, text)
    first = plain.transition.scores[2 : 2 + found["pieces"][1]]
    assert result.transition.scores[units[1]] == pytest.approx(first.sum())


def test_words_that_share_a_token_are_refused() -> None:
    whole = Tokens((0, 1), ("<s>", "in the"), ((0, 0), (0, 6)), (True, False), "in the")
    with pytest.raises(InputError, match=r"a token of its own, found .in the. of two"):
        reading.cut(whole)


def test_a_text_that_is_too_long_is_refused(littletown: LanguageModel) -> None:
    with pytest.raises(InputError, match="at most 160 tokens here, this text has 362"):
        reading.read(littletown, "Kate is here. " * 60, [])
    with pytest.raises(InputError, match="at most 16 tokens here"):
        town.reply(littletown, town.as_event(Wanted()), Limits(16))


@pytest.mark.parametrize("space", spelling.SPACES)
def test_white_space_is_what_it_is_in_a_browser(space: str, littletown: LanguageModel) -> None:
    text = f"Kate{space}is{space}here."
    assert spelling.words(text) == ["Kate", "is", "here", "."] and spelling.trimmed(text + space) == text
    assert asking.text_of({"text": text + space}) == text
    assert len(reading.read(littletown, text, [True] * 4)["m"]) == 4


@pytest.mark.parametrize("mark", ["\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\u180e", "\u200b"])
def test_what_python_alone_takes_for_white_space_is_a_mark(mark: str, littletown: LanguageModel) -> None:
    text = f"Kate is{mark}here{mark}"
    assert spelling.words(text) == ["Kate", "is", mark, "here", mark] and spelling.trimmed(text) == text
    assert len(reading.read(littletown, text, [True] * 5)["m"]) == 5


def test_masking_is_that_of_the_result(littletown: LanguageModel) -> None:
    """Also the word that was put in the place of another."""
    token = token_of(littletown.tokenizer, " Tom")
    text = "Kate went to the garden. Question: Where is Kate? Answer:"
    result = asking.looked(littletown, text, settings=Settings(mask="token", mask_token=token))
    said = asking.without_each(littletown, result)
    assert [one.candidates[0].token_id for one in said] == [c.token_id for c in result.information.first_choices]


def test_masking_sets_at_once_is_masking_their_words(littletown: LanguageModel) -> None:
    text = "Kate went to the garden. Noah went to the kitchen. Question: Where is Kate? Answer:"
    result, units = reading.by_word(littletown, text)
    nothing, garden = asking.without(littletown, result, [[], [units[4]]])
    assert asking.chances(nothing)[0]["label"] == "garden"
    alone = asking.without_each(littletown, result)[units[4]]
    assert garden.log_p == pytest.approx(alone.log_p, abs=1e-4)  # float32, in batches of two sizes
    assert asking.chances(garden)[0]["label"] == "kitchen"


def test_an_address_names_an_example() -> None:
    assert of_the_address({}) == Wanted()
    assert of_the_address({"lesson": "littletown", "skill": "who", "seed": "7"}) == Wanted("who", 7)
    assert of_the_address({"seed": "0000000000007"}) == of_the_address({"seed": "0" * 5000 + "7"}) == Wanted(seed=7)
    assert of_the_address({"seed": "000"}) == Wanted()
    full = {"skill": "gave", "seed": "1000000000", "length": "long", "beside": "order"}
    assert of_the_address(full) == Wanted("gave", 10**9, "long", "order")


@pytest.mark.parametrize(
    "address",
    [
        {"skill": "<b>"},
        *({"seed": seed} for seed in ("-1", "x", "1.5", "", "²", "1000000001", "9" * 5000)),
        {"length": "huge"},
        {"beside": "nothing"},
    ],
)
def test_an_address_of_no_example_is_said(address: dict[str, str]) -> None:
    with pytest.raises(InputError) as told:
        of_the_address(address)
    assert len(str(told.value)) < 300


def test_what_is_wrong_with_an_example_is_said() -> None:
    with pytest.raises(InputError, match="from 0 to 1,000,000,000, found a higher one"):
        Wanted(seed=10**5000)
    with pytest.raises(InputError, match="found skill: str, seed: float, length: NoneType, beside: NoneType"):
        town.wanted_of({"skill": "where", "seed": 1.5})


def test_an_event_names_an_example() -> None:
    assert read_event(GOOD) == Wanted("where", 7)
    assert read_event(GOOD | {"seed": 0, "skill": "copying", "more": [1]}) == Wanted("copying", 0)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "hide"},
        {"skill": "gravity"},
        {"skill": ["where"]},
        *({"seed": seed} for seed in (-1, 10**9 + 1, 1.0, "7", None, True)),
        {"length": None},
        {"beside": 3},
    ],
)
def test_nothing_else_that_a_browser_sends_counts(change: dict[str, object]) -> None:
    assert read_event(GOOD | change) is None
    assert read_event([GOOD]) is None and read_event(None) is None
