"""Sentences, roles and segments: every context token counts once, and the shares add up."""

from dataclasses import replace

import numpy as np
import pytest
from samples import SCENE, result
from templates import CHATML, SYSTEM, THREE, with_template
from town import random_town
from transformers import PreTrainedTokenizerFast

from heta_core.attribution import Attribution
from heta_core.conversation import chat
from heta_core.sentences import sentences
from heta_core.tokens import Tokens, extended, from_text
from heta_core.views import shares
from heta_core.views.shares import Part, by_role, by_segment, by_sentence, measured


def explained(tokens: Tokens, n_context: int | None = None) -> Attribution:
    """A made-up result about the token after the first n_context of a text."""
    n = len(tokens) if n_context is None else n_context
    made = result([f" w{i}" for i in range(n)], seed=n)
    return replace(made, tokens=tokens, target=replace(made.target, position=n, is_observed=n < len(tokens)))


def cut(tokens: Tokens) -> list[str]:
    """The text of each sentence, as its tokens spell it."""
    return [tokens.text[tokens.spans[a][0] : tokens.spans[b - 1][1]] for a, b in sentences(tokens)]


@pytest.fixture(scope="module")
def chatting(tokenizer: PreTrainedTokenizerFast) -> PreTrainedTokenizerFast:
    return with_template(tokenizer, CHATML)


@pytest.fixture(scope="module")
def turns(chatting: PreTrainedTokenizerFast) -> Tokens:
    """Three turns after a system message, and an answer of 12 bytes."""
    tokens = chat(chatting, [SYSTEM, *THREE])
    return extended(chatting, tokens, chatting.encode("I said. So I", add_special_tokens=False))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", " Two!", " Three?"]),
        ("It is 3.5 metres. Good.", ["It is 3.5 metres.", " Good."]),
        ("no mark at all", ["no mark at all"]),
        ("One.\nTwo\nThree", ["One.\n", "Two\n", "Three"]),
        ("One.  \n\n Two.", ["One.  \n\n", " Two."]),
        ('He said "No." Then he left.', ['He said "No."', " Then he left."]),
        ("Well... yes?! Oh…", ["Well...", " yes?!", " Oh…"]),
        ("你好。再见！“好吗？”好", ["你好。", "再见！", "“好吗？”", "好"]),
        ("a.b c:d", ["a.b c:d"]),
        ("\n\nOne. ", ["\n\nOne. "]),
        ("One.   ", ["One.   "]),
        (" . . ", [" .", " . "]),
        ("   ", ["   "]),
        ("…", ["…"]),
        ("Oh 🙂. 🙂 Oh", ["Oh 🙂.", " 🙂 Oh"]),
    ],
)
def test_a_text_is_cut_into_sentences(tokenizer: PreTrainedTokenizerFast, text: str, expected: list[str]) -> None:
    assert cut(from_text(tokenizer, text)) == expected


@pytest.mark.parametrize("text", [SCENE, "Mia ran.\n\nNoah ran", "3.5", "\n", "。", "A. b. C? 🙂! d"])
def test_every_token_is_in_one_sentence(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    for words in (tokenizer, random_town().tokenizer):
        tokens = from_text(words, text)
        found = [i for a, b in sentences(tokens) for i in range(a, b)]
        assert found == list(range(len(tokens))) and all(a < b for a, b in sentences(tokens))


def test_tokens_that_a_tokenizer_added_go_with_their_neighbours(tokenizer: PreTrainedTokenizerFast) -> None:
    begun = from_text(tokenizer, "One. Two.")
    ended = Tokens(
        (*begun.ids, 256), (*begun.pieces, "<s>"), (*begun.spans, (9, 9)), (*begun.is_special, True), "One. Two."
    )
    assert sentences(ended) == [(0, 5), (5, 11)]


def test_a_sentence_of_a_chat_does_not_leave_its_message(turns: Tokens) -> None:
    assert cut(turns) == [
        "<|im_start|>system\n",
        "Answer in rhymes.",
        "<|im_end|>\n<|im_start|>user\n",
        "Who is there?",
        "<|im_end|>\n<|im_start|>assistant\n",
        "It is me.",
        "<|im_end|>\n<|im_start|>user\n",
        "Why?",
        "<|im_end|>\n<|im_start|>assistant\n",
        "I said.",
        " So I",
    ]


@pytest.mark.parametrize("by", [by_segment, by_role, by_sentence])
@pytest.mark.parametrize("left", [0, 5, 12, 13, 30, 70])
def test_every_context_token_counts_once(turns: Tokens, by: object, left: int) -> None:
    a = explained(turns, len(turns) - left)
    parts: tuple[Part, ...] = by(a)  # type: ignore[operator]
    assert sorted(i for part in parts for i in part.tokens) == list(range(a.n_context))
    assert sum(part.share or 0 for part in parts) == pytest.approx(1)
    assert a.combined is not None
    for part in parts:
        assert part.share == pytest.approx(sum(a.combined.shares[i] for i in part.tokens))
        assert (part.start, part.stop) == (min(part.tokens), max(part.tokens) + 1)


def test_segments_are_named_in_order(turns: Tokens) -> None:
    parts = by_segment(explained(turns))
    assert [part.name for part in parts[:6]] == [
        "system 1, template",
        "system 1, name of the role",
        "system 1, template",
        "system 1",
        "system 1, template",
        "user 2, template",
    ]
    assert [part.name for part in parts if part.kind == "content"] == ["system 1", "user 2", "assistant 3", "user 4"]
    assert parts[-1].name == shares.ANSWER and len(parts[-1].tokens) == 12


def test_roles_are_summed_over_their_messages(turns: Tokens) -> None:
    parts = by_role(explained(turns))
    assert [part.name for part in parts] == ["system", "user", "assistant", shares.TEMPLATE, shares.ANSWER]
    spelled = ["".join(turns.pieces[i] for i in part.tokens) for part in parts]
    assert spelled[:3] == ["Answer in rhymes.", "Who is there?Why?", "It is me."]
    assert spelled[-1] == "I said. So I"


def test_a_context_that_ends_in_a_segment_ends_its_part(turns: Tokens) -> None:
    content = next(s for s in turns.segments if s.kind == "content" and s.message == 1)
    a = explained(turns, content.start + 3)
    assert by_segment(a)[-1].tokens == tuple(range(content.start, content.start + 3))
    assert [part.name for part in by_role(a)] == ["system", "user", shares.TEMPLATE]


def test_sentences_are_named_by_what_they_say(turns: Tokens) -> None:
    named = [(part.name, part.kind) for part in by_sentence(explained(turns))]
    assert named[1:3] == [("Answer in rhymes.", "sentence"), ("<|im_end|>\n<|im_start|>user", "template")]
    assert named[-1] == ("So I", "sentence")


def test_a_plain_text_has_sentences_but_no_roles() -> None:
    a = result()
    assert by_segment(a) == by_role(a) == ()
    assert [part.name for part in by_sentence(a)][:2] == ["Mia ran to the museum.", "The ball is in the market."]
    assert by_sentence(a)[0].start == 0


def test_until_the_score_is_known_the_transition_is_shared_out(turns: Tokens) -> None:
    a = replace(explained(turns), hessian=None)
    assert a.transition is not None and measured(a) == "transition"
    for part in by_role(a):
        assert part.share == pytest.approx(a.transition.scores[list(part.tokens)].sum())
    assert measured(explained(turns)) == "final"


def test_a_score_that_is_zero_everywhere_is_not_shared_out(turns: Tokens) -> None:
    a = explained(turns)
    assert a.hessian is not None and a.information is not None
    nothing = np.zeros(a.n_context)
    zero = replace(a, hessian=replace(a.hessian, scores=nothing), information=replace(a.information, kl=nothing))
    assert measured(zero) == "transition"
    assert sum(part.share or 0 for part in by_segment(zero)) == pytest.approx(1)


def test_what_is_not_known_is_none(turns: Tokens) -> None:
    a = replace(explained(turns), transition=None, information=None, hessian=None)
    assert measured(a) is None
    assert {part.share for by in (by_segment, by_role, by_sentence) for part in by(a)} == {None}
