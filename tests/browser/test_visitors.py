"""Many visitors of one server at once: each gets its own answers, keeps its own library, and nothing piles up.

The times are printed; they mean something on an idle machine only.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import servers

pytestmark = [pytest.mark.figures, pytest.mark.alone]

N_VISITORS = int(os.environ.get("HETA_VISITORS", "3"))
N_ANALYSES = 3 if "HETA_VISITORS" in os.environ else 2  # of each, in each of two rounds
PATIENCE = 300_000  # milliseconds
NAMES = ("Kate", "Noah", "Ruth", "Fred", "Dan", "Emma", "Mia", "Tom")
PLACES = ("school", "garden", "park", "museum", "market", "kitchen", "station", "street")

# When the strip first shows the transition of a text, counted from now.
WATCH = """words => {
  const start = performance.now(); window.firstPicture = null;
  const strip = () => [...document.querySelectorAll('*')].find(e => e.shadowRoot?.querySelector('.heta'))?.shadowRoot;
  const timer = setInterval(() => {
    const root = strip();
    if (root && [...root.querySelectorAll('.tok')].map(t => t.textContent).join('').includes(words)) {
      window.firstPicture = performance.now() - start; clearInterval(timer);
    }
  }, 20);
}"""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("visitors") / "library.sqlite"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, shelf: Path) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HETA_LIBRARY", str(shelf))
        with servers.app(tmp_path_factory.mktemp("many") / "server.txt") as url:
            yield url


@pytest.fixture
def visitors(browser, address: str) -> Iterator[list]:
    """Pages in browsers of their own that come through a proxy, so that the server is not one person's."""
    contexts = [browser.new_context(extra_http_headers={"X-Forwarded-For": f"10.0.0.{n}"}) for n in range(N_VISITORS)]
    pages, wrong = [], []
    for context in contexts:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: wrong.append(str(e)))
        page.goto(address)
        pages.append(page)
    for page in pages:
        page.wait_for_selector(".strip .tok")
    yield pages
    for context in contexts:
        context.close()
    assert wrong == []


def text_of(visitor: int, analysis: int) -> str:
    """No two of them alike."""
    name, place = NAMES[visitor % 8], PLACES[(visitor // 8 + 3 * analysis) % 8]
    other = NAMES[(visitor + 1 + analysis) % 8]
    return f"{name} is in the {place}. {other} is in the hall. Question: Where is {name}? Answer:"


def a_round(pages: list, analysis: int) -> list[float]:
    """Everybody asks at once; seconds until each one's first picture."""
    for visitor, page in enumerate(pages):
        if not page.locator("textarea").count():
            page.get_by_role("button", name="Edit text").click()
        page.locator("textarea").fill(text_of(visitor, analysis))
    for visitor, page in enumerate(pages):
        words = text_of(visitor, analysis).split(". Question")[0].replace(" ", "")
        page.evaluate(WATCH.replace(".join('')", ".join('').replace(/\\s/g, '')"), words)
        page.get_by_role("button", name="Explain").click()
    for page in pages:
        page.wait_for_function("window.firstPicture !== null", timeout=PATIENCE)
        page.wait_for_selector(".status:empty", state="attached")
    return [page.evaluate("window.firstPicture") / 1000 for page in pages]


def resident(address: str) -> int:
    """Bytes that the server of an address holds."""
    port = address.rstrip("/").rpartition(":")[2].encode()
    for process in Path("/proc").glob("[0-9]*"):
        words = (process / "cmdline").read_bytes().split(b"\0")
        if port in words and b"streamlit" in words:
            status = (process / "status").read_text()
            return 1024 * int(status.split("VmRSS:")[1].split()[0])
    raise AssertionError("the server is gone")


def test_many_visitors_at_once(visitors: list, address: str) -> None:
    held, seconds = [], []
    for number in range(2):
        start = time.perf_counter()
        for analysis in range(N_ANALYSES):
            seconds += a_round(visitors, number * N_ANALYSES + analysis)
            for visitor, page in enumerate(visitors):
                said = "".join(page.locator(".strip .tok").all_inner_texts())
                expected = text_of(visitor, number * N_ANALYSES + analysis)
                assert "".join(expected.split()) in "".join(said.split())
        held.append(resident(address))
        print(f"\nround {number + 1}: {time.perf_counter() - start:.0f} s, the server holds {held[-1] / 1e6:.0f} MB")
    middle, late = np.percentile(seconds, [50, 95])
    print(f"first picture of {len(seconds)} questions, {N_VISITORS} at once: p50 {middle:.1f} s, p95 {late:.1f} s")
    assert held[1] <= 1.1 * held[0]
    for visitor, page in enumerate(visitors[:3]):
        page.get_by_role("link", name="Library").click()
        page.get_by_text(f"{2 * N_ANALYSES} analyses").first.wait_for()
        for analysis in range(2 * N_ANALYSES):
            page.get_by_text(text_of(visitor, analysis), exact=True).first.wait_for()
