"""Every lesson: its numbers are the model's, its words have their numbers and links, and it can be printed."""

import json
import math
import re
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from heta_core import loading
from heta_core.errors import InputError, ReportError
from heta_core.language_model import LanguageModel
from heta_core.learning import called, lessons
from heta_core.shell import upkeep
from heta_core.teaching import handout, shipped, texts
from heta_core.teaching.contract import Lesson
from heta_core.teaching.texts import Piece
from heta_core.views import glossary

NAMES = (
    *("next-token", "looking", "blind", "gate", "curvature", "information", "together", "testing", "misleading"),
    *("fooling", "wrong-reason"),
)
MOST_BYTES, MOST_WORDS, MOST_TITLE = 200_000, 60, 48
# Numbers of one measurement and another: float32 rounds what is near 0, such as the KL of an idle word, about there.
CLOSE = {"rel_tol": 0.01, "abs_tol": 1e-6}
OWN = r"Eq\. 5|lessons? \d+(?: to \d+)?|\b[01]\b"  # numbers that a text may hold itself
LONG = ("blind", "looking", "testing")  # takes a minute to measure; their own tests measure a part of it
VOID = {"br", "col", "hr", "img", "link", "meta"}
EVERY = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.name)


class Balanced(HTMLParser):
    """Fails where an element is not closed, or something could be loaded or run."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "iframe", "img", "link"), tag
        assert not [name for name, value in attrs if name.startswith("on") or (value or "").startswith("http")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> str:
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []
    return parser.text


def same(one: Any, other: Any, where: str = "") -> None:
    """JSON of one shape, its numbers equal but for what another machine may round otherwise."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for name in one:
            if name == "order":
                ranked(one[name], other, where)
            else:
                same(one[name], other[name], f"{where}.{name}")
    elif isinstance(one, list):
        assert len(one) == len(other), where
        for k, (a, b) in enumerate(zip(one, other, strict=True)):
            same(a, b, f"{where}[{k}]")
    elif isinstance(one, float) or isinstance(other, float):
        assert math.isclose(one, other, **CLOSE), f"{where}: {one} is not {other}"
    else:
        assert one == other, f"{where}: {one!r} is not {other!r}"


def ranked(order: Mapping[str, Sequence[int]], shipped_: Mapping[str, Any], where: str) -> None:
    """Words in the order of values that are nearly equal may change places."""
    m, kl = shipped_["m"], shipped_["kl"]
    values = {"m": m, "kl": kl, "mi": [a * b for a, b in zip(m, kl, strict=True)]}
    for name, was in shipped_["order"].items():
        assert sorted(order[name]) == sorted(was), f"{where}.order.{name}"
        for a, b in pairwise(values[name][k] for k in order[name]):
            assert b <= a or math.isclose(a, b, **CLOSE), f"{where}.order.{name}: {b} comes after {a}"


def written(lesson: Lesson) -> list[str]:
    """Every text of a lesson, its numbers not yet in place."""
    exercises = [text for e in lesson.exercises for text in (e.task, e.expected)]
    return [*lesson.idea, lesson.look, lesson.question, lesson.answer, *exercises]


def test_the_lessons_stand_in_order() -> None:
    assert tuple(lesson.name for lesson in lessons()) == NAMES
    assert [lesson.number for lesson in lessons()] == list(range(1, len(NAMES) + 1))


@EVERY
def test_every_text_has_its_numbers_and_every_link_its_word(lesson: Lesson) -> None:
    said = texts.told(lesson, shipped.data(lesson.name))
    every = [*said.idea, said.look, said.question, said.answer, *(text for e in said.exercises for text in e[:2])]
    assert len(lesson.title) <= MOST_TITLE and 2 <= len(said.idea) <= 3 and 2 <= len(said.exercises) <= 4
    for text in every:
        plain = texts.plain(text)
        assert plain.strip() and not re.search(r"[{}]|\[\[|\]\]|nan|None", plain), plain
        assert len(plain.split()) <= 1.5 * MOST_WORDS, plain
        assert [piece[1] for piece in text if len(piece) > 1 and piece[1] not in glossary.by_id()] == []
    assert any(len(piece) > 1 for text in said.idea for piece in text), "no word is linked"
    assert all(len(texts.plain(paragraph).split()) <= MOST_WORDS for paragraph in said.idea)


@EVERY
def test_a_text_holds_no_number_of_its_own(lesson: Lesson) -> None:
    """What the model gave is put in from what was measured, so that it cannot grow old."""
    bare = re.sub(r"\{\w+\}|\[\[[a-z0-9-]+\|", " ", " ".join(written(lesson)))
    assert re.findall(r"\d+(?:\.\d+)? ?%?", re.sub(OWN, " ", bare)) == []


@EVERY
def test_every_number_of_a_lesson_stands_in_its_texts(lesson: Lesson) -> None:
    used = set(re.findall(r"\{(\w+)\}", " ".join(written(lesson))))
    assert set(lesson.told(shipped.data(lesson.name))) == used


@EVERY
def test_what_is_shipped_is_small_and_prints(lesson: Lesson) -> None:
    data = shipped.data(lesson.name)
    assert len(json.dumps(data, separators=(",", ":"))) < MOST_BYTES
    assert read(f"<div>{lesson.still(data)}</div>").strip()


@pytest.mark.parametrize(
    "lesson",
    [
        pytest.param(each, marks=pytest.mark.figures if each.name in LONG else pytest.mark.slow, id=each.name)
        for each in lessons()
    ],
)
def test_measuring_again_gives_what_is_shipped(lesson: Lesson, littletown: LanguageModel) -> None:
    same(json.loads(json.dumps(lesson.measure(littletown), allow_nan=False)), shipped.data(lesson.name), lesson.name)


def test_the_handout_holds_all_lessons_and_the_teachers_copy_the_answers() -> None:
    students, teachers = (read(handout.page(lessons(), for_teachers=who)) for who in (False, True))
    for lesson in lessons():
        said = texts.told(lesson, shipped.data(lesson.name))
        assert lesson.title in students and lesson.title in teachers
        assert texts.plain(said.question) in students
        for answer in (said.answer, *(e[1] for e in said.exercises)):
            assert texts.plain(answer) in teachers and texts.plain(answer) not in students


def test_there_is_no_other_lesson() -> None:
    with pytest.raises(InputError, match="no lesson 'gravity'"):
        called("gravity")


def test_a_number_that_was_not_measured_is_an_error() -> None:
    with pytest.raises(ReportError, match="needs the number 'kl', found p"):
        texts.pieces("{p} and {kl}", {"p": "1"})


def test_words_with_links_are_cut_out() -> None:
    expected: list[Piece] = [["A "], ["token", "token"], [" of 3."]]
    assert texts.pieces("A [[token|token]] of {n}.", {"n": "3"}) == expected


def test_what_was_not_shipped_is_said() -> None:
    with pytest.raises(ReportError, match="python -m heta_core lessons"):
        shipped.data("gravity")


def test_what_was_shipped_and_cannot_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    (tmp_path / "torn.json").write_text('{"text": ', encoding="utf-8")
    with pytest.raises(ReportError, match=r"'torn' needs torn.json as JSON.*python -m heta_core lessons torn"):
        shipped.data("torn")


def test_lessons_are_measured_where_the_pages_measure_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(loading, "load", lambda name, *, device: asked.append((name, device)))
    monkeypatch.setattr(shipped, "write", lambda lesson, lm: lesson.name)
    assert upkeep.lessons(Namespace(name=["gate"])) == 0 and asked == [("littletown", "cpu")]


def test_what_cannot_be_told_is_not_shipped(tmp_path: Path) -> None:
    lesson = lessons()[0]
    broken = replace(lesson, measure=lambda lm: {"edits": []}, told=lambda data: {})
    with pytest.raises(ReportError, match="needs the number"):
        shipped.write(broken, None, tmp_path)
    assert list(tmp_path.iterdir()) == []
    whole = replace(lesson, measure=lambda lm: shipped.data(lesson.name))
    path = shipped.write(whole, None, tmp_path)
    assert list(tmp_path.iterdir()) == [path] and json.loads(path.read_text("utf-8")) == shipped.data(lesson.name)


def test_numbers_are_written_nested_as_they_came() -> None:
    assert shipped.rounded(1 / 3) == 0.333333
    assert shipped.rounded([[1 / 3, float("nan")], [2.0, 0.0]]) == [[0.333333, None], [2.0, 0.0]]


def test_nearly_equal_words_may_change_places_and_others_not() -> None:
    was = {"m": [0.5, 0.3], "kl": [2e-9, 4e-9], "order": {"m": [0, 1], "kl": [1, 0], "mi": [1, 0]}}
    same({**was, "order": {"m": [0, 1], "kl": [0, 1], "mi": [0, 1]}}, was)
    for order in ({"m": [1, 0], "kl": [1, 0], "mi": [1, 0]}, {"m": [0, 0], "kl": [1, 0], "mi": [1, 0]}):
        with pytest.raises(AssertionError, match=r"order\.m"):
            same({**was, "order": order}, was)
    with pytest.raises(AssertionError, match="kl"):
        same({**was, "kl": [2e-6, 4e-9]}, was)
