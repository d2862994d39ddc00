"""The checks of a map on the shipped model, in a browser: drawn on demand, a rank clicked, the weights scrambled."""

import re

import pytest

pytestmark = pytest.mark.slow

PATIENCE = 180_000  # milliseconds; importing torch for the first question takes its time


@pytest.fixture(scope="module")
def address(real_address: str) -> str:
    return real_address


def opened(page) -> None:
    page.get_by_text("Does the picture tell the truth?").click()
    page.get_by_role("button", name="Draw the curves").wait_for()


@pytest.mark.parametrize(("theme", "width"), [("dark", 390), pytest.param("light", 1440, marks=pytest.mark.figures)])
def test_the_curves_are_drawn_and_a_click_on_a_rank_masks_as_many(visit, theme: str, width: int) -> None:
    page = visit(theme=theme, width=width)
    assert page.get_by_text("stable").first.is_visible()
    opened(page)
    page.get_by_role("button", name="Draw the curves").click()
    # A chart that can be clicked is put up anew for every curve that is added; the areas come below the last of them.
    page.get_by_text("Areas under the curves").wait_for(timeout=PATIENCE)
    assert page.get_by_text("Insertion: ").first.is_visible()
    named = page.get_by_test_id("stCaptionContainer").filter(has_text="Masked: “")
    named.wait_for(timeout=PATIENCE)
    chart = page.locator(".stPlotlyChart").first
    chart.scroll_into_view_if_needed()
    own = chart.locator(".scatterlayer .trace").last.locator(".points path")
    own.nth(3).wait_for()
    assert named.inner_text().count("“") == 1
    box = own.nth(3).bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    named.filter(has_text=re.compile("“.*“.*“")).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_scrambled_copy_draws_another_map_and_the_model_answers_as_before(visit) -> None:
    page = visit()
    opened(page)
    page.get_by_role("button", name="Scramble", exact=True).click()
    page.get_by_text("without the weights, as it should be").wait_for(timeout=PATIENCE)
    assert page.get_by_text("The scrambled copy", exact=True).is_visible()
    page.get_by_role("button", name="Draw the curves").click()
    page.get_by_text("Deletion: better than all 5 random orders").wait_for(timeout=PATIENCE)
