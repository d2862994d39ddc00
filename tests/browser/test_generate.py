"""The film of a continuation in a real browser, on made-up generations."""

import json
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import made_generation
import pytest
import samples
from servers import free_port, served
from waiting import held, until

from heta_core.report import loads_generation
from heta_core.taking import continuation
from heta_core.taking.page import page as page_of
from heta_core.taking.page import report_in
from heta_core.views import strip, words
from heta_core.views.words import percent

SHOWN = made_generation.generation()
N = SHOWN.n_new
INSTANT = 100  # milliseconds that a step may take
ROOT = "[...document.querySelectorAll('*')].find(n => n.shadowRoot?.querySelector('.film')).shadowRoot"
FOCUSED = "document.activeElement.shadowRoot?.activeElement?.dataset.key"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("generated")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, str(Path(__file__).with_name("serve_generate.py")), str(port), str(folder)]
    with served(command, port, folder / "server.txt") as url:
        yield url


@pytest.fixture
def film(visit):
    """Open the page by its link: a visit of its address makes Streamlit ask for files that it does not serve there."""

    def open_film(**options: object):
        page = visit(**options)
        is_narrow = options.get("width", 1440) < 768
        if is_narrow:
            page.get_by_test_id("stExpandSidebarButton").click()
        page.get_by_role("link", name="Generate").click()
        page.wait_for_selector(".frame")
        if is_narrow:
            page.get_by_test_id("stSidebarCollapseButton").locator("button").click()
        page.rest()
        return page

    return open_film


def frame(page, k: int):
    return page.locator(f'.frame[data-k="{k}"]')


def chip(page, i: int):
    return page.locator(f'.tok[data-i="{i}"]')


def heading(page) -> str:
    return " ".join(page.locator(".head h1").inner_text().split())


def at(page, k: int) -> None:
    page.wait_for_selector(f'.frame[data-k="{k}"][aria-current="step"]')


def calls(folder: Path) -> list[str]:
    log = folder / "calls.txt"
    return log.read_text().splitlines() if log.exists() else []


def settled(page) -> None:
    page.wait_for_selector(".status:empty", state="attached")


def rows(page) -> str:
    return page.locator(".rank tbody").inner_text()


def test_it_opens_with_a_finished_generation_and_asks_no_model(film, folder: Path) -> None:
    before = len(calls(folder))
    page = film()
    assert page.locator(".frame bdi").all_inner_texts() == strip.labels(SHOWN.tokens)[SHOWN.n_prompt :]
    shown = [percent(step.prediction.candidates[0].probability, 0) for step in SHOWN.steps]
    assert page.locator(".frame small").all_inner_texts() == shown
    assert heading(page) == "Why did the model say took here?"
    assert len(calls(folder)) == before


@pytest.mark.alone
def test_every_step_shows_its_own_numbers_at_once_and_asks_no_model(film, folder: Path) -> None:
    page = film()
    times, before = [], len(calls(folder))
    for k in (3, 1, N - 1):
        click = f"k => {{ const t = performance.now(); {ROOT}.querySelector(`.frame[data-k='${{k}}']`).click();"
        times.append(page.evaluate(f"{click} return performance.now() - t; }}", k))
        prediction, label = SHOWN.steps[k].prediction, words.label(SHOWN.steps[k].target.piece)
        assert label in heading(page)
        sure = page.locator(".sure").inner_text()
        p = percent(prediction.candidates[0].probability)
        assert f"{p} sure · rank 1 · entropy {prediction.entropy:.2f} nats" in sure
        assert page.locator(".tok.later").count() == N - k
        leader = SHOWN.at(k).top(1)[0]
        assert page.locator(".rank tbody tr").first.get_attribute("data-i") == str(leader)
    assert max(times) <= INSTANT, times
    assert len(calls(folder)) == before


def test_the_film_plays_pauses_and_follows_slider_and_arrows(film) -> None:
    page = film()
    page.get_by_role("button", name="Play the steps").click()
    at(page, 1)
    page.get_by_role("button", name="Play the steps").click()
    k = int(page.locator('.frame[aria-current="step"]').get_attribute("data-k"))
    page.wait_for_timeout(500)
    at(page, k)
    page.locator(".filmbar select").select_option("200")
    page.locator('[data-key="slider"]').fill("5")
    at(page, 4)
    frame(page, 4).focus()
    page.keyboard.press("ArrowRight")
    at(page, 5)
    assert page.evaluate(FOCUSED) == "f5"
    page.keyboard.press("Home")
    at(page, 0)
    page.keyboard.press(" ")
    at(page, N - 1)
    assert page.get_by_role("button", name="Play the steps").inner_text() == "▶ Play"
    page.mouse.click(700, 5)  # nothing is in focus: the keys are the film's
    page.keyboard.press("ArrowLeft")
    at(page, N - 2)


def test_a_typed_prompt_is_continued_word_by_word_and_the_step_looked_at_comes_first(film, folder: Path) -> None:
    page = film()
    page.get_by_role("button", name="New prompt").click()
    page.get_by_role("textbox", name="Prompt").fill("Mia ran to the museum. Then Mia")
    (folder / "looked").unlink(missing_ok=True)
    with held(folder):
        with held(folder, "writing"):
            page.get_by_role("button", name="Generate", exact=True).click()
            page.locator(".head h1", has_text="writing").wait_for()
        page.locator(".status", has_text="Hessian").wait_for()
        frame(page, N - 1).click()
        until(page, lambda: (folder / "looked").exists() and (folder / "looked").read_text() == str(N - 1))
    settled(page)
    order = [int(line[:-1].split()[-1]) for line in calls(folder) if "hessian of step" in line][-N:]
    assert sorted(order) == list(range(N)) and order.index(N - 1) < order.index(N - 2)
    assert page.locator(".frame.waiting").count() == 0
    assert page.locator(".fork").count() == 0


def test_another_word_is_forced_and_stands_beside_the_first_text(film) -> None:
    page = film()
    frame(page, 2).click()
    page.locator(".could li button:first-child", has_text="other").nth(1).click()
    page.locator(".fork.active", has_text="forced at step 3").wait_for()
    settled(page)
    at(page, 2)
    assert page.locator(".frame.given").count() == 3
    assert page.locator(".fork .differs").all_inner_texts() == ["green", "other23b"]
    page.locator(".fork .pick", has_text="Shipped").click()
    page.locator(".head h1", has_text="took").or_(page.locator(".head h1", has_text="green")).wait_for()
    assert page.locator(".frame bdi").nth(2).inner_text() == "green"
    page.get_by_role("button", name="Remove “other23b” forced at step 3").click()
    page.wait_for_selector(".fork", state="detached")


def test_a_word_of_the_prompt_is_deleted_or_replaced_whole(film, folder: Path) -> None:
    page = film()
    i = SHOWN.tokens.pieces.index(" green")
    chip(page, i).click()
    page.get_by_role("button", name="Generate without “green”").click()
    page.locator(".fork.active", has_text="without “green”").wait_for()
    settled(page)
    assert page.locator(".tok").count() == len(SHOWN.tokens) - 1
    chip(page, i).click()
    page.get_by_role("button", name="Generate with another word here").click()
    page.get_by_placeholder("another word, then Enter").fill("bell")
    page.keyboard.press("Enter")
    page.locator(".fork.active", has_text="“cup” → “bell”").wait_for()
    settled(page)
    assert chip(page, i).inner_text() == "bell"
    assert page.locator(".fork").count() == 3
    assert "Edit(start=" in calls(folder)[-1 - N]


def test_several_steps_are_explained_together_and_single_ones_again(film) -> None:
    page = film()
    frame(page, 2).click()
    frame(page, 4).click(modifiers=["Shift"])
    page.locator(".joint b", has_text="Steps 3–5 together").wait_for()
    settled(page)
    assert "green cup to" in heading(page) and page.locator(".frame.spanned").count() == 3
    page.get_by_role("button", name="Back to single steps").click()
    assert heading(page) == "Why did the model say green here?"
    page.get_by_role("button", name="Steps 3–5 together").click()
    page.get_by_role("button", name="Explain all steps together").click()
    page.locator(".joint b", has_text=f"Steps 1–{N} together").wait_for()
    settled(page)
    page.get_by_role("button", name="Explain several steps together").click()
    frame(page, 6).click()
    frame(page, 5).click()
    page.locator(".joint b", has_text="Steps 6–7 together").wait_for()
    frame(page, 0).click()
    assert heading(page) == "Why did the model say took here?"
    frame(page, 0).focus()
    page.keyboard.press("Shift+ArrowRight")
    page.locator(".joint b", has_text="Steps 1–2 together").wait_for()


def test_one_word_rather_than_another(film) -> None:
    page = film()
    frame(page, 1).click()
    page.locator(".could .vs").first.click()
    page.locator(".joint b", has_text="“the” rather than “other22a”").wait_for()
    settled(page)
    assert "rather than" in heading(page)
    page.keyboard.press("Escape")
    assert heading(page) == "Why did the model say the here?"


def test_matrix_and_film_follow_each_other(film) -> None:
    page = film()
    plot = page.locator(".js-plotly-plot")
    plot.wait_for()
    frame(page, 3).click()
    framed = "s => s.type === 'rect' && s.x0 === 2.5 && s.x1 === 3.5"  # the plot is gone for a moment when it is new
    page.wait_for_function(f"document.querySelector('.js-plotly-plot')?._fullLayout?.shapes?.some({framed})")
    token, step = 10, 5
    place = """([x, y]) => { const n = document.querySelector('.js-plotly-plot'), l = n._fullLayout;
        n.scrollIntoView({block: 'center'});
        const box = n.getBoundingClientRect();
        return [box.left + l.margin.l + l.xaxis.d2p(x), box.top + l.margin.t + l.yaxis.d2p(y)]; }"""
    before = None
    while before != (before := page.evaluate(place, [step, token])):  # what is above it may still be drawn
        page.wait_for_timeout(300)
    page.mouse.move(*before)
    page.wait_for_selector(".js-plotly-plot .hoverlayer .hovertext")
    page.mouse.click(*before)
    at(page, step)
    page.wait_for_selector(f'.tok.pin[data-i="{token}"]')


def test_a_saved_generation_reopens_the_same_view_in_a_fresh_visit(film, tmp_path: Path, folder: Path) -> None:
    page = film()
    frame(page, 2).click()
    page.locator("select[name=scaling]").select_option("raw")
    page.locator(".caption .method", has_text="as in the paper").wait_for()
    page.get_by_text("Save and reopen").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON", exact=True).click()
    saved = tmp_path / "generation.json"
    download.value.save_as(saved)
    generation = loads_generation(saved.read_text(encoding="utf-8"))
    assert generation.weights.scaling == "raw" and generation.tokens == SHOWN.tokens
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    download.value.save_as(tmp_path / "steps.csv")
    n_rows = sum(step.target.position for step in SHOWN.steps)
    assert len((tmp_path / "steps.csv").read_text().splitlines()) > n_rows
    shown, before = rows(page), len(calls(folder))
    again = film()
    again.get_by_text("Save and reopen").click()
    again.locator("input[type=file]").set_input_files(saved)
    again.locator(".caption .method", has_text="as in the paper").wait_for()
    frame(again, 2).click()
    assert rows(again) == shown and len(calls(folder)) == before
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps({"format": "heta-generation", "version": 99}))
    again.locator("input[type=file]").set_input_files(broken)
    again.get_by_text("Need version 1 to").wait_for()
    assert rows(again) == shown


def test_a_page_and_pictures_are_taken_along_and_the_page_opens_again(film, tmp_path: Path) -> None:
    page = film()
    frame(page, 3).click()
    page.get_by_text("Save and reopen").click()
    for name, ending in (("HTML", "html"), ("Python", "py"), ("SVG", "svg"), ("PNG", "png")):
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).click()
        assert download.value.suggested_filename == f"heta-generation.{ending}"
        download.value.save_as(tmp_path / f"taken.{ending}")
    assert loads_generation(report_in((tmp_path / "taken.html").read_text(encoding="utf-8"))).tokens == SHOWN.tokens
    root = ElementTree.parse(tmp_path / "taken.svg").getroot()
    assert "took the green cup" in (root.find("{http://www.w3.org/2000/svg}title").text or "")
    size = struct.unpack(">II", (tmp_path / "taken.png").read_bytes()[16:24])
    assert list(size) == [3 * int(root.get(side)) for side in ("width", "height")]
    other = tmp_path / "other.html"
    other.write_text(page_of(made_generation.generation(answer=(" ran", " home"))), encoding="utf-8")
    page.locator("input[type=file]").set_input_files(other)
    page.locator('.frame[data-k="1"]:last-child').wait_for()
    assert page.locator(".frame bdi").all_inner_texts() == ["ran", "home"]


def test_a_copied_link_asks_for_the_same_continuation_from_either_page(film, visit, address: str, folder: Path) -> None:
    page = film()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_text("Save and reopen").click()
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Copied.").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    start, _, fragment = copied.partition("#")
    assert start.endswith("/Generate") and continuation.read(f"#{fragment}").prompt == SHOWN.prompt.text
    other = made_generation.generation(samples.words("Tom has a key. Then Tom"))
    page = visit(path=continuation.written(other))  # Explore, which leads to Generate
    page.wait_for_selector(".frame")
    settled(page)
    assert page.url.endswith("/Generate") and "Tom" not in page.url
    asked = next(line for line in reversed(calls(folder)) if line.startswith("Request("))
    assert "Tom has a key. Then Tom" in asked and f"ids={other.prompt.ids}" in asked
    for said, told in (
        ("model=<script>window.hacked=1</script>&prompt=a", "needs the id of a model"),
        ("model=littletown&prompt=a&steps=-3", "whole number from 0 as steps"),
        ("model=littletown&prompt=a&steps=1000000", "steps up to 512"),
    ):
        page.evaluate("hash => (location.hash = hash)", f"heta-generate?{said}")
        page.get_by_text(told).first.wait_for()
        assert page.locator(".frame").count() == N and "#" not in page.url
    assert page.evaluate("window.hacked") is None


def test_bad_requests_say_why_and_lose_nothing(film) -> None:
    page = film()
    page.get_by_role("button", name="New prompt").click()
    box = page.get_by_role("textbox", name="Prompt")
    box.fill("fail")
    page.get_by_role("button", name="Generate", exact=True).click()
    page.get_by_text("A prompt of two words is needed").wait_for()
    assert box.input_value() == "fail" and page.locator(".frame").count() == N
    page.get_by_text("Chat", exact=True).click()
    page.get_by_role("textbox", name="User 1").fill("Hello")
    page.get_by_role("button", name="Generate", exact=True).click()
    page.get_by_text("A chat template is needed").wait_for()
    assert page.get_by_role("textbox", name="User 1").input_value() == "Hello"
    page.get_by_text("Plain text", exact=True).click()
    page.get_by_text("An answer of my own", exact=True).click()
    page.get_by_role("textbox", name="Prompt").fill("Then Kate")
    page.get_by_role("textbox", name="The answer to explain").fill(" took the cup.")
    page.get_by_role("button", name="Explain this answer").click()
    page.wait_for_selector('.frame[data-k="3"]:last-child')
    settled(page)
    assert heading(page) == "Why did the model say took here?"


def test_stop_keeps_what_is_there(film, folder: Path) -> None:
    page = film()
    frame(page, 1).click()
    with held(folder):
        page.locator(".could li button:first-child", has_text="other").first.click()
        page.locator(".status", has_text="Hessian").wait_for()
        page.locator('[data-key="stop"]').click()
        settled(page)
    assert page.locator(".frame.waiting").count() > 0 and page.locator(".frame").count() == N


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_runs_off_the_page(film, theme: str, width: int) -> None:
    page = film(width=width, height=844, theme=theme)
    for action in ("New prompt", None):
        if action:
            page.get_by_role("button", name=action).click()
            page.wait_for_timeout(500)
        main = page.locator(".stMain").evaluate("n => [n.scrollWidth, n.clientWidth]")
        assert main[0] <= main[1]
