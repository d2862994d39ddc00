"""Going back and forward through what was looked at."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import samples

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as `streamlit run app.py` does

from heta_core.attribution import Attribution
from heta_core.settings import Weights
from pages.ui import history, session, state

ONE, TWO, THREE = (samples.result(choice=i) for i in range(3))


@pytest.fixture(autouse=True)
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Attribution]:
    """What has been put on the screen; the session is a plain dictionary."""
    kept: dict[str, object] = {}
    screen: list[Attribution] = []
    monkeypatch.setattr(state, "get", lambda name, default=None: kept.get(name, default))
    monkeypatch.setattr(state, "put", kept.__setitem__)
    monkeypatch.setattr(session, "show", screen.append)
    monkeypatch.setattr(session, "busy", lambda: None)
    return screen


def looked_at(*results: Attribution) -> None:
    for result in results:
        history.note(result)


def test_back_and_forward_show_the_results_themselves(shown: list[Attribution]) -> None:
    looked_at(ONE, TWO, THREE)
    for step in (history.back, history.back, history.back, history.forward, history.forward, history.forward):
        step()
    assert shown == [TWO, ONE, TWO, THREE]  # beyond both ends nothing happens


def test_both_ways_say_what_lies_there() -> None:
    assert history.around() == {"back": None, "forward": None}
    looked_at(ONE, TWO)
    assert history.around() == {"back": "Why did the model say “cup”?", "forward": None}
    history.back()
    assert history.around() == {"back": None, "forward": "Why did the model say “map”?"}


def test_something_new_ends_what_lay_ahead(shown: list[Attribution]) -> None:
    looked_at(ONE, TWO)
    history.back()
    looked_at(ONE, THREE)
    assert history.around()["forward"] is None
    history.back()
    assert shown[-1] is ONE


def test_drawing_again_is_no_step_and_keeps_the_weights_chosen_last(shown: list[Attribution]) -> None:
    other = ONE.with_weights(Weights(beta=0.1))
    looked_at(ONE, ONE, other, TWO)
    history.back()
    assert shown == [other]
    assert history.around()["back"] is None


def test_what_is_not_finished_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at(ONE, replace(TWO, hessian=None))
    monkeypatch.setattr(session, "busy", lambda: object())
    looked_at(THREE)
    assert history.around()["back"] is None


def test_the_oldest_is_forgotten_first(shown: list[Attribution]) -> None:
    looked_at(*(samples.result(["<s>", f"w{i}", " cup"], says=(" cup", " map")) for i in range(30)))
    for _ in range(40):
        history.back()
    assert [r.tokens.pieces[1] for r in shown] == [f"w{i}" for i in range(28, 9, -1)]
