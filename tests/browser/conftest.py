"""A server on made-up results, a browser, and pages that record what goes wrong on them."""

import functools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tours
from servers import app, free_port, served

if TYPE_CHECKING:
    from heta_core.attribution import Attribution
    from heta_core.generated import GenerationAttribution

CHROMIUM = Path("/usr/bin/chromium")
IDLE = '.stApp[data-test-script-state="notRunning"]'  # Streamlit draws nothing
# No sandbox in containers; nothing of the browser's own may reach for the network.
ARGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    missing = not CHROMIUM.exists() and not os.environ.get("HETA_REQUIRE_BROWSER")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"no browser at {CHROMIUM}; HETA_REQUIRE_BROWSER=1 insists"))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server's examples and its record of questions lie."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="session")
def address(folder: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, str(Path(__file__).with_name("serve.py")), str(port), str(folder), "0.05"]
    with served(command, port, folder / "server.txt") as url:
        yield url


@pytest.fixture(scope="session")
def real_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app itself on the shipped model, once for all tests that leave nothing behind: its start takes a while."""
    with app(tmp_path_factory.mktemp("real") / "server.txt") as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGS))
        open_context = chromium.new_context

        def new_context(*, is_new: bool = False, **options):
            """Of a visitor who has declined the tours, unless it is to be one who has never been here."""
            context = open_context(**options)
            if not is_new:
                context.add_init_script(tours.DECLINED)
            return context

        chromium.new_context = new_context
        yield chromium
        chromium.close()


def rest(page, moment: int = 300) -> None:
    """Wait until a page has been drawn and has sent nothing for a moment: what it asks of itself is over."""
    for _ in range(100):
        n_sent = len(page.sent)
        page.wait_for_timeout(moment)
        if len(page.sent) == n_sent and page.locator(IDLE).count():
            return
    raise AssertionError("the page sends without end")


@pytest.fixture
def visit(browser, address: str) -> Iterator[Callable[..., object]]:
    """Open the page; the test fails on any error of the console and on any request that leaves this computer.

    What it sends is counted in `page.sent`; `page.rest()` waits for the end of it.
    """
    contexts, wrong = [], []

    def open_page(*, width: int = 1440, height: int = 900, theme: str = "light", path: str = "", **options):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.sent = []
        page.on("console", lambda m: wrong.append(f"console: {m.text}") if m.type == "error" else None)
        page.on("pageerror", lambda e: wrong.append(f"page: {e}"))
        page.on("request", lambda r: None if r.url.startswith((address, "blob:", "data:")) else wrong.append(r.url))
        page.on("websocket", lambda ws: ws.on("framesent", lambda frame: page.sent.append(frame)))
        page.goto(address + path)
        page.wait_for_selector(".strip .tok")
        page.rest = functools.partial(rest, page)
        page.rest()  # the first messages of the page itself
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def offline(browser, tmp_path: Path):
    """Open a page from disk; the test fails on any request, error, dialog or script of a token."""
    contexts, wrong = [], []

    def open_page(
        result: "Attribution | GenerationAttribution", *, theme: str = "light", width: int = 1440, scripts: bool = True
    ):
        from heta_core.taking.page import page as page_of

        path = tmp_path / "heta.html"
        path.write_text(page_of(result), encoding="utf-8")
        context = browser.new_context(
            offline=True,
            color_scheme=theme,
            viewport={"width": width, "height": 900},
            java_script_enabled=scripts,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: wrong.append(m.text))
        page.on("pageerror", lambda e: wrong.append(str(e)))
        page.on("dialog", lambda d: wrong.append(d.message))
        page.on("request", lambda r: None if r.url == path.as_uri() else wrong.append(r.url))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []
