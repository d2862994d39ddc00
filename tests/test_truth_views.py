"""What is said and drawn of the checks: never more than the numbers, nothing of a token unescaped."""

from dataclasses import replace

import numpy as np
import pytest
import samples
import truth

from heta_core.faithfulness.curves import MAP, Curves
from heta_core.faithfulness.stability import Stability
from heta_core.views import curves, twins, verdicts

RESULT = samples.result()
FOUND = truth.curves(RESULT)
PIECES = RESULT.tokens.pieces


def own_areas(found: Curves) -> tuple[float, float]:
    (own,) = found.of(MAP)
    return found.area(own, "deletion"), found.area(own, "insertion")


def test_a_map_that_beats_all_random_orders_is_said_to_and_by_how_much() -> None:
    told = verdicts.of_direction(FOUND, "deletion")
    drawn = [FOUND.area(curve, "deletion") for curve in FOUND.of("random")]
    own, _ = own_areas(FOUND)
    assert told.startswith("Deletion: better than all 5 random orders, by ")
    assert f"{np.mean(drawn) - own:.3f}" in told and f"{own:.3f} against {np.mean(drawn):.3f}" in told
    assert told.endswith("At least as good: Occlusion.")


@pytest.mark.parametrize("direction", ["deletion", "insertion"])
@pytest.mark.parametrize(
    ("own", "said"),
    [
        (0.1, "better than all 5"),
        (0.45, "but 2 of 5 orders do as well"),
        (0.31, "but 1 of 5 orders does as well"),
        (0.65, "no better than random"),
    ],
)
def test_a_verdict_never_says_more_than_the_areas(own: float, said: str, direction: str) -> None:
    assert said in verdicts.of_direction(truth.curves(RESULT, own=own), direction)  # type: ignore[arg-type]


def test_the_mask_and_the_area_are_named_and_the_same_mask_is_called_circular() -> None:
    told = verdicts.check(RESULT, FOUND)
    assert "set to the mean of the text; the map was made with its embedding set to zero" in told
    assert "not rescaled" in told and "seed 0" in told and "circular" not in told
    assert "circular" in verdicts.check(RESULT, truth.curves(RESULT, mask="zero"))


def test_the_mask_that_made_the_map_is_offered_last_and_labelled() -> None:
    offered = verdicts.masks(RESULT)
    assert list(offered) == ["mean", "attention", "zero"]
    assert ["circular" in told for told in offered.values()] == [False, False, True]


def test_every_line_of_the_figure_is_a_curve_and_random_is_a_band() -> None:
    for direction in ("deletion", "insertion"):
        figure = curves.figure(RESULT, FOUND, direction)  # type: ignore[arg-type]
        by_name = {trace.name: trace for trace in figure.data if trace.name}
        (own,) = FOUND.of(MAP)
        assert list(by_name)[-1] == "This map"  # on top
        assert list(by_name["This map"].y) == list(FOUND.values(own, direction, "probability"))  # type: ignore[arg-type]
        assert all(tuple(trace.x) == FOUND.ranks for trace in figure.data)
        low, high = (trace.y for trace in figure.data if trace.name is None)
        mean = by_name["Random: mean (span) of 5"].y
        assert (np.array(low) <= mean).all() and (mean <= np.array(high)).all()
        assert len({(trace.line.dash, trace.line.color) for trace in by_name.values()}) == len(by_name) == 5


def test_a_logarithm_is_another_axis() -> None:
    nats, probability = (curves.figure(RESULT, FOUND, "deletion", scale) for scale in ("nats", "probability"))  # type: ignore[arg-type]
    assert "nats" in nats.layout.yaxis.title.text and min(nats.data[-1].y) < 0
    assert "p of" in probability.layout.yaxis.title.text and tuple(probability.layout.yaxis.range) == (-0.02, 1.02)


def test_areas_stand_in_a_row_for_each_method_the_map_first() -> None:
    rows = curves.area_rows(FOUND)
    assert [row.title for row in rows] == [
        *("This map", "Random: mean (span) of 5", "Occlusion", "Input gradient", "Recency")
    ]
    deletion, insertion = own_areas(FOUND)
    assert (rows[0].deletion, rows[0].insertion) == (f"{deletion:.3f}", f"{insertion:.3f}")
    assert " to " in rows[1].deletion


def test_what_is_explained_names_the_axis() -> None:
    assert verdicts.quantity(samples.contrast(), "probability") == "p of “cup”, were it or “map”"
    assert verdicts.quantity(samples.contrast(), "nats") == "log-odds “cup” : “map”, nats"
    assert verdicts.quantity(samples.span(), "probability").startswith("p of all of “")


def test_what_is_masked_is_named() -> None:
    n = RESULT.n_units
    assert verdicts.masked(RESULT, ()) == "Nothing is masked."
    assert verdicts.masked(RESULT, (5, 1)) == f"Masked: “{PIECES[5].strip()}”, “{PIECES[1].strip()}”."
    assert verdicts.masked(RESULT, tuple(range(14))).endswith("and 2 more.")
    assert verdicts.masked(RESULT, tuple(range(n))) == f"All {n} tokens are masked."


@pytest.mark.parametrize(
    ("order", "said"),
    [(0.95, "do not believe it"), (0.6, "only in part"), (0.1, "as it should be"), (None, "no order")],
)
def test_a_scrambled_copy_gets_its_verdict_with_the_numbers(order: float | None, said: str) -> None:
    found = replace(truth.scrambled(RESULT), order=order)
    told = verdicts.scrambled(RESULT, found)
    assert said in told and "of the 5 highest 1 shared" in told
    assert order is None or f"{order:.3g}" in told


def test_what_was_redrawn_is_said() -> None:
    found = truth.scrambled(RESULT)
    assert verdicts.redrawn(found).startswith("Every parameter of a copy was redrawn")
    assert "last layer of a copy" in verdicts.redrawn(replace(found, n_last=1))
    assert "last 3 layers" in verdicts.redrawn(replace(found, n_last=3))


def test_the_badge_counts_what_is_stable_and_names_what_is_not() -> None:
    top = RESULT.top(5)
    short, told = verdicts.stability(RESULT, Stability(top, (1.0,) * 5, 500))
    assert (short, "in all 500 redraws" in told) == ("Top 5 stable", True)
    short, told = verdicts.stability(RESULT, Stability(top, (1.0, 1.0, 0.99, 0.8, 0.52), 500))
    assert short == "Top 5: 3 stable" and "80\u00a0%" in told and "52\u00a0%" in told
    assert told.count("“") == 2


def test_no_token_is_markup() -> None:
    odd = samples.odd()
    html = twins.markup(odd, truth.scrambled(odd))
    assert "<script" not in html and "&lt;script&gt;" in html and html.count("<p ") == 4
    assert twins.markup(odd, replace(truth.scrambled(odd), scores=None)) == ""


def test_what_is_known_of_a_check_that_runs_is_drawn() -> None:
    known = [partial for partial in truth.growing(FOUND) if partial.curves]
    drawn = [[t.name for t in curves.figure(RESULT, partial, "deletion").data if t.name] for partial in known]
    assert drawn[0] == ["Random: mean (span) of 2", "This map"]
    assert len(drawn[-1]) == 5
