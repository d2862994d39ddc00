"""The lessons on paper: one HTML page without scripts that prints as it is, each lesson on a sheet of its own.

The student's copy holds no answer: what is to be found is a gap there, and filled in in the teacher's.
"""

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
_SHADES = "Of the shaded words of a row the darkest is that row's own highest."
_GAPS = {
    False: "A dotted line is a number to find on the screen.",
    True: "What has a dotted underline is a gap in the student's copy.",
}


def page(chosen: Sequence[Lesson], *, for_teachers: bool = False, address: str = "Learn") -> str:
    """The chosen lessons as one page of HTML.

    Args:
        for_teachers: with the answers, the gaps filled in, and what is to be seen in each exercise.
        address: of the page Learn.

    Raises:
        ReportError: nothing is shipped for one of them.
    """
    title = "Why did the model say that?" + (" Teacher's copy" if for_teachers else "")
    sheets = "".join(_sheet(lesson, address, for_teachers=for_teachers) for lesson in chosen)
    head = f"<title>{escape(title)}</title><style>{_STYLE.read_text('utf-8')}</style>"
    meta = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    above = f"{_ORIGIN} {_SHADES} {_GAPS[for_teachers]}"
    return (
        f'<!doctype html>\n<html lang="en"><head>{meta}{head}</head><body><main>'
        f"<header><h1>{escape(title)}</h1><p>{escape(above)}</p></header>{sheets}"
        "</main></body></html>\n"
    )


def _sheet(lesson: Lesson, address: str, *, for_teachers: bool) -> str:
    data = shipped.data(lesson.name)
    said = texts.told(lesson, data)
    idea = "".join(_paragraph(paragraph) for paragraph in said.idea)
    still = lesson.solved if for_teachers and lesson.solved else lesson.still
    place = f'<p class="place"><span>On the screen: {escape(address)}?lesson={escape(lesson.name)}</span>'
    answer = _answer(said.answer, 3, for_teachers=for_teachers)
    return (
        f"<article><h2><span>{lesson.number}</span> {escape(lesson.title)}</h2>{idea}"
        f"{place} {escape(plain(said.look))}</p><figure>{still(data)}</figure>"
        f'<section class="asked"><h3>Question</h3>{_paragraph(said.question)}{answer}</section>'
        f"{_exercises(said, for_teachers=for_teachers)}</article>"
    )


def _exercises(said: Told, *, for_teachers: bool) -> str:
    items = []
    for task, expected, prompt in said.exercises:
        text = f'<p class="said">{escape(prompt)}</p>' if prompt else ""
        items.append(f"<li>{_paragraph(task)}{text}{_answer(expected, 2, for_teachers=for_teachers)}</li>")
    return f"<section><h3>Exercises</h3><ol>{''.join(items)}</ol></section>" if items else ""


def _answer(written: Sequence[Piece], lines: int, *, for_teachers: bool) -> str:
    """What is to be said, or as many lines to say it on."""
    if for_teachers:
        return f'<div class="answer">{_paragraph(written)}</div>'
    return f'<div class="room">{"<i></i>" * lines}</div>'


def _paragraph(written: Sequence[Piece]) -> str:
    return f"<p>{escape(plain(written))}</p>"
