"""Learn in a browser on the shipped model: every lesson seen, read by a machine, and gone through with the keyboard."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe import broken
from playwright.sync_api import TimeoutError as TimedOut
from playwright.sync_api import expect

from heta_core.learning import lessons
from heta_core.teaching.contract import Lesson

LOOKS = [("light", 1440), ("dark", 390)]
TALL = 3000  # pixels; what lies outside the window is not looked at
ROOT = "[...document.querySelectorAll('*')].map((n) => n.shadowRoot?.querySelector('.lesson')).find(Boolean)"
OPEN = f"() => {ROOT}.querySelectorAll('details').forEach((cover) => (cover.open = true))"
FIT = f"""() => {{
    const lesson = {ROOT};
    return [lesson.scrollWidth - lesson.clientWidth, document.body.scrollWidth - innerWidth];
}}"""
# What the Tab key stops at in a lesson, by its place; and where the focus is among that.
TABBED = ":is(a, button, input, select, summary, textarea, [tabindex]):not([tabindex='-1'], :disabled)"
STOPS = f'() => {ROOT}.querySelectorAll("{TABBED}")'
VISIBLE = f"() => [...({STOPS})()].filter((n) => n.checkVisibility()).length"
AT = f"""() => {{
    let node = document.activeElement;
    while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
    const style = node && getComputedStyle(node);
    const place = [...({STOPS})()].filter((n) => n.checkVisibility()).indexOf(node);
    return {{ place, key: node?.dataset?.key ?? '', tag: node?.tagName, type: node?.type ?? '',
              isSeen: !!style && (style.outlineStyle !== 'none' || style.boxShadow !== 'none') }};
}}"""
BEGIN = f"() => {ROOT}.querySelector('h1').focus()"
PICTURE = f"() => {ROOT}.querySelector('.picture').innerHTML"
CHANGED = f"(before) => {ROOT}.querySelector('.picture').innerHTML !== before"
MOST_CHANGE = 1000  # milliseconds


@contextmanager
def learning(browser, address: str, theme: str, width: int, height: int = 900) -> Iterator[object]:
    """The page, which fails on any error of its console."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
    page, wrong = context.new_page(), []
    page.set_default_timeout(60_000)
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.on("request", lambda r: None if r.url.startswith((address, "blob:", "data:")) else wrong.append(r.url))
    page.goto(address + "Learn")
    page.wait_for_selector(".lesson .picture")
    # The whole page is drawn again once the engine is there.
    expect(page.get_by_text("More models are listed")).to_have_count(0, timeout=60_000)
    yield page
    context.close()
    assert wrong == []


def go_to(page, lesson: Lesson) -> None:
    page.locator(f'[data-key="lesson.{lesson.name}"]').click()
    page.locator(".lesson h1", has_text=lesson.title).wait_for()


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_every_lesson_fits_and_breaks_no_rule_of_accessibility(
    browser, real_address: str, theme: str, width: int
) -> None:
    with learning(browser, real_address, theme, width, TALL) as page:
        for lesson in lessons():
            go_to(page, lesson)
            page.evaluate(OPEN)
            broken(page)
            assert max(page.evaluate(FIT)) <= 1, f"{lesson.name} is wider than {width} pixels"


def test_every_lesson_is_gone_through_with_the_keyboard(browser, real_address: str) -> None:
    with learning(browser, real_address, "light", 1440) as page:
        for lesson in lessons():
            go_to(page, lesson)
            page.evaluate(BEGIN)
            wanted, seen, changed = page.evaluate(VISIBLE), set(), False
            for _ in range(2 * wanted):
                page.keyboard.press("Tab")
                at = page.evaluate(AT)
                if at["place"] < 0:
                    break  # behind the lesson
                assert at["isSeen"], f"{lesson.name}: nobody sees that {at['key'] or at['tag']} has the focus"
                seen.add(at["place"])
                changed = changed or changes(page, at)
            before = page.evaluate(f"() => {ROOT}.querySelectorAll('.lessons a').length")  # they precede the heading
            assert len(seen) >= page.evaluate(VISIBLE) - before, f"{lesson.name}: Tab does not reach all"
            assert changed, f"{lesson.name}: no key changes the picture"


def changes(page, at: dict[str, object]) -> bool:
    """Whether the picture changes when what has the focus is used."""
    key = {"BUTTON": "Enter", "INPUT": "ArrowRight"}.get(str(at["tag"]))
    if key is None:
        return False
    before = page.evaluate(PICTURE)
    page.keyboard.press(key)
    try:
        page.wait_for_function(CHANGED, arg=before, timeout=MOST_CHANGE)
    except TimedOut:
        return False
    return True


def test_an_address_leads_to_its_lesson_and_an_unknown_one_to_the_first(browser, real_address: str) -> None:
    with learning(browser, real_address, "light", 1440) as page:
        last = lessons()[-1]
        page.goto(f"{real_address}Learn?lesson={last.name}&present=1")
        page.locator(".lesson h1", has_text=last.title).wait_for()
        assert page.locator(".presenter").count() == 1
        words = page.locator(".heta-words a").all_inner_texts()
        before = page.get_by_role("link", name=lessons()[-2].title)
        before.first.focus()
        expect(page.locator(".tip")).to_have_text(lessons()[-2].title)  # at the keyboard as under the pointer
        before.last.press("Enter")  # at the foot of the lesson
        page.locator(".lesson h1", has_text=lessons()[-2].title).wait_for()
        assert f"lesson={lessons()[-2].name}" in page.url
        expect(page.locator(".lesson h1")).to_be_focused()
        expect(page.locator(".lesson h1")).to_be_in_viewport()
        expect(page.locator(".heta-words a").first).to_be_attached()
        assert page.locator(".heta-words a").all_inner_texts() != words  # those of the lesson that is shown
        page.goto(f"{real_address}Learn?lesson=gravity")
        page.get_by_text("There is no lesson").wait_for()
        page.locator(".lesson h1", has_text=lessons()[0].title).wait_for()
