"""Error analysis on the shipped model, in a browser: from a file to Explore, and a run saved and opened again."""

import json
from pathlib import Path

import pytest
from axe import broken

from heta_core.evaluation import record
from heta_core.littletown.lessons import held_out

pytestmark = pytest.mark.slow

PATIENCE = 90_000  # milliseconds; importing torch for the first question takes its time
HEADER, ROW, TICK = 36, 35, 18  # pixels of Streamlit's table


@pytest.fixture(scope="module")
def address(real_address: str) -> str:
    return real_address


@pytest.fixture
def visited(browser, address: str):
    """The page at a theme and width; the test fails on any error of the page."""
    contexts, wrong = [], []

    def open_page(theme: str = "light", width: int = 1440):
        context = browser.new_context(viewport={"width": width, "height": 1000}, color_scheme=theme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address + "Error_analysis")
        page.get_by_role("button", name="Run", exact=True).wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two questions that the model answers, two of a skill that it has not learnt, and one row that cannot be read."""
    rows = [
        {
            "id": f"{skill}-{k}",
            "prompt": instance.prompt,
            "target": instance.answer,
            "evidence": [list(span) for span in instance.evidence_spans],
            "question": [list(instance.question_span)],
            "tags": [skill],
        }
        for skill in ("where", "two-step")
        for k, instance in enumerate(held_out(skill, 2, 5))
    ]
    path = tmp_path / "scenes.jsonl"
    path.write_text("\n".join(map(json.dumps, [*rows, {"id": "empty", "prompt": ""}])), encoding="utf-8")
    return path


def table(page):
    return page.locator("[data-testid=stDataFrame]").nth(1)


def tick(page, n: int) -> None:
    """The n-th row of the examples."""
    table(page).scroll_into_view_if_needed()
    box = table(page).bounding_box()
    page.mouse.click(box["x"] + TICK, box["y"] + HEADER + n * ROW + TICK)


def ended(page) -> None:
    page.locator(".stProgress").wait_for()
    page.locator(".stProgress").wait_for(state="detached")
    page.get_by_role("button", name="Save the run").wait_for()


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), pytest.param("dark", 390, marks=pytest.mark.figures)])
def test_a_file_is_run_sorted_by_failure_opened_tagged_saved_and_reopened(
    visited, data: Path, tmp_path: Path, theme: str, width: int
) -> None:
    page = visited(theme, width)
    page.get_by_text("Upload", exact=True).click()
    page.locator("input[type=file]").first.set_input_files(data)
    page.get_by_text("4 examples, read as").wait_for()
    page.get_by_text("1 that cannot be used, and why").click()
    page.get_by_text("line 5").wait_for()
    page.get_by_role("button", name="Run", exact=True).click()
    ended(page)
    right, of = page.get_by_test_id("stMetricValue").first.inner_text().split(" of ")
    assert of == "4" and int(right) < 4

    page.get_by_test_id("stButtonGroup").get_by_text("wrong answer").click()
    # A table is drawn on a canvas; what it tells a screen reader says that it is the new one. A heading is a row, too.
    table(page).locator(f'table[aria-rowcount="{4 - int(right) + 1}"]').wait_for(state="attached")
    page.locator('.stApp[data-test-script-state="notRunning"]').wait_for()
    tick(page, 0)
    page.get_by_text("The model's first choice is not the target.").wait_for()
    page.get_by_label("Tags").fill("two places")
    page.get_by_label("Note", exact=True).fill("takes the first")
    page.get_by_role("button", name="Keep").click()
    page.get_by_label("Tagged").wait_for()
    broken(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the run").click()
    path = tmp_path / "again.jsonl"
    download.value.save_as(path)
    saved = record.loads(path.read_text(encoding="utf-8"))
    ((key, remark),) = saved.remarks.items()
    wrong = next(outcome for outcome in saved.outcomes if outcome.key == key)
    assert (remark.tags, remark.note) == (("two places",), "takes the first")
    assert len(saved.outcomes) == 4 and wrong.answer is not None and wrong.answer.is_right is False

    page.get_by_role("button", name="Open in Explore").click()
    assert wrong.target is not None
    page.locator(".strip", has_text=wrong.example.prompt[-30:-10].strip()).locator(".tok").first.wait_for()
    page.locator(".strip", has_text=wrong.target.piece.strip()).first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    page = visited(theme, width)
    page.get_by_role("button", name="Open a run").click()
    page.get_by_test_id("stPopoverBody").locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Open the file").click()
    page.get_by_role("button", name="Save the run").wait_for()
    assert page.get_by_test_id("stMetricValue").first.inner_text() == f"{right} of 4"
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the run").click()
    download.value.save_as(tmp_path / "third.jsonl")
    assert (tmp_path / "third.jsonl").read_bytes() == path.read_bytes()


def test_a_run_is_stopped_and_keeps_what_it_found(visited) -> None:
    page = visited()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Example 2 of 20").first.wait_for()
    page.get_by_role("button", name="Stop", exact=True).last.click()
    page.get_by_text("of 20 examples: the run was ended before the others.").wait_for()
    assert page.get_by_test_id("stMetricValue").first.inner_text()
