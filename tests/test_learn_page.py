"""The page Learn without a browser: what it draws, what it asks, and what it takes from an address or a component."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # as `streamlit run app.py` does

from heta_core.errors import InputError, LoadError  # noqa: E402
from heta_core.learning import lessons  # noqa: E402
from heta_core.teaching.contract import Data  # noqa: E402
from pages.learn import answering  # noqa: E402
from pages.ui import engine_cache, model_held, state  # noqa: E402
from pages.ui.engine_cache import Step  # noqa: E402

FIRST, SECOND = lessons()[:2]


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(engine_cache, "_import_all", lambda: None)
    monkeypatch.setattr(engine_cache, "is_warm", lambda: True)
    monkeypatch.setattr(engine_cache, "local_models", lambda *, is_urgent=False: ())
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page("pages/5_Learn.py")


def drawn(app: AppTest) -> Data:
    """What the component of the lesson was given."""
    assert not app.exception
    found = [json.loads(c.proto.json) for c in app.get("bidi_component")]
    return next(data for data in found if isinstance(data, dict) and "question" in data)


def test_the_address_says_which_lesson_is_shown(app: AppTest) -> None:
    assert drawn(app.run())["name"] == FIRST.name
    app.query_params["lesson"] = SECOND.name
    shown = drawn(app.run())
    assert (shown["name"], shown["title"]) == (SECOND.name, SECOND.title)
    assert [each["name"] for each in shown["all"]] == [each.name for each in lessons()]


def test_an_unknown_lesson_is_said_and_the_first_one_shown(app: AppTest) -> None:
    app.query_params["lesson"] = "gravity"
    assert drawn(app.run())["name"] == FIRST.name
    assert "no lesson 'gravity'" in app.error[0].value.replace("\\", "")


def test_the_presenters_view_holds_on_every_page_and_hides_the_handout(app: AppTest) -> None:
    app.query_params["present"] = "1"
    assert drawn(app.run())["presenter"] is True
    assert not app.get("download_button")
    app.switch_page("pages/2_Library.py").run()
    assert [t.value for t in app.sidebar.toggle] == [True]
    app.switch_page("pages/5_Learn.py").run()
    next(t for t in app.sidebar.toggle if t.label == "Presenter view").set_value(False)
    assert drawn(app.run())["presenter"] is False
    assert len(app.get("download_button")) == 2


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The state of a session, without one."""
    values: dict[str, object] = {}
    monkeypatch.setattr(state, "get", lambda name, default=None: values.get(name, default))
    monkeypatch.setattr(state, "put", values.__setitem__)
    return values


def reply(lm: object, event: Mapping[str, object]) -> Data:
    if event["text"] == "bad":
        raise InputError("Need better.")
    return {"said": event["text"]}


def loaded(monkeypatch: pytest.MonkeyPatch, *busy: str) -> None:
    def steps() -> Iterator[Step]:
        for said in busy:
            yield Step(said)
        return SimpleNamespace()

    monkeypatch.setattr(engine_cache, "embedded", steps)


def test_with_the_model_in_memory_an_answer_takes_one_step(monkeypatch: pytest.MonkeyPatch, kept: object) -> None:
    loaded(monkeypatch)
    answering.ask("one", reply, {"text": "hello"})
    assert answering.said("one") is None
    assert answering.advance() is False
    assert answering.said("one") == {"said": "hello"}
    assert answering.said("another") is None
    assert answering.advance() is False


def test_until_then_it_is_said_what_is_waited_for(monkeypatch: pytest.MonkeyPatch, kept: object) -> None:
    loaded(monkeypatch, "Starting the engine", "Loading")
    answering.ask("one", reply, {"text": "hello"})
    assert answering.advance() is True
    assert answering.said("one") == {"busy": "Starting the engine"}
    assert answering.advance() is True
    assert answering.advance() is False
    assert answering.said("one") == {"said": "hello"}


def test_the_newest_question_ends_the_one_before(monkeypatch: pytest.MonkeyPatch, kept: object) -> None:
    loaded(monkeypatch, "Loading")
    answering.ask("one", reply, {"text": "first"})
    assert answering.advance() is True
    answering.ask("two", reply, {"text": "second"})
    while answering.advance():
        pass
    assert answering.said("one") is None and answering.said("two") == {"said": "second"}


def test_what_cannot_be_answered_is_said(monkeypatch: pytest.MonkeyPatch, kept: object) -> None:
    loaded(monkeypatch)
    answering.ask("one", reply, {"text": "bad"})
    answering.advance()
    assert answering.said("one") == {"problem": "Need better."}

    def broken() -> Iterator[Step]:
        raise LoadError("Not here.")
        yield

    monkeypatch.setattr(engine_cache, "embedded", broken)
    answering.ask("one", reply, {"text": "hello"})
    answering.advance()
    assert answering.said("one") == {"problem": "Not here."}


def test_lessons_take_no_model_from_whoever_asks_another(monkeypatch: pytest.MonkeyPatch) -> None:
    engine_cache.warm().result()
    before = model_held._held
    steps = engine_cache.embedded()
    with pytest.raises(StopIteration) as done:
        while True:
            next(steps)
    assert done.value.value.source.model == "littletown"
    assert model_held._held is before
