"""The first screen in a real browser, on made-up results."""

import json
from pathlib import Path

import numpy as np
import pytest
import samples
from waiting import held

from heta_core.attribution import Attribution
from heta_core.report import loads
from heta_core.settings import Weights
from heta_core.views import ranking, scale, strip, words

SHOWN = samples.result(weights=Weights(scaling="unit"))
TOP = SHOWN.top(1)[0]
# The component draws into a shadow root, which scripts of the page have to step into.
ROOT = "[...document.querySelectorAll('*')].find(n => n.shadowRoot?.querySelector('.heta')).shadowRoot"
INSTANT = 100  # milliseconds that pinning and dragging may take


def chip(page, i: int):
    return page.locator(f'.tok[data-i="{i}"]')


def heading(page) -> str:
    return " ".join(page.locator(".head h1").inner_text().split())


def card(page) -> str:
    return page.locator(".card.pinned").inner_text()


def calls(folder: Path) -> int:
    log = folder / "calls.txt"
    return len(log.read_text().splitlines()) if log.exists() else 0


def settled(page) -> None:
    page.locator(".sure", has_text="asking").wait_for(state="detached")
    page.wait_for_selector(".status:empty", state="attached")


def test_the_page_opens_with_a_finished_example_and_its_question(visit, folder: Path) -> None:
    before = calls(folder)
    page = visit()
    assert heading(page) == "Why did the model say cup?"
    assert page.locator(".sure").inner_text().startswith("72.0\u00a0% sure · rank 1 · entropy 0.81 nats")
    assert calls(folder) == before


@pytest.mark.parametrize("example", [0, 1])
def test_every_token_is_drawn_once_and_in_order(visit, example: int) -> None:
    page = visit()
    result = SHOWN
    if example:
        result = samples.odd()
        page.get_by_text("Examples").click()
        page.get_by_role("button", name="Odd tokens").click()
        page.wait_for_selector(".tok.space")
    assert page.locator(".tok").evaluate_all("all => all.map(n => Number(n.dataset.i))") == list(
        range(len(result.tokens))
    )
    bodies = page.locator(".tok").evaluate_all(
        "all => all.map(n => n.firstChild?.nodeType === 3 ? n.firstChild.data : '')"
    )
    assert bodies == [body for _, body, _, _ in strip.token_parts(result.tokens)]


def test_hostile_tokens_stay_text(visit) -> None:
    page = visit()
    page.get_by_text("Examples").click()
    page.get_by_role("button", name="Odd tokens").click()
    page.wait_for_selector(".tok.space")
    assert chip(page, 2).inner_text() == "<script>alert(1)</script>"
    assert page.locator(".heta script, .heta img, .heta a:not(.term)").count() == 0
    chip(page, 2).click()
    assert "“<script>alert(1)</script>”" in card(page)
    # A character of two tokens is drawn once; its card has both.
    assert chip(page, 9).inner_text() == "🦊" and not chip(page, 10).is_visible()
    chip(page, 9).click()
    assert page.locator(".members bdi").all_inner_texts() == ["🦊 1/2", "🦊 2/2"]


def test_strip_hover_table_card_and_json_agree_for_every_index(visit) -> None:
    page = visit()
    page.get_by_role("button", name="show all").click()
    for row in ranking.rows(SHOWN):
        assert row.share is not None and row.hessian is not None and row.transition is not None and row.kl is not None
        share = words.percent(row.share, 0)
        bent = words.with_error(row.hessian, row.hessian_error)
        terms = f"{words.number(row.transition)} × ({bent} | {words.number(row.kl)})"
        cells = page.locator(f'.rank tr[data-i="{row.position}"] td').all_inner_texts()
        assert [cells[0], cells[1], cells[3], cells[4]] == [str(row.rank), row.label, share, terms]
        spoken = chip(page, row.position).get_attribute("aria-label")
        assert spoken.startswith(f"{row.label}: {share} of the score, rank {row.rank} of {SHOWN.n_context}")
        assert ("changes the answer" in spoken) == row.changes_answer
        assert ("likelier" in spoken) == (row.effect < -ranking.LEAST_EFFECT)
        chip(page, row.position).hover()
        assert page.locator(".tip").inner_text() == spoken
        assert f"“{row.label}”" in card(page) and f"rank {row.rank} of" in card(page)


def test_a_pin_holds_until_it_is_moved_and_hovering_never_overrides_it(visit) -> None:
    page = visit()
    chip(page, 3).click()
    assert "pinned" in card(page) and "“to”" in card(page)
    chip(page, TOP).hover()
    assert "“to”" in card(page)
    chip(page, TOP).click()
    assert "“cup”" in card(page)
    page.keyboard.press("Escape")
    assert "pinned" not in card(page)


@pytest.mark.alone
def test_pinning_and_dragging_are_instant_and_ask_nobody(visit, folder: Path) -> None:
    page = visit()
    before, sent = calls(folder), len(page.sent)
    times = []
    for i in (3, 9, 20):
        click = f"i => {{ const t = performance.now(); {ROOT}.querySelector(`.tok[data-i='${{i}}']`).click();"
        times.append(page.evaluate(f"{click} return performance.now() - t; }}", i))
        assert chip(page, i).get_attribute("aria-pressed") == "true"
    share = page.locator(f'.rank tr[data-i="{TOP}"] .num').inner_text()
    drag = f"const beta = {ROOT}.querySelector('input[name=beta]'); beta.value = 0.1;"
    drag += "beta.dispatchEvent(new Event('input', {bubbles: true}));"
    times.append(page.evaluate(f"() => {{ const t = performance.now(); {drag} return performance.now() - t; }}"))
    assert page.locator(f'.rank tr[data-i="{TOP}"] .num').inner_text() != share
    page.wait_for_timeout(300)
    assert max(times) <= INSTANT, times
    assert len(page.sent) == sent and calls(folder) == before


def test_mixing_in_the_browser_equals_mixing_in_python(visit) -> None:
    page = visit()
    page.get_by_role("button", name="show all").click()
    for scaling, beta in (("raw", 0.1), ("unit", 0.9)):
        page.locator("select[name=scaling]").select_option(scaling)
        page.locator("input[name=beta]").fill(str(beta))
        expected = SHOWN.with_weights(Weights(beta=beta, gamma=0.5, scaling=scaling))
        page.locator(".caption .method", has_text=f"β {beta:g}").wait_for()
        for row in ranking.rows(expected):
            cell = page.locator(f'.rank tr[data-i="{row.position}"] .num')
            assert cell.inner_text() == words.percent(row.share, 0)


def test_another_candidate_and_the_twin_are_there_at_once_without_the_model(visit, folder: Path) -> None:
    page = visit()
    before = calls(folder)
    page.get_by_role("button", name="map 20.0").click()
    page.wait_for_function("document.title")
    page.locator(".head h1", has_text="map").wait_for()
    assert heading(page) == "Why would the model say map?"
    page.get_by_role("button", name="Swap Kate → Noah").click()
    page.get_by_role("button", name="Swap Noah → Kate").wait_for()
    assert "Noah have" in page.locator(".strip").inner_text().replace("\u200b", "")
    assert calls(folder) == before


def test_a_new_target_comes_in_parts_and_shows_no_number_before_it_is_known(visit, folder: Path) -> None:
    page = visit()
    with held(folder):
        page.locator(".could li button[data-id]").last.click()
        page.locator(".status", has_text="refining").wait_for()
    settled(page)
    assert heading(page) == "Why would the model say lamp?"
    with held(folder):
        chip(page, 5).click()
        page.keyboard.press("t")
        page.locator(".legend", has_text="not known yet").wait_for()
        assert "…" in page.locator(".rank .formula").nth(1).inner_text()
    settled(page)
    assert heading(page) == "Why would the model say museum here?"


def test_a_word_is_explained_from_its_card_and_the_next_word_from_the_strip(visit) -> None:
    page = visit()
    chip(page, TOP).click()
    page.get_by_role("button", name="Why did the model say “cup” here?").click()
    page.locator(".head h1", has_text="here?").wait_for()
    settled(page)
    assert page.locator(".tok.later").count() > 0
    page.get_by_role("button", name="next word?").click()
    page.locator(".head h1", has_text="say cup?").wait_for()


def explained(page) -> list[int]:
    """The tokens of the text that are marked as explained."""
    return page.locator(".tok.explained, .tok.answer").evaluate_all("all => all.map(n => Number(n.dataset.i))")


def stand(page, i: int) -> None:
    """Explain the word that stands at a place."""
    chip(page, i).click()
    page.keyboard.press("t")
    page.locator(f'.tok.answer[data-i="{i}"]').wait_for()
    settled(page)


def test_shift_and_a_click_extend_and_shrink_a_span(visit) -> None:
    page = visit()
    stand(page, 17)
    for i, span in ((19, [17, 18, 19]), (15, [15, 16, 17, 18, 19]), (19, [15, 16, 17, 18]), (15, [16, 17, 18])):
        chip(page, i).click(modifiers=["Shift"])
        page.locator(f'.tok.answer[data-i="{span[-1]}"]').wait_for()
        page.locator(f".head .each li >> nth={len(span) - 1}").wait_for()
        settled(page)
        assert explained(page) == span
    assert heading(page) == "Why would the model say a green cup here?"
    result = samples.span(SHOWN.tokens.pieces, 16, 19)
    each = [
        f"{words.label(SHOWN.tokens.pieces[i])} {words.percent(p, 0)}"
        for i, p in zip(span, chances(result), strict=True)
    ]
    assert page.locator(".head .each li").all_inner_texts() == each
    joint = words.percent(float(np.exp(result.log_p)))
    assert page.locator(".sure").inner_text().startswith(f"a guess: {joint} sure of all 3 together")
    # The first tokens of a span are causes of the later ones: they carry a share, and a click pins them.
    share = words.percent(result.combined.shares[17], 0) if result.combined else ""
    assert chip(page, 17).get_attribute("aria-label").startswith(f"green: {share} of the score")
    chip(page, 17).click()
    assert "pinned" in card(page) and "“green”" in card(page)
    assert f"log p falls by {words.number(float(result.effect[17]))} nats" in card(page)


def chances(result: Attribution) -> list[float]:
    return [float(np.exp(p.log_p)) for p in result.predictions]


def test_the_edges_of_a_span_have_buttons(visit) -> None:
    page = visit()
    stand(page, 17)
    steps = (
        ("Explain one word more, after", [17, 18]),
        ("Explain one word more, before", [16, 17, 18]),
        ("Leave out the last word", [16, 17]),
        ("Leave out the first word", [17]),
    )
    for name, span in steps:
        page.get_by_role("button", name=name).click()
        page.locator(f'.tok.answer[data-i="{span[-1]}"]').wait_for()
        page.wait_for_function(f"{ROOT}.querySelectorAll('.tok.explained').length === {len(span) - 1}")
        settled(page)
        assert explained(page) == span
    assert page.get_by_role("button", name="Leave out").count() == 0


def test_shift_and_arrows_move_the_end_of_a_span_as_fast_as_they_are_pressed(visit, folder: Path) -> None:
    page = visit()
    stand(page, 17)
    chip(page, 17).focus()
    with held(folder):
        for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
            page.keyboard.press(f"Shift+{key}")  # nothing waits for the answer
    page.locator(".head h1", has_text="green cup.").wait_for()
    page.rest()
    settled(page)
    page.wait_for_function(f"{ROOT}.querySelectorAll('.tok.explained, .tok.answer').length === 3")
    assert explained(page) == [17, 18, 19]
    assert page.evaluate("document.activeElement.shadowRoot?.activeElement?.dataset.key") == "t19"


def test_a_candidate_becomes_a_foil_and_the_two_change_places(visit) -> None:
    page = visit()
    page.get_by_role("button", name="Why cup rather than map").click()
    page.locator(".head .foil", has_text="map").wait_for()
    settled(page)
    assert heading(page) == "Why did the model say cup rather than map?"
    told = page.locator(".sure").inner_text().replace("\u00a0", " ")
    assert told.startswith("72.0 % against 20.0 % · log-odds +1.28 nats · rank 1 against 2")
    page.get_by_role("button", name="Exchange the two").click()
    page.locator(".head .foil", has_text="cup").wait_for()
    settled(page)
    assert heading(page) == "Why would the model say map rather than cup?"
    assert "log-odds −1.28 nats" in page.locator(".sure").inner_text()
    page.get_by_role("button", name="End the comparison").click()
    page.locator(".strip .foil").wait_for(state="detached")
    settled(page)
    assert heading(page) == "Why would the model say map?"
    assert page.locator(".foil, .for, .against").count() == 0


def test_every_colour_of_a_contrast_has_its_sign_and_number(visit) -> None:
    page = visit()
    page.get_by_role("button", name="Why cup rather than map").click()
    page.locator(".head .foil", has_text="map").wait_for()
    settled(page)
    page.get_by_role("button", name="show all").click()
    result = samples.contrast(SHOWN.tokens.pieces).with_weights(SHOWN.weights)
    names = {1: ("for", "cup"), -1: ("against", "map")}
    for row in ranking.rows(result):
        side = 0 if abs(row.effect) < ranking.LEAST_EFFECT else int(np.sign(row.effect))
        hue, word = names.get(side, ("neither", ""))
        delta = f"{'+' if side > 0 else ''}{words.number(row.effect)} for {word}" if side else "|Δ| < 0.001"
        assert hue in chip(page, row.position).get_attribute("class").split()
        spoken = chip(page, row.position).get_attribute("aria-label")
        assert (delta.replace(" for ", " nats, speaks for ") if side else "speaks for neither") in spoken
        cells = page.locator(f'.rank tr[data-i="{row.position}"] td')
        assert cells.last.inner_text().strip() == delta
        assert cells.nth(4).inner_text().endswith(f"| {words.number(abs(row.effect))})")
    legend = page.locator(".legend").inner_text()
    assert "speaks for “cup”" in legend and "speaks for “map”" in legend and "neither" in legend
    assert page.locator(".tabs button").all_inner_texts()[3].split() == ["Effect", "|Δ|"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_on_every_hue_of_a_contrast_can_be_read(visit, theme: str) -> None:
    page = visit(theme=theme)
    page.get_by_role("button", name="Why cup rather than map").click()
    page.locator(".tok.against").first.wait_for()
    settled(page)
    # A canvas turns any way of writing a colour into three numbers.
    read = """n => { n.style.setProperty('--v', 1); const c = getComputedStyle(n); const pen = new OffscreenCanvas(1, 1)
      .getContext('2d'); return [c.color, c.backgroundColor].map(colour => { pen.fillStyle = colour; pen.fillRect(0, 0,
      1, 1); return '#' + [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3).map(x => x.toString(16).padStart(2, '0'))
      .join(''); }); }"""
    for hue in ("for", "against", "neither"):
        text, ground = page.locator(f".tok.{hue}").first.evaluate(read)
        assert scale.contrast(text, ground) >= 4.5, (hue, text, ground)


def test_a_typed_foil_is_compared_at_its_first_difference_or_whole(visit) -> None:
    page = visit()
    box = page.get_by_placeholder("rather than …")
    box.fill("map of Rome")
    page.keyboard.press("Enter")
    page.locator(".head", has_text="the first tokens that differ are compared").wait_for()
    settled(page)
    assert heading(page) == "Why did the model say cup rather than map?" and box.input_value() == "map of Rome"
    page.get_by_label("whole strings").check()
    page.get_by_role("button", name="Compare").click()
    page.locator(".head", has_text="Whole strings are compared").wait_for()
    settled(page)
    assert heading(page) == "Why did the model say cup here rather than map of Rome?"
    assert len(page.locator(".head .each li").all()) == 4


def test_the_last_of_several_clicks_wins(visit, folder: Path) -> None:
    page = visit()
    with held(folder):
        for name in ("coin", "key", "lamp"):
            page.locator(".could li button", has_text=name).click()
    page.locator(".head h1", has_text="lamp").wait_for()
    page.rest()
    settled(page)
    assert heading(page) == "Why would the model say lamp?"


def test_the_keyboard_alone_does_everything(visit) -> None:
    page = visit()
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = "document.activeElement.shadowRoot?.activeElement?.dataset.key"
        if (page.evaluate(focused) or "").startswith("t0"):
            break
    assert page.evaluate(focused) == "t0"
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == "t3"
    assert "preview" in card(page) and "“to”" in card(page)
    page.keyboard.press("Enter")
    assert "pinned" in card(page)
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) != "t3" and "“to”" in card(page)
    page.keyboard.press("Home")
    assert page.evaluate(focused) == "t0"
    page.keyboard.press("End")
    assert page.evaluate(focused) == f"t{SHOWN.n_context - 1}"
    page.keyboard.press("Escape")
    assert "pinned" not in card(page)
    page.keyboard.press("t")
    page.locator(".head h1", has_text="here?").wait_for()
    settled(page)
    assert page.evaluate(focused) == f"t{SHOWN.n_context - 1}"  # the focus stays where the reader is


def test_typing_a_new_text_explains_it_and_a_bad_one_loses_nothing(visit) -> None:
    page = visit()
    page.get_by_role("button", name="Edit text").click()
    box = page.get_by_role("textbox", name="Text up to the word to explain")
    box.wait_for()
    assert box.input_value() == SHOWN.tokens.text
    box.fill("One")
    page.get_by_role("button", name="Explain", exact=True).click()
    page.get_by_text("Need at least 2 tokens").wait_for()
    assert box.input_value() == "One" and heading(page) == "Why did the model say cup?"
    box.fill("Kate has a cup. Kate has a")
    page.get_by_role("button", name="Explain", exact=True).click()
    box.wait_for(state="detached")
    settled(page)
    assert page.locator(".tok").count() == len(samples.words("Kate has a cup. Kate has a"))


def test_one_word_is_swapped_from_its_card(visit) -> None:
    page = visit()
    chip(page, TOP).click()
    page.get_by_role("button", name="Swap this word …").click()
    page.get_by_placeholder("another word, then Enter").fill("bell")
    page.keyboard.press("Enter")
    page.locator(".tok", has_text="bell").wait_for()
    settled(page)


def test_a_word_unknown_to_littletown_is_said_above_the_strip(visit) -> None:
    page = visit()
    page.get_by_role("button", name="Edit text").click()
    page.get_by_role("textbox", name="Text up to the word to explain").fill(
        "Quantum chromodynamics is a gauge theory of"
    )
    page.get_by_role("button", name="Explain", exact=True).click()
    page.get_by_text("Littletown does not know").wait_for()


def test_panels_are_drawn_when_opened_and_agree(visit) -> None:
    page = visit()
    assert page.locator(".js-plotly-plot").count() == 0
    page.get_by_text("The three components, word by word").click()
    page.locator(".js-plotly-plot").wait_for()
    data = page.locator(".js-plotly-plot").evaluate(
        "n => n._fullData.map(t => [t.name, [...t.y], t.customdata.map(c => c[0])])"
    )
    expected = {"Transition": SHOWN.transition.scores, "Hessian": SHOWN.hessian.scores, "KL": SHOWN.information.kl}
    for name, values, positions in data:
        assert values == pytest.approx([expected[name][i] for i in positions], rel=1e-6)
    page.get_by_text("Layers and heads of one word").click()
    page.locator(".js-plotly-plot", has_text="head 0").wait_for()
    chip(page, 3).click()
    page.locator(".js-plotly-plot", has_text="“to”").wait_for()


def test_a_saved_json_reopens_the_same_view_and_a_broken_one_says_why(visit, tmp_path: Path) -> None:
    page = visit()
    page.locator("select[name=scaling]").select_option("raw")
    page.locator(".caption .method", has_text="as in the paper").wait_for()
    page.get_by_text("Save and reopen").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON", exact=True).click()
    saved = tmp_path / "heta.json"
    download.value.save_as(saved)
    result: Attribution = loads(saved.read_text(encoding="utf-8"))
    assert result.weights.scaling == "raw" and result.tokens == SHOWN.tokens
    rows = page.locator(".rank tbody").inner_text()
    page.get_by_text("Examples").click()
    page.get_by_role("button", name="Odd tokens").click()
    page.wait_for_selector(".tok.space")
    page.locator("input[type=file]").set_input_files(saved)
    page.locator(".caption .method", has_text="as in the paper").wait_for()
    assert page.locator(".rank tbody").inner_text() == rows
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps({"format": "heta-attribution", "version": 99}))
    page.locator("input[type=file]").set_input_files(broken)
    page.get_by_text("Need version 1 to").wait_for()
    assert page.locator(".rank tbody").inner_text() == rows


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_runs_off_the_page(visit, theme: str, width: int) -> None:
    page = visit(width=width, height=844, theme=theme)
    page.get_by_text("Examples").click()
    sizes = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert sizes[0] <= sizes[1]
    main = page.locator(".stMain").evaluate("n => [n.scrollWidth, n.clientWidth]")
    assert main[0] <= main[1]
    page.get_by_role("button", name="Odd tokens").click()
    page.wait_for_selector(".tok.space")
    main = page.locator(".stMain").evaluate("n => [n.scrollWidth, n.clientWidth]")
    assert main[0] <= main[1]


def test_a_component_that_is_put_up_anew_goes_on_where_the_reader_was(visit) -> None:
    """Away to the other page and back takes it down; Streamlit does the same now and then between two runs."""
    page = visit()
    page.get_by_role("button", name="show all").click()
    page.locator(f'.strip .tok[data-i="{TOP}"]').click()
    page.locator("input[name=beta]").fill("0.8")
    page.get_by_placeholder("rather than …").fill("map of")
    rows = page.locator(".rank tr[data-i]").count()
    assert rows > 10
    page.get_by_role("link", name="Generate").click()
    page.wait_for_function("document.title.startsWith('Generate')")
    page.get_by_role("link", name="Explore").click()
    page.locator(".card.pinned", has_text="· pinned").wait_for()
    assert page.locator(".rank tr[data-i]").count() == rows
    assert page.locator("input[name=beta]").input_value() == "0.8"
    assert page.get_by_placeholder("rather than …").input_value() == "map of"
