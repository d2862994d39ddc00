"""The lessons on paper: what the student's copy leaves to be found, what drawings show, and that no text is markup."""

import re
import sys
from html import unescape
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as `streamlit run app.py` does

from heta_core.errors import ReportError
from heta_core.learning import _flowing as flowing
from heta_core.learning import called, lessons
from heta_core.teaching import charts, drawing, handout, ink, shipped, texts
from heta_core.teaching.charts import Axis, Bar, Field
from heta_core.teaching.contract import Lesson
from heta_core.teaching.drawing import Html
from heta_core.views import words
from pages.learn import handing

ODD = '<s> & "</svg>'
PLACES = {("together", "last")}  # of a slider: where to look, not what is seen there
EVERY = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.name)


def seen(html: str) -> str:
    """What a reader sees or is read of a page."""
    return re.sub(
        r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)))
    )


def holds(text: str, figure: str) -> bool:
    """Whether a number stands in a text, and not only as a part of another."""
    plain = re.escape(figure.replace("\u00a0", " "))
    return re.search(rf"(?<![\d.,]){plain}(?!\d|[.,]\d)", text) is not None


# ---- the copies ----


@EVERY
def test_the_students_copy_holds_no_figure_that_an_answer_gives(lesson: Lesson) -> None:
    figures = lesson.told(shipped.data(lesson.name))
    given = " ".join((*lesson.idea, lesson.look, lesson.question, *(e.task for e in lesson.exercises)))
    said = seen(texts.plain(texts.pieces(given, figures)))
    answers = " ".join((lesson.answer, *(e.expected for e in lesson.exercises)))
    # A bare count is anywhere, and what is too small or large to be written tells nothing.
    names = {name for name in re.findall(r"\{(\w+)\}", answers) if (lesson.name, name) not in PLACES}
    telling = {figures[name] for name in names}
    telling = {f for f in telling if re.fullmatch(r"−?[\d,]+(\.\d+|\u00a0%|\.\d+\u00a0%)|\d{3,}", f)}
    student, teacher = (seen(handout.page([lesson], for_teachers=who)) for who in (False, True))
    assert [f for f in telling if holds(student, f) and not holds(said, f)] == []
    assert all(holds(teacher, f) for f in telling)


@EVERY
def test_the_teachers_copy_fills_in_what_the_students_leaves(lesson: Lesson) -> None:
    student, teacher = (handout.page([lesson], for_teachers=who) for who in (False, True))
    data = shipped.data(lesson.name)
    gap, filled = drawing.GAP.text, '<b class="found">'
    assert gap not in teacher and filled not in student
    assert (gap in student) == (filled in teacher)
    assert lesson.solved is None or lesson.solved(data) != lesson.still(data)
    assert student.count('<div class="room">') == 1 + len(lesson.exercises) and '<div class="room">' not in teacher


@EVERY
def test_a_sheet_says_where_the_lesson_is_and_what_to_do_there(lesson: Lesson) -> None:
    said = seen(handout.page([lesson], address="example.org/Learn"))
    assert f"On the screen: example.org/Learn?lesson={lesson.name} " in said
    assert seen(texts.plain(texts.told(lesson, shipped.data(lesson.name)).look)) in said


@pytest.mark.parametrize(
    ("url", "typed"),
    [
        ("https://heta.example.org:8501/app/Learn?lesson=gate#x", "heta.example.org:8501/app/Learn"),
        ("http://localhost/Learn/", "localhost/Learn"),
        ("", "Learn"),
        (None, "Learn"),
    ],
)
def test_the_page_prints_its_own_address_as_one_types_it(url: str | None, typed: str) -> None:
    assert handing._address(url) == typed


def test_an_address_is_no_markup() -> None:
    html = handout.page(lessons()[:1], address=ODD)
    assert "<s>" not in html and f"{ODD}?lesson=" in unescape(html)


# ---- tables and rows ----


def test_no_label_is_markup() -> None:
    label = "<s>"
    cells = drawing.table((label,), [(words.quoted(label), "a < b", Html("<b>c</b>"))])
    assert "<s>" not in cells and "“&lt;s&gt;”" in cells and "a &lt; b" in cells and "<b>c</b>" in cells
    for write in (str, drawing.found(is_solved=True)):
        row = drawing.row_of_words([["", label, "", ""]], [write("< 0.001")], [1.0])
        assert "<s>" not in row and "&lt;s&gt;" in row and "&lt; 0.001" in row
        assert "<s>" not in drawing.bars([{"label": label, "p": 0.5}], write)
    assert "<s>" not in drawing.sentence(label) + drawing.note(label)


def test_a_gap_tells_neither_word_nor_shade_nor_length() -> None:
    write = drawing.found(is_solved=False)
    bar = drawing.bars([{"label": "garden", "p": 0.5}], write)
    row = drawing.row_of_words([["", "garden", "", ""]], [write("9.89")], [1.0])
    assert "garden" not in bar and "50" not in bar and bar.count(drawing.GAP.text) == 2
    assert "9.89" not in row and "/ 0.00)" in row and "garden" in row


# ---- drawings ----


def test_points_stand_where_their_numbers_say() -> None:
    field = Field(Axis("x", 0, 10), Axis("y", 1, 100, is_log=True), width=300, height=200)
    (left, bottom), (right, top) = field.at(0, 1), field.at(10, 100)
    assert left < right <= 300 and 0 <= top < bottom <= 200
    assert field.at(5, 10) == pytest.approx(((left + right) / 2, (top + bottom) / 2))
    assert f'cx="{(left + right) / 2:.1f}" cy="{bottom:.1f}"' in field.dot(5, 1)
    assert f"M{left:.1f} {bottom:.1f}L{right:.1f} {top:.1f}" in field.line([(0, 1), (10, 100)])


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis("", 0, 10), (0, 2, 4, 6, 8, 10)),
        (Axis("", -0.5, 3), (-0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3)),
        (Axis("", 0, 3960), (0, 1000, 2000, 3000)),
        (Axis("", 7e-4, 1, is_log=True), (0.001, 0.01, 0.1, 1)),
        (Axis("", 1e-5, 1e4, is_log=True), (1e-4, 1e-2, 1, 1e2, 1e4)),
        (Axis("", 3, 30, is_log=True), (5, 10, 20)),
        (Axis("", 0, 1, ticks=(0, 1)), (0, 1)),
    ],
)
def test_ticks_are_round_and_few(axis: Axis, ticks: tuple[float, ...]) -> None:
    found = axis.marked(8)
    assert found == pytest.approx(ticks) and len(found) <= 8
    assert all(-1e-9 <= axis.part(tick) <= 1 + 1e-9 for tick in found)


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (-0.5, "−0.5"), (3000, "3,000"), (0.001, "0.001"), (1e-5, "10⁻⁵"), (2e6, "2 × 10⁶")],
)
def test_ticks_are_short(value: float, written: str) -> None:
    assert charts.plain(value) == written


def test_an_axis_refuses_what_it_cannot_show() -> None:
    for low, high, is_log in ((0, 1, True), (-1, 1, True), (1, 1, False), (2, 1, False), (0, float("inf"), False)):
        with pytest.raises(ReportError):
            Axis("", low, high, is_log=is_log)
    with pytest.raises(ReportError, match="above zero, found 0"):
        Axis("", 1, 10, is_log=True).part(0)


def test_bars_follow_one_another_and_keep_their_numbers() -> None:
    drawn = charts.bars(
        "Two", [("a", [Bar(((1, "light"), (1, "hatched")), "50 %")]), ("b", [Bar(((4, "solid"),), "25 %")])], full=4
    )
    lengths = [float(n) for n in re.findall(r'<rect [^>]*?width="([\d.]+)"', drawn)]
    starts = [float(n) for n in re.findall(r'<rect x="([\d.]+)"', drawn)]
    assert lengths[0] == pytest.approx(lengths[2] / 4, abs=0.1) and starts[1] == pytest.approx(
        starts[0] + lengths[0], abs=0.2
    )
    assert "<title>Two: a 50 %; b 25 %</title>" in drawn and starts[0] == starts[2]


def test_a_drawing_has_a_name_and_nothing_in_it_is_markup() -> None:
    field = Field(Axis(ODD, 0, 1), Axis(ODD, 0, 1))
    drawn = field.drawn(ODD, [field.label(ODD, (0, 0)), field.key([("square", True, ODD)])])
    for html in (drawn, charts.bars(ODD, [(ODD, [Bar(((1, "blank"),), ODD)])], [("solid", ODD)], full=1)):
        assert html.startswith("<svg ") and 'role="img"' in html and html.count("<title>") == 1
        assert "<s>" not in html and html.count("</svg>") == html.count("<svg ")
        assert html.count("&lt;s&gt; &amp; &quot;&lt;/svg&gt;") >= 4
    assert ink.width("WW") > ink.width("ii") > 0


def test_all_that_flows_arrives_and_what_is_not_drawn_is_said() -> None:
    data = shipped.data("gate")
    found = flowing.edges(data)
    last = len(data["labels"]) - 1
    assert sum(e.part for e in found if e.is_new) == pytest.approx(1, abs=1e-3)
    arrived = [e.part for e in found if e.layer == len(data["flow"]) - 1 and e.to == last]
    assert sum(arrived) == pytest.approx(1, abs=1e-3)
    drawn = flowing.drawn_part(data)
    n_black = len([e for e in found if e.is_new and e.part >= flowing.LEAST])
    html = called("gate").still(data)
    assert 0.5 < drawn < 1 and html.count('stroke-opacity="0.8"') == n_black
    assert words.percent(drawn) in html and words.percent(1 - drawn) in html


def test_the_curve_its_tangent_and_its_parabola_begin_at_one_place() -> None:
    html = called("blind").still(shipped.data("blind"))
    curve, tangent, parabola = re.findall(r'<path d="(M[^"]+)" fill="none"', html)[:3]
    assert tangent.split("L")[0] == parabola.split("L")[0]
    ends = [float(way.split("L")[-1].split(" ")[1]) for way in (tangent, parabola)]
    heights = {point.split(" ")[0]: float(point.split(" ")[1]) for point in curve[1:].split("L")}
    end = heights[tangent.split("L")[-1].split(" ")[0]]
    assert ends[0] > ends[1] > end, "the parabola rises above the tangent, and the curve above both"
