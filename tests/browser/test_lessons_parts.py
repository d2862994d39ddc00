"""The lessons about information and about Eq. 5 in a browser: drawn is what was measured and what Eq. 5 gives."""

import re

import pytest
from playwright.sync_api import Locator, expect

from heta_core.learning import information, together
from heta_core.teaching import shipped
from heta_core.views import words

# Milliseconds that each of some changes of a control takes to be on the page; run inside the browser.
REPAINT = """(node) => [0, 0.35, 0.8, 1, 0.5].map((value) => {
    const start = performance.now();
    node.value = value;
    node.dispatchEvent(new Event('input', { bubbles: true }));
    node.getBoundingClientRect();
    return performance.now() - start;
})"""


@pytest.fixture
def page(browser, real_address: str):
    context = browser.new_context(viewport={"width": 1440, "height": 1400})
    page, wrong = context.new_page(), []
    page.set_default_timeout(180_000)  # the first question waits for the model
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.address = real_address
    yield page
    context.close()
    assert wrong == []


def numbers(page) -> Locator:
    return page.locator(".row .word small")


def test_a_masked_word_shows_its_kl_as_a_sum_and_a_text_of_ones_own_is_asked(page) -> None:
    page.goto(page.address + "Learn?lesson=information")
    doubt = shipped.data("information")["texts"][1]
    page.get_by_role("button", name="It is in doubt").click()
    shown = [words.number(one["kl"]) if one["kl"] >= 0.001 else "" for one in doubt["masked"]]
    expect(numbers(page)).to_have_text(shown)
    page.get_by_role("button", name="“park”: KL").click()
    expect(page.locator(".word.gone")).to_have_text(re.compile("^park"))
    found = information.masked(doubt, "park")
    told = page.locator(".kl-terms .num").all_inner_texts()
    assert told[-1] == words.number(found["kl"], 3) and told[0][0] == "+" and told[1][0] == "−"
    added = sum(float(value.replace("−", "-")) for value in told[:-1])
    assert added == pytest.approx(found["kl"], abs=0.003)
    page.get_by_role("button", name="“park”: KL").click()
    expect(page.locator(".word.gone")).to_have_count(0)
    expect(page.locator(".kl-terms")).to_be_hidden()
    page.get_by_role("button", name="Your own text").click()
    page.get_by_label("Your text").fill("Tom has the key. Anna has the cup. Question: What does Tom have? Answer:")
    page.get_by_role("button", name="“key”: KL").click()
    page.get_by_role("status").filter(has_text="Without “key”").wait_for()
    for name in ("together", "information"):  # what was asked is there when one comes back
        page.locator(f'.lessons [data-key="lesson.{name}"]').click()
        page.wait_for_url(f"**lesson={name}")
    page.get_by_role("status").filter(has_text="Without “key”").wait_for()


def test_the_order_is_that_of_eq_5_at_every_place_of_the_slider(page) -> None:
    page.goto(page.address + "Learn?lesson=together")
    view = shipped.data("together")["texts"][together.OPENS]["view"]
    slider = page.get_by_role("slider")
    print(f"\nrepainted in {max(slider.evaluate(REPAINT)):.0f} ms at most")
    for scaling in ("raw", "unit"):
        page.get_by_role("button", name=words.SCALINGS[scaling]).click()
        for beta in (0, 0.55, 1):
            slider.fill(str(beta))
            final = together.final(view, beta, scaling)
            expect(numbers(page)).to_have_text([words.percent(share, 0) for share in final.shares])
            order = sorted(range(len(final.shares)), key=lambda k: (-final.shares[k], k))[:6]
            expect(page.locator(".eq-order bdi")).to_have_text([view["labels"][k] for k in order])
            expect(page.locator(".eq-now")).to_have_text(words.percent(final.hessian_share))
    page.get_by_role("button", name="without M").click()
    slider.fill("0")
    leader = together.first(view, 0, "unit", is_gated=False)
    expect(page.locator(".eq-order bdi").first).to_have_text(view["labels"][leader])
    assert "not HETA's score" in page.locator(".eq-hand").inner_text()
    assert page.locator(".eq-cell[data-of='M'] .under").inner_text() == "1"
