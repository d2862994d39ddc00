"""Ids and the characters they spell."""

import random
from dataclasses import replace
from itertools import pairwise
from typing import Literal

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from town import random_town
from transformers import PreTrainedTokenizerFast

from heta_core.errors import InputError
from heta_core.tokens import Segment, Tokens, extended, from_ids, from_text, n_common, piece_of, pieces_of, spliced
from heta_core.typed import token_of


@pytest.fixture(scope="module")
def bytes_only() -> PreTrainedTokenizerFast:
    """One id for each byte, 256 = <s> put in front."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE({c: i for i, c in enumerate(alphabet)} | {"<s>": 256}, []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 256)])
    return PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<s>")


@pytest.fixture(scope="module")
def spaced() -> PreTrainedTokenizerFast:
    """Words with the space before them, which is put before every text and taken away again, as Llama's does."""
    vocabulary = {c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    merges = [("Ġ", "b"), ("Ġb", "o"), ("Ġbo", "x")]
    for one, other in merges:
        vocabulary[one + other] = len(vocabulary)
    core = Tokenizer(models.BPE(vocabulary, merges))
    core.normalizer = normalizers.Prepend(" ")
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 0)])
    return PreTrainedTokenizerFast(tokenizer_object=core)


HOSTILE = [
    "plain words",
    "  two  spaces ",
    "<script>alert(1)</script>",
    "emoji 🙂🏽 and 漢字",
    "עברית from the right",
    "NUL \x00 and newline\n\n",
    "combining é\u0301",
    "🙂",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_round_trips(bytes_only: PreTrainedTokenizerFast, text: str) -> None:
    tokens = from_text(bytes_only, text)
    assert tokens.text == text
    assert all(text[a:b] == piece for (a, b), piece in zip(tokens.spans[1:], tokens.pieces[1:], strict=True))


@pytest.mark.parametrize("text", [*HOSTILE, "box box", " box", "  box"])
def test_a_space_put_before_every_text_is_no_part_of_it(spaced: PreTrainedTokenizerFast, text: str) -> None:
    tokens = from_text(spaced, text)
    assert tokens.text == text
    assert all(text[a:b] == piece for (a, b), piece in zip(tokens.spans, tokens.pieces, strict=True))


def test_a_piece_keeps_the_space_it_has_inside_a_text(
    spaced: PreTrainedTokenizerFast, bytes_only: PreTrainedTokenizerFast
) -> None:
    assert piece_of(spaced, spaced.convert_tokens_to_ids("Ġbox")) == " box"
    assert piece_of(spaced, spaced.convert_tokens_to_ids("x")) == "x"
    assert piece_of(bytes_only, bytes_only.convert_tokens_to_ids("Ġ")) == " "
    assert token_of(spaced, " box") == token_of(spaced, "box") == spaced.convert_tokens_to_ids("Ġbox")


@pytest.mark.parametrize("text", HOSTILE)
def test_every_character_is_spelled_once(bytes_only: PreTrainedTokenizerFast, text: str) -> None:
    spans = from_text(bytes_only, text).spans[1:]
    distinct = list(dict.fromkeys(spans))
    assert distinct[0][0] == 0 and distinct[-1][1] == len(text)
    assert all(a[1] == b[0] for a, b in pairwise(distinct))


def test_ids_of_one_character_share_its_span(bytes_only: PreTrainedTokenizerFast) -> None:
    tokens = from_text(bytes_only, "a🙂b")
    assert tokens.spans == ((0, 0), (0, 1), (1, 2), (1, 2), (1, 2), (1, 2), (2, 3))
    assert tokens.pieces[2:6] == ("🙂",) * 4


def test_added_tokens_take_no_characters_but_typed_ones_do(bytes_only: PreTrainedTokenizerFast) -> None:
    tokens = from_text(bytes_only, "a<s>b")
    assert tokens.pieces[0] == "<s>" and tokens.spans[0] == (0, 0) and tokens.is_special[0]
    assert tokens.text == "a<s>b"
    assert tokens.is_special == (True, False, True, False)


def test_overlapping_finds_the_tokens_of_a_span(bytes_only: PreTrainedTokenizerFast) -> None:
    tokens = from_text(bytes_only, "one two")
    assert tokens.overlapping(4, 7) == (5, 6, 7)
    assert tokens.overlapping(0, 0) == ()


def test_broken_bytes_still_give_every_id_a_piece(bytes_only: PreTrainedTokenizerFast) -> None:
    ids = bytes_only.encode("🙂", add_special_tokens=False)[:2] * 3 + bytes_only.encode("ok", add_special_tokens=False)
    tokens = from_ids(bytes_only, ids)
    assert len(tokens) == len(ids)
    assert tokens.text.endswith("ok") and tokens.spans[-1][1] == len(tokens.text)


@pytest.mark.parametrize(("text", "message"), [("", "empty"), ("a\ud83d", "surrogate pair at character 1")])
def test_text_that_is_none_is_refused(bytes_only: PreTrainedTokenizerFast, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_text(bytes_only, text)


def test_ten_thousand_spaces_are_a_text(bytes_only: PreTrainedTokenizerFast) -> None:
    tokens = from_text(bytes_only, " " * 10_000)
    assert len(tokens) == 10_001 and tokens.text == " " * 10_000


@pytest.fixture(params=["bytes_only", "spaced", "town"])
def words(request: pytest.FixtureRequest) -> PreTrainedTokenizerFast:
    """Bytes behind <s>; words behind a space that decoding takes away; and both of these at once."""
    return random_town().tokenizer if request.param == "town" else request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def closing() -> PreTrainedTokenizerFast:
    """Bytes between <s> and </s>."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE({c: i for i, c in enumerate(alphabet)} | {"<s>": 256, "</s>": 257}, []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 256), ("</s>", 257)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<s>", eos_token="</s>")


TEXTS = [*HOSTILE, "Mia ran to the market. Noah", "  🦊 two", " box", "   box  box", "x"]


def numbered(tokens: Tokens, *stops: int) -> Tokens:
    """A text in segments that end at `stops`, each a message of its own."""
    kinds: tuple[Literal["template", "role", "content"], ...] = ("template", "role", "content")
    segments = [Segment(a, b, kinds[k % 3], "user", k) for k, (a, b) in enumerate(pairwise((0, *stops)))]
    return replace(tokens, segments=tuple(segments))


def message_of(tokens: Tokens) -> list[int | None]:
    """The number of each token's segment."""
    by_token = {i: s.message for s in tokens.segments for i in range(s.start, s.stop)}
    return [by_token.get(i) for i in range(len(tokens))]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_that_grows_id_by_id_is_the_text_at_once(words: PreTrainedTokenizerFast, text: str) -> None:
    whole = from_text(words, text)
    n_before = int(whole.is_special[0])
    for k in range(n_before, len(whole) + 1):
        begun = from_ids(words, whole.ids[:k], n_added=(n_before, 0))
        assert extended(words, begun, whole.ids[k:]) == whole
    grown = from_ids(words, whole.ids[:n_before], n_added=(n_before, 0))
    for token_id in whole.ids[n_before:]:
        grown = extended(words, grown, [token_id])
    assert grown == whole


def test_half_an_emoji_is_whole_once_its_last_byte_comes(bytes_only: PreTrainedTokenizerFast) -> None:
    fox = bytes_only.encode("🦊", add_special_tokens=False)
    tokens = from_text(bytes_only, "a")
    for k in (1, 2, 3):
        half = extended(bytes_only, tokens, fox[:k])
        assert "\ufffd" in half.text and len(half) == 2 + k
    whole = extended(bytes_only, half, fox[3:])
    assert whole.text == "a🦊" and whole.pieces[2:] == ("🦊",) * 4 and whole.spans[2:] == ((1, 2),) * 4


def test_nothing_more_is_the_same_text(bytes_only: PreTrainedTokenizerFast) -> None:
    tokens = from_text(bytes_only, "one")
    assert extended(bytes_only, tokens, ()) is tokens


@pytest.mark.parametrize("text", TEXTS)
def test_tokens_replaced_by_themselves_are_the_same_text(words: PreTrainedTokenizerFast, text: str) -> None:
    tokens = from_text(words, text)
    n = len(tokens)
    first = int(tokens.is_special[0])
    assert all(
        spliced(words, tokens, a, b, tokens.ids[a:b]) == tokens for a in range(first, n + 1) for b in range(a, n + 1)
    )


@pytest.mark.parametrize("text", TEXTS)
def test_any_splice_spells_every_character_once(words: PreTrainedTokenizerFast, text: str) -> None:
    rng = random.Random(text)
    tokens = from_text(words, text)
    n = len(tokens)
    for _ in range(40):
        start = rng.randint(0, n)
        stop = rng.randint(start, n)
        new = [rng.randrange(256) for _ in range(rng.randint(0, 5))]
        found = spliced(words, tokens, start, stop, new)
        assert found.ids == (*tokens.ids[:start], *new, *tokens.ids[stop:])
        written = [(a, b) for a, b in dict.fromkeys(found.spans) if b > a]
        assert [0, *(b for _, b in written)] == [*(a for a, _ in written), len(found.text)]
        pairs = zip(found.spans, found.pieces, strict=True)
        assert all(found.text[a:b] == piece for (a, b), piece in pairs if b > a)


def test_a_word_is_replaced_in_the_middle(words: PreTrainedTokenizerFast) -> None:
    tokens = from_text(words, "  Mia ran to 🦊")
    places = tokens.overlapping(tokens.text.index("ran"), tokens.text.index("ran") + 3)
    sat = [i for i in words.encode("sat", add_special_tokens=False) if words.decode([i]) != ""]
    found = spliced(words, tokens, places[0], places[-1] + 1, sat)
    assert found.text.split() == ["Mia", "sat", "to", "🦊"] and found.text.startswith("  Mia")


@pytest.mark.parametrize("place", [(-1, 1), (2, 1), (0, 99), (99, 99)])
def test_a_place_outside_the_text_is_refused(bytes_only: PreTrainedTokenizerFast, place: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"in 0 … 4, got {place[0]}:{place[1]}"):
        spliced(bytes_only, from_text(bytes_only, "one"), *place, ())


def test_the_end_that_a_tokenizer_adds_is_written_only_when_text_follows_it(closing: PreTrainedTokenizerFast) -> None:
    tokens = from_text(closing, "one")
    assert (tokens.text, tokens.spans[-1]) == ("one", (3, 3))
    assert spliced(closing, tokens, 1, 2, tokens.ids[2:3]).text == "nne"
    assert extended(closing, tokens, tokens.ids[1:2]).text == "one</s>o"


def test_a_text_of_added_tokens_only_can_grow(closing: PreTrainedTokenizerFast) -> None:
    begun = from_ids(closing, [256], n_added=(1, 0))
    assert begun.text == "" and extended(closing, begun, [256]).text == "<s>"


def test_pieces_in_the_middle_of_a_text_are_those_of_the_text(words: PreTrainedTokenizerFast) -> None:
    tokens = from_text(words, "Mia ran 🙂🏽 to the box,  box 漢字")
    runs = {i: next(k for k in range(len(tokens)) if tokens.spans[k] == tokens.spans[i]) for i in range(len(tokens))}
    first = 1 + int(tokens.is_special[0])
    for a in (i for i in range(first, len(tokens)) if runs[i] == i):
        for b in (i for i in range(a + 1, len(tokens)) if runs[i] == i):
            assert pieces_of(words, tokens.ids[a:b]) == tokens.pieces[a:b]


def test_pieces_of_broken_bytes_are_as_many_as_the_ids(bytes_only: PreTrainedTokenizerFast) -> None:
    fox = bytes_only.encode("🦊", add_special_tokens=False)
    assert pieces_of(bytes_only, ()) == ()
    assert pieces_of(bytes_only, fox) == ("🦊",) * 4
    assert len(pieces_of(bytes_only, fox[2:] + fox[:2])) == 4


@pytest.mark.parametrize(
    "segments",
    [
        [(1, 3)],
        [(0, 2), (3, 4)],
        [(0, 2), (1, 4)],
        [(0, 5)],
        [(0, 3), (3, 2)],
        [(2, 4), (0, 2)],
    ],
)
def test_segments_with_gaps_or_beyond_the_text_are_refused(
    bytes_only: PreTrainedTokenizerFast, segments: list[tuple[int, int]]
) -> None:
    tokens = from_text(bytes_only, "one")
    with pytest.raises(InputError, match="follow one another inside 4 tokens"):
        replace(tokens, segments=tuple(Segment(a, b, "content", "user", 0) for a, b in segments))


def test_what_follows_a_chat_is_in_no_segment(bytes_only: PreTrainedTokenizerFast) -> None:
    chat = numbered(from_text(bytes_only, "abcde"), 2, 4, 6)
    assert extended(bytes_only, chat, chat.ids[1:3]).segments == chat.segments
    short = numbered(from_text(bytes_only, "abcde"), 2, 4)
    assert extended(bytes_only, short, chat.ids[1:3]).segments == short.segments


def test_new_tokens_belong_to_the_segment_they_began_in(bytes_only: PreTrainedTokenizerFast) -> None:
    chat = numbered(from_text(bytes_only, "abcdefg"), 1, 3, 6)  # <s> | ab | cde, and fg after them
    n = len(chat)
    for start in range(n + 1):
        for stop in range(start, n + 1):
            for n_new in (0, 1, 3):
                before = message_of(chat)
                home = before[start] if start < n else None
                expected = [*before[:start], *[home] * n_new, *before[stop:]]
                found = spliced(bytes_only, chat, start, stop, chat.ids[1:2] * n_new)
                assert message_of(found) == expected, (start, stop, n_new)


def test_a_segment_that_is_taken_out_is_gone(bytes_only: PreTrainedTokenizerFast) -> None:
    chat = numbered(from_text(bytes_only, "abcdefg"), 1, 3, 6)
    assert [s.message for s in spliced(bytes_only, chat, 1, 3, ()).segments] == [0, 2]
    assert spliced(bytes_only, chat, 0, len(chat), ()).segments == ()


def test_what_two_sequences_begin_with_in_common_ends_at_the_first_that_differs() -> None:
    assert [n_common("abc", other) for other in ("abd", "abcd", "a", "", "xbc")] == [2, 3, 1, 0, 0]
    assert n_common((1, 2, 3), (1, 4, 3)) == 1
