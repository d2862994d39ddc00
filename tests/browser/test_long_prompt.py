"""A prompt of 2,000 tokens in the page: it is drawn, and answers to clicks as a short one does."""

from pathlib import Path

import numpy as np
import pytest
import samples

from heta_core.report import dumps

N = 2000
SLOWEST = 1000  # milliseconds from an event of the reader's to what is painted
ROOT = "[...document.querySelectorAll('*')].find(n => n.shadowRoot?.querySelector('.heta')).shadowRoot"
# Milliseconds until the frame after an event is painted.
PAINTED = f"""async ([selector, event]) => {{
  const node = {ROOT}.querySelector(selector); const start = performance.now();
  event === 'click' ? node.click() : node.dispatchEvent(new Event(event, {{ bubbles: true, composed: true }}));
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start; }}"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = samples.words(samples.SCENE)[1:]
    pieces = ["<s>", *(made[i % len(made)] for i in range(N - 1))]
    path = tmp_path_factory.mktemp("long") / "long.json"
    path.write_text(dumps(samples.result(pieces)), encoding="utf-8")
    return path


@pytest.mark.alone
def test_pinning_looking_and_choosing_are_painted_within_a_second(visit, report: Path) -> None:
    page = visit()
    page.get_by_text("Save and reopen").click()
    page.locator("input[type=file]").set_input_files(report)
    page.wait_for_function(f"{ROOT}.querySelectorAll('.tok').length === {N}")
    page.rest()
    sent = len(page.sent)
    steps = [
        *((f'.tok[data-i="{i}"]', "click") for i in (1000, 3, 1990)),
        *((f'.tok[data-i="{i}"]', "mouseover") for i in (500, 501)),
        *((f'.tabs [data-key="{name}"]', "click") for name in ("hessian", "transition", "kl", "final")),
    ]
    times = [page.evaluate(PAINTED, list(step)) for step in steps]
    print(
        f"\n{N} tokens: pinned, looked at, switched in {np.median(times):.0f} ms ({min(times):.0f} … {max(times):.0f})"
    )
    assert page.locator('.tok[data-i="1990"]').get_attribute("aria-pressed") == "true"
    assert max(times) <= SLOWEST
    assert len(page.sent) == sent  # nobody was asked
