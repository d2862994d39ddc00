"""Ids and the characters they spell."""

from itertools import pairwise

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from heta_core.errors import InputError
from heta_core.tokens import from_ids, from_text, piece_of
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
