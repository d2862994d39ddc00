"""The whole path with the shipped model and the keyboard alone: ask, read, check, find again, take along, import."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import servers
from waiting import until

from heta_core.library import reading, writing
from heta_core.library.entry import Shelf
from heta_core.report import dumps, loads

pytestmark = pytest.mark.slow

PATIENCE = 60_000  # milliseconds; importing torch for the first question takes its time
FARTHEST = 150  # presses of Tab from any place of a page to any other
SCENE = "Mia has a green key. Fred went to the park. Anna moved to the barn. Question: Where is Fred? Answer:"
PRESSED = ("A", "BUTTON", "INPUT", "SUMMARY", "TEXTAREA")
# What has the focus, through shadow roots: its accessible name as far as it is written, and its key.
FOCUSED = """() => {
    let node = document.activeElement;
    while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
    const said = node?.getAttribute('aria-label') || node?.labels?.[0]?.innerText || node?.innerText || '';
    return { said: said.replace(/\\s+/g, ' ').trim(), key: node?.dataset?.key ?? '', tag: node?.tagName };
}"""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("path") / "library.sqlite")


@pytest.fixture(scope="module")
def address(shelf: Shelf) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HETA_LIBRARY", str(shelf.path))
        with servers.app(shelf.path.parent / "server.txt") as url:
            yield url


def go(page, *, said: str = "", key: str = "", tag: str = "", back: bool = False) -> None:
    """Tab on until something has the focus that is called so."""
    for _ in range(FARTHEST):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        at = page.evaluate(FOCUSED)
        is_said = said and said in at["said"] and at["tag"] in PRESSED
        if is_said or (key and at["key"] == key) or (tag and at["tag"] == tag):
            return
    raise AssertionError(f"{FARTHEST} presses of Tab did not reach {said or key or tag}")


def press(page, *, said: str = "", key: str = "", back: bool = False) -> None:
    go(page, said=said, key=key, back=back)
    page.keyboard.press("Enter")


def saved(page, path: Path, said: str) -> bytes:
    with page.expect_download() as download:
        press(page, said=said)
    download.value.save_as(path)
    return path.read_bytes()


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.figures)])
def test_from_a_question_to_the_same_numbers_imported_by_keyboard_alone(
    visit, shelf: Shelf, tmp_path: Path, theme: str
) -> None:
    writing.wipe(shelf)
    page = visit(theme=theme)
    text = f"Tom has a red ball. {SCENE}" if theme == "dark" else SCENE
    ask(page, text)
    read(page)
    check(page)
    ranking = page.locator(".rank").inner_text()

    entry = annotate(page, shelf)
    press(page, said="Open in Explore")
    page.wait_for_selector(".strip .tok")
    assert page.locator(".rank").inner_text() == ranking
    press(page, said="Save and reopen")
    page.get_by_role("button", name="PNG").wait_for()
    exported = tmp_path / "heta.json"
    result = loads(saved(page, exported, "JSON").decode())
    assert dumps(result) == dumps(reading.load(shelf, entry.id)) and result.tokens.text == text
    assert b'id="report"' in saved(page, tmp_path / "heta.html", "HTML")
    assert saved(page, tmp_path / "heta.csv", "CSV").count(b"\n") == result.n_units + 1
    assert b"attribute(" in saved(page, tmp_path / "heta.py", "Python")
    assert saved(page, tmp_path / "heta.svg", "SVG").lstrip().startswith(b"<svg")
    assert saved(page, tmp_path / "heta.png", "PNG").startswith(b"\x89PNG")

    again = imported(page, shelf, exported)
    assert dumps(reading.load(shelf, again.id)) == dumps(result)


def ask(page, text: str) -> None:
    """Type a text, wait for its next word, and ask for an earlier one instead."""
    press(page, key="edit")
    go(page, tag="TEXTAREA")
    page.keyboard.press("Control+a")
    page.keyboard.type(text)
    press(page, said="Explain")
    page.locator(".head h1", has_text="park").wait_for(timeout=PATIENCE)
    settled(page)


def settled(page) -> None:
    page.wait_for_selector(".status:empty", state="attached", timeout=PATIENCE)


def read(page) -> None:
    """Pin a word; read by sentences, with the first token off the scale."""
    go(page, key="t0")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert "pinned" in page.locator(".card.pinned").inner_text()
    page.get_by_text("More models are listed").wait_for(state="detached", timeout=PATIENCE)  # it asks by the clock
    page.rest()
    asked = len(page.sent)
    go(page, key="reading")
    page.keyboard.type("Sent")
    page.locator(".rank th.name", has_text="sentence").wait_for()
    go(page, key="unframed")
    page.keyboard.press("Space")
    assert "off the scale" in page.locator(".legend").inner_text()
    assert len(page.sent) == asked  # all of this ends in the browser


def check(page) -> None:
    """Draw the deletion curve."""
    press(page, said="Does the picture tell the truth?")
    press(page, said="Draw the curves")
    page.get_by_text("Deletion: ").first.wait_for(timeout=PATIENCE)


def annotate(page, shelf: Shelf):
    """Write a note in the Library, where the analysis lies by itself."""
    press(page, said="Library", back=True)
    page.get_by_text("1 analysis").wait_for()
    press(page, said="Title, tags and note")
    go(page, said="Note")
    page.keyboard.type("Looked at by keyboard.")
    press(page, said="Save")
    until(page, lambda: reading.find(shelf).entries[0].words.notes == "Looked at by keyboard.")
    page.get_by_text("Looked at by keyboard.").first.wait_for()
    (entry,) = reading.find(shelf).entries
    return entry


def imported(page, shelf: Shelf, file: Path):
    """Wipe the library and take the file in."""
    press(page, said="Library", back=True)
    page.get_by_text("1 analysis").wait_for()
    press(page, said="Delete everything")
    press(page, said="Yes, delete everything")
    page.get_by_text("Everything is gone.").wait_for()
    assert reading.find(shelf).n_matching == 0
    press(page, said="Import")
    with page.expect_file_chooser() as chooser:
        press(page, said="Upload")
    chooser.value.set_files(file)
    page.get_by_text("1 analysis imported.").wait_for()
    (entry,) = reading.find(shelf).entries
    return entry
