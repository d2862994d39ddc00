"""A chat as tokens: rendered by the tokenizer's own template, every token in its segment.

1. The template renders stand-ins for the messages, which shows what it puts around each of them.
2. It renders the messages themselves; the two must agree, so that every character has its place.
3. The rendering becomes ids, with no special tokens on top, and each token goes where its characters are.

A message that spells a mark of the template is read as that mark, as in every chat made with the tokenizer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal, Protocol, TypeGuard, get_args

import jinja2

from heta_core.errors import InputError
from heta_core.tokens import Segment, Tokenizer, Tokens, check_text, from_ids

Role = Literal["system", "user", "assistant"]

ROLES: tuple[Role, ...] = get_args(Role)
# What published templates call the roles.
_NAMES = {"system": "system", "user": "user|human", "assistant": "assistant|model|bot"}
# Characters that Unicode leaves to private use: no template holds them, looks for them or trims them.
_OPEN, _CLOSE = "\ue000", "\ue001"


class ChatTokenizer(Tokenizer, Protocol):
    """What is used of a tokenizer that has a chat template."""

    chat_template: str | dict[str, str]
    is_fast: bool

    def apply_chat_template(  # noqa: D102
        self, conversation: list[dict[str, str]], *, tokenize: bool, add_generation_prompt: bool
    ) -> str: ...
    def __call__(  # noqa: D102
        self, text: str, *, add_special_tokens: bool, return_offsets_mapping: bool
    ) -> dict[str, list[tuple[int, int]]]: ...


@dataclass(frozen=True, slots=True)
class Message:
    """What one side of a chat says.

    Raises:
        InputError: the role is unknown, or the content is empty or no valid text.
    """

    role: Role
    content: str

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise InputError(f"A message must come from {', '.join(ROLES)}, got {self.role!r}: name one of them.")
        if not self.content.strip():
            raise InputError(f"The message of the {self.role} must say something, got an empty text: write a word.")
        check_text(self.content)


def is_chat(tokenizer: Tokenizer) -> TypeGuard[ChatTokenizer]:
    """The tokenizer has a chat template."""
    return bool(getattr(tokenizer, "chat_template", None))


def chat(tokenizer: Tokenizer, messages: Sequence[Message]) -> Tokens:
    """A chat up to where the assistant answers, with segments that cover every token.

    A token belongs to a content if it spells at least one character of it. What opens a message and what closes it
    is the template's, in the name of that message; what opens the answer belongs to the message after the last.

    Raises:
        InputError: the tokenizer has no template, the template refuses the messages or rewrites one of them, or the
            last message is not the user's.
    """
    if not is_chat(tokenizer):
        raise InputError("A chat needs a tokenizer with a chat template, this one has none: write a plain prompt.")
    if not messages:
        raise InputError("A chat needs at least one message, got none: write what the user says.")
    if messages[-1].role != "user":
        raise InputError(
            f"The last message must be the user's, since the answer comes next; got one of the {messages[-1].role}: "
            "add a message of the user, or give the assistant's text as a continuation."
        )
    text = _rendered(tokenizer, messages, is_answered=True)
    places = _places(text, messages, *_frame(tokenizer, messages))
    ids = tokenizer.encode(text, add_special_tokens=False)
    tokens = from_ids(tokenizer, ids)
    spans = tokens.spans if tokens.text == text else _offsets(tokenizer, text, len(ids))
    return replace(tokens, segments=_segments(text, places, spans, tokens.is_special))


def _rendered(tokenizer: ChatTokenizer, messages: Sequence[Message], *, is_answered: bool) -> str:
    """The template's text, with or without what opens the answer."""
    conversation = [{"role": m.role, "content": m.content} for m in messages]
    try:
        return tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=is_answered)
    except (jinja2.TemplateError, TypeError, ValueError) as error:  # a template is a program that somebody wrote
        advice = (
            "put what the system says into the user's first message"
            if any(m.role == "system" for m in messages)
            else "begin with the user and let user and assistant take turns"
        )
        raise InputError(
            f"The chat template must take these messages ({', '.join(m.role for m in messages)}), it says: {error} "
            f"If that does not help, {advice}."
        ) from error


def _frame(tokenizer: ChatTokenizer, messages: Sequence[Message]) -> tuple[list[str], list[int]]:
    """What the template puts around n messages.

    Returns:
        n + 1 pieces, before, between and after the contents; and for each message how many characters of the piece
        after its content close it. Where a shorter chat does not begin in the same way that cannot be seen: then the
        piece opens the next message.
    """
    marks = [f"{_OPEN}{k}{_CLOSE}" for k in range(len(messages))]
    stand_ins = [replace(m, content=mark) for m, mark in zip(messages, marks, strict=True)]
    whole = _rendered(tokenizer, stand_ins, is_answered=True)
    pieces = re.split(f"{_OPEN}[0-9]+{_CLOSE}", whole)
    if re.findall(f"{_OPEN}[0-9]+{_CLOSE}", whole) != marks:
        raise InputError(
            "The chat template must write every message once and in order, this one leaves out, repeats or moves some: "
            "write fewer messages or a plain prompt."
        )
    closings = []
    for k, mark in enumerate(marks, 1):
        try:
            shorter = _rendered(tokenizer, stand_ins[:k], is_answered=False)
        except InputError:
            shorter = ""
        is_seen = mark in shorter and whole.startswith(shorter)
        unseen = len(pieces[k]) if k == len(marks) else 0
        closings.append(len(shorter.split(mark)[1]) if is_seen else unseen)
    return pieces, closings


def _places(text: str, messages: Sequence[Message], pieces: list[str], closings: list[int]) -> list[Segment]:
    """The segments of a rendering, in characters."""
    places = _opening(0, pieces[0], messages[0].role, 0)
    start = len(pieces[0])
    for k, (message, piece, n_closing) in enumerate(zip(messages, pieces[1:], closings, strict=True)):
        trims = (message.content, message.content.strip(), message.content.lstrip(), message.content.rstrip())
        content = next((t for t in trims if text.startswith(t + piece, start)), None)
        if content is None:
            raise InputError(
                f"The chat template must keep what is written, it rewrites message {k} of the {message.role}: write it "
                "as the template would leave it, or write a plain prompt."
            )
        stop = start + len(content)
        places.append(Segment(start, stop, "content", message.role, k))
        if n_closing:
            places.append(Segment(stop, stop + n_closing, "template", message.role, k))
        following: Role = messages[k + 1].role if k + 1 < len(messages) else "assistant"
        places += _opening(stop + n_closing, piece[n_closing:], following, k + 1)
        start = stop + len(piece)
    if start != len(text) or not text.startswith(pieces[0]):
        raise InputError("The chat template must put the same around every text, it does not: write a plain prompt.")
    return places


def _opening(start: int, piece: str, role: Role, message: int) -> list[Segment]:
    """What stands before a content: marks, and the name of the role where the template spells it."""
    name = f"(?<![a-z])({_NAMES[role]})(?![a-z.,']| [a-z])"  # and no part of a sentence
    names = list(re.finditer(name, piece, re.IGNORECASE))  # the last: a template may say more before it
    a, b = names[-1].span() if names else (len(piece), len(piece))
    places = (
        Segment(start, start + a, "template", role, message),
        Segment(start + a, start + b, "role", role, message),
        Segment(start + b, start + len(piece), "template", role, message),
    )
    return [place for place in places if place.stop > place.start]


def _offsets(tokenizer: ChatTokenizer, text: str, n_ids: int) -> tuple[tuple[int, int], ...]:
    """Which characters of a rendering each id was made from, where the ids spell another text.

    Such tokenizers change what they read: they put spaces in, drop them after a mark, or compose accents.
    """
    if not tokenizer.is_fast:
        raise InputError(
            "The ids of a chat must spell it, or the tokenizer must say where each comes from; this one does neither: "
            "load its fast version or write a plain prompt."
        )
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    if len(offsets) != n_ids:
        raise AssertionError(f"{len(offsets)} offsets for {n_ids} ids")
    found, before = [], 0
    for start, stop in offsets:
        is_space = text[before:start].isspace()  # before a word it is the word's, though some tokenizers leave it out
        found.append((before if is_space else start, stop))
        before = max(before, stop)
    return tuple(found)


def _segments(
    text: str, places: list[Segment], spans: Sequence[tuple[int, int]], is_special: Sequence[bool]
) -> tuple[Segment, ...]:
    """Segments in tokens, from segments in characters and the characters of each token."""
    order = ("content", "role", "template")
    owner = [place for place in places for _ in range(place.start, place.stop)]
    owners: list[Segment] = []
    for (start, stop), special in zip(spans, is_special, strict=True):
        own = owner[start:stop] or owners[-1:] or places[:1]
        if special:  # it may have swallowed spaces beside it, even a content's
            own = [owner[i] for i in range(start, stop) if not text[i].isspace()] or own
        owners.append(min(own, key=lambda place: order.index(place.kind)))
    segments, start = [], 0
    for place, run in groupby(owners, key=lambda p: (p.kind, p.role, p.message)):
        stop = start + len(list(run))
        segments.append(Segment(start, stop, *place))
        start = stop
    return tuple(segments)
