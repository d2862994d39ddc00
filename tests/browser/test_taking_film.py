"""A generation that was taken along, in a real browser: the film from disk with the network off."""

from pathlib import Path

import made_generation
import numpy as np
import pytest
from test_taking import NASTY

from heta_core.generated import GenerationAttribution
from heta_core.report import dumps, loads_generation
from heta_core.views import looking, strip, words
from heta_core.views.words import Component

SHOWN = made_generation.generation()
ATTACK = made_generation.generation(
    NASTY[:-1], (" cup", "</script><script>window.hacked=3</script>", "<img src=x onerror='window.hacked=4'>", " map")
)
CASES: dict[str, GenerationAttribution] = {
    "film": SHOWN,
    "hostile": ATTACK,
    "partial": list(made_generation.growing(SHOWN))[-4],
}
COMPONENTS: tuple[Component, ...] = ("final", "transition", "hessian", "kl")


def frame(page, k: int):
    return page.locator(f'.frame[data-k="{k}"]')


@pytest.mark.parametrize("name", CASES)
def test_every_step_agrees_with_the_json_number_for_number(offline, name: str) -> None:
    page = offline(CASES[name])
    g = loads_generation(page.locator("#report").text_content())
    assert dumps(g) == dumps(loads_generation(dumps(CASES[name])))
    assert page.locator(".frame bdi").all_inner_texts() == strip.labels(g.tokens)[g.n_prompt :]
    page.locator("#numbers summary").click()
    for k in range(g.n_new):
        frame(page, k).click()
        a = g.at(k)
        assert words.label(a.target.piece) in page.locator(".head h1").text_content()
        for component in COMPONENTS:
            page.locator(f'.tabs [data-key="{component}"]').click()
            values = looking.raw(a, component)
            if values is None:
                assert "not known yet" in page.locator(".legend").inner_text()
                continue
            read = "all => all.map((t) => +t.style.getPropertyValue('--v'))"
            depths = page.locator(".strip .tok").evaluate_all(read)[: a.n_units]
            assert depths == pytest.approx(values / (values.max() or 1), abs=1e-4)
        raw = {
            "transition": a.transition.scores if a.transition else None,
            "hessian": a.hessian.scores if a.hessian else None,
            "hessian_error": a.hessian.standard_error if a.hessian else None,
            "kl": a.information.kl if a.information else None,
            "log_p_masked": a.information.log_p if a.information else None,
        }
        for field, expected in raw.items():
            read = "(all, n) => all.map((row) => [+row.dataset.unit, row.querySelector(`[data-of=${n}]`).innerText])"
            said = dict(page.locator("#numbers tbody tr").evaluate_all(read, field))
            assert sorted(said) == list(range(a.n_units))
            known = (
                [None] * a.n_units if expected is None else [None if np.isnan(v) else np.float32(v) for v in expected]
            )
            assert [None if said[i] == "not known" else np.float32(said[i]) for i in range(a.n_units)] == known
    assert page.evaluate("window.hacked") is None


def test_steps_words_components_and_weights_work_by_pointer_and_by_keyboard(offline) -> None:
    page = offline(SHOWN)
    head, current = page.locator(".head h1"), page.locator('.frame[aria-current="step"]')
    frame(page, 2).click()
    assert "green" in head.inner_text()
    page.keyboard.press("ArrowRight")
    assert current.get_attribute("data-k") == "3"
    page.keyboard.press("Home")
    page.mouse.click(700, 5)  # nothing is in focus: the keys are the film's
    page.keyboard.press("ArrowRight")
    assert current.get_attribute("data-k") == "1"
    page.locator(".filmbar select").select_option("200")
    page.get_by_role("button", name="Play the steps").click()
    page.locator(f'.frame[data-k="{SHOWN.n_new - 1}"][aria-current="step"]').wait_for()
    token = page.locator(".strip .tok").nth(4)
    token.click()
    card = page.locator(".card.pinned").first
    assert "pinned" in card.inner_text()
    page.locator("#numbers summary").click()
    share = page.locator('#numbers tr[data-unit="4"] [data-of=share]')
    before = share.inner_text()
    assert float(before) == pytest.approx(SHOWN.at(SHOWN.n_new - 1).combined.shares[4], rel=1e-5)
    page.locator("select[name=scaling]").select_option("raw")
    assert share.inner_text() != before
    page.get_by_role("button", name="One step back").click()
    assert page.locator("select[name=scaling]").input_value() == "raw"  # weights are the reader's, not a step's
    page.locator(f'.tok[data-i="{SHOWN.n_prompt + 1}"]').click()
    page.get_by_role("button", name="here? →").click()
    assert current.get_attribute("data-k") == "1"


def test_what_needs_a_model_is_not_offered_or_says_so(offline) -> None:
    page = offline(SHOWN)
    asking = "Several steps|Whole answer|New prompt|Stop|Compare|vs|Generate|Swap|Edit"
    for name in asking.split("|"):
        assert page.locator("button:visible", has_text=name).filter(has_not_text="here? →").count() == 0, name
    assert page.locator(".edge:visible, .fork:visible").count() == 0
    frame(page, 1).click()
    frame(page, 3).click(modifiers=["Shift"])  # not a span: the step itself
    assert page.locator('.frame[aria-current="step"]').get_attribute("data-k") == "3"
    page.evaluate("shown.send({ kind: 'target', position: 24, stop: 26 })")
    assert "open the file in HETA Explorer" in page.locator(".joint").inner_text()


def test_the_report_is_saved_from_a_film_that_lies_on_disk(offline, tmp_path: Path) -> None:
    page = offline(ATTACK)
    with page.expect_download() as download:
        page.locator("#save").click()
    download.value.save_as(tmp_path / "again.json")
    again = loads_generation((tmp_path / "again.json").read_text(encoding="utf-8"))
    assert again.tokens == ATTACK.tokens


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_film_from_disk_follows_the_readers_theme_and_fits(offline, theme: str, width: int) -> None:
    page = offline(ATTACK, theme=theme, width=width)
    assert page.locator(".heta").get_attribute("data-theme") == theme
    page.locator("#numbers summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_where_scripts_are_off_every_step_is_there(offline) -> None:
    page = offline(SHOWN, scripts=False)
    assert page.locator("h1").inner_text() == "Why did the model say “took the green cup to the museum.”?"
    assert page.locator("h2").count() == SHOWN.n_new
