"""The guided tours as texts, and the pages that draw them."""

import json
import re
import sys
from pathlib import Path

import pytest
import tours
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # as `streamlit run app.py` does

from pages.ui import engine_cache, tour  # noqa: E402 - they need the path above
from pages.ui.frame import PAGES  # noqa: E402

LONGEST = 130  # letters of a text, which a card of 22 rem shows in four lines
LABELS = [label for _, label, _ in PAGES]


@pytest.mark.parametrize("title", tour.TOURS)
def test_a_tour_is_short_and_says_little_at_a_time(title: str) -> None:
    steps = tour.steps(title, LABELS)
    assert 4 <= len(steps) <= 9
    assert len({step.name for step in steps}) == len(steps)
    for step in steps:
        assert len(step.text) <= LONGEST, step.name
        assert len(re.findall(r"[.?!](?: |$)", step.text)) <= 2, step.name
        assert bool(step.ask) == bool(step.wait), step.name
        # What is kept of a tour that was left is "name n of N", and "over" is one that has ended.
        assert re.fullmatch("[a-z]+", step.name) and step.name != "over"


def test_a_tour_ends_with_what_the_other_pages_are_for() -> None:
    last = tour.steps("Explore", ["Explore", "Generate", "Library"])[-1]
    assert last.text == "Generate explains a whole answer, Library keeps what you save."
    assert tour.steps("Explore", ["Explore"]) == tour.TOURS["Explore"]


def test_a_change_of_what_a_selector_names_is_watched() -> None:
    """The script looks a selector up again only when one of these attributes, or the tree, has changed."""
    script = (ROOT / "assets" / "tour" / "tour.js").read_text("utf-8")
    watched = set(re.findall(r'"([a-z-]+)"', re.search(r"const NAMED = \[(.*)\]", script)[1]))  # type: ignore[index]
    every = (step for title in tour.TOURS for step in tour.steps(title, LABELS))
    selectors = " ".join(selector for step in every for selector in (*step.places, step.wait))
    assert {"class", *re.findall(r"\[([a-z-]+)", selectors)} <= watched


def test_other_tests_are_offered_none() -> None:
    assert tuple(tour.TOURS) == tours.PAGES


@pytest.mark.parametrize("path", [path for path, *_ in PAGES])
def test_every_page_with_a_tour_draws_it_and_no_other_does(
    path: str, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setenv("HETA_LIBRARY", str(tmp_path / "library.sqlite"))
    monkeypatch.setattr(engine_cache, "_import_all", lambda: None)
    monkeypatch.setattr(engine_cache, "is_warm", lambda: True)
    monkeypatch.setattr(engine_cache, "local_models", lambda *, is_urgent=False: ())
    title = next(label for other, label, _ in PAGES if other == path)
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at = at.run() if path == "app.py" else at.switch_page(path).run()
    assert not at.exception
    payloads = [json.loads(one.proto.json) for one in at.sidebar.get("bidi_component")]
    drawn = [one for one in payloads if "steps" in one]
    assert [one["page"] for one in drawn] == ([title] if title in tour.TOURS else [])
    if drawn:
        assert [one["title"] for one in drawn[0]["steps"]] == [step.title for step in tour.steps(title, LABELS)]
