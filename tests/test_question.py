"""What a question comes to: typed words as ids, and which result answers it."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import samples
from made_blocks import in_blocks
from test_targets import ABC, LETTERS

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as `streamlit run app.py` does

from heta_core.errors import InputError
from heta_core.grouping import resolve as resolve_groups
from heta_core.targets import Choice, as_asked, resolve
from heta_core.tokens import Tokens
from pages.ui.question import Question, rule, scored

TOKEN, OTHER = samples.result(), samples.result(choice=1)
STANDING, SPAN = samples.observed(samples.words(samples.SCENE), 17), samples.span()
CONTRAST, TURNED, STRINGS = samples.contrast(), samples.contrast(choice=1, foil=0), samples.string_contrast()
ASKED = samples.contrast(asked=(" cup", " map of Rome"))
RESULTS = {
    **{"token": TOKEN, "candidate": OTHER, "standing": STANDING, "span": SPAN, "contrast": CONTRAST},
    **{"turned": TURNED, "strings": STRINGS, "asked": ASKED},
}
CHOICES = {
    "token": [Choice(), Choice(38), Choice(38, 1000), Choice(token_id=1000), Choice(38, 1000, 39)],
    "candidate": [Choice(38, 1001)],
    "standing": [Choice(17), Choice(17, 17), Choice(17, stop=18)],
    "span": [Choice(17, stop=20), Choice(17, 17, 20)],
    "contrast": [Choice(38, 1000, foil=(1001,)), Choice(foil=(1001,))],
    "turned": [Choice(38, 1001, foil=(1000,))],
    "strings": [Choice(17, stop=19, foil=(1003, 1004, 1002))],
    "asked": [Choice(38, 1000, foil=(1001, 7), asked=(" cup", " map of Rome"))],
}


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_is_answered_by_its_own_kind_of_result_and_no_other(name: str) -> None:
    for choice in CHOICES[name]:
        question = Question("littletown", TOKEN.tokens, choice)
        assert [n for n, result in RESULTS.items() if question.is_answered_by(result)] == [name], choice


@pytest.mark.parametrize(
    "choice",
    [
        *(Choice(17, stop=19), Choice(16, stop=20), Choice(17, stop=21), Choice(38, 1000, foil=(1002,))),
        *(Choice(17, stop=19, foil=(1003,)), Choice(17, stop=20, foil=(1003, 1004, 1002)), Choice(17, foil=(1003,))),
    ],
)
def test_what_was_not_computed_is_answered_by_nothing(choice: Choice) -> None:
    question = Question("littletown", TOKEN.tokens, choice)
    assert not [name for name, result in RESULTS.items() if question.is_answered_by(result)]


def test_what_a_typed_foil_comes_to_is_known_to_the_tokenizer_alone() -> None:
    question = Question("littletown", TOKEN.tokens, Choice(38, 1000), foil=" map")
    assert not any(question.is_answered_by(result) for result in RESULTS.values())


def test_an_exchange_of_strings_is_answered_by_the_text_it_leads_to() -> None:
    ids = STRINGS.tokens.ids
    turned = Question("littletown", TOKEN.tokens, Choice(17, stop=19, foil=ids[17:19]), said=(1003, 1004, 1002))
    assert not turned.is_answered_by(STRINGS)
    pieces = (*STRINGS.tokens.pieces[:17], " key", " lamp", " coin", *STRINGS.tokens.pieces[19:])
    answer = samples.string_contrast(pieces, 17, 20, foil=(" green", " cup"))
    tokens = replace(answer.tokens, ids=(*ids[:17], 1003, 1004, 1002, *ids[19:]))
    foil = tuple(replace(said, token_id=i) for said, i in zip(answer.target.foil, ids[17:19], strict=True))
    answer = replace(answer, tokens=tokens, target=replace(answer.target, foil=foil))
    assert turned.is_answered_by(answer)


def asked(choice: Choice, foil: str, text: str | Tokens = ABC, *, is_whole: bool = False) -> tuple[str, Choice]:
    tokens, choice = Question("m", text, choice, foil=foil, is_whole=is_whole).read(LETTERS)
    return tokens.text, choice


def test_one_token_rather_than_one_is_a_contrast_wherever_it_stands() -> None:
    assert asked(Choice(1), "d") == ("abc", Choice(1, 1, foil=(3,)))
    assert asked(Choice(3, 7), "d", is_whole=True) == ("abc", Choice(3, 7, foil=(3,)))
    assert asked(Choice(), "d", "abc") == ("abc", Choice(foil=(3,)))


def test_of_several_tokens_the_first_that_differ_are_compared_and_both_texts_are_kept() -> None:
    assert asked(Choice(1), "de") == ("abc", Choice(1, 1, foil=(3, 4), asked=("b", "de")))
    assert asked(Choice(1, stop=3), "bd") == ("abc", Choice(2, 2, foil=(3,), asked=("bc", "bd")))
    target = resolve(asked(Choice(1, stop=3), "bd")[1], ABC, 0, LETTERS, 26)
    assert (target.kind, target.text, target.foil_text, target.asked) == ("contrast", "c", "d", ("bc", "bd"))


def test_whole_strings_are_compared_where_that_is_asked() -> None:
    assert asked(Choice(1, stop=3), "bd", is_whole=True) == ("abc", Choice(1, stop=3, foil=(1, 3)))
    # A next word that is not there yet is put into the text, so that what follows it can be read.
    assert asked(Choice(3, 7), "de", is_whole=True) == ("abch", Choice(3, stop=4, foil=(3, 4)))
    assert asked(Choice(1, 7), "de", is_whole=True) == ("ah", Choice(1, stop=2, foil=(3, 4)))


@pytest.mark.parametrize(("choice", "foil"), [(Choice(1), "b"), (Choice(1), "bd"), (Choice(1, stop=3), "b")])
@pytest.mark.parametrize("is_whole", [False, True])
def test_a_foil_that_only_begins_alike_is_refused(choice: Choice, foil: str, is_whole: bool) -> None:
    tokens, read = Question("m", ABC, choice, foil=foil, is_whole=is_whole).read(LETTERS)
    with pytest.raises(InputError, match="two different things"):
        resolve(read, tokens, 0, LETTERS, 26)


def test_a_foil_takes_the_place_of_what_was_said() -> None:
    question = Question("m", ABC, Choice(1, stop=2, foil=(1,)), said=(3, 4))
    tokens, choice = question.read(LETTERS)
    assert (tokens.text, choice) == ("adec", Choice(1, stop=3, foil=(1,)))


def test_an_empty_foil_is_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        Question("m", ABC, Choice(1), foil="").read(LETTERS)


def test_blocks_are_answered_by_blocks() -> None:
    tokens = TOKEN.tokens
    by_sentence = resolve_groups("sentences", tokens, 38, 38)
    cut = in_blocks(TOKEN, by_sentence)
    question = Question("littletown", tokens, Choice(38, 1000))
    for groups in ("sentences", by_sentence):
        asked = replace(question, groups=groups)
        assert asked.is_answered_by(cut) and not asked.is_answered_by(TOKEN)
    assert not question.is_answered_by(cut)
    assert not replace(question, groups="words").is_answered_by(cut)


def test_marked_blocks_follow_the_question_to_another_place() -> None:
    tokens = TOKEN.tokens
    question = Question("littletown", tokens, Choice(38, 1000), groups=((0, 1), (1, 20), (20, 38)))
    assert question.blocks(tokens, Choice(17)) == ((0, 1), (1, 17))
    # Of a span the tokens stand alone: they explain those after them.
    assert question.blocks(tokens, Choice(17, stop=20)) == ((0, 1), (1, 17), (17, 18), (18, 19))
    assert question.blocks("typed", Choice()) == question.groups
    span = in_blocks(SPAN, ((0, 1), (1, 17), (17, 18), (18, 19)))
    assert replace(question, choice=Choice(17, stop=20)).is_answered_by(span)


@pytest.mark.parametrize("name", RESULTS)
def test_what_a_result_explains_can_be_asked_for_again(name: str) -> None:
    assert Question("littletown", RESULTS[name].tokens, as_asked(RESULTS[name].target)).is_answered_by(RESULTS[name])


def test_what_is_scored_is_carried_to_another_text_by_its_rule() -> None:
    by_sentence = in_blocks(TOKEN, resolve_groups("sentences", TOKEN.tokens, 38, 38))
    assert (scored(TOKEN), scored(by_sentence), rule(by_sentence), rule(None)) == (None, "sentences", "sentences", None)
    marked = in_blocks(TOKEN, ((0, 30), (30, 38)))
    assert (scored(marked), rule(marked)) == (((0, 30), (30, 38)), None)
