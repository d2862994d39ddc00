"""A server on made-up results, a browser, and pages that record what goes wrong on them."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

CHROMIUM = Path("/usr/bin/chromium")
# No sandbox in containers; nothing of the browser's own may reach for the network.
ARGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
READY = 60.0  # seconds for a server to come up on a busy machine


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    missing = not CHROMIUM.exists() and not os.environ.get("HETA_REQUIRE_BROWSER")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"no browser at {CHROMIUM}; HETA_REQUIRE_BROWSER=1 insists"))


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server's examples and its record of questions lie."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="session")
def address(folder: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, str(Path(__file__).with_name("serve.py")), str(port), str(folder)]
    with (folder / "server.txt").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        _await(f"http://127.0.0.1:{port}/_stcore/health", server, folder)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(20)


def _await(url: str, server: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + READY
    while time.monotonic() < end:
        assert server.poll() is None, (folder / "server.txt").read_text()
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise AssertionError("the server did not come up: " + (folder / "server.txt").read_text())


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
