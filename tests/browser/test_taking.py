"""What a reader takes along, in a real browser: the page from disk with the network off, pictures, links."""

import json
import re
import struct
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import made
import numpy as np
import pytest
import samples
from made_blocks import in_blocks

from heta_core.combine import UNGATED
from heta_core.grouping import sentences
from heta_core.report import dumps, loads
from heta_core.taking import link
from heta_core.taking.page import page as page_of
from heta_core.views import looking, words

SHOWN = samples.result()
NASTY = [
    *("<s>", "</script><script>window.hacked=1</script>", "<img src=x onerror='window.hacked=2'>", "\"'`"),
    *("\u2028", "\u202eevil\u202c", "</noscript><b>", "<!--", "今天", "👩\u200d👩\u200d👧", " cup"),
]
CASES = {
    "scene": SHOWN,
    "hostile": samples.result(NASTY, says=(" cup", "</script>")),
    "span": made.span(),
    "contrast": samples.contrast(),
    "blocks": in_blocks(SHOWN, sentences(SHOWN.tokens, SHOWN.n_context)),
    "partial": list(samples.growing(SHOWN))[1],
}


@pytest.mark.parametrize("name", CASES)
def test_a_page_from_disk_agrees_with_its_json_number_for_number(offline, name: str) -> None:
    page = offline(CASES[name])
    a = loads(page.locator("#report").text_content())
    assert dumps(a) == dumps(loads(dumps(CASES[name])))
    for component in ("final", "transition", "hessian", "kl"):
        page.locator(f'.tabs [data-key="{component}"]').click()
        if looking.raw(a, component) is None:
            assert "not known yet" in page.locator(".legend").inner_text()
            continue
        values = looking.raw(a, component).tolist()
        tokens = page.locator(".strip .tok").all()[: a.n_units]
        depths = [float(t.evaluate("t => t.style.getPropertyValue('--v')")) for t in tokens]
        assert depths == pytest.approx(np.array(values) / (max(values) or 1), abs=1e-4)
        for value, token in zip(values, tokens, strict=True):
            said = token.get_attribute("aria-label").replace("\u00a0", " ")
            assert looking.said(component, value).replace("\u00a0", " ") in said
    raw = {
        "transition": a.transition.scores,
        "hessian": a.hessian.scores if a.hessian else None,
        "hessian_error": a.hessian.standard_error if a.hessian else None,
        "kl": a.information.kl,
        "log_p_masked": a.information.log_p,
    }
    for field, expected in raw.items():
        read = "(all, name) => all.map((row) => [+row.dataset.unit, row.querySelector(`[data-of=${name}]`).innerText])"
        page.locator("#numbers").evaluate("details => (details.open = true)")
        said = dict(page.locator("#numbers tbody tr").evaluate_all(read, field))
        assert sorted(said) == list(range(a.n_units))
        if expected is None:
            assert set(said.values()) == {"not known"}
        else:
            assert [np.float32(said[i]) for i in range(a.n_units)] == [np.float32(v) for v in expected]
    assert page.evaluate("window.hacked") is None


def test_numbers_of_a_page_from_disk_come_by_pointer_by_click_and_by_keyboard(offline) -> None:
    page = offline(SHOWN)
    tokens, tip, card = page.locator(".strip .tok"), page.locator(".tip"), page.locator(".card.pinned")
    tokens.nth(3).hover()
    assert "of the score" in tip.inner_text() and "preview" in card.inner_text()
    tokens.nth(3).click()
    assert "pinned" in card.inner_text() and words.number(float(SHOWN.transition.scores[3])) in card.inner_text()
    page.keyboard.press("Escape")
    tokens.nth(3).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert tokens.nth(4).get_attribute("aria-pressed") == "true" and "pinned" in card.inner_text()
    page.locator("select[name=scaling]").select_option("raw")
    assert "as in the paper" in page.locator(".legend").inner_text()
    assert page.locator("button:visible", has_text=re.compile("Swap|Edit|Compare|Why|vs")).count() == 0


def test_the_report_is_saved_from_a_page_that_lies_on_disk(offline, tmp_path: Path) -> None:
    page = offline(CASES["hostile"])
    with page.expect_download() as download:
        page.locator("#save").click()
    download.value.save_as(tmp_path / "again.json")
    again = loads((tmp_path / "again.json").read_text(encoding="utf-8"))
    assert again.tokens == CASES["hostile"].tokens


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_page_from_disk_follows_the_readers_theme_and_fits(offline, theme: str, width: int) -> None:
    page = offline(CASES["hostile"], theme=theme, width=width)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(23, 22, 20)"}[theme]
    assert page.locator(".heta").get_attribute("data-theme") == theme
    page.locator("#numbers summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_where_scripts_are_off_a_page_still_shows_text_and_numbers(offline) -> None:
    page = offline(SHOWN, scripts=False)
    assert page.locator("h1").inner_text() == "Why did the model say “cup”?"
    assert page.locator(".still sub").count() == SHOWN.n_units


def panel(page):
    page.get_by_text("Save and reopen").click()
    page.get_by_role("button", name="PNG").wait_for()


def test_pictures_are_downloaded_as_svg_and_as_png_of_three_times_its_size(visit, tmp_path: Path) -> None:
    page = visit()
    panel(page)
    for name, ending in (("SVG", "svg"), ("PNG", "png")):
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).click()
        assert download.value.suggested_filename == f"heta.{ending}"
        download.value.save_as(tmp_path / f"heta.{ending}")
    root = ElementTree.parse(tmp_path / "heta.svg").getroot()
    size = [int(root.get(side) or 0) for side in ("width", "height")]
    png = (tmp_path / "heta.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert list(struct.unpack(">II", png[16:24])) == [3 * side for side in size]
    drawn = page.evaluate(
        """async (bytes) => {
             const image = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
             const canvas = new OffscreenCanvas(image.width, image.height);
             const paper = canvas.getContext("2d");
             paper.drawImage(image, 0, 0);
             const seen = new Set();
             const { data } = paper.getImageData(0, 0, image.width, image.height);
             for (let i = 0; i < data.length; i += 400) seen.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
             return seen.size;
           }""",
        list(png),
    )
    assert drawn > 10  # text and grounds, not an empty sheet


def test_a_page_that_was_saved_opens_in_the_app_again(visit, tmp_path: Path) -> None:
    page = visit()
    saved = tmp_path / "other.html"
    saved.write_text(page_of(CASES["hostile"]), encoding="utf-8")
    panel(page)
    page.locator("input[type=file]").set_input_files(saved)
    page.locator('.tok:text-is("今天")').wait_for()
    page = visit()
    panel(page)
    saved.write_text("<!doctype html><p>nothing", encoding="utf-8")
    page.locator("input[type=file]").set_input_files(saved)
    page.get_by_text("without a report in it").wait_for()


def test_a_link_asks_again_and_leaves_the_address_bar(visit, address: str, folder: Path) -> None:
    result = samples.result(samples.words("Ann has a cup. What does Ann have? Answer:"))
    page = visit(path=link.written(result))
    page.locator('.tok:text-is("Ann")').first.wait_for()
    page.wait_for_selector(".status:empty", state="attached")
    assert page.url == address and "Ann" not in page.evaluate("JSON.stringify(history.state)")
    asked = (folder / "calls.txt").read_text().splitlines()[-1]
    assert "What does Ann have?" in asked and "probes=10" in asked


def test_a_copied_link_holds_the_text_and_typing_never_reaches_the_address_bar(visit, address: str) -> None:
    page = visit()
    page.get_by_role("button", name="Edit text").click()
    page.get_by_label("Text up to the word to explain").fill("Tom has a key. What does Tom have? Answer:")
    page.get_by_role("button", name="Explain", exact=True).click()
    page.locator('.tok:text-is("Tom")').first.wait_for()
    page.wait_for_selector(".status:empty", state="attached")
    assert "Tom" not in page.url
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel(page)
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Copied.").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(address + "#heta?") and "Tom" not in page.url
    assert link.read(copied.removeprefix(address)).prompt == "Tom has a key. What does Tom have? Answer:"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("model=<script>alert(1)</script>&prompt=a%20b", "needs the id of a model"),
        ("model=littletown&prompt=a%20b&at=-3", "whole number from 0"),
        ("model=someone/other&prompt=a%20b", "someone/other is not on this computer."),
        ("model=littletown&prompt=" + "a%20" * 20_000, "at most 64,000 characters"),
    ],
)
def test_a_bad_link_is_one_clear_line_and_the_page_stands(visit, address: str, said: str, told: str) -> None:
    page = visit(path=f"#heta?{said}")
    page.get_by_text(told).first.wait_for()
    assert page.url == address
    assert page.locator(".strip .tok").count() == len(SHOWN.tokens)
    assert json.loads(page.evaluate("JSON.stringify(window.hacked ?? null)")) is None


def test_what_was_looked_at_comes_back_at_once_by_button_and_by_key(visit, folder: Path) -> None:
    page = visit()
    head = page.locator(".head h1")
    assert page.get_by_role("button", name="Back: nothing").is_disabled()
    page.locator(".could li button", has_text="map").first.click()
    head.get_by_text("map").wait_for()
    page.locator(".could li button", has_text="coin").first.click()
    head.get_by_text("coin").wait_for()
    calls = folder / "calls.txt"
    asked = calls.read_text() if calls.exists() else ""
    page.get_by_role("button", name="Back: Why did the model say “map”?").click()
    head.get_by_text("map").wait_for()
    page.locator(".strip .tok").first.focus()
    page.keyboard.press("[")
    head.get_by_text("cup").wait_for()
    page.keyboard.press("]")
    head.get_by_text("map").wait_for()
    assert (calls.read_text() if calls.exists() else "") == asked


def test_the_keys_are_listed(visit) -> None:
    page = visit()
    page.locator(".strip .tok").first.focus()
    page.keyboard.press("?")
    assert "explain why this word stands here" in page.locator(".keys dl").inner_text()
    page.keyboard.press("?")
    assert not page.locator(".keys dl").is_visible()


def test_a_score_without_a_gate_is_drawn_without_one(offline) -> None:
    a = replace(SHOWN, method=UNGATED, transition=None)
    page = offline(a)
    assert [t.inner_text().split("\n")[0] for t in page.locator(".tabs button").all()] == ["Ungated", "Hessian", "KL"]
    tokens = page.locator(".strip .tok").all()[: a.n_units]
    depths = [float(t.evaluate("t => t.style.getPropertyValue('--v')")) for t in tokens]
    assert depths == pytest.approx(a.shares / max(a.shares), abs=1e-4)
    tokens[0].click()
    amounts = page.locator(".fall .amount")
    assert [amount.get_attribute("data-of") for amount in amounts.all()] == ["hessian", "kl", "strength", "score"]
    assert float(amounts.last.get_attribute("data-value")) == pytest.approx(a.scores[0], rel=1e-5)
    assert "no gate = score" in page.locator(".fall").get_attribute("aria-label")
    assert page.locator("section.plane").is_hidden()
    assert "Transition" not in page.locator("main").inner_text()
    page.locator('[data-key="beta"]').fill("1")
    other = a.with_weights(replace(a.weights, beta=1.0))
    assert float(amounts.last.get_attribute("data-value")) == pytest.approx(other.scores[0], rel=1e-5)
