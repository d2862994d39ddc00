"""How a text may be read: by words, sentences and lines, cut where a reader would, and told where it cannot be."""

import numpy as np
import pytest
import samples
from made_blocks import in_blocks
from templates import CHATML, SYSTEM, THREE, with_template
from test_strip import EVERY
from transformers import PreTrainedTokenizerFast

from heta_core.attribution import Attribution
from heta_core.conversation import chat
from heta_core.grouping import by, lines, resolve, sentences, spelled, words
from heta_core.groups import Groups, check, joined, opened
from heta_core.tokens import Tokens, from_text
from heta_core.views import reading, strip

POEM = ["<s>", "Roses", " red", ",", "\n", "violets", " blue", ".", "\n\n", "Sugar", " cup"]


def pieces(tokens: Tokens, groups: Groups) -> list[str]:
    return list(joined(tokens, groups).pieces)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\ntwo", ["one\n", "two"]),
        ("one\n\n\ntwo\n", ["one\n\n\n", "two\n"]),
        ("a b. c\n d", ["a b. c\n", " d"]),
        ("\n\none\ntwo", ["\n\none\n", "two"]),
        ("one\n  \n two", ["one\n  \n", " two"]),
        ("one\r\ntwo", ["one\r\n", "two"]),
        ("only", ["only"]),
    ],
)
def test_a_newline_ends_its_line_and_empty_lines_go_with_it(
    tokenizer: PreTrainedTokenizerFast, text: str, expected: list[str]
) -> None:
    tokens = from_text(tokenizer, text)
    found = lines(tokens, len(tokens))
    check(found, len(tokens))
    assert pieces(tokens, found) == ["<s>", *expected]


def test_no_line_reaches_across_the_parts_of_a_chat(tokenizer: PreTrainedTokenizerFast) -> None:
    tokens = chat(with_template(tokenizer, CHATML), [SYSTEM, *THREE])
    found = lines(tokens, len(tokens))
    for segment in tokens.segments:
        assert segment.kind != "content" or {segment.start, segment.stop} <= {edge for pair in found for edge in pair}


def test_ids_that_spell_one_character_are_one_and_all_others_alone(tokenizer: PreTrainedTokenizerFast) -> None:
    tokens = from_text(tokenizer, "a 🦊!")
    assert [stop - start for start, stop in spelled(tokens, len(tokens))] == [1, 1, 1, 4, 1]
    assert spelled(tokens, 5) == ((0, 1), (1, 2), (2, 3), (3, 5))
    twice = samples.tokens(["<s>", "<s>", "a", " a", " a"], special=2)  # added tokens share no character
    assert spelled(twice, 5) == tuple((i, i + 1) for i in range(5))


@pytest.mark.parametrize("result", EVERY)
def test_a_reading_is_its_grouping_up_to_the_target(result: Attribution) -> None:
    view = strip.payload(result)
    n = result.n_context
    for name, cut in (("words", words), ("sentences", sentences), ("lines", lines), ("spelled", spelled)):
        assert [start for start in view["readings"][name] if start < n] == [s for s, _ in cut(result.tokens, n)]
    assert view["unread"] == {}


def test_of_blocks_only_what_is_made_of_them_is_read() -> None:
    base = samples.result()
    tokens, n = base.tokens, base.n_context
    whole = in_blocks(base, by("sentences", tokens, n))
    view = strip.payload(whole)
    assert set(view["readings"]) == {"spelled", "lines"} and view["readings"]["lines"] == [0, 1]
    assert view["unread"]["words"] == (
        "the sentences that were scored are larger, and nothing inside of them was measured"
    )
    assert set(view["unread"]) == {"words"}  # sentences are what was scored
    part = in_blocks(base, opened(by("sentences", tokens, n), 1))  # the first sentence is tokens again
    view = strip.payload(part)
    assert view["readings"]["sentences"] == [0, 1, *range(7, 13)] and "words" in view["unread"]
    two = in_blocks(base, (*((i, i + 1) for i in range(5)), (5, 8), *((i, i + 1) for i in range(8, n))))
    assert "are larger" in strip.payload(two)["unread"]["sentences"]  # a block that reaches over a full stop


def test_of_blocks_before_a_span_the_words_of_the_span_are_not_asked() -> None:
    span = samples.span()
    groups = resolve("sentences", span.tokens, span.n_context, span.target.position)
    view = strip.payload(in_blocks(span, groups))
    assert set(view["unread"]) == {"words"} and set(view["readings"]) == {"spelled", "lines"}


def test_what_frames_a_text_is_its_first_token_special_ones_and_the_template(
    tokenizer: PreTrainedTokenizerFast,
) -> None:
    assert reading.framing(from_text(tokenizer, "Hi there")) == [0]
    assert reading.framing(samples.tokens(["Hi", " you"], special=0)) == [0]
    tokens = chat(with_template(tokenizer, CHATML), [SYSTEM, *THREE])
    written = {i for s in tokens.segments if s.kind == "content" for i in range(s.start, s.stop)}
    assert set(reading.framing(tokens)) == {
        i for i in range(len(tokens)) if i == 0 or i not in written or tokens.is_special[i]
    }
    base = samples.result(POEM)
    assert strip.payload(in_blocks(base, ((0, 1), (1, 11))))["framing"] == [0]
    assert strip.payload(in_blocks(base, ((0, 2), (2, 11))))["framing"] == []


def test_sums_over_lines_keep_the_whole() -> None:
    base = samples.result(POEM)
    starts = strip.payload(base)["readings"]["lines"]
    assert pieces(base.tokens, lines(base.tokens, 11)) == [
        *("<s>", "Roses red,\n", "violets blue.\n\n", "Sugar cup"),
    ]
    assert base.transition is not None
    assert np.add.reduceat(base.transition.scores, starts).sum() == pytest.approx(1)
