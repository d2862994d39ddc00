"""An accessibility engine finds nothing on any page: light and dark, wide and narrow, as opened and with all open."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import made_generation
import pytest
import samples
from axe import DROP, broken
from opening import ROUTES, open_all
from servers import free_port, served

from heta_core.library import writing
from heta_core.library.entry import Shelf
from heta_core.report import dumps

# Colours depend on the theme and places on the width; HETA_LOOKS=all takes each theme at each width.
LOOKS = [("light", 1440), ("dark", 390)]
if os.environ.get("HETA_LOOKS") == "all":
    LOOKS += [("light", 390), ("dark", 1440)]
TALL = 4000  # pixels; what lies outside the window is not looked at


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a generation to open and a library with something in it."""
    folder, port = tmp_path_factory.mktemp("accessible"), free_port()
    (folder / "generation.json").write_text(dumps(made_generation.generation()), encoding="utf-8")
    shelf = Shelf(folder / "library.sqlite")
    for result in (samples.result(), made_generation.generation()):
        writing.save(shelf, result)
    command = [sys.executable, str(Path(__file__).with_name("serve.py")), str(port), str(folder)]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HETA_LIBRARY", str(shelf.path))
        with served(command, port, folder / "server.txt") as url:
            yield url


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_no_page_breaks_a_rule_of_accessibility(browser, address: str, theme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": TALL}, color_scheme=theme)
    page = context.new_page()
    page.set_default_timeout(30_000)
    streamlits = set()
    for label, route in ROUTES.items():
        page.goto(address + route)
        page.wait_for_function(f"document.title.startsWith('{label} ')")
        page.locator(".stMain").locator(".strip .tok, h1, textarea").first.wait_for()
        broken(page)
        open_all(page)
        streamlits |= broken(page)
    context.close()
    assert streamlits == set(DROP)  # an exception that is no longer needed goes


@pytest.mark.parametrize("theme", ["dark", pytest.param("light", marks=pytest.mark.figures)])
def test_neither_does_an_answer_that_grows_nor_a_contrast(visit, theme: str) -> None:
    page = visit(theme=theme, height=TALL)
    page.get_by_role("button", name="Why cup rather than map").click()
    page.locator(".status button").wait_for()
    broken(page)
    page.locator(".tok.against").first.wait_for()
    page.wait_for_selector(".status:empty", state="attached")
    page.locator(".tok.for").first.hover()
    broken(page)
    page.locator("summary[aria-label=Keys]").click()
    page.get_by_role("button", name="show all").click()
    broken(page)
    for name in ("Transition", "Hessian"):
        page.locator(".tabs button", has_text=name).click()
        broken(page)
