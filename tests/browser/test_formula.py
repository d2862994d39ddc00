"""The formula made visible, in a real browser: every number of it is Python's, and what is pointed at is linked."""

from dataclasses import replace

import made
import numpy as np
import pytest
import samples
from made_blocks import in_blocks

from heta_core.attribution import Attribution
from heta_core.grouping import sentences
from heta_core.report import dumps, loads
from heta_core.settings import Weights
from heta_core.views import standing, strip, words

SHOWN = samples.result()
LONG = samples.result(["<s>", *(f" w{i}" for i in range(600)), " cup", " map"])
MADE = {
    "scene": SHOWN,
    "span": made.span(),
    "contrast": samples.contrast(),
    "blocks": in_blocks(SHOWN, sentences(SHOWN.tokens, SHOWN.n_context)),
    "odd": samples.odd(),
}
# A page holds float32, as a report does.
CASES = {name: loads(dumps(a)) for name, a in MADE.items()}
POWERS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
# Where a text's letters are, [left, right] and [top, bottom], without the ground that is drawn around them.
LETTERS = "all => all.map(t => t.getBBox()).map(b => [[b.x, b.x + b.width], [b.y, b.y + b.height]])"
DRAWN = 400  # milliseconds for the plane of 600 tokens on a busy machine; a quiet one takes a tenth


def zeroed() -> Attribution:
    """Token 5 has neither transition nor strength, 9 no transition, 12 no strength; 17 an error above its strength."""
    assert SHOWN.transition is not None and SHOWN.hessian is not None and SHOWN.information is not None
    flow, scores, error = (
        a.copy() for a in (SHOWN.transition.flow, SHOWN.hessian.scores, SHOWN.hessian.standard_error)
    )
    kl = SHOWN.information.kl.copy()
    flow[:, :, [5, 9]] = scores[[5, 12]] = kl[[5, 12]] = 0
    error[17] = 3 * scores[17]
    return replace(
        SHOWN,
        transition=replace(SHOWN.transition, flow=flow),
        hessian=replace(SHOWN.hessian, scores=scores, standard_error=error),
        information=replace(SHOWN.information, kl=kl),
    )


def flat() -> Attribution:
    """Every token about the same by the Hessian, one of them by the KL."""
    assert SHOWN.transition is not None and SHOWN.hessian is not None and SHOWN.information is not None
    n = SHOWN.n_context
    rng = np.random.default_rng(2)
    return replace(
        SHOWN,
        weights=Weights(beta=1.0, gamma=0.05, scaling="unit"),
        transition=replace(SHOWN.transition, flow=np.ones((4, 4, n)) * rng.uniform(0.7, 1.3, n)),
        hessian=replace(SHOWN.hessian, scores=rng.uniform(1, 1.6, n), standard_error=np.full(n, 0.1)),
        information=replace(SHOWN.information, kl=np.where(np.arange(n) == 17, 1.0, 1e-3)),
    )


def terms(a: Attribution) -> dict[str, np.ndarray]:
    """(T,) of each part of Eq. 5 and its error, written out."""
    assert a.transition is not None and a.hessian is not None and a.information_scores is not None
    s, k = (v.sum() if a.weights.scaling == "unit" else 1.0 for v in (a.hessian.scores, a.information_scores))
    bent, moved = a.weights.beta * a.hessian.scores / s, a.weights.gamma * a.information_scores / k
    error = a.weights.beta * a.hessian.standard_error / s
    gate = a.transition.scores
    return {
        "hessian": bent,
        "kl": moved,
        "strength": bent + moved,
        "strength error": error,
        "transition": gate,
        "score": gate * (bent + moved),
        "score error": gate * error,
    }


def read(text: str) -> float:
    """A number as it is written for readers."""
    digits, _, power = text.replace(",", "").partition(" × 10")
    return float(digits) * 10.0 ** int(power.translate(POWERS) or 0)


def chip(page, i: int):
    return page.locator(f'.tok[data-i="{i}"]')


def opened(page):
    page.locator(".planetoggle").click()
    return page.locator(".plane svg")


def weigh(page, weights: Weights) -> None:
    page.locator("select[name=scaling]").select_option(weights.scaling)
    page.locator("input[name=beta]").fill(str(weights.beta))
    page.locator("input[name=gamma]").fill(str(weights.gamma))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    "weights", [Weights(beta=0.2, gamma=0.7, scaling="unit"), Weights(beta=0.9, gamma=0.35, scaling="raw")]
)
def test_every_bar_of_the_waterfall_is_eq_5_number_for_number(offline, name: str, weights: Weights) -> None:
    a = CASES[name].with_weights(weights)
    page = offline(CASES[name])
    weigh(page, weights)
    collect = """(n) => Array.from({ length: n }, (_, i) => {
      document.querySelector(`.tok[data-i="${i}"]`).click();
      return [...document.querySelectorAll('.fall .amount')].map(
        ({ dataset, textContent }) => [dataset.of, +dataset.value, +(dataset.error ?? NaN), textContent]);
    })"""
    expected = terms(a)
    together = strip.shared(a.units)  # tokens that share a character are read as one: their card is a sum
    for i, rows in enumerate(page.evaluate(collect, a.n_units)):
        if together[i]:
            continue
        assert [row[0] for row in rows] == ["hessian", "kl", "strength", "transition", "score"]
        for of, value, error, told in rows:
            assert value == pytest.approx(expected[of][i], rel=1e-6)  # a report holds float32
            said = told.split(" ± ")
            assert read(said[0]) == pytest.approx(value, rel=6e-3)
            if of in ("strength", "score"):
                assert error == pytest.approx(expected[f"{of} error"][i], rel=1e-6)
                places = len(said[1].split(" ×")[0].partition(".")[2])
                rounding = 0.5 * 10.0**-places if "×" not in said[1] else 0.0
                assert read(said[1]) == pytest.approx(error, rel=6e-3, abs=1.001 * rounding)
    assert a.combined is not None
    spoken = page.locator(".fall").get_attribute("aria-label")
    last = a.n_units - 1
    share = words.percent(a.combined.shares[last])
    rank = int(np.argsort(np.argsort(-a.scores, kind="stable"))[last]) + 1
    assert f"{share} of the score, rank {rank} of {a.n_units}" in spoken
    assert f"{share} of the score, rank {rank} of {a.n_units} " in page.locator(".card.pinned .sum").first.inner_text()


@pytest.mark.parametrize("name", CASES)
def test_every_point_of_the_plane_is_its_token(offline, name: str) -> None:
    a = CASES[name]
    page = offline(a)
    drawing = opened(page)
    collect = "all => all.map(n => [+n.dataset.i, +n.dataset.gate, +n.dataset.strength, +n.getAttribute('cx'), "
    collect += "+n.getAttribute('cy'), +n.dataset.score, n.getAttribute('aria-label'), n.getAttribute('class')])"
    points = sorted(drawing.locator(".pt").evaluate_all(collect))
    assert [p[0] for p in points] == list(range(a.n_units))
    expected = terms(a)
    gate, strength, x, y, score = (np.array([p[k] for p in points], float) for k in range(1, 6))
    assert gate == pytest.approx(expected["transition"], rel=1e-6)
    assert strength == pytest.approx(expected["strength"], rel=1e-6)
    assert score == pytest.approx(expected["score"], rel=1e-6)
    # Both axes are logarithmic: places on the screen are a straight line in the logarithm.
    across, up = np.polyfit(np.log10(gate), x, 1), np.polyfit(np.log10(strength), y, 1)
    assert np.polyval(across, np.log10(gate)) == pytest.approx(x, abs=0.05)
    assert np.polyval(up, np.log10(strength)) == pytest.approx(y, abs=0.05)
    ends = "all => all.map(g => [+g.querySelector('text').dataset.share, ...['x1', 'y1', 'x2', 'y2'].map("
    ends += "name => +g.querySelector('line').getAttribute(name))])"
    levels = drawing.locator("g:has(> .iso)").evaluate_all(ends)
    assert len(levels) >= 2
    for share, *line in levels:
        for at_x, at_y in (line[:2], line[2:]):
            log = (at_x - across[1]) / across[0] + (at_y - up[1]) / up[0]
            assert 10**log == pytest.approx(share * a.scores.sum(), rel=0.02)
    if a.foil:
        for i, *_, told, kind in points:
            side = next(s for s in ("for", "against", "neither") if s in kind.split())
            assert side in chip(page, i).get_attribute("class").split()
            assert ("Δ" in told) and (side == "neither") == ("|Δ| <" in told)


def test_what_is_exactly_zero_stands_on_an_edge_and_is_counted(offline) -> None:
    a = zeroed()
    drawing = opened(offline(a))
    field = drawing.locator(".field").bounding_box()
    for i in range(a.n_context):
        box = drawing.locator(f'.pt[data-i="{i}"]').bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        assert (x < field["x"]) == (i in (5, 9))
        assert (y > field["y"] + field["height"]) == (i in (5, 12))
    told = drawing.page.locator(".zeros").inner_text()
    assert "2 tokens with a Transition of exactly zero" in told and "2 tokens with a strength of exactly zero" in told
    chip(drawing.page, 17).click()
    bar = drawing.locator(".over .whisker").first
    # ± one standard error reaches below zero: the bar is open to the lower edge.
    assert float(bar.get_attribute("y1")) == float(drawing.locator(".field").get_attribute("y")) + float(
        drawing.locator(".field").get_attribute("height")
    )
    assert drawing.locator(".over .whisker").count() == 2


def test_strip_and_plane_point_at_the_same_token(offline) -> None:
    page = offline(SHOWN)
    drawing = opened(page)
    order = list(SHOWN.top(SHOWN.n_context))
    chip(page, 3).hover()
    assert "look" in drawing.locator('.pt[data-i="3"]').get_attribute("class").split()
    point = drawing.locator(f'.pt[data-i="{order[1]}"]')
    point.hover()
    assert "look" in chip(page, order[1]).get_attribute("class").split()
    assert "preview" in page.locator(".card.pinned").inner_text()
    assert page.locator(".tip").inner_text() == point.get_attribute("aria-label")
    point.click()
    assert chip(page, order[1]).get_attribute("aria-pressed") == "true"
    assert point.get_attribute("aria-pressed") == "true" and drawing.locator(".ring").count() == 1
    chip(page, order[0]).click()
    assert point.get_attribute("aria-pressed") == "false"
    assert drawing.locator(f'.pt[data-i="{order[0]}"]').get_attribute("aria-pressed") == "true"


def test_of_a_piece_that_is_read_together_every_token_is_marked(offline) -> None:
    page = offline(SHOWN)
    drawing = opened(page)
    page.locator(".reading select[data-key=reading]").select_option("sentences")
    place = next(place for place in sentences(SHOWN.tokens, SHOWN.n_context) if place[1] - place[0] > 3)
    chip(page, place[0]).click()
    pinned = drawing.locator(".pt.pin").evaluate_all("all => all.map(n => +n.dataset.i)")
    assert sorted(pinned) == list(range(*place)) and drawing.locator(".ring").count() == len(pinned)
    assert drawing.locator(".over .whisker").count() == 0


def test_the_plane_is_walked_by_rank_with_the_keyboard_alone(offline) -> None:
    page = offline(SHOWN)
    order = list(SHOWN.top(SHOWN.n_context))
    page.locator(".planetoggle").focus()
    page.keyboard.press("Enter")
    focused = "document.activeElement.dataset.key"
    for _ in range(4):
        page.keyboard.press("Tab")
        if page.evaluate(focused) == f"p{order[0]}":
            break
    for key, i in (("ArrowRight", 1), ("ArrowDown", 2), ("ArrowLeft", 1), ("End", -1), ("Home", 0), ("ArrowRight", 1)):
        page.keyboard.press(key)
        assert page.evaluate(focused) == f"p{order[i]}"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert chip(page, order[1]).get_attribute("aria-pressed") == "true"
    assert page.evaluate(focused) == f"p{order[1]}"
    page.keyboard.press("Escape")
    assert chip(page, order[1]).get_attribute("aria-pressed") == "false"


@pytest.mark.parametrize("name", [*CASES, "long", "flat"])
@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (1440, "light")])
def test_names_in_the_plane_cover_no_other_and_nothing_runs_off(offline, name: str, width: int, theme: str) -> None:
    a = {"long": LONG, "flat": flat(), **CASES}[name]
    page = offline(a, width=width, theme=theme)
    drawing = opened(page)
    lowest = int(np.argmin(a.scores))
    chip(page, lowest).click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = drawing.locator(".names text").evaluate_all(LETTERS)
    assert 2 <= len(boxes) <= 6 and drawing.locator(f'.names text[data-name="{lowest}"]').count() == 1
    for k, one in enumerate(boxes):
        (left, right), (top, bottom) = one
        assert left >= 0 and right <= width
        for (begin, end), (above, below) in boxes[:k]:
            assert left >= end or begin >= right or top >= below - 1 or above >= bottom - 1, (one, boxes)


def test_a_finger_beside_a_point_pins_the_nearest(offline) -> None:
    page = offline(SHOWN, width=390)
    drawing = opened(page)
    top = SHOWN.top(1)[0]
    point = drawing.locator(f'.pt[data-i="{top}"]').bounding_box()
    page.mouse.click(point["x"] - 8, point["y"] + 3)
    assert chip(page, top).get_attribute("aria-pressed") == "true"


def test_nothing_is_drawn_of_what_is_not_known(offline) -> None:
    page = offline(list(samples.growing(SHOWN))[1])
    page.locator(".planetoggle").click()
    assert page.locator(".planebody").inner_text().startswith("Not known yet: Hessian.")
    assert page.locator(".plane svg, .fall").count() == 0 and not page.locator(".flat").is_visible()
    assert "The score follows when all of them are known." in page.locator(".card.pinned").inner_text()


def test_an_error_that_is_not_known_is_a_question_mark_and_no_bar(offline) -> None:
    page = offline(list(samples.growing(SHOWN))[2])  # one probe of each token
    drawing = opened(page)
    chip(page, 3).click()
    assert "± ?" in page.locator('.fall .amount[data-of="score"]').text_content()
    assert page.locator(".fall .whisker").count() == 0 and drawing.locator(".over .whisker").count() == 0


def test_where_nothing_stands_out_it_is_said_by_pythons_rule_as_weights_move(offline) -> None:
    a = flat()
    page = offline(a)
    line = page.locator(".flat")
    said = line.locator("span")
    for weights in (
        a.weights,
        Weights(beta=0.9, gamma=0.05, scaling="unit"),
        Weights(beta=1.0, gamma=0.05, scaling="raw"),
    ):
        weigh(page, weights)
        found = standing.standing(a.with_weights(weights))
        assert found is not None and found.is_flat and line.is_visible()
        assert float(said.get_attribute("data-lowered")) == pytest.approx(found.lowered, rel=1e-6)
        assert float(said.get_attribute("data-chance")) == pytest.approx(found.by_chance, rel=1e-12)
        assert float(said.get_attribute("data-spread")) == pytest.approx(found.spread, rel=1e-6)
        assert f"holds {words.percent(found.share)}" in line.inner_text()
    assert "No token stands out" in line.inner_text() and "largest of 38 parts" in line.inner_text()
    weigh(page, Weights(beta=0.05, gamma=1.0, scaling="unit"))
    found = standing.standing(a.with_weights(Weights(beta=0.05, gamma=1.0, scaling="unit")))
    assert found is not None and not found.is_flat and not line.is_visible()


@pytest.mark.parametrize("name", CASES)
def test_the_rule_holds_for_every_kind_of_result(offline, name: str) -> None:
    found = standing.standing(CASES[name])
    assert found is not None
    assert offline(CASES[name]).locator(".flat").is_visible() == found.is_flat


@pytest.mark.alone
def test_six_hundred_tokens_are_drawn_at_once(offline) -> None:
    page = offline(LONG)
    times = page.evaluate(
        """() => Array.from({ length: 8 }, () => {
             const start = performance.now();
             document.querySelector('.planetoggle').click();
             document.querySelector('.plane').getBoundingClientRect();
             return performance.now() - start;
           })"""
    )
    assert page.locator(".plane svg").count() == 0  # opened and closed, four times
    assert min(times[::2]) <= DRAWN, times


def test_dragging_a_weight_moves_every_part_and_asks_nobody(visit) -> None:
    page = visit()
    drawing = opened(page)
    shown = SHOWN.with_weights(Weights(scaling="unit"))
    top = shown.top(1)[0]
    chip(page, top).click()
    page.rest()
    sent = len(page.sent)
    beta = page.locator("input[name=beta]")
    beta.evaluate("n => { n.value = 0.9; n.dispatchEvent(new Event('input', { bubbles: true })); }")
    expected = terms(shown.with_weights(Weights(beta=0.9, scaling="unit")))
    amount = page.locator('.fall .amount[data-of="score"]')
    assert float(amount.get_attribute("data-value")) == pytest.approx(expected["score"][top], rel=1e-4)
    point = drawing.locator(f'.pt[data-i="{top}"]')
    assert float(point.get_attribute("data-strength")) == pytest.approx(expected["strength"][top], rel=1e-4)
    page.wait_for_timeout(300)
    assert len(page.sent) == sent
