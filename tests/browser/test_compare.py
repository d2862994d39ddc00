"""From the Library to two analyses side by side, in a real browser, on made-up results."""

import csv
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import axe_playwright_python
import numpy as np
import pytest
import samples
from servers import free_port, served
from waiting import held

from heta_core.library import reading, writing
from heta_core.library.entry import Shelf
from heta_core.views.comparing import Comparison, compare

ENGINE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
ROOT = "[...document.querySelectorAll('*')].find(n => n.shadowRoot?.querySelector('.columns'))?.shadowRoot"
TOPS = f"[...({ROOT}?.querySelectorAll('.column') ?? [])].map(n => Math.round(n.getBoundingClientRect().y))"
ROWS = f"n => new Set({TOPS}).size === n"  # the columns stand in as many rows
# Two strips are far down, and their first words in sight are of one line.
TOGETHER = """boxes => {
  const first = box => { const edge = box.getBoundingClientRect().top;
    const chip = [...box.querySelectorAll('.tok')].find(c => c.getBoundingClientRect().top >= edge);
    return Number(chip.textContent.slice(4)); };
  return boxes[1].scrollTop > 300 && Math.abs(first(boxes[0]) - first(boxes[1])) < 12; }"""
ONE = samples.result()
# One word changed, one left out and two put in.
TEXT = samples.SCENE.replace("Kate have", "Noah have").replace(" black", "").replace("was empty", "was not so empty")
OTHER = samples.result(samples.words(TEXT), says=(" map", " cup", " coin", " key", " lamp"), seed=3)


def with_ids(text: str) -> tuple[int, ...]:
    """The same id for the same word in both texts, as a tokenizer has them."""
    vocabulary = sorted({*samples.words(samples.SCENE), *samples.words(TEXT)})
    return tuple(vocabulary.index(piece) for piece in samples.words(text))


@pytest.fixture(scope="module")
def both() -> Comparison:
    one, other = (
        replace(a, tokens=replace(a.tokens, ids=with_ids(text))) for a, text in ((ONE, samples.SCENE), (OTHER, TEXT))
    )
    return compare(one, other)


@pytest.fixture(scope="module")
def ids(tmp_path_factory: pytest.TempPathFactory, both: Comparison) -> tuple[Shelf, str, str]:
    shelf = Shelf(tmp_path_factory.mktemp("compare") / "library.sqlite")
    return shelf, writing.save(shelf, both.left), writing.save(shelf, both.right)


@pytest.fixture(autouse=True)
def only_two(ids: tuple[Shelf, str, str]) -> Iterator[None]:
    """What a test saves goes with it, however it ends: the next one finds the two."""
    yield
    shelf, *two = ids
    writing.delete(shelf, [entry.id for entry in reading.find(shelf).entries if entry.id not in two])


@pytest.fixture(scope="module")
def address(ids: tuple[Shelf, str, str]) -> Iterator[str]:
    shelf, *_ = ids
    folder, port = shelf.path.parent, free_port()
    command = [sys.executable, str(Path(__file__).with_name("serve.py")), str(port), str(folder), "0.1"]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HETA_LIBRARY", str(shelf.path))
        with served(command, port, folder / "server.txt") as url:
            yield url


def opened(page, width: int) -> None:
    """From Explore to the Library, both ticked, to Compare."""
    if width < 768:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Library").first.click()
    page.get_by_text("2 analyses").wait_for()
    if width < 768 and page.get_by_test_id("stSidebarCollapseButton").is_visible():
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    # The newest first: A is the one that was saved last, so they are exchanged below.
    for n in (0, 1):
        page.locator(".stMain").get_by_role("checkbox").nth(n).locator("xpath=ancestor::label").click()
        page.get_by_text(f"Export {n + 1} ticked").wait_for()
    page.get_by_role("button", name="Compare ticked").click()
    page.wait_for_selector(".columns .tok")
    page.get_by_role("button", name="Swap A and B").click()
    page.get_by_role("heading", name="A Why did littletown say “cup”?").wait_for()


def written(d: float) -> str:
    """A difference of shares as it stands on the page."""
    return "0" if d == 0 else "≈ 0" if abs(d) < 0.0005 else f"{'−' if d < 0 else '+'}{100 * abs(d):.1f}"


def rows(page) -> dict[int, list[str]]:
    """place → the cells of its row."""
    found = page.locator(".changes tbody tr").evaluate_all(
        "rows => rows.map(row => [row.dataset.p, ...[...row.cells].map(cell => cell.innerText)])"
    )
    return {int(place): cells for place, *cells in found}


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_two_analyses_are_chosen_compared_and_pinned(
    visit, both: Comparison, ids: tuple[Shelf, str, str], theme: str, width: int, tmp_path: Path
) -> None:
    page = visit(theme=theme, width=width)
    opened(page, width)
    _, one, other = ids
    page.wait_for_url(f"**/Compare?a={one}&b={other}")
    assert "2 things differ" in page.locator(".causes").inner_text()
    assert page.locator(".heta").get_attribute("data-theme") == theme

    page.get_by_role("button", name=f"Show all {len(both.places)}").click()
    final, shown = both.of("final"), rows(page)
    assert final is not None and len(shown) == len(both.places)
    for p, d in enumerate(final.difference):
        assert shown[p][-1] == ("no partner" if np.isnan(d) else written(d))

    cup = next(p.left for p in both.places if p.left is not None and both.left.tokens.pieces[p.left] == " cup")
    page.locator(".column .strip").nth(0).locator(".tok").nth(cup).click()
    pins = page.locator(".tok.pin")
    assert pins.all_inner_texts()[:2] == ["cup", "cup"] and pins.count() == 3
    assert [pins.nth(k).get_attribute("aria-pressed") for k in range(3)] == ["true"] * 3
    place = int(str(pins.first.get_attribute("data-p")))
    assert both.places[place].left == cup and page.locator("tr.pin").get_attribute("data-p") == str(place)
    assert written(float(final.difference[place])) in page.locator(".card.pinned tr.on").inner_text()
    page.evaluate(ENGINE)
    found = page.evaluate(
        "async () => (await axe.run('.stMain')).violations.map(rule => [rule.id, rule.nodes[0].html])"
    )
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    with page.expect_download() as download:
        page.get_by_role("button", name="Save the comparison as CSV").click()
    download.value.save_as(tmp_path / "both.csv")
    saved = list(csv.DictReader((tmp_path / "both.csv").read_text("utf-8").splitlines()))
    assert float(saved[place]["final_b_minus_a"]) == pytest.approx(final.difference[place], rel=1e-6)


def test_everything_is_done_by_keyboard_and_nothing_asks_the_server(visit, both: Comparison) -> None:
    page = visit()
    opened(page, 1440)
    page.rest()
    sent = len(page.sent)
    a, b, minus = (page.locator(".strip").nth(k) for k in range(3))
    a.locator(".tok").first.focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    last = both.left.n_units - 1, both.right.n_units - 1
    assert b.locator(".tok.pin").get_attribute("aria-label") == a.locator(".tok.pin").get_attribute("aria-label")
    assert b.locator(".tok").nth(last[1]).get_attribute("aria-pressed") == "true"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    assert page.locator(".tok:focus").count() == 1 and page.locator(".tok.look").count() in (1, 2, 3)
    page.keyboard.press("Escape")
    assert page.locator(".tok.pin").count() == 0

    # A word of one text alone is marked there and in the difference, with no number.
    alone = next(p.left for p in both.places if p.kind == "left")
    a.locator(".tok").nth(alone).focus()
    page.keyboard.press(" ")
    assert page.locator(".tok.pin").count() == 2 and b.locator(".tok.pin").count() == 0
    assert "no partner" in str(minus.locator(".tok.pin").get_attribute("aria-label"))

    legend = page.locator(".columns").locator("xpath=preceding-sibling::div").first.locator(".legend")
    highest = [100 * max(c.shares) for c in (both.left.combined, both.right.combined)]  # type: ignore[union-attr]
    assert f"A and B\n0\n{max(highest):.1f}\u00a0%" in legend.inner_text()
    page.get_by_role("button", name="Each its own").focus()
    page.keyboard.press("Enter")
    assert [f"{h:.1f}\u00a0%" in legend.inner_text() for h in highest] == [True, True]
    assert page.get_by_role("button", name="Each its own").evaluate("e => e.matches(':focus')")
    page.get_by_role("button", name="Transition flow").press("Enter")
    flow = both.of("transition")
    assert flow is not None and flow.agreement is not None and flow.agreement.spearman is not None
    assert f"{flow.agreement.spearman:.2f}".replace("-", "−") in page.locator(".facts").inner_text()
    page.get_by_label("Order of the list").select_option("less")
    assert next(iter(rows(page))) == int(np.nanargmin(flow.difference))
    assert len(page.sent) == sent


def add_method(page, title: str) -> None:
    """Ask A's question by another method."""
    page.get_by_role("combobox", name="Add the question of A by another method").fill(title)
    page.get_by_role("option", name=title, exact=True).click()


@pytest.mark.parametrize(
    ("theme", "width", "n_rows"),
    [
        ("light", 1000, 2),
        pytest.param("dark", 390, 4, marks=pytest.mark.figures),
        *(pytest.param(theme, 1440, 1, marks=pytest.mark.figures) for theme in ("light", "dark")),
    ],
)
def test_two_more_columns_by_other_methods(
    visit, ids: tuple[Shelf, str, str], both: Comparison, theme: str, width: int, n_rows: int, tmp_path: Path
) -> None:
    page = visit(theme=theme, width=1440)
    opened(page, 1440)
    with held(ids[0].path.parent):
        add_method(page, "Occlusion")
        page.get_by_role("button", name="Stop", exact=True).wait_for()
        assert page.locator(".column").count() == 2  # the others stay on the page meanwhile
    page.wait_for_selector(".columns[data-n='3']")
    add_method(page, "Shapley sampling")
    page.wait_for_selector(".columns[data-n='4']")
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_function(ROWS, arg=n_rows)
    page.wait_for_function(f"document.documentElement.scrollWidth <= {width}")

    # HETA's two share a scale, the two in nats another.
    legend = page.locator(".columns").locator("xpath=preceding-sibling::div").first.locator(".legend")
    assert (
        "A and B" in legend.inner_text()
        and "C and D" in legend.inner_text()
        and "different units" in legend.inner_text()
    )
    assert page.locator(".column").nth(2).locator(".tok.against").count() > 3
    assert page.locator(".column .tok.against").evaluate_all(
        "all => all.every(c => c.closest('.column').ariaLabel.match(/^[CD]/))"
    )

    # One pin across all texts and the difference, and the keyboard leads through it.
    cup = next(p.left for p in both.places if p.left is not None and both.left.tokens.pieces[p.left] == " cup")
    page.locator(".column .strip").nth(3).locator(".tok").nth(cup).focus()
    page.keyboard.press("Enter")
    assert page.locator(".tok.pin").all_inner_texts()[:4] == ["cup"] * 4 and page.locator(".tok.pin").count() == 5
    assert page.locator(".card.pinned tbody tr").count() == 4
    assert page.locator(".facts dl").count() == 3 and page.locator(".facts").inner_text().count("by chance") == 6
    page.get_by_role("button", name="D − A").press("Enter")
    assert page.get_by_role("button", name="D − A").evaluate("e => e.matches(':focus')")
    assert page.locator(".minus h2").inner_text() == "D minus A"
    assert page.locator(".minus .tok").count() == both.left.n_units  # the same text
    assert page.locator(".changes thead").inner_text().split()[:3] == ["token", "A", "D"]
    page.evaluate(ENGINE)
    found = page.evaluate(
        "async () => (await axe.run('.stMain')).violations.map(rule => [rule.id, rule.nodes[0].html])"
    )
    assert found == []

    # What HETA alone knows is not made up for the others.
    page.get_by_role("button", name="Transition flow").press("Enter")
    assert "not known" in page.locator(".minus").inner_text() and page.locator(".changes tr").count() == 0
    page.get_by_role("button", name="B − A").press("Enter")
    assert page.locator(".changes tbody tr").count() > 3

    with page.expect_download() as download:
        page.get_by_role("button", name="Save the comparison as CSV").click()
    download.value.save_as(tmp_path / "all.csv")
    header = (tmp_path / "all.csv").read_text("utf-8").splitlines()[0].split(",")
    assert {"score_a", "score_d", "final_d_minus_a", "kl_b_minus_a"} <= {*header} and "kl_c_minus_a" not in header


def test_a_method_is_stopped_asked_again_saved_and_removed(visit, ids: tuple[Shelf, str, str]) -> None:
    shelf, one, other = ids
    page = visit()
    opened(page, 1440)
    before = len(reading.find(shelf).entries)
    with held(shelf.path.parent):
        add_method(page, "Occlusion")
        page.get_by_role("button", name="Stop", exact=True).click()
        page.get_by_text("Stopped before it had scores").wait_for()
    assert page.locator(".column").count() == 2
    page.get_by_role("button", name="Ask again").click()
    page.wait_for_selector(".columns[data-n='3']")
    assert unquote(page.url).endswith(f"/Compare?a={one}&b={other}&c=occlusion~{one}")
    assert len(reading.find(shelf).entries) == before  # saved only if the reader asks
    page.get_by_role("button", name="Save C in the Library").click()
    page.get_by_role("button", name="Save C in the Library").wait_for(state="detached")
    assert len(reading.find(shelf).entries) == before + 1 and "occlusion" not in page.url
    assert page.locator(".column").nth(2).locator(".said").inner_text().startswith("Occlusion")
    page.get_by_role("button", name="Remove B").click()
    page.wait_for_selector(".columns[data-n='2']")
    assert page.locator(".column").nth(1).locator(".said").inner_text().startswith("Occlusion")
    assert page.get_by_role("button", name="One scale").is_disabled()  # the two have no unit in common


@pytest.mark.parametrize(("theme", "width"), [("dark", 390), pytest.param("light", 1440, marks=pytest.mark.figures)])
def test_deletion_curves_are_drawn_when_asked_stopped_and_kept(
    visit, ids: tuple[Shelf, str, str], theme: str, width: int
) -> None:
    page = visit(theme=theme)
    opened(page, 1440)
    for n, title in ((3, "Occlusion"), (4, "Shapley sampling")):
        add_method(page, title)
        page.wait_for_selector(f".columns[data-n='{n}']")
    page.get_by_role("button", name="Remove B").click()
    page.wait_for_selector(".columns[data-n='3']")
    page.set_viewport_size({"width": width, "height": 900})
    draw, stop = (page.get_by_role("button", name=name) for name in ("Draw the deletion curves", "Stop masking"))
    areas, chart = page.locator(".stMarkdown li"), page.locator(".stPlotlyChart")
    draw.wait_for()
    page.wait_for_timeout(1500)
    assert areas.count() == 0 and chart.count() == 0 and stop.count() == 0  # nothing runs by itself
    with held(ids[0].path.parent):
        draw.click()
        stop.click()
        page.get_by_text("C: stopped before its curve was drawn.").wait_for()
    assert areas.count() < 4
    draw.click()
    page.get_by_text("Random orders: mean area").wait_for()
    stop.wait_for(state="detached")
    page.wait_for_function("document.querySelectorAll('.stMarkdown li').length === 4")
    for said, name in zip(areas.all_inner_texts(), ("A: HETA", "B: Occlusion", "C: Shapley sampling"), strict=False):
        assert said.startswith(f"{name}. Area 0.") and "under p of “cup”" in said and "set to the mean" in said
    assert draw.is_disabled()

    # Each line has its name in the legend, its letter beside it, and a dash that no other has.
    chart.locator(".scatterlayer .trace").nth(5).wait_for(state="attached")
    assert chart.locator(".legendtext").all_text_contents() == [
        "Random: mean and span of 5",
        "A: HETA",
        "B: Occlusion",
        "C: Shapley sampling",
    ]
    assert [text for text in chart.locator(".textpoint text").all_text_contents() if text.strip()] == list("ABC")
    dashes = chart.locator(".scatterlayer .trace").evaluate_all(
        "all => all.slice(-3).map(t => getComputedStyle(t.querySelector('.js-line')).strokeDasharray)"
    )
    assert len(set(dashes)) == 3
    page.evaluate(ENGINE)
    found = page.evaluate(
        "async () => (await axe.run('.stMain')).violations.map(rule => [rule.id, rule.nodes[0].html])"
    )
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    said = areas.first.inner_text()
    page.get_by_role("radio", name="Insertion").click()
    page.get_by_text("above").first.wait_for()
    if width < 768:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Library").first.click()
    page.get_by_text("2 analyses").wait_for()
    page.get_by_role("link", name="Compare").first.click()
    page.get_by_text("Random orders: mean area").wait_for()
    assert stop.count() == 0 and areas.first.inner_text().startswith(said[:12])


def test_long_texts_scroll_together(visit, ids: tuple[Shelf, str, str]) -> None:
    shelf = ids[0]
    for n in (0, 1):
        pieces = ["<s>", *(f" word{k}" for k in range(n * 40, 600))]
        made_up = samples.result(pieces, seed=n)
        spelled = replace(made_up.tokens, ids=tuple(range(n * 40, n * 40 + len(pieces))))
        writing.save(shelf, replace(made_up, tokens=spelled))
    page = visit()
    page.get_by_role("link", name="Library").first.click()
    page.get_by_text("4 analyses").wait_for()
    for n in (0, 1):
        page.locator(".stMain").get_by_role("checkbox").nth(n).locator("xpath=ancestor::label").click()
        page.get_by_text(f"Export {n + 1} ticked").wait_for()
    page.get_by_role("button", name="Compare ticked").click()
    page.wait_for_selector(".columns .tok")
    boxes = page.locator(".column .strip")
    boxes.nth(0).hover()
    page.mouse.wheel(0, 900)
    page.wait_for_function(TOGETHER, arg=[boxes.nth(k).element_handle() for k in range(2)])
