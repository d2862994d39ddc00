"""From an analysis to the Library and back, in a real browser, on made-up results."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import samples
from servers import free_port, served
from waiting import until

from heta_core.library import reading, writing
from heta_core.library.entry import Shelf, Words
from heta_core.report import loads


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("library") / "library.sqlite")


@pytest.fixture(autouse=True)
def empty(shelf: Shelf) -> None:
    """Every test begins with nothing saved."""
    writing.wipe(shelf)


@pytest.fixture(scope="module")
def address(shelf: Shelf) -> Iterator[str]:
    """A server that keeps what it explains in a file of this test."""
    folder, port = shelf.path.parent, free_port()
    command = [sys.executable, str(Path(__file__).with_name("serve.py")), str(port), str(folder), "0.1"]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HETA_LIBRARY", str(shelf.path))
        with served(command, port, folder / "server.txt") as url:
            yield url


def go(page, name: str, waits_for: str) -> None:
    page.get_by_role("link", name=name).first.click()
    page.wait_for_selector(waits_for)


def explain(page, text: str) -> None:
    page.get_by_role("button", name="Edit text").click()
    page.locator("textarea").fill(text)
    page.get_by_role("button", name="Explain").click()
    page.get_by_text("Saved. Finished analyses wait for you in the Library.").wait_for()


def test_an_analysis_is_saved_annotated_reopened_without_a_model_and_taken_along(
    visit, shelf: Shelf, tmp_path: Path
) -> None:
    page = visit()
    explain(page, "Ruth has a blue kite and Fred has")
    shown = page.locator(".rank").inner_text()
    (entry,) = reading.find(shelf).entries

    go(page, "Library", "text=1 analysis")
    page.get_by_text("Title, tags and note").click()
    page.get_by_label("Title", exact=True).fill("Kites")
    page.get_by_label("Note", exact=True).fill("Fred is **not** told of.")
    page.get_by_role("button", name="Save", exact=True).click()
    until(page, lambda: reading.get(shelf, entry.id).words.title == "Kites")  # the box itself has the words before
    page.get_by_text("Fred is **not** told of.").first.wait_for()

    asked = (shelf.path.parent / "calls.txt").read_text()
    page.get_by_label("Search").fill("kites zebra")
    page.get_by_label("Search").press("Enter")
    page.get_by_text("Nothing matches").wait_for()
    page.get_by_label("Search").fill("KITES told")
    page.get_by_label("Search").press("Enter")
    page.get_by_role("button", name="Open in Explore").click()
    page.wait_for_selector(".strip .tok")
    assert page.locator(".rank").inner_text() == shown
    assert (shelf.path.parent / "calls.txt").read_text() == asked  # no model was asked

    go(page, "Library", "text=1 analysis")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export all").click()
    exported = tmp_path / "export.json"
    download.value.save_as(exported)
    page.get_by_role("button", name="Delete “Kites”", exact=True).click()
    page.get_by_text("Deleted: “Kites”.").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("checkbox", name="Kites").wait_for(state="attached")
    page.get_by_role("button", name="Delete everything").click()
    page.get_by_role("button", name="Yes, delete everything").click()
    page.get_by_text("Everything is gone.").wait_for()
    assert reading.find(shelf).n_matching == 0
    page.get_by_text("Import", exact=True).click()
    page.locator("input[type=file]").set_input_files(exported)
    page.get_by_text("1 analysis imported.").wait_for()

    (again,) = reading.find(shelf).entries
    assert again.words.title == "Kites"
    (saved,) = json.loads(exported.read_text(encoding="utf-8"))["entries"]
    opened = reading.load(shelf, again.id)
    assert list(opened.scores) == list(loads(json.dumps(saved["report"])).scores)
    assert opened.tokens.text == "Ruth has a blue kite and Fred has"


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_of_an_entry_is_wider_than_the_page(visit, shelf: Shelf, width: int) -> None:
    entry = reading.get(shelf, writing.save(shelf, samples.odd()))
    writing.edit(shelf, entry, Words("x" * 200, ("y" * 40,) * 3, "z" * 500))
    page = visit(width=width)
    if width < 768:
        page.get_by_test_id("stExpandSidebarButton").click()
    go(page, "Library", "text=Title, tags and note")
    page.get_by_role("checkbox", name="xxx").wait_for(state="attached")
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.get_by_role("checkbox", name="xxx").count() == 1


def test_behind_a_proxy_every_browser_has_a_library_of_its_own_that_it_finds_again(browser, address: str) -> None:
    contexts = [browser.new_context(extra_http_headers={"X-Forwarded-For": f"10.0.0.{n}"}) for n in (1, 2)]
    for n, context in enumerate(contexts):
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector(".strip .tok")
        explain(page, f"Number {n} has a kite")
    for n, context in enumerate(contexts):
        page = context.new_page()  # another session of the same browser
        page.goto(address)
        page.wait_for_selector(".strip .tok")
        go(page, "Library", "text=1 analysis")
        page.get_by_text(f"Number {n} has a kite").first.wait_for()
        assert page.get_by_text("library.sqlite").count() == 0
        context.close()
