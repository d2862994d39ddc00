"""The words of a lesson with its numbers in them, as pieces that a page or a sheet writes in its own way."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from heta_core.errors import ReportError
from heta_core.teaching.contract import Data, Lesson

_FIELD = re.compile(r"\{(\w+)\}")
_LINK = re.compile(r"\[\[([a-z0-9-]+)\|([^\]]+)\]\]")

Piece = list[str]  # [text], or [text, id] where it is a word of the glossary


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that a lesson says, each text in pieces."""

    idea: Sequence[Sequence[Piece]]
    look: Sequence[Piece]
    question: Sequence[Piece]
    answer: Sequence[Piece]
    exercises: Sequence[tuple[Sequence[Piece], Sequence[Piece], str]]  # task, what is expected, prompt


def told(lesson: Lesson, data: Data) -> Told:
    """The texts of a lesson about what was measured.

    Raises:
        ReportError: a text names a number that was not measured.
    """
    figures = lesson.told(data)

    def written(text: str) -> list[Piece]:
        return pieces(text, figures)

    return Told(
        [written(paragraph) for paragraph in lesson.idea],
        written(lesson.look),
        written(lesson.question),
        written(lesson.answer),
        [(written(e.task), written(e.expected), e.prompt) for e in lesson.exercises],
    )


def pieces(text: str, figures: Mapping[str, str]) -> list[Piece]:
    """A text in pieces, its numbers in place.

    Raises:
        ReportError: it names a number that was not measured.
    """
    missing = sorted(set(_FIELD.findall(text)) - figures.keys())
    if missing:
        found_ = ", ".join(sorted(figures)) or "none"
        raise ReportError(f"A lesson needs the number {missing[0]!r}, found {found_}: let its `told` give it.")
    return linked(_FIELD.sub(lambda m: figures[m[1]], text))


def linked(text: str) -> list[Piece]:
    """A text in pieces, as it is."""
    found: list[Piece] = []
    end = 0
    for match in _LINK.finditer(text):
        found += [[text[end : match.start()]]] if match.start() > end else []
        found.append([match[2], match[1]])
        end = match.end()
    return found + ([[text[end:]]] if end < len(text) else [])


def plain(written: Sequence[Piece]) -> str:
    """Pieces as one text without links."""
    return "".join(piece[0] for piece in written)
