"""The text read by words, sentences, lines and marked pieces, in a real browser: sums that ask nobody."""

from dataclasses import replace

import numpy as np
import pytest
import samples
from made_blocks import in_blocks

from heta_core.grouping import lines, sentences, spelled, words
from heta_core.groups import Groups, joining, opened, singles
from heta_core.views import looking
from heta_core.views.words import number, percent, with_error

SHOWN = samples.result()
# Tokens that make words and lines of several, a character of two of them, and a first token that draws much.
POEM = ["<s>", "Un", "believ", "able", " 🦊", " 🦊", ".", "\n", "Kate", " has", " a", " cup", ".", "\n\n", "So", " map"]
RESULT = samples.result(POEM)
CUTS = {"tokens": spelled, "words": words, "sentences": sentences, "lines": lines}


def control(page, key: str):
    return page.locator(f'.reading [data-key="{key}"]')


def read_as(page, reading: str) -> None:
    control(page, "reading").select_option(reading)


def chip(page, i: int):
    return page.locator(f'.strip .tok[data-i="{i}"]')


def card(page) -> str:
    return plain(page.locator(".card.pinned").inner_text())


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def depths(page) -> list[float]:
    return page.locator(".strip .tok").evaluate_all("all => all.map(n => Number(n.style.getPropertyValue('--v')))")


def rows(page) -> dict[int, list[str]]:
    """First token of a row → its cells."""
    more = page.locator('.more [data-key="all"]', has_text="show all")
    if more.count():
        more.click()
    found = page.locator(".rank tbody tr").evaluate_all(
        "all => all.map(n => [Number(n.dataset.i), [...n.cells].map(c => c.innerText)])"
    )
    return {i: [plain(cell) for cell in cells] for i, cells in found}


def sums(values: np.ndarray, groups: Groups) -> list[float]:
    return [float(values[start:stop].sum()) for start, stop in groups]


def said(component: str, value: float) -> str:
    if component in ("final", "transition"):
        return plain(percent(value, 0 if component == "final" else 1))
    return number(value)


@pytest.mark.parametrize("reading", CUTS)
def test_a_piece_is_the_sum_of_its_tokens_in_every_component(offline, reading: str) -> None:
    page = offline(RESULT)
    read_as(page, reading)
    groups = CUTS[reading](RESULT.tokens, RESULT.n_context)
    for component in ("final", "transition", "hessian", "kl"):
        page.locator(f'.tabs [data-key="{component}"]').click()
        values = np.array(looking.raw(RESULT, component))
        expected = sums(values, groups)
        table = rows(page)
        assert {i: cells[3] for i, cells in table.items()} == {
            start: said(component, value) for (start, _), value in zip(groups, expected, strict=True)
        }
        # The ranking is by the sums, and every seen token of a piece has the colour of its sum.
        order = sorted(range(len(groups)), key=lambda k: (-expected[k], k))
        assert list(table) == [groups[k][0] for k in order]
        colours = depths(page)
        for (start, stop), value in zip(groups, expected, strict=True):
            seen = [i for i in range(start, stop) if chip(page, i).is_visible()]
            assert [colours[i] for i in seen] == pytest.approx([value / max(expected)] * len(seen), abs=1e-4)
    assert RESULT.transition is not None and RESULT.hessian is not None
    error = np.sqrt(np.add.reduceat(RESULT.hessian.standard_error**2, [start for start, _ in groups]))
    for (start, stop), s, e in zip(groups, sums(RESULT.hessian.scores, groups), error, strict=True):
        assert stop - start == 1 or with_error(s, float(e)) in table[start][4]


def test_the_error_of_a_sum_over_shared_probes_is_not_known_and_says_why(offline) -> None:
    assert RESULT.hessian is not None
    names = tuple("coloured" if i == 2 else "block_probes" for i in range(RESULT.n_context))
    page = offline(replace(RESULT, hessian=replace(RESULT.hessian, estimators=names, bias=0.1, bias_error=0.02)))
    read_as(page, "words")
    chip(page, 1).click()
    assert f"{number(float(RESULT.hessian.scores[1:4].sum()))} ± ?" in card(page)
    assert "not known: tokens of it share probes" in card(page)
    chip(page, 4).click()
    assert "± ?" not in card(page)


def test_switching_and_marking_ask_nobody(visit) -> None:
    page = visit()
    sent = len(page.sent)
    for reading in ("words", "sentences", "lines", "segments"):
        read_as(page, reading)
    chip(page, 8).click()
    chip(page, 10).click()
    control(page, "asboxes").click()
    control(page, "unframed").check()
    control(page, "gain").fill("2")
    page.locator(".members button").first.click()
    page.wait_for_timeout(400)
    assert len(page.sent) == sent


def test_the_card_of_a_sentence_lists_its_tokens_and_leads_to_theirs_and_to_blocks(visit) -> None:
    page = visit()
    read_as(page, "sentences")
    groups = sentences(SHOWN.tokens, SHOWN.n_context)
    shares = SHOWN.combined.shares  # type: ignore[union-attr]
    start, stop = groups[1]
    chip(page, start + 2).hover()
    tip = plain(page.locator(".tip").inner_text())
    share = plain(percent(float(shares[start:stop].sum()), 0))
    assert tip.startswith(f"Mia ran to the museum.: {share} of the score, rank ") and "the sum of 6 tokens" in tip
    assert "preview" in card(page) and page.locator(".tok.look").count() == 6
    chip(page, start + 2).click()
    assert page.locator('.tok[aria-pressed="true"]').count() == 6
    chip(page, groups[2][0]).hover()
    assert f"Sum of 6 tokens: {share} of the score. Each was masked and probed by itself." in card(page)
    told = [plain(text) for text in page.locator(".members .num").all_inner_texts()]
    assert told == [plain(percent(float(x), 0)) for x in shares[start:stop]]
    page.locator(".members button", has_text="museum").click()
    assert "“museum”" in card(page) and "of 38 tokens" in card(page) and "Swap this word" in card(page)
    page.get_by_role("button", name="← all of").click()
    page.get_by_role("button", name="Recompute as blocks").click()
    page.locator('.tok:text-is("Mia ran to the museum.")').wait_for()
    page.wait_for_selector(".status:empty", state="attached")
    assert page.get_by_label("What is scored").input_value() == "sentences"
    options = control(page, "reading").locator("option").all_inner_texts()
    assert options == ["Sentences, as scored", "Lines", "My segments"]
    assert "Not offered: words, because the sentences that were scored are larger" in card_row(page)


def card_row(page) -> str:
    return page.locator(".reading").inner_text()


def test_segments_are_marked_by_pointer_and_keyboard_kept_cleared_and_scored_as_blocks(visit) -> None:
    page = visit()
    read_as(page, "segments")
    assert "Choose the first token" in card_row(page)
    chip(page, 8).click()
    chip(page, 11).hover()
    assert page.locator(".tok.marked").count() == 4 and "Choose the last token" in card_row(page)
    chip(page, 11).click()
    control(page, "stretch").click()
    chip(page, 14).focus()
    for key in ("Enter", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    assert "“Kate has a”" in card(page) and "Clear all 2" in card_row(page)
    control(page, "stretch").focus()
    page.keyboard.press("Enter")
    assert "Choose the first token" in card_row(page)
    page.keyboard.press("Escape")
    assert "Choose" not in card_row(page)
    table = rows(page)
    expected = joining(singles(SHOWN.n_context), [(8, 12), (14, 17)])
    assert sorted(table) == [start for start, _ in expected] and table[8][1] == "ball is in the"
    page.get_by_role("link", name="Generate").click()
    page.wait_for_function("document.title.startsWith('Generate')")
    page.get_by_role("link", name="Explore").click()
    page.locator(".marks", has_text="Clear all 2").wait_for()
    assert control(page, "reading").input_value() == "segments" and sorted(rows(page)) == sorted(table)
    chip(page, 9).click()
    page.get_by_role("button", name="Recompute as blocks").click()
    page.locator('.tok:text-is("ball is in the")').wait_for()
    page.wait_for_selector(".status:empty", state="attached")
    assert page.locator('.tok:text-is("Kate has a")').count() == 1
    assert page.locator(".tok").count() == len(expected)


def test_a_segment_is_removed_by_itself_and_all_at_once(offline) -> None:
    page = offline(RESULT)
    read_as(page, "segments")
    for first, last in ((1, 3), (8, 10)):
        if control(page, "stretch").count():
            control(page, "stretch").click()
        chip(page, last).click()  # from either end
        chip(page, first).click()
    assert page.get_by_role("button", name="Recompute as blocks").count() == 0  # nobody is there to ask
    page.get_by_role("button", name="Remove this segment").click()
    assert set(range(8, 11)) <= set(rows(page)) and not {2, 3} & set(rows(page))
    control(page, "unmark").click()
    assert sorted(rows(page)) == [start for start, _ in spelled(RESULT.tokens, RESULT.n_context)]


def test_a_stretch_takes_a_character_whole_and_what_it_overlaps_gives_way(offline) -> None:
    page = offline(RESULT)
    read_as(page, "segments")
    chip(page, 1).click()
    chip(page, 2).click()
    control(page, "stretch").click()
    chip(page, 2).click()
    chip(page, 4).click()
    assert {1, 2, 6} <= set(rows(page)) and not {3, 4, 5} & set(rows(page))


def test_the_strength_of_the_colour_says_what_is_clipped_and_changes_no_number(offline) -> None:
    page = offline(SHOWN)
    shares = SHOWN.combined.shares  # type: ignore[union-attr]
    before = rows(page)
    for gain in (-1, 0, 2, 4):
        control(page, "gain").fill(str(gain))
        full = float(shares.max()) / 2**gain
        assert depths(page)[: SHOWN.n_context] == pytest.approx(np.minimum(1, shares / full), abs=1e-4)
        above, at = int((shares > full * (1 + 1e-9)).sum()), plain(percent(full, 0))
        clipped = (
            f"full colour from {at} of the score up: {above} {'token' if above == 1 else 'tokens'} above it, clipped"
        )
        known = {
            -1: f"the highest, {plain(percent(float(shares.max()), 0))} of the score, takes 50 % of the full colour",
            0: f"full colour: {at} of the score, the highest",
        }
        assert plain(page.locator(".scale .full").inner_text()) == known.get(gain, clipped)
        assert control(page, "gain").get_attribute("aria-valuetext").endswith(page.locator(".full").inner_text())
        assert rows(page) == before


@pytest.mark.parametrize("reading", ["tokens", "lines"])
def test_first_and_template_tokens_leave_the_scale_and_nothing_else(offline, reading: str) -> None:
    sink = replace(RESULT, transition=replace(RESULT.transition, flow=sunk(RESULT.transition.flow)))
    page = offline(sink)
    read_as(page, reading)
    shares = sink.combined.shares  # type: ignore[union-attr]
    groups = CUTS[reading](sink.tokens, sink.n_context)
    before, whole = rows(page), depths(page)
    control(page, "unframed").check()
    assert rows(page) == before
    assert page.locator(".strip .tok.off").evaluate_all("all => all.map(n => Number(n.dataset.i))") == [0]
    coloured = shares.copy()
    coloured[0] = 0
    expected = sums(coloured, groups)
    colours = depths(page)
    assert colours[0] == 0 and colours[11] > whole[11]
    for (start, _), value in zip(groups, expected, strict=True):
        assert start == 0 or colours[start] == pytest.approx(value / max(expected), abs=1e-4)
    part = plain(percent(float(shares[0]), 0))
    assert plain(page.locator(".offscale").inner_text()).strip() == f"1 token with {part} of the score is off the scale"
    page.locator('.tabs [data-key="kl"]').click()
    kl = sink.information.kl  # type: ignore[union-attr]
    part = plain(percent(float(kl[0] / kl.sum()), 0))
    assert f"with {part} of the summed KL is off" in plain(page.locator(".offscale").inner_text())
    control(page, "unframed").uncheck()
    assert page.locator(".offscale, .tok.off").count() == 0


def sunk(flow: np.ndarray) -> np.ndarray:
    """The first token draws far more than any other."""
    changed = flow.copy()
    changed[:, :, 0] += 200 * flow.sum() / flow[:, :, 0].size
    return changed


def test_chips_have_the_number_of_their_token_and_a_piece_one_for_all(offline) -> None:
    page = offline(RESULT)
    control(page, "asboxes").click()
    shares = RESULT.combined.shares  # type: ignore[union-attr]
    for reading in ("tokens", "words"):
        read_as(page, reading)
        groups = CUTS[reading](RESULT.tokens, RESULT.n_context)
        found = page.locator(".strip .tok:visible").evaluate_all(
            "all => all.map(n => [Number(n.dataset.i), n.dataset.num]).filter(([, n]) => n)"
        )
        expected = [(start, plain(percent(float(shares[start:stop].sum()), 0))) for start, stop in groups]
        assert [(i, plain(text)) for i, text in found] == expected
    drawn = chip(page, 1).evaluate("n => getComputedStyle(n, '::before').content")
    assert plain(drawn).strip('"') == expected[1][1]
    control(page, "astext").click()
    assert chip(page, 1).evaluate("n => getComputedStyle(n, '::before').content") == "none"


def test_a_character_of_several_tokens_is_one_for_the_keyboard_too(offline) -> None:
    page = offline(RESULT)
    chip(page, 3).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert "Sum of 2 tokens" in card(page) and chip(page, 4).get_attribute("aria-pressed") == "true"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.i") == "6"
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.dataset.i") == "4"
    assert chip(page, 4).inner_text() == "🦊" and not chip(page, 5).is_visible()


def test_what_is_explained_stays_tokens(offline) -> None:
    span = samples.span()
    page = offline(span)
    read_as(page, "sentences")
    first = span.target.position
    assert {first, first + 1} <= set(rows(page))
    chip(page, first).click()
    assert "Sum of" not in card(page) and "“green”" in card(page)
    before = [start for start, _ in sentences(span.tokens, first)]
    assert sorted(i for i in rows(page) if i < first) == before


def test_of_a_contrast_a_piece_has_the_side_of_its_added_effects(offline) -> None:
    contrast = samples.contrast()
    page = offline(contrast)
    read_as(page, "sentences")
    effect = contrast.effect
    assert effect is not None
    table = rows(page)
    for start, stop in sentences(contrast.tokens, contrast.n_context):
        total = float(effect[start:stop].sum())
        side = "neither" if abs(total) < 1e-3 else "for" if total > 0 else "against"
        names = [chip(page, i).get_attribute("class").split() for i in range(start, stop)]
        assert all(side in name for name in names)
        if stop - start > 1 and side != "neither":
            assert f"Σ {'+' if total > 0 else ''}{number(total)} for {'cup' if total > 0 else 'map'}" in table[start][5]


def test_blocks_are_summed_where_they_fit(offline) -> None:
    groups = opened(sentences(SHOWN.tokens, SHOWN.n_context), 1)
    page = offline(in_blocks(SHOWN, groups))
    assert "Not offered: words, because the blocks that were scored are larger" in card_row(page)
    read_as(page, "sentences")
    assert rows(page)[1][1] == "Mia ran to the museum."
    chip(page, 2).click()
    assert "Sum of 6 blocks" in card(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_no_reading_runs_off_the_page(offline, theme: str, width: int) -> None:
    page = offline(RESULT, theme=theme, width=width)
    for reading in ("tokens", "sentences", "segments"):
        read_as(page, reading)
        for look in ("asboxes", "astext"):
            control(page, look).click()
            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
