"""The guided tours: offered once, gone through with one's own actions, left and gone on with, never in the way."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import made_generation
import pytest
from axe import broken
from playwright.sync_api import expect
from servers import free_port, served

from heta_core.report import dumps
from pages.ui import tour
from pages.ui.frame import PAGES

LABELS = [label for _, label, _ in PAGES]
EXPLORE, GENERATE = (tour.steps(title, LABELS) for title in ("Explore", "Generate"))
OFFER, AGAIN, LATER = "One-minute tour", "Take the tour", re.compile("Go on with the tour")
BLOCKED = (
    "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('blocked', 'SecurityError') } })"
)
SLACK = 2  # pixels that a ring may lie inside of its element, at the edge of the window
RING = "document.querySelector('body > [data-tour]').shadowRoot.querySelector('.ring').getBoundingClientRect()"
RINGED = f"""([selector, slack]) => {{
  const hosts = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")];
  const roots = [document, ...hosts.map((host) => host.shadowRoot)];
  const node = roots.map((root) => root.querySelector(selector)).find(Boolean);
  const [box, ring] = [node?.getBoundingClientRect(), {RING}];
  return box?.height && ring.height && box.bottom > 0 && box.top < innerHeight
    && box.left >= ring.left - slack && box.right <= ring.right + slack
    && box.top >= ring.top - slack && box.bottom <= ring.bottom + slack;
}}"""
# Of the page, wherever it is scrolled to.
FROM_TOP = """(node) => {
  const main = document.querySelector("[data-testid=stMain]");
  return node.getBoundingClientRect().top + main.scrollTop;
}"""
ABOVE = f"(top) => {{ const ring = {RING}; return ring.height && ring.bottom <= top + 1; }}"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a generation to open."""
    folder, port = tmp_path_factory.mktemp("toured"), free_port()
    (folder / "generation.json").write_text(dumps(made_generation.generation()), encoding="utf-8")
    command = [sys.executable, str(Path(__file__).with_name("serve.py")), str(port), str(folder)]
    with served(command, port, folder / "server.txt") as url:
        yield url


def button(page, name: str | re.Pattern[str]):
    return page.get_by_role("button", name=name, exact=True)


def at(page, step: tour.Step):
    """The card is at a step."""
    card = page.get_by_role("dialog", name=step.title, exact=True)
    expect(card).to_be_visible()
    expect(card.get_by_text(step.text)).to_be_visible()
    return card


def is_ringed(page, selector: str) -> None:
    """The ring is around an element, in sight, once the page has stopped scrolling."""
    page.wait_for_function(RINGED, arg=[selector, SLACK])


def test_the_tour_of_explore_waits_for_the_reader_and_goes_on_where_it_was_left(visit) -> None:
    page = visit(is_new=True)
    expect(button(page, OFFER)).to_be_visible()
    broken(page)
    heading = page.locator(".head h1").evaluate(FROM_TOP)
    expect(page.get_by_text("More models are listed")).to_have_count(0)  # the page asks for them by the clock
    n_sent = len(page.sent)
    button(page, OFFER).click()
    expect(at(page, EXPLORE[0])).to_be_focused()
    is_ringed(page, ".head h1")
    page.keyboard.press("ArrowRight")
    at(page, EXPLORE[1])
    is_ringed(page, ".strip")
    page.locator(".strip .tok").nth(3).click()  # what the step asks for
    card = at(page, EXPLORE[2])
    is_ringed(page, ".card.pinned .fall")
    assert len(page.sent) == n_sent  # none of it is the server's business
    broken(page)
    place = f"3 of {len(EXPLORE)}"
    expect(card.get_by_text(place)).to_be_visible()

    page.reload()
    button(page, f"Go on with the tour ({place})").click()
    expect(at(page, EXPLORE[2])).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button(page, AGAIN)).to_be_focused()  # what it was begun with is gone
    button(page, LATER).click()
    at(page, EXPLORE[2])
    button(page, "Back").press("Enter")
    at(page, EXPLORE[1])
    page.keyboard.press("Enter")
    at(page, EXPLORE[0])
    page.keyboard.press("ArrowRight")  # from a button that has nothing to do any more
    at(page, EXPLORE[1])

    for step in EXPLORE[2:6]:
        button(page, "Next").click()
        at(page, step)
    page.locator(".could ol li button").nth(1).click()  # the page is drawn again while the server computes
    at(page, EXPLORE[6])
    is_ringed(page, "[data-key=edit]")
    page.wait_for_selector(".status:empty", state="attached")
    at(page, EXPLORE[6])
    button(page, "Skip").click()
    assert page.locator(".head h1").evaluate(FROM_TOP) == pytest.approx(heading, abs=1)  # the offer had moved nothing

    page.reload()
    page.wait_for_selector(".strip .tok")
    button(page, AGAIN).click()
    at(page, EXPLORE[0])
    assert not button(page, OFFER).count() and not button(page, LATER).count()


def test_an_address_starts_it_and_a_phone_shows_all_of_it_and_that_of_generate(visit) -> None:
    page = visit(is_new=True, width=390, height=844, theme="dark", path="?tour=1")
    at(page, EXPLORE[0])
    assert "tour" not in page.url
    broken(page)
    through(page, EXPLORE)
    is_ringed(page, "[data-testid=stExpandSidebarButton]")
    button(page, "Done").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.locator("[data-testid=stExpandSidebarButton]").click()
    page.get_by_role("link", name="Generate").click()
    page.wait_for_selector(".frame")
    page.locator("[data-testid=stSidebarCollapseButton] button").click()
    expect(button(page, OFFER)).to_be_visible()
    broken(page)
    button(page, OFFER).click()
    at(page, GENERATE[0])
    page.locator(".frame").nth(1).click()
    at(page, GENERATE[1])
    button(page, "Back").click()
    through(page, GENERATE)
    button(page, "Done").click()
    expect(button(page, OFFER)).to_have_count(0)


def through(page, steps: tuple[tour.Step, ...]) -> None:
    """From the first step to the last; the card lies in the window and not on what it tells of."""
    for k, step in enumerate(steps):
        card = at(page, step)
        expect(card.get_by_text(f"{k + 1} of {len(steps)}")).to_be_visible()
        box = card.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["y"] + box["height"] <= 844
        page.wait_for_function(ABOVE, arg=box["y"])
        if step is not steps[-1]:
            button(page, "Next").click()


def test_who_declines_is_left_in_peace_and_so_is_a_browser_that_keeps_nothing(browser, address: str, visit) -> None:
    page = visit(is_new=True)
    button(page, "No, thanks").press("Enter")
    expect(button(page, AGAIN)).to_be_focused()
    page.reload()
    page.wait_for_selector(".strip .tok")
    expect(button(page, AGAIN)).to_be_visible()
    assert not button(page, OFFER).count()

    context = browser.new_context(is_new=True)
    context.add_init_script(BLOCKED)
    page = context.new_page()
    page.goto(address)
    button(page, OFFER).click()
    at(page, EXPLORE[0])
    page.keyboard.press("Escape")
    button(page, LATER).click()
    at(page, EXPLORE[0])
    button(page, "Skip").click()
    page.get_by_role("link", name="Generate").click()
    expect(button(page, OFFER)).to_be_visible()
    page.get_by_role("link", name="Explore").click()
    page.wait_for_selector(".strip .tok")
    expect(button(page, AGAIN)).to_be_visible()
    assert not button(page, OFFER).count()
    context.close()
