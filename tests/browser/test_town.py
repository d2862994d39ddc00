"""Littletown and the lesson on fooling it, in a browser on the shipped model."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe import broken
from playwright.sync_api import expect

from heta_core.teaching import spelling

WIDE, NARROW = ("light", 1440), ("dark", 390)
ASK = "Learn?lesson=littletown&skill=where&seed=7"
# What this browser takes for white space in a pattern, and what it cuts off at the end of a text.
BLANK = """() => {
    const every = Array.from({ length: 0x10000 }, (_, k) => String.fromCharCode(k));
    const cut = every.filter((c) => !("a" + c).trimEnd().includes(c));
    return [every.filter((c) => /\\s/u.test(c)).join(""), cut.join("")];
}"""
WIDER = "document.documentElement.scrollWidth - innerWidth"
TWICE = """() => {
    const roots = [...document.querySelectorAll("*")].map((node) => node.shadowRoot);
    const next = roots.map((root) => root?.querySelector("[data-key=next]")).find(Boolean);
    next.click();
    next.click();
}"""


@contextmanager
def opened(browser, address: str, theme: str, width: int) -> Iterator[object]:
    """The page, tall enough for all of it; it fails on any error and on any request that leaves this computer."""
    context = browser.new_context(viewport={"width": width, "height": 2600}, color_scheme=theme)
    page, wrong = context.new_page(), []
    page.set_default_timeout(60_000)
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.on("request", lambda r: None if r.url.startswith((address.split("?")[0], "blob:")) else wrong.append(r.url))
    yield page
    context.close()
    assert [w for w in wrong if not w.startswith("data:")] == []


def press(page, *keys: str) -> None:
    for key in keys:
        page.click(f'[data-key="{key}"]')


def part(page, name: str) -> None:
    page.locator("[data-testid=stButtonGroup] button", has_text=name).click()


@pytest.mark.parametrize(("theme", "width"), [NARROW, pytest.param(*WIDE, marks=pytest.mark.figures)])
def test_an_example_is_guessed_uncovered_and_changed(browser, real_address: str, theme: str, width: int) -> None:
    with opened(browser, real_address, theme, width) as page:
        page.goto(real_address + ASK)
        page.locator(".judged", has_text="Right: it says “market”").wait_for()
        assert page.locator(".evidence").count() == 0
        press(page, "word.6", "word.10", "word.0", "measure.mi", "uncover")  # Lucy, market, Sofia
        rows = page.locator(".truth tbody tr")
        expect(rows.first.locator("th, td")).to_have_text(["You", "Sofia, Lucy, market", "2 of 3", "2 of 2"])
        expect(rows.nth(1).locator("th, td").nth(2)).to_have_text("2 of 3")
        expect(page.get_by_text("✓ Evidence@1:")).to_be_visible()
        expect(page.locator(".row").first.locator(".evidence").first).to_have_text(re.compile("^Lucy"))
        expect(page.locator(".differs").first).to_have_text(re.compile("^Adam"))
        broken(page)
        assert page.evaluate(WIDER) <= 0
        press(page, "beside.change")
        page.wait_for_url("**beside=change")
        page.locator(".judged").nth(1).get_by_text("Right").wait_for()
        page.evaluate(TWICE)  # before the server has drawn the first of them
        page.wait_for_url("**seed=9**beside=change")
        page.locator(".truth tbody").wait_for(state="detached")  # another example is covered


def test_each_part_is_chosen_and_keeps_its_place(browser, real_address: str) -> None:
    with opened(browser, real_address, "light", 1440) as page:
        page.goto(real_address + "Learn")
        page.locator('.lessons [data-key="lesson.fooling"]').click()
        page.locator("h1", has_text="Try to fool it").wait_for()
        assert page.evaluate(BLANK) == [spelling.SPACES] * 2
        part(page, "Littletown")
        page.wait_for_url("**lesson=littletown")
        page.locator("h1", has_text="Littletown").wait_for()
        part(page, "Glossary")
        page.locator("h1", has_text="Glossary").wait_for()
        part(page, "Lessons")
        page.locator("h1", has_text="Try to fool it").wait_for()
        page.locator(
            "[data-testid=stMainMenu] button"
        ).click()  # it lies over the page, and is still the one that is hit
        page.keyboard.press("Escape")
        page.goto(real_address + "Learn?lesson=littletown&skill=%3Cb%3E")
        page.get_by_text("Littletown has no skill").wait_for()


@pytest.mark.parametrize(("theme", "width"), [WIDE, pytest.param(*NARROW, marks=pytest.mark.figures)])
def test_a_scene_is_marked_asked_and_scored(browser, real_address: str, theme: str, width: int) -> None:
    with opened(browser, real_address, theme, width) as page:
        page.goto(real_address + "Learn?lesson=fooling")
        page.locator('[data-key="ask"][aria-disabled="true"]').wait_for()
        press(page, "word.7", "word.11", "ask")  # she, park
        page.get_by_text("✗ Fooled:").wait_for()
        expect(page.get_by_text("✗ Not predicted:")).to_be_visible()
        ends = [re.compile("the same answer$"), re.compile("another answer$")]
        expect(page.locator(".fooling tbody tr")).to_have_text(ends)
        broken(page)
        assert page.evaluate(WIDER) <= 0
        press(page, "scene.1")
        press(page, "word.6", "word.10", "ask")  # Kate, park
        page.get_by_text("✓ Not fooled:").wait_for()
        own = "Kate went to the hotel. Question: Where is Kate? Answer:"
        page.fill("textarea", own)
        page.locator(".row", has_text="hotel").wait_for()
        press(page, "word.4", "ask")
        page.locator('[data-key="judge.false"]').click()
        told = "you predicted the map’s first word in 2 of 3; the model was fooled in 1 of 3."
        page.get_by_text(told).wait_for()
