"""Gate and strength: points are the result's numbers, places their logarithms, and the picture holds them all."""

import math
import re
from dataclasses import replace
from xml.etree import ElementTree

import made
import numpy as np
import pytest
import samples
from made_blocks import in_blocks

from heta_core.attribution import Attribution
from heta_core.errors import ReportError
from heta_core.grouping import sentences
from heta_core.settings import Weights
from heta_core.views import plane, plane_sheet, standing

SHOWN = samples.result()
CASES = {
    "scene": SHOWN,
    "raw": samples.result(weights=Weights(beta=0.2, gamma=0.9, scaling="raw")),
    "span": made.span(),
    "contrast": samples.contrast(),
    "blocks": in_blocks(SHOWN, sentences(SHOWN.tokens, SHOWN.n_context)),
    "odd": samples.odd(),
}
SVG = "{http://www.w3.org/2000/svg}"


def zeroed() -> Attribution:
    """Token 5 has neither transition nor strength, token 9 no transition, token 12 no strength."""
    assert SHOWN.transition is not None and SHOWN.hessian is not None and SHOWN.information is not None
    flow, scores, kl = SHOWN.transition.flow.copy(), SHOWN.hessian.scores.copy(), SHOWN.information.kl.copy()
    flow[:, :, [5, 9]] = scores[[5, 12]] = kl[[5, 12]] = 0
    return replace(
        SHOWN,
        transition=replace(SHOWN.transition, flow=flow),
        hessian=replace(SHOWN.hessian, scores=scores),
        information=replace(SHOWN.information, kl=kl),
    )


@pytest.mark.parametrize("a", [*CASES.values(), zeroed()], ids=[*CASES, "zeroed"])
def test_every_unit_is_a_point_whose_product_is_its_score(a: Attribution) -> None:
    found = plane.points(a)
    assert [p.unit for p in found] == list(range(a.n_units))
    assert a.transition is not None and a.combined is not None
    assert [p.gate for p in found] == a.transition.scores.tolist()
    assert [p.score for p in found] == a.scores.tolist()
    assert [p.share for p in found] == a.combined.shares.tolist()
    assert [p.gate * p.strength for p in found] == pytest.approx(a.scores.tolist(), rel=1e-12)
    assert [p.gate * p.error for p in found] == pytest.approx(standing.errors(a).tolist(), rel=1e-12)


def test_what_is_exactly_zero_has_a_flag_and_no_place_on_the_axis() -> None:
    found = plane.points(zeroed())
    assert [p.unit for p in found if p.is_closed] == [5, 9]
    assert [p.unit for p in found if p.is_weightless] == [5, 12]
    x, up = plane.axis([p.gate for p in found], 100, 500), plane.axis([p.strength for p in found], 400, 50)
    for p in found:
        at_x, at_y = plane.place(p, x, up)
        assert (at_x < 100) == p.is_closed and (at_y > 400) == p.is_weightless
        assert at_x < 500 and at_y > 50


def test_an_axis_is_logarithmic_and_never_shorter_than_a_decade() -> None:
    wide = plane.axis([0.0, 1e-4, 1e-2, 1.0], 0, 100)
    assert wide.place(-2) == pytest.approx(50)
    assert wide.place(-1) - wide.place(-2) == pytest.approx(wide.place(-3) - wide.place(-4))
    narrow = plane.axis([3.0, 3.0], 0, 100)
    assert narrow.high - narrow.low >= 1 and narrow.place(math.log10(3)) == pytest.approx(50)
    assert all(narrow.low <= math.log10(value) <= narrow.high for value in narrow.ticks()) and len(narrow.ticks()) >= 2
    assert len(plane.axis([1e-30, 1.0], 0, 100).ticks()) <= 16
    assert plane.axis([0.0], 0, 100).place(0) == pytest.approx(50)


@pytest.mark.parametrize("a", CASES.values(), ids=CASES)
def test_along_a_line_the_score_is_the_share_that_it_says(a: Attribution) -> None:
    found = plane.points(a)
    x, up = plane.axis([p.gate for p in found], 0, 800), plane.axis([p.strength for p in found], 500, 0)
    drawn = plane.levels(float(a.scores.sum()), x, up)
    assert drawn
    for share, *ends in drawn:
        for at_x, at_y in ends:
            assert -1e-6 <= at_x <= 800 + 1e-6 and -1e-6 <= at_y <= 500 + 1e-6
            log = x.low + at_x / 800 * (x.high - x.low) + up.low + (500 - at_y) / 500 * (up.high - up.low)
            assert 10**log == pytest.approx(share * a.scores.sum(), rel=1e-9)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("a", [*CASES.values(), zeroed()], ids=[*CASES, "zeroed"])
def test_the_picture_has_every_point_in_the_colour_of_the_strip(a: Attribution, theme: str) -> None:
    root = ElementTree.fromstring(plane_sheet.svg(a, theme))  # type: ignore[arg-type]
    assert len(root.findall(f".//{SVG}circle")) == a.n_units
    texts = [text.text or "" for text in root.iter(f"{SVG}text")]
    assert {"evidence", "read but inert", "strong but unread", "neither"} <= set(texts)
    top = plane.points(a)[a.top(1)[0]].label
    assert any(text and top.startswith(text.rstrip("…")) for text in texts)
    assert all(re.fullmatch(r"#[0-9a-f]{6}", node.get("fill") or "") for node in root.iter(f"{SVG}circle"))


def test_zeros_are_counted_in_the_picture() -> None:
    told = " ".join(text.text or "" for text in ElementTree.fromstring(plane_sheet.svg(zeroed())).iter(f"{SVG}text"))
    assert "2 tokens of exactly zero Transition" in told and "2 tokens of exactly zero strength" in told
    assert "exactly zero" not in plane_sheet.svg(SHOWN)


def test_names_in_the_picture_cover_no_other() -> None:
    for a in CASES.values():
        root = ElementTree.fromstring(plane_sheet.svg(a))
        names = [n for n in root.iter(f"{SVG}text") if n.get("font-size") == "13"]
        boxes = [(float(n.get("x") or 0), float(n.get("y") or 0), float(n.get("textLength") or 1)) for n in names]
        for k, (x, y, wide) in enumerate(boxes):
            assert all(x >= u + w or u >= x + wide or abs(y - v) >= 13 for u, v, w in boxes[:k])


def test_where_every_score_is_zero_there_are_no_lines() -> None:
    a = samples.result()
    assert a.hessian is not None and a.information is not None
    n = a.n_units
    hessian, information = replace(a.hessian, scores=np.zeros(n)), replace(a.information, kl=np.zeros(n))
    nothing = replace(a, hessian=hessian, information=information)
    assert f"{n} tokens of exactly zero strength" in plane_sheet.svg(nothing)
    assert "stroke-dasharray" not in plane_sheet.svg(nothing)


def test_nothing_is_drawn_of_what_is_not_known() -> None:
    for partial in list(samples.growing(SHOWN))[:2]:
        with pytest.raises(ReportError, match="all three components"):
            plane.points(partial)
