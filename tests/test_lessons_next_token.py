"""What the lesson `next-token` says of Littletown, measured anew on the shipped weights."""

import math

import numpy as np
import pytest

from heta_core.language_model import LanguageModel
from heta_core.learning import next_token
from heta_core.littletown import lexicon
from heta_core.littletown.words import NAMES, PLACES
from heta_core.teaching import shipped
from heta_core.teaching.contract import Data

VERBS = {"gave", "met", "has", "went", "picked", "handed", "took", "found", "is", "moved", "walked", "ran"}


@pytest.fixture(scope="module")
def measured(littletown: LanguageModel) -> Data:
    return next_token.measure(littletown)


def test_every_word_of_its_world_is_one_token_and_the_others_are_bytes_and_pieces(littletown: LanguageModel) -> None:
    whole = set()
    for word in lexicon.known_words():
        ids = littletown.tokenizer(word, add_special_tokens=False).input_ids
        assert len(ids) == 1, word
        whole.add(ids[0])
    others = set(range(littletown.vocabulary)) - whole
    pieces = {i: littletown.tokenizer.convert_ids_to_tokens(i) for i in others}
    n_bytes = sum(len(piece) == 1 for piece in pieces.values())
    assert n_bytes == 256 and len(pieces) > n_bytes + len(littletown.tokenizer.all_special_ids)
    strange = "Zoë 🦊"
    assert littletown.tokenizer.decode(littletown.tokenizer(strange).input_ids, skip_special_tokens=True) == strange


def test_the_lessons_own_texts_hold_no_word_that_the_model_never_saw() -> None:
    for text in (next_token.TOGETHER, *(text for _, text in next_token.EDITS)):
        assert lexicon.strangers(text) == []


def test_what_a_button_asks_for_is_answered(measured: Data) -> None:
    noah, kate, who, _, _ = (edit["chances"][0] for edit in measured["edits"])
    assert (noah["label"], kate["label"], who["label"]) == ("garden", "museum", "Noah")
    assert min(noah["p"], kate["p"], who["p"]) > 0.999


def test_without_the_question_every_place_gets_about_one_chance_in_fourteen(
    littletown: LanguageModel, measured: Data
) -> None:
    open_ = measured["edits"][next_token.OPEN]
    chances = next_token.of_each(littletown, open_["text"], PLACES)
    assert measured["places"] == len(PLACES) == 14 and sum(chances) > 0.99
    assert 14 * min(chances) > 0.8 and 14 * max(chances) < 1.25
    assert open_["entropy"] == pytest.approx(math.log(14), abs=0.05)
    assert open_["chances"][0]["label"] == PLACES[int(np.argmax(chances))]
    assert (min(chances), max(chances)) == pytest.approx((measured["least"], open_["chances"][0]["p"]))


def test_after_a_bare_name_it_expects_a_verb(measured: Data) -> None:
    assert {chance["label"] for chance in measured["edits"][4]["chances"]} <= VERBS


def test_two_at_one_place_are_both_found_there(measured: Data) -> None:
    assert [each["label"] for each in measured["together"]] == ["garden", "garden"]
    assert min(each["p"] for each in measured["together"]) > 0.999


def test_of_somebody_of_whom_nothing_is_told_it_is_sure_as_well(measured: Data) -> None:
    found = {each["name"]: each for each in measured["nobody"]}
    assert set(found) == set(NAMES) - {"Noah", "Kate"}
    assert found[next_token.NOBODY]["p"] > 0.999
    assert all(each["label"] in PLACES and each["p"] > next_token.SURE for each in found.values())


def test_the_words_hold_what_was_measured() -> None:
    told = next_token.told(shipped.data("next-token"))
    assert told["n_others"] == "22" and told["p_nobody"] == "> 99.9\u00a0%"
