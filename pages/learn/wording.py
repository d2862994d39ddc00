"""The words of the glossary that a lesson says, or the town: what its texts and the scripts of its picture tell."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import streamlit as st

from heta_core.teaching import texts
from heta_core.teaching.contract import Lesson
from heta_core.views import glossary
from pages.learn.joining import ASSETS

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_QUOTED = re.compile(r'"[^"\n]*"|`[^`]*`')
_FIELD = re.compile(r"\$\{[^}]*\}")
_SHARED = ASSETS / "learn" / "parts.js"
_TOWN = tuple(ASSETS / "town" / name for name in ("town.js", "main.js"))
# What only some states of both say: a text that is too long, a word that is none of the town's.
_ALWAYS = frozenset({"littletown", "token"})


def draw(words: frozenset[str]) -> None:
    """The line below what says them, drawn again with it."""
    st.html(glossary.line(words))


@cache
def of_lesson(lesson: Lesson) -> frozenset[str]:
    """The entries whose words a lesson says, and those that name it as what shows them."""
    return said_by(lesson) | {entry.id for entry in glossary.entries() if entry.lesson == lesson.name}


def said_by(lesson: Lesson) -> frozenset[str]:
    """The entries whose words stand in the texts of a lesson, linked or not, or in the script of its picture."""
    exercises = (text for each in lesson.exercises for text in (each.task, each.expected))
    pieces = texts.linked("\n".join((*lesson.idea, lesson.look, lesson.question, lesson.answer, *exercises)))
    links = {word for _, *words in pieces for word in words}
    return _said([ASSETS / "learn" / f"{lesson.name}.js"]).union(links, glossary.occurring(texts.plain(pieces)))


@cache
def of_town() -> frozenset[str]:
    """The entries whose words the town says."""
    return _said(_TOWN) | {"seed"}  # of an address


def spoken(script: str) -> Iterator[str]:
    """What a script says to a reader: texts of several words, or that begin like one. Keys do not."""
    for match in _QUOTED.finditer(_COMMENT.sub("", script)):
        text = _FIELD.sub("…", match[0].strip('"`'))
        if text[:1].isupper() or re.search(r"\w \w", text):
            yield text


def _said(scripts: Iterable[Path]) -> frozenset[str]:
    told = (text for path in (_SHARED, *scripts) for text in spoken(path.read_text("utf-8")))
    return _ALWAYS.union(*map(glossary.occurring, told))
