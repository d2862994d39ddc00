"""A text cut into words, sentences and marked stretches: every token once, where a reader would cut."""

from dataclasses import replace

import pytest
import samples
from templates import CHATML, SYSTEM, THREE, with_template
from transformers import PreTrainedTokenizerFast

from heta_core.conversation import chat
from heta_core.errors import InputError
from heta_core.grouping import by, characters, named, resolve, segments, sentences, words
from heta_core.groups import Groups, check, cut, fitted, joined, joining, merged, opened, runs, singles
from heta_core.tokens import Tokens, from_ids, from_text


def pieces(tokens: Tokens, groups: Groups) -> list[str]:
    return list(joined(tokens, groups).pieces)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mia ran home.", ["Mia", " ran", " home", "."]),
        ("don't go", ["don't", " go"]),
        ("It's 3.5 or 1,000.", ["It's", " 3.5", " or", " 1,000", "."]),
        ("well-known", ["well-known"]),
        ("a - b", ["a", " -", " b"]),
        ("Wait... what?!", ["Wait", "...", " what", "?", "!"]),
        ('He said "no".', ["He", " said", ' "', "no", '"', "."]),
        ("one\n\ntwo", ["one", "\n\n", "two"]),
        ("one  \n  two", ["one", "  \n", "  two"]),
        ("日本語 漢", ["日", "本", "語", " 漢"]),
        ("हिन्दी में", ["हिन्दी", " में"]),
        ("שלום עולם", ["שלום", " עולם"]),
        ("x_1=2", ["x_1", "=", "2"]),
        ("   ", ["   "]),
        ("🙂🏽 ok", ["🙂", "🏽", " ok"]),
    ],
)
def test_a_text_is_cut_into_words(tokenizer: PreTrainedTokenizerFast, text: str, expected: list[str]) -> None:
    tokens = from_text(tokenizer, text)
    found = words(tokens, len(tokens))
    check(found, len(tokens))
    assert pieces(tokens, found) == ["<s>", *expected]


def test_sentences_are_those_of_the_text_and_the_first_token_stands_alone(tokenizer: PreTrainedTokenizerFast) -> None:
    tokens = from_text(tokenizer, "One. Two! Three?")
    assert pieces(tokens, sentences(tokens, len(tokens))) == ["<s>", "One.", " Two!", " Three?"]
    assert pieces(tokens, sentences(tokens, 8)) == ["<s>", "One.", " Tw", *"o! Three?"]


def test_a_words_pieces_are_its_tokens() -> None:
    tokens = replace(samples.tokens(["<s>", " un", "believ", "able", "!"]), is_special=(True, *[False] * 4))
    assert words(tokens, 5) == ((0, 1), (1, 4), (4, 5))


@pytest.mark.parametrize(
    "text", ["a\x00b", "🙂🏽 漢字", "\n \n", "<script>alert(1)</script>", "…", "a\u200db", "é\u0301 x"]
)
@pytest.mark.parametrize("scored", ["words", "sentences"])
def test_every_token_is_in_one_group(tokenizer: PreTrainedTokenizerFast, text: str, scored: str) -> None:
    tokens = from_text(tokenizer, text)
    for n in range(1, len(tokens) + 1):
        check(by(scored, tokens, n), n)  # type: ignore[arg-type]


def test_no_word_reaches_across_the_parts_of_a_chat(tokenizer: PreTrainedTokenizerFast) -> None:
    tokens = chat(with_template(tokenizer, CHATML), [SYSTEM, *THREE])
    edges = {s.start for s in tokens.segments}
    for start, stop in words(tokens, len(tokens)):
        assert not edges & set(range(start + 1, stop))


def test_ids_that_share_a_character_stay_together(tokenizer: PreTrainedTokenizerFast) -> None:
    tokens = from_text(tokenizer, "a 🦊!")
    found = words(tokens, len(tokens))
    assert pieces(tokens, found) == ["<s>", "a", " 🦊", "!"] and found[2] == (2, 7)


def test_marked_stretches_are_blocks_and_the_rest_is_not() -> None:
    tokens = samples.tokens(["<s>", " un", "believ", "able", " news", "!", " so"])
    assert segments(tokens, 7, [(2, 5)]) == ((0, 1), (1, 2), (2, 5), (5, 6), (6, 7))
    assert segments(tokens, 7, [(5, 7), (0, 1)], rest="words") == ((0, 1), (1, 4), (4, 5), (5, 7))
    assert segments(tokens, 7, []) == singles(7)
    assert characters(tokens, 0, 6) == (1, 3)


@pytest.mark.parametrize("drawn", [[(2, 2)], [(-1, 2)], [(2, 9)], [(0, 3), (2, 4)]])
def test_stretches_that_cannot_be_blocks_are_refused(drawn: list[tuple[int, int]]) -> None:
    with pytest.raises(InputError, match="Marked stretches must lie apart"):
        segments(samples.tokens(["<s>", "a", " b", " c"]), 4, drawn)


def test_characters_that_no_token_spells_are_refused() -> None:
    with pytest.raises(InputError, match="No token spells"):
        characters(samples.tokens(["<s>", "a"]), 5, 6)


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        (((0, 2), (3, 4)), "group 1 is 3:4 and should begin at 2"),
        (((0, 2), (1, 4)), "group 1 is 1:4"),
        (((1, 4),), "group 0 is 1:4"),
        (((0, 2), (2, 2), (2, 4)), "hold a token each"),
        (((0, 3),), "cover the 4 tokens that are scored, these cover 3"),
        (((0, 5),), "these cover 5"),
        ((), "these cover 0"),
    ],
)
def test_what_does_not_cut_the_context_is_refused(groups: Groups, says: str) -> None:
    with pytest.raises(InputError, match=says):
        check(groups, 4)


def test_a_group_is_opened_into_its_tokens() -> None:
    assert opened(((0, 1), (1, 4), (4, 6)), 1) == ((0, 1), (1, 2), (2, 3), (3, 4), (4, 6))
    with pytest.raises(InputError, match="0 to 2, got 3"):
        opened(((0, 1), (1, 4), (4, 6)), 3)


def test_neighbours_are_made_one_block() -> None:
    assert merged(((0, 1), (1, 4), (4, 6)), 0, 2) == ((0, 4), (4, 6))
    for first, last in ((1, 2), (-1, 2), (1, 4), (2, 1)):
        with pytest.raises(InputError, match="two or more of 3 groups"):
            merged(((0, 1), (1, 4), (4, 6)), first, last)


def test_neighbours_are_made_blocks_in_several_places() -> None:
    assert joining(singles(6), [(1, 3), (4, 6)]) == ((0, 1), (1, 3), (3, 4), (4, 6))
    assert joining(((0, 2), (2, 3), (3, 7)), [(1, 3)]) == ((0, 2), (2, 7))
    assert joining(singles(3), []) == singles(3)
    for stretches in ([(2, 2)], [(0, 3), (2, 4)], [(4, 7)], [(3, 4), (0, 1)]):
        with pytest.raises(InputError, match="follow one another inside 6 groups"):
            joining(singles(6), stretches)


def test_groups_follow_the_context() -> None:
    groups = ((0, 1), (1, 4), (4, 6))
    assert fitted(groups, 3) == ((0, 1), (1, 3))
    assert fitted(groups, 8) == (*groups, (6, 7), (7, 8))
    assert cut(groups, 3) == ((0, 1), (1, 3), (3, 4), (4, 5), (5, 6))
    assert cut(groups, 6) == groups


def test_neighbours_go_together_up_to_a_size_and_a_longer_group_alone() -> None:
    assert runs(singles(7), 3) == [range(0, 3), range(3, 6), range(6, 7)]
    assert runs(((0, 1), (1, 3), (3, 9), (9, 10), (10, 12), (12, 13)), 4) == [
        range(0, 2),
        range(2, 3),
        range(3, 6),
    ]
    assert runs((), 4) == []


def test_of_an_explained_span_the_tokens_stand_alone() -> None:
    tokens = samples.tokens(["<s>", "Mia", " ran", " to", " the", " mar", "ket", "."])
    assert resolve("sentences", tokens, 7, 5) == ((0, 1), (1, 5), (5, 6), (6, 7))
    assert resolve(None, tokens, 7, 5) is None
    with pytest.raises(InputError, match="groups must be words, sentences or pairs"):
        resolve("paragraphs", tokens, 7, 5)  # type: ignore[arg-type]


def test_what_is_scored_is_named_by_its_groups() -> None:
    tokens = samples.tokens(["<s>", "Mia", " r", "an", ".", " He", " is"])
    assert named(None, tokens, 7) == "tokens"
    assert named(words(tokens, 7), tokens, 7) == "words"
    assert named(sentences(tokens, 7), tokens, 7) == "sentences"
    assert named(opened(sentences(tokens, 7), 1), tokens, 7) == "segments"


def test_a_group_reads_as_its_text() -> None:
    tokens = samples.tokens(["<s>", "Hi", " 🦊", " 🦊", "!", " ok"])
    read = joined(tokens, ((0, 2), (2, 5)))
    assert read.pieces == ("<s>Hi", " 🦊!", " ok") and read.spans == ((0, 2), (2, 5), (5, 8))
    assert read.text == tokens.text and read.is_special == (False, False, False)
    assert joined(tokens, singles(6)) == tokens


def test_a_text_of_ids_is_cut_too(tokenizer: PreTrainedTokenizerFast) -> None:
    tokens = from_ids(tokenizer, [256, 65, 256, 66])
    check(words(tokens, 4), 4)
    assert words(tokens, 4) == singles(4)
