"""The token × step matrix of a generation and its tables: the numbers of its steps, and no markup."""

import csv
import io
from dataclasses import replace

import made
import numpy as np
import pytest
import samples

from heta_core.errors import ReportError
from heta_core.views import export, grid, matrix, ranking, scale, words

NBSP = "\u00a0"
SMALL = made.generation()
ODD = made.generation(["<s>", *samples.HOSTILE], [samples.HOSTILE[0], " 🦊", " 🦊", "\n"])
LONG = made.generation(["<s>", *(f" w{i}" for i in range(200))], [" a", " b", " c"])


def test_each_column_is_coloured_over_its_own_highest_and_empty_beyond_its_context() -> None:
    cells, points = matrix.matrix(SMALL, "transition").data
    # M of the first step is ¼ ¼ ½, of the second ⅙ ⅙ ⅙ ½.
    np.testing.assert_allclose(cells.z, [[1 / 2, 1 / 3], [1 / 2, 1 / 3], [1, 1 / 3], [np.nan, 1]])
    assert cells.hoverinfo == "skip"
    assert len(points.x) == 3 + 4


def test_a_point_lies_on_every_cell_and_says_what_it_is() -> None:
    points = matrix.matrix(SMALL, "kl").data[1]
    assert [tuple(c) for c in points.customdata] == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (3, 1)]
    assert (list(points.x), list(points.y)) == ([0, 1, 0, 1, 0, 1, 1], [0, 0, 1, 1, 2, 2, 3])
    assert points.marker.opacity == points.selected.marker.opacity == points.unselected.marker.opacity == 0
    assert points.hovertext[4] == "“ran” (position 2)<br>for “to” (position 3)<br>KL: 2.00 nats<br>rank 1 of 3"


@pytest.mark.parametrize("component", [c.name for c in words.COMPONENTS])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("generation", [SMALL, ODD, LONG], ids=["small", "odd", "long"])
def test_every_component_is_drawn_without_markup(
    generation: made.GenerationAttribution, component: words.Component, theme: scale.Theme
) -> None:
    figure = matrix.matrix(generation, component, theme, step=1, token=2)
    assert "<script" not in figure.to_json()
    z = np.array(figure.data[0].z, float)
    assert np.nanmax(z, 0) == pytest.approx(1)
    assert (z.shape[1], len(figure.layout.xaxis.ticktext)) == (generation.n_new, generation.n_new)
    assert len(figure.layout.yaxis.ticktext) == z.shape[0]


def test_what_is_looked_at_is_framed_and_the_continuation_begins_at_a_line() -> None:
    column, row, begin = matrix.matrix(SMALL, "final", step=1, token=2).layout.shapes
    assert (column.x0, column.x1, column.y0, column.y1) == (0.5, 1.5, -0.5, 3.5)
    assert (row.x0, row.x1, row.y0, row.y1) == (-0.5, 1.5, 1.5, 2.5)
    assert (begin.y0, begin.y1) == (2.5, 2.5)


def test_what_a_matrix_leaves_out_is_stated() -> None:
    figure = matrix.matrix(LONG, "transition")
    n, n_rows = grid.MOST_ROWS, len(LONG.tokens) - 1
    assert len(figure.data[0].z) == n
    kept = {c[0] for c in figure.data[1].customdata}
    hidden = [sum(m for i, m in enumerate(LONG.at(k).transition.scores) if i not in kept) for k in range(LONG.n_new)]
    assert figure.layout.title.text == (
        f"Transition, each column over its own highest;<br>the {n} highest of {n_rows} tokens in reading order;<br>"
        f"the other {n_rows - n} hold {words.percent(float(np.mean(hidden)))} of a column on average, "
        f"{words.percent(max(hidden))} at most"
    )
    assert matrix.matrix(SMALL, "final").layout.title.text.endswith("<br>all 4 tokens")


def test_a_pinned_token_is_drawn_whatever_it_holds() -> None:
    last = len(LONG.tokens) - 10
    without = {c[0] for c in matrix.matrix(LONG, "kl").data[1].customdata}
    assert last not in without
    assert last in {c[0] for c in matrix.matrix(LONG, "kl", token=last).data[1].customdata}


def test_steps_that_are_not_known_yet_are_empty() -> None:
    begun = made.bare(SMALL).with_step(1, SMALL.steps[1])
    z = np.array(matrix.matrix(begun, "hessian").data[0].z, float)
    assert np.isnan(z[:, 0]).all() and not np.isnan(z[:, 1]).any()
    with pytest.raises(ReportError, match="needs the KL of a step, found none: wait for it"):
        matrix.matrix(made.bare(SMALL), "kl")
    with pytest.raises(ReportError, match="found none"):
        matrix.matrix(replace(SMALL, steps=()), "final")


@pytest.mark.parametrize(("asked", "message"), [({"step": 2}, "step must be from 0 to 1"), ({"token": -1}, "token")])
def test_a_step_or_token_that_is_not_there_is_refused(asked: dict[str, int], message: str) -> None:
    with pytest.raises(ReportError, match=message):
        matrix.matrix(SMALL, "final", **asked)


def test_the_table_of_steps_has_a_row_for_every_token() -> None:
    first, second = ranking.steps_table(made.generation(n_given=1))
    assert first == ranking.StepRow(0, 3, 3, "to", pytest.approx(0.8), 1, 0.5, True)
    assert (second.label, second.is_given) == ("the", False)
    assert ranking.steps_table(replace(SMALL, steps=())) == ()


@pytest.mark.parametrize("generation", [SMALL, ODD, made.bare(SMALL)], ids=["small", "odd", "bare"])
def test_the_table_of_a_generation_has_a_line_for_every_step_and_token(
    generation: made.GenerationAttribution,
) -> None:
    lines = list(csv.DictReader(io.StringIO(export.generation_csv(generation))))
    assert len(lines) == sum(range(generation.n_prompt, len(generation.tokens)))
    for k in range(generation.n_new):
        ours = [line for line in lines if int(line["step"]) == k]
        assert [int(line["position"]) for line in ours] == [row.position for row in ranking.rows(generation.at(k))]
        assert {line["step_label"] for line in ours} == {words.label(generation.steps[k].target.piece)}


def test_a_spreadsheet_takes_no_token_of_a_generation_for_a_formula() -> None:
    text = export.generation_csv(made.generation(["<s>", "=1+1", " b"], ["@c", "-d"]))
    assert "'=1+1" in text and ",=1+1" not in text and "'@c" in text and ",@c" not in text and "'-d" in text
