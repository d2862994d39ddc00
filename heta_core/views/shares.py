"""How one attribution's score divides over the parts of its context: messages, roles, sentences.

These are sums of the scores of tokens, which are free. What a sentence does as one block is another thing, and has to
be computed: `attribute(…, groups="sentences")`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from heta_core.attribution import Attribution
from heta_core.errors import ReportError
from heta_core.parts import Floats
from heta_core.sentences import sentences
from heta_core.tokens import Segment

PartKind = Literal["content", "role", "template", "answer", "sentence"]

ANSWER = "answer so far"
TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class Part:
    """Some tokens of the context and what they hold together."""

    name: str
    kind: PartKind
    tokens: tuple[int, ...]  # in order, at least one
    share: float | None  # of what `measured` says; None where nothing is known

    @property
    def start(self) -> int:
        """The first token."""
        return self.tokens[0]

    @property
    def stop(self) -> int:
        """One past the last token; others may lie between, where the part is in several pieces."""
        return self.tokens[-1] + 1


def measured(a: Attribution) -> Literal["final", "transition"] | None:
    """What is shared out: the final score, or the transition where that is unknown or zero on every token."""
    if _final(a) is not None:
        return "final"
    return "transition" if a.transition is not None else None


def by_segment(a: Attribution) -> tuple[Part, ...]:
    """Each segment of a chat and the answer so far, in order; empty where the text is no chat. Shares sum to 1."""
    return _summed(a, [(_name(s), s.kind, range(s.start, s.stop)) for s in _clipped(a)], with_answer=True)


def by_role(a: Attribution) -> tuple[Part, ...]:
    """What each role wrote, the template with the names of the roles, and the answer so far. Shares sum to 1.

    Roles stand in the order in which they first speak. Empty where the text is no chat.
    """
    segments = _clipped(a)
    roles = dict.fromkeys(s.role for s in segments if s.kind == "content")
    parts: list[tuple[str, PartKind, Iterable[int]]] = [
        (role, "content", _tokens(s for s in segments if s.kind == "content" and s.role == role)) for role in roles
    ]
    parts.append((TEMPLATE, "template", _tokens(s for s in segments if s.kind != "content")))
    return _summed(a, parts, with_answer=True)


def by_sentence(a: Attribution) -> tuple[Part, ...]:
    """Each sentence of the context, in order, as it reads; of a chat also what the template put between them.

    The last one ends where the context does. Shares sum to 1.
    """
    n = a.n_context
    pieces = [(start, min(stop, n)) for start, stop in sentences(a.tokens) if start < n]
    marks = {i for s in a.tokens.segments if s.kind != "content" for i in range(s.start, s.stop)}
    return _summed(a, [(_text(a, i, j), "template" if i in marks else "sentence", range(i, j)) for i, j in pieces])


def _summed(
    a: Attribution, parts: Iterable[tuple[str, PartKind, Iterable[int]]], *, with_answer: bool = False
) -> tuple[Part, ...]:
    """Parts with the share of each; those without a token are left out."""
    rows = [(name, kind, tuple(tokens)) for name, kind, tokens in parts]
    if with_answer and a.tokens.segments:
        rows.append((ANSWER, "answer", tuple(range(a.tokens.segments[-1].stop, a.n_context))))
    known = _shares(a)
    return tuple(
        Part(name, kind, tokens, None if known is None else float(known[list(tokens)].sum()))
        for name, kind, tokens in rows
        if tokens
    )


def _shares(a: Attribution) -> Floats | None:
    """(T,) of what is shared out, summing to 1; None where nothing is known.

    Raises:
        ReportError: blocks were scored, whose parts have no scores.
    """
    if a.groups is not None:
        raise ReportError("Sums over tokens need a score for each token, this result has one for each block of them.")
    final = _final(a)
    if final is not None:
        return final
    return a.transition.scores if a.transition is not None else None


def _final(a: Attribution) -> Floats | None:
    """(T,) the final score over its sum, where it is known and not zero on every token."""
    combined = a.combined
    return combined.shares if combined is not None and combined.scores.any() else None


def _clipped(a: Attribution) -> tuple[Segment, ...]:
    """The segments that begin in the context, up to its end."""
    return tuple(
        Segment(s.start, min(s.stop, a.n_context), s.kind, s.role, s.message)
        for s in a.tokens.segments
        if s.start < a.n_context
    )


def _tokens(segments: Iterable[Segment]) -> tuple[int, ...]:
    return tuple(i for s in segments for i in range(s.start, s.stop))


def _name(segment: Segment) -> str:
    """Whose segment it is, and which message, counted from 1."""
    what = {"content": "", "role": ", name of the role", "template": ", template"}[segment.kind]
    return f"{segment.role} {segment.message + 1}{what}"


def _text(a: Attribution, start: int, stop: int) -> str:
    """What tokens start … stop−1 spell; of those that spell nothing, their pieces."""
    begin, end = a.tokens.spans[start][0], a.tokens.spans[stop - 1][1]
    return a.tokens.text[begin:end].strip() or "".join(a.tokens.pieces[start:stop]).strip()
