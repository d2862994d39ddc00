"""A chat as tokens: every token in its segment, whatever template and tokenizer do to the text."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from templates import CHATML, GEMMA, INST, SYSTEM, THREE, with_template
from tokenizers import normalizers
from town import random_town
from transformers import PreTrainedTokenizerFast

from heta_core.conversation import Message, chat, is_chat
from heta_core.errors import InputError
from heta_core.tokens import Tokens, extended

HOSTILE = [
    "user",
    "assistant",
    "<script>",
    "🙂🏽 漢字",
    " two  spaces ",
    "a\n\nb\n",
    "\x00",
    "é\u0301",
    "<|im_end|>",
    "\ue0001\ue001",
]

Chatting = Callable[[str], PreTrainedTokenizerFast]


@pytest.fixture(scope="module")
def chatting(tokenizer: PreTrainedTokenizerFast) -> Chatting:
    """The byte tokenizer, which puts <s> before every plain text, with a template."""
    return lambda template: with_template(tokenizer, template)


def spelled(tokens: Tokens) -> list[tuple[int, str, str, str]]:
    """Message, role, kind and text of each segment."""
    return [
        (s.message, s.role, s.kind, tokens.text[tokens.spans[s.start][0] : tokens.spans[s.stop - 1][1]])
        for s in tokens.segments
    ]


def contents(tokens: Tokens) -> list[str]:
    return [text for _, _, kind, text in spelled(tokens) if kind == "content"]


def assert_covered(tokens: Tokens) -> None:
    edges = [(s.start, s.stop) for s in tokens.segments]
    assert edges[0][0] == 0 and edges[-1][1] == len(tokens)
    assert all(a[1] == b[0] for a, b in pairwise(edges))


def test_three_turns_stand_each_in_their_segments(chatting: Chatting) -> None:
    found = spelled(chat(chatting(CHATML), THREE))
    expected = []
    for k, m in enumerate(THREE):
        marks = [("template", "<|im_start|>"), ("role", m.role), ("template", "\n"), ("content", m.content)]
        expected += [(k, m.role, kind, text) for kind, text in [*marks, ("template", "<|im_end|>\n")]]
    answer = [("template", "<|im_start|>"), ("role", "assistant"), ("template", "\n")]
    assert found == [*expected, *((3, "assistant", kind, text) for kind, text in answer)]


def test_a_system_message_is_one_more(chatting: Chatting) -> None:
    tokens = chat(chatting(CHATML), [SYSTEM, *THREE])
    assert contents(tokens) == [m.content for m in (SYSTEM, *THREE)]
    assert [s.role for s in tokens.segments if s.kind == "content"] == ["system", "user", "assistant", "user"]
    assert {s.message for s in tokens.segments} == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("template", [CHATML, INST, GEMMA])
def test_the_ids_are_the_tokenizers_own(chatting: Chatting, template: str) -> None:
    words = chatting(template)
    conversation = [{"role": m.role, "content": m.content} for m in THREE]
    own = words.apply_chat_template(conversation, tokenize=True, return_dict=False, add_generation_prompt=True)
    assert list(chat(words, THREE).ids) == own


@pytest.mark.parametrize(("template", "n_begins"), [(CHATML, 0), (GEMMA, 1), (INST, 2)])
def test_no_special_token_comes_on_top(chatting: Chatting, template: str, n_begins: int) -> None:
    words = chatting(template)
    assert chat(words, THREE).ids.count(words.bos_token_id) == n_begins


@pytest.mark.parametrize("content", HOSTILE)
@pytest.mark.parametrize("template", [CHATML, INST, GEMMA])
def test_any_content_is_found_again(chatting: Chatting, template: str, content: str) -> None:
    tokens = chat(chatting(template), [Message("user", content), Message("assistant", content), Message("user", "x")])
    assert_covered(tokens)
    kept = content if template == CHATML else content.strip()
    assert contents(tokens) == [kept, kept, "x"]


def test_a_content_that_is_a_roles_name_is_a_content(chatting: Chatting) -> None:
    words = [text for _, _, kind, text in spelled(chat(chatting(CHATML), [Message("user", "user")])) if kind == "role"]
    assert words == ["user", "assistant"]
    assert contents(chat(chatting(CHATML), [Message("user", "user")])) == ["user"]


def test_brackets_open_and_close_a_turn_without_a_name(chatting: Chatting) -> None:
    assert spelled(chat(chatting(INST), [SYSTEM, *THREE])) == [
        (0, "system", "template", "<s>[INST] <<SYS>>\n"),
        (0, "system", "content", SYSTEM.content),
        (1, "user", "template", "\n<</SYS>>\n\n"),
        (1, "user", "content", THREE[0].content),
        (1, "user", "template", " [/INST]"),
        (2, "assistant", "template", " "),
        (2, "assistant", "content", THREE[1].content),
        (2, "assistant", "template", " <|im_end|>"),
        (3, "user", "template", "<s>[INST] "),
        (3, "user", "content", THREE[2].content),
        (3, "user", "template", " [/INST]"),
    ]


def test_a_role_has_the_name_that_the_template_gives_it(chatting: Chatting) -> None:
    named = [(role, text) for _, role, kind, text in spelled(chat(chatting(GEMMA), THREE)) if kind == "role"]
    assert named == [("user", "user"), ("assistant", "model"), ("user", "user"), ("assistant", "model")]


def test_a_template_may_say_something_first(chatting: Chatting) -> None:
    preset = "<|im_start|>system\nYou help the user.<|im_end|>\n"
    found = spelled(chat(chatting(preset + CHATML), THREE))
    assert found[:4] == [
        (0, "user", "template", preset + "<|im_start|>"),
        (0, "user", "role", "user"),
        (0, "user", "template", "\n"),
        (0, "user", "content", THREE[0].content),
    ]


def test_a_word_in_a_templates_sentence_is_no_name(chatting: Chatting) -> None:
    found = spelled(chat(chatting("Help the user.\n" + INST), THREE))
    assert found[0] == (0, "user", "template", "Help the user.\n<s>[INST] ")
    assert "role" not in {kind for _, _, kind, _ in found}


def test_where_a_shorter_chat_begins_otherwise_marks_open_the_next_message(chatting: Chatting) -> None:
    counting = "{{ messages | length }}:" + CHATML
    found = spelled(chat(chatting(counting), THREE))
    assert (1, "assistant", "template", "<|im_end|>\n<|im_start|>") in found
    assert contents(chat(chatting(counting), THREE)) == [m.content for m in THREE]


@pytest.mark.parametrize("template", [CHATML, INST, GEMMA])
def test_spaces_that_a_tokenizer_puts_in_shift_nothing(template: str) -> None:
    words = with_template(random_town().tokenizer, template)
    messages = [Message("user", "Mia ran to the market."), Message("assistant", "ok 🙂"), Message("user", "Why?")]
    tokens = chat(words, messages)
    assert_covered(tokens)
    assert [text.strip() for text in contents(tokens)] == [m.content for m in messages]
    assert all(s.kind != "content" for s in tokens.segments if tokens.is_special[s.start])


def test_accents_that_a_tokenizer_composes_shift_nothing(chatting: Chatting) -> None:
    words = chatting(CHATML)
    words.backend_tokenizer.normalizer = normalizers.NFC()
    tokens = chat(words, [Message("user", "cafe\u0301 e\u0301"), Message("assistant", "o\u0308"), Message("user", "x")])
    assert_covered(tokens)
    assert contents(tokens) == ["caf\u00e9 \u00e9", "\u00f6", "x"]


def test_a_token_that_spells_a_bit_of_a_content_belongs_to_it(tokenizer: PreTrainedTokenizerFast) -> None:
    words = with_template(tokenizer, CHATML.replace("\n{{ m.content }}<|im_end|>\n", ":{{ m.content }};"))
    words.add_tokens([":w", "y;"])
    assert contents(chat(words, [Message("user", "why")])) == [":why;"]


def test_an_answer_stays_outside_the_segments(chatting: Chatting) -> None:
    words = chatting(CHATML)
    tokens = chat(words, THREE)
    longer = extended(words, tokens, words.encode("So.", add_special_tokens=False))
    assert longer.segments == tokens.segments
    assert longer.ids[: len(tokens)] == tokens.ids and longer.text == tokens.text + "So."


def test_a_tokenizer_has_a_template_or_not(chatting: Chatting, tokenizer: PreTrainedTokenizerFast) -> None:
    assert is_chat(chatting(CHATML)) and not is_chat(tokenizer)
    with pytest.raises(InputError, match="has none: write a plain prompt"):
        chat(tokenizer, THREE)


@pytest.mark.parametrize(
    ("template", "messages", "says"),
    [
        (CHATML, [], "at least one message"),
        (CHATML, THREE[:2], "last message must be the user's.*one of the assistant"),
        (CHATML, [SYSTEM], "one of the system"),
        (GEMMA, [SYSTEM, *THREE], "System role not supported.*user's first message"),
        (INST, [THREE[0], THREE[0]], "must alternate.*take turns"),
        (INST, [THREE[1], THREE[0]], "must alternate"),
        ("{% for %}", THREE, "must take these messages"),
        ("{{ messages.nothing.at.all }}", THREE, "must take these messages"),
        ("{{ 'a' + 1 }}", THREE, "must take these messages"),
        ({"tools": CHATML}, THREE, "must take these messages"),
        ("{{ messages[-1].content }}", THREE, "once and in order"),
        ("{{ messages[0].content }}" + CHATML, THREE, "once and in order"),
        (CHATML.replace("m.content", "m.content | upper"), THREE, "rewrites message 0 of the user"),
        ("{{ messages[0].content | length }}" + CHATML, THREE, "rewrites message 0|the same around"),
    ],
)
def test_what_a_template_cannot_take_is_refused(
    chatting: Chatting, template: str, messages: list[Message], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        chat(chatting(template), messages)


@pytest.mark.parametrize(
    ("role", "content", "says"),
    [
        ("tool", "x", "system, user, assistant, got 'tool'"),
        ("user", "", "must say something"),
        ("user", " \n ", "must say something"),
        ("user", "a\ud83d", "surrogate"),
    ],
)
def test_a_message_that_is_none_is_refused(role: str, content: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        Message(role, content)  # type: ignore[arg-type]


def test_ids_whose_origin_nobody_knows_are_refused(chatting: Chatting, monkeypatch: pytest.MonkeyPatch) -> None:
    words = chatting(CHATML)
    words.backend_tokenizer.normalizer = normalizers.Lowercase()
    monkeypatch.setattr(type(words), "is_fast", False)
    with pytest.raises(InputError, match="must spell it"):
        chat(words, THREE)
