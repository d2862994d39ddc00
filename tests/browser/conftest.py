"""A server on made-up results, a browser, and pages that record what goes wrong on them."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers import free_port, served

CHROMIUM = Path("/usr/bin/chromium")
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
    command = [sys.executable, str(Path(__file__).with_name("serve.py")), str(port), str(folder)]
    with served(command, port, folder / "server.txt") as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGS))
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, address: str) -> Iterator[Callable[..., object]]:
    """Open the page; the test fails on any error of the console and on any request that leaves this computer."""
    contexts, wrong = [], []

    def open_page(*, width: int = 1440, height: int = 900, theme: str = "light", path: str = ""):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.sent = []
        page.on("console", lambda m: wrong.append(f"console: {m.text}") if m.type == "error" else None)
        page.on("pageerror", lambda e: wrong.append(f"page: {e}"))
        page.on("request", lambda r: None if r.url.startswith((address, "blob:", "data:")) else wrong.append(r.url))
        page.on("websocket", lambda ws: ws.on("framesent", lambda frame: page.sent.append(frame)))
        page.goto(address + path)
        page.wait_for_selector(".strip .tok")
        page.wait_for_timeout(300)  # the first messages of the page itself
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []
