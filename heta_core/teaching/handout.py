"""The lessons on paper: one HTML page without scripts that prints as it is, a lesson a sheet."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from heta_core.teaching import shipped, texts
from heta_core.teaching.contract import Lesson
from heta_core.teaching.texts import Piece, Told, plain

_STYLE = Path(__file__).resolve().parents[2] / "assets" / "handout.css"
_ORIGIN = (
    "HETA Explorer, lessons on the embedded model Littletown. Every number was measured on its weights. The method: "
    "Hessian-Enhanced Token Attribution, arXiv 2604.13258; this is an independent implementation."
)


def page(chosen: Sequence[Lesson], *, for_teachers: bool = False) -> str:
    """The chosen lessons as one page of HTML.

    Args:
        for_teachers: with the answers and what is to be seen in each exercise.

    Raises:
        ReportError: nothing is shipped for one of them.
    """
    title = "Why did the model say that?" + (" Teacher's copy" if for_teachers else "")
    sheets = "".join(_sheet(lesson, for_teachers=for_teachers) for lesson in chosen)
    head = f"<title>{escape(title)}</title><style>{_STYLE.read_text('utf-8')}</style>"
    meta = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    return (
        f'<!doctype html>\n<html lang="en"><head>{meta}{head}</head><body><main>'
        f"<h1>{escape(title)}</h1>{sheets}<footer><p>{escape(_ORIGIN)}</p></footer></main></body></html>\n"
    )


def _sheet(lesson: Lesson, *, for_teachers: bool) -> str:
    data = shipped.data(lesson.name)
    said = texts.told(lesson, data)
    idea = "".join(_paragraph(paragraph) for paragraph in said.idea)
    answer = f'<div class="answer">{_paragraph(said.answer)}</div>' if for_teachers else '<div class="room"></div>'
    return (
        f"<article><h2><span>{lesson.number}</span> {escape(lesson.title)}</h2>{idea}"
        f"<figure>{lesson.still(data)}</figure>"
        f"<section><h3>Question</h3>{_paragraph(said.question)}{answer}</section>"
        f"{_exercises(said, for_teachers=for_teachers)}</article>"
    )


def _exercises(said: Told, *, for_teachers: bool) -> str:
    items = []
    for task, expected, prompt in said.exercises:
        text = f'<p class="said">{escape(prompt)}</p>' if prompt else ""
        seen = f'<div class="answer">{_paragraph(expected)}</div>' if for_teachers else ""
        items.append(f"<li>{_paragraph(task)}{text}{seen}</li>")
    return f"<section><h3>Exercises</h3><ol>{''.join(items)}</ol></section>" if items else ""


def _paragraph(written: Sequence[Piece]) -> str:
    return f"<p>{escape(plain(written))}</p>"
