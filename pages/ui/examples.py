"""The finished examples that open without a model: `assets/examples/index.json` and the reports it names."""

import json
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from heta_core.attribution import Attribution
from heta_core.report import loads
from pages.ui import engine_cache

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "examples"


@dataclass(frozen=True, slots=True)
class Swap:
    """The one word in which the twin of an example differs."""

    before: str
    after: str
    file: str


@dataclass(frozen=True, slots=True)
class Example:
    """One line of the index."""

    title: str
    file: str
    swap: Swap | None
    candidates: tuple[str, ...]  # files: the same question for other answers


@st.cache_resource(show_spinner=False)
def index() -> tuple[Example, ...]:
    """What is shipped; nothing where no example has been written yet."""
    path = FOLDER / "index.json"
    if not path.is_file():
        return ()
    return tuple(
        Example(
            entry["title"],
            entry["file"],
            Swap(entry["swap"]["from"], entry["swap"]["to"], entry["swap"]["file"]) if entry["swap"] else None,
            tuple(entry["candidates"]),
        )
        for entry in json.loads(path.read_text(encoding="utf-8"))
    )


@st.cache_resource(show_spinner=False)
def _read(file: str) -> Attribution:
    result = loads((FOLDER / file).read_text(encoding="utf-8"))
    engine_cache.remember(result)
    return result


def opened(number: int) -> Attribution:
    """An example; its twin and its other answers are ready from now on, so that clicks on them need no model."""
    example = index()[number]
    for file in (*example.candidates, *((example.swap.file,) if example.swap else ())):
        _read(file)
    return _read(example.file)


def is_shipped(result: Attribution) -> bool:
    """A result is one of the files here, not a reader's own."""
    files = (f for e in index() for f in (e.file, *e.candidates, *((e.swap.file,) if e.swap else ())))
    return any(_read(file) is result for file in files)


def swap_of(result: Attribution) -> tuple[str, str, Attribution] | None:
    """(word, other word, twin) where the text on the screen is a shipped one with a twin, in either direction."""
    for example in index():
        if example.swap is None:
            continue
        one, other = _read(example.file), _read(example.swap.file)
        if result.tokens == one.tokens:
            return example.swap.before, example.swap.after, other
        if result.tokens == other.tokens:
            return example.swap.after, example.swap.before, one
    return None
