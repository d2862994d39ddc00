"""Curves of several columns in one plot: what is drawn and said of them, never more than the numbers."""

from dataclasses import replace

import numpy as np
import pytest
import samples
import truth

from heta_core.attribution import Attribution
from heta_core.faithfulness.curves import MAP
from heta_core.parts import Given
from heta_core.views import curves, orders
from heta_core.views.orders import Masked

HETA = samples.result()
CONTRAST = samples.contrast(samples.words("Noah has a map and a key. Who? Answer:"))


def by_method(result: Attribution, title: str) -> Attribution:
    said = Given(np.linspace(-1, 1, result.n_units), title, "nats", is_signed=True)
    bare = replace(result, transition=None, information=None, hessian=None, given=said, method=title.lower())
    return bare


def masked(letter: str, result: Attribution, own: float, *, n_random: int = 0, mask: str = "mean") -> Masked:
    found = truth.curves(result, own=own, mask=mask)  # type: ignore[arg-type]
    return Masked(letter, result, replace(found, curves=found.curves[: 1 + n_random]))


ONE_QUESTION = [
    masked("A", HETA, 0.1, n_random=5),
    masked("B", by_method(HETA, "Occlusion"), 0.45),
    masked("C", by_method(HETA, "LIME"), 0.8),
]
TWO_QUESTIONS = [masked("A", HETA, 0.1, n_random=5), masked("B", CONTRAST, 0.3)]


def test_each_area_stands_with_its_name_target_and_mask_and_with_how_many_random_orders_it_beats() -> None:
    told = orders.areas(ONE_QUESTION, "deletion")
    for line, column, title, beaten in zip(
        told, ONE_QUESTION, ("HETA", "Occlusion", "LIME"), ("all 5", "3 of 5", "none of 5"), strict=True
    ):
        (own,) = column.curves.of(MAP)
        assert line.startswith(
            f"{column.letter}: {title}. Area {column.curves.area(own, 'deletion'):.3f} under p of “cup”"
        )
        assert f"below {beaten} random orders; masked is a token with its embedding set to the mean of the text" in line
    assert "above none of 5" in orders.areas(ONE_QUESTION, "insertion")[2]
    drawn = [ONE_QUESTION[0].curves.area(c, "deletion") for c in ONE_QUESTION[0].curves.of("random")]
    assert f"mean area {np.mean(drawn):.3f}, {min(drawn):.3f} to {max(drawn):.3f} in 5 draws" in str(
        orders.chance(ONE_QUESTION, "deletion")
    )
    assert "against" in orders.reading([c.result for c in ONE_QUESTION], "deletion")


def test_where_the_questions_differ_there_is_no_random_and_areas_are_not_held_against_each_other() -> None:
    assert orders.chance(TWO_QUESTIONS, "deletion") is None
    assert all("random" not in line for line in orders.areas(TWO_QUESTIONS, "deletion"))
    assert "compare shapes, not areas" in orders.reading([c.result for c in TWO_QUESTIONS], "deletion")
    assert orders.names(TWO_QUESTIONS) == ["A: HETA, “cup”", "B: HETA, “cup” rather than “map”"]
    assert [trace.name for trace in curves.together(TWO_QUESTIONS, "deletion").data] == orders.names(TWO_QUESTIONS)


@pytest.mark.parametrize(
    "other",
    [
        replace(HETA, source=replace(HETA.source, weights_id="other")),
        replace(HETA, target=replace(HETA.target, token_id=HETA.target.token_id + 1)),
        replace(HETA, tokens=replace(HETA.tokens, ids=(*HETA.tokens.ids[:-1], 999_999))),
    ],
    ids=["weights", "target", "text"],
)
def test_one_question_is_one_text_target_and_model(other: Attribution) -> None:
    assert orders.is_one_question([HETA, by_method(HETA, "LIME")]) and not orders.is_one_question([HETA, other])


def test_lines_differ_in_colour_dash_and_shape_and_carry_their_letter_once() -> None:
    figure = curves.together(ONE_QUESTION, "deletion")
    lines = [trace for trace in figure.data if trace.marker.symbol]
    assert [line.name for line in lines] == orders.names(ONE_QUESTION)
    for looks in (
        [line.line.color for line in lines],
        [line.line.dash for line in lines],
        [line.marker.symbol for line in lines],
    ):
        assert len(set(looks)) == 3
    assert ["".join(line.text) for line in lines] == ["A", "B", "C"]
    for line, column in zip(lines, ONE_QUESTION, strict=True):
        assert list(line.y) == list(column.curves.values(column.own, "deletion", "probability"))
        assert (line.x[0], line.x[-1]) == (0, 100)
    band = [trace for trace in figure.data if not trace.marker.symbol]
    drawn = [c.deletion for c in ONE_QUESTION[0].curves.of("random")]
    assert list(band[-1].y) == pytest.approx(np.exp(drawn).mean(0))


def test_letters_of_equal_lines_do_not_cover_each_other() -> None:
    same = [masked(letter, HETA, 0.4) for letter in "ABCD"]
    places = [list(line.text).index(line.name[0]) for line in curves.together(same, "deletion").data]
    assert len(set(places)) == 4


def test_a_letter_stands_on_the_side_of_its_line_that_is_free() -> None:
    apart = [masked("A", HETA, 0.1), masked("B", HETA, 0.5)]
    for direction, sides in (("deletion", ["bottom left", "top right"]), ("insertion", ["top left", "bottom right"])):
        found = curves.together(apart, direction)  # type: ignore[arg-type]
        assert [line.textposition for line in found.data] == sides


def test_the_masks_that_made_a_column_come_last_and_are_labelled() -> None:
    other = replace(HETA, settings=replace(HETA.settings, mask="mean"))
    offered = orders.masks([HETA, HETA, other], "ABC")
    assert list(offered) == ["attention", "mean", "zero"]
    assert offered["zero"].endswith("(made A, B: circular)") and offered["mean"].endswith("(made C: circular)")
    (line,) = orders.areas([masked("A", HETA, 0.1, mask="zero")], "deletion")
    assert "circular" in line


def test_nothing_of_a_token_is_markup_in_the_plot() -> None:
    odd = samples.odd()
    figure = curves.together([masked("A", odd, 0.1), masked("B", CONTRAST, 0.2)], "deletion").to_json()
    assert "<script" not in figure and "<b>" not in figure
