"""The page Learn without a browser: what it draws, what it asks, and what it takes from an address or a component."""

import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # as `streamlit run app.py` does

from heta_core import loading  # noqa: E402
from heta_core.errors import InputError, LoadError  # noqa: E402
from heta_core.learning import lessons  # noqa: E402
from heta_core.teaching import town  # noqa: E402
from heta_core.teaching.contract import Data, Limits  # noqa: E402
from pages.learn import answering, choosing  # noqa: E402
from pages.ui import engine_cache, model_held, state  # noqa: E402
from pages.ui.engine_cache import Step  # noqa: E402

FIRST, SECOND = lessons()[:2]


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(engine_cache, "_import_all", lambda: None)
    monkeypatch.setattr(engine_cache, "_warm", None)
    monkeypatch.setattr(engine_cache, "is_warm", lambda: True)
    monkeypatch.setattr(engine_cache, "local_models", lambda *, is_urgent=False: ())
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page("pages/5_Learn.py")


def drawn(app: AppTest) -> Data:
    """What the component of the lesson was given."""
    assert not app.exception
    found = [json.loads(c.proto.json) for c in app.get("bidi_component")]
    return next(data for data in found if isinstance(data, dict) and "picture" in data)


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


def test_an_address_without_a_lesson_opens_the_first_and_a_long_one_is_said_in_short(app: AppTest) -> None:
    app.query_params["lesson"] = ""
    assert drawn(app.run())["name"] == FIRST.name and not app.error
    app.query_params["lesson"] = "x" * 5000
    assert drawn(app.run())["name"] == FIRST.name and len(app.error[0].value) < 400


def test_the_lesson_that_was_followed_by_a_link_is_the_one_to_come_back_to(
    monkeypatch: pytest.MonkeyPatch, kept: object
) -> None:
    address = {"present": "1"}
    monkeypatch.setattr(st, "query_params", address)
    choosing.go_to(SECOND.name)
    for part, shown in (("glossary", {"word": ""}), ("lessons", {"lesson": SECOND.name})):
        monkeypatch.setattr(state, "widget", lambda key, part=part: part)
        choosing._chosen()
        assert address == {"present": "1"} | shown


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


def reply(lm: object, event: Mapping[str, object], limits: Limits) -> Data:
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
    assert answering.advance("one") is False and answering.goes_on() is False
    assert answering.said("one") == {"said": "hello"} and answering.event("one") == {"text": "hello"}
    assert answering.said("another") is None and answering.event("another") is None
    assert answering.advance("one") is answering.advance("another") is False


def test_until_then_it_is_said_what_is_waited_for(monkeypatch: pytest.MonkeyPatch, kept: object) -> None:
    loaded(monkeypatch, "Starting the engine", "Loading")
    answering.ask("one", reply, {"text": "hello"})
    assert answering.advance("one") is answering.goes_on() is True
    assert answering.said("one") == {"busy": "Starting the engine"}
    assert answering.advance("one") is True
    assert answering.advance("one") is answering.goes_on() is False
    assert answering.said("one") == {"said": "hello"}


def test_the_newest_question_takes_the_place_of_the_one_before(monkeypatch: pytest.MonkeyPatch, kept: object) -> None:
    loaded(monkeypatch, "Loading")
    answering.ask("one", reply, {"text": "first"})
    assert answering.advance("one") is True
    answering.ask("one", reply, {"text": "second"})
    while answering.advance("one"):
        pass
    assert answering.said("one") == {"said": "second"}


def test_of_each_lesson_the_last_answer_is_kept(monkeypatch: pytest.MonkeyPatch, kept: dict[str, object]) -> None:
    loaded(monkeypatch, "Loading")
    for about in ("one", "two"):
        answering.ask(about, reply, {"text": about})
        assert answering.advance(about) is True
    for about in ("one", "two"):  # what was left in the middle goes on
        assert answering.advance(about) is False
        assert answering.said(about) == {"said": about}
    assert answering.advance("three") is answering.goes_on() is False
    assert len(kept) == 1


def test_what_cannot_be_answered_is_said(monkeypatch: pytest.MonkeyPatch, kept: object) -> None:
    loaded(monkeypatch)
    answering.ask("one", reply, {"text": "bad"})
    answering.advance("one")
    assert answering.said("one") == {"problem": "Need better."}

    def broken() -> Iterator[Step]:
        raise LoadError("Not here.")
        yield

    monkeypatch.setattr(engine_cache, "embedded", broken)
    answering.ask("one", reply, {"text": "hello"})
    answering.advance("one")
    assert answering.said("one") == {"problem": "Not here."}


def test_a_bug_is_raised_and_nothing_goes_on(monkeypatch: pytest.MonkeyPatch, kept: object) -> None:
    loaded(monkeypatch, "Loading")
    answering.ask("one", reply, {})
    assert answering.advance("one") is True
    with pytest.raises(KeyError):
        answering.advance("one")
    assert answering.advance("one") is answering.goes_on() is False
    assert "KeyError" in (answering.said("one") or {})["problem"]


class Ended(BaseException):
    """What Streamlit raises at an access of the state where the reader has done something meanwhile."""


@pytest.mark.parametrize("last", range(1, 12))
def test_wherever_a_script_is_ended_the_next_one_goes_on(
    last: int, monkeypatch: pytest.MonkeyPatch, kept: dict[str, object]
) -> None:
    started, left = [], [last]

    def steps() -> Iterator[Step]:
        started.append(1)
        yield Step("Starting the engine")
        yield Step("Loading")
        return SimpleNamespace()

    def passing(access: Callable[..., object]) -> Callable[..., object]:
        def passed(*given: object) -> object:
            left[0] -= 1
            if not left[0]:
                raise Ended
            return access(*given)

        return passed

    monkeypatch.setattr(engine_cache, "embedded", steps)
    monkeypatch.setattr(state, "get", passing(state.get))
    monkeypatch.setattr(state, "put", passing(state.put))
    seen: list[Data] = []
    while not seen or "said" not in seen[-1]:
        try:
            if answering.event("one") is None:
                answering.ask("one", reply, {"text": "hello"})
            answering.advance("one")
            seen.append(answering.said("one"))
        except Ended:
            pass
        assert len(seen) < 5
    assert len(started) == 1 and seen[-1] == {"said": "hello"}


def test_work_that_is_ended_from_outside_is_begun_again(monkeypatch: pytest.MonkeyPatch, kept: object) -> None:
    calls = iter([Ended(), None])

    def steps() -> Iterator[Step]:
        yield Step("Loading")
        if (end := next(calls)) is not None:
            raise end
        return SimpleNamespace()

    monkeypatch.setattr(engine_cache, "embedded", steps)
    answering.ask("one", reply, {"text": "hello"})
    assert answering.advance("one") is True
    with pytest.raises(Ended):
        answering.advance("one")
    assert answering.goes_on() is answering.advance("one") is True
    assert answering.advance("one") is False and answering.said("one") == {"said": "hello"}


def test_a_click_while_the_model_is_loaded_loses_no_question(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another part is chosen, and chosen back: Streamlit ends the run that waits."""
    clicks = []

    def steps() -> Iterator[Step]:
        yield Step("Loading")
        if not clicks:
            clicks.append(context := get_script_run_ctx())
            context.script_requests.request_rerun(
                RerunData(query_string=f"lesson={SECOND.name}", page_script_hash=context.page_script_hash)
            )
        yield Step("Loading")
        return SimpleNamespace()

    monkeypatch.setattr(engine_cache, "embedded", steps)
    monkeypatch.setattr(town, "reply", lambda lm, event, limits: {"seed": event["seed"]})
    address = {"lesson": choosing.TOWN, "seed": "7"}
    app.query_params.update(address)
    assert drawn(app.run())["name"] == SECOND.name and len(clicks) == 1
    app.query_params.update(address)
    assert drawn(app.run())["reply"] == {"seed": 7}


def test_a_reply_is_held_against_what_this_server_allows(monkeypatch: pytest.MonkeyPatch, kept: object) -> None:
    loaded(monkeypatch)

    def limits() -> Limits:
        answering.ask("one", lambda lm, event, limits: {"limits": limits}, {})
        answering.advance("one")
        return answering.said("one")["limits"]

    assert limits() == Limits()
    monkeypatch.setenv("HETA_MAX_TOKENS", "1000")
    assert limits().longest == Limits().longest
    monkeypatch.setenv("HETA_MAX_TOKENS", "32")
    monkeypatch.setenv("HETA_MEMORY", "1MB")
    assert limits().longest == 32 and limits().settings.memory == 1_000_000


# ---- the model of the lessons ----


def test_lessons_take_no_model_from_whoever_asks_another(monkeypatch: pytest.MonkeyPatch) -> None:
    engine_cache.warm().result()
    before = model_held._held
    steps = engine_cache.embedded()
    with pytest.raises(StopIteration) as done:
        while True:
            next(steps)
    assert done.value.value.source.model == "littletown"
    assert model_held._held is before


def test_a_model_that_could_not_be_loaded_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def load(name: str, *, device: str) -> object:
        asked.append((name, device))
        if len(asked) == 1:
            raise LoadError("Not now.")
        return object()

    monkeypatch.setattr(loading, "load", load)
    monkeypatch.setattr(engine_cache, "_beside", None)
    assert isinstance(engine_cache._embedded().exception(10), LoadError)
    found = engine_cache._embedded().result(10)
    assert engine_cache._embedded().result(10) is found
    assert asked == [("littletown", "cpu")] * 2


def test_of_many_first_visitors_one_starts_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    started, go = [], threading.Event()
    monkeypatch.setattr(engine_cache, "_warm", None)
    monkeypatch.setattr(engine_cache, "_import_all", lambda: started.append(go.wait(10)))
    together = threading.Barrier(8)

    def visit() -> None:
        together.wait(10)
        engine_cache.warm()

    visitors = [threading.Thread(target=visit) for _ in range(8)]
    for one in visitors:
        one.start()
    for one in visitors:
        one.join(10)
    go.set()
    engine_cache.warm().result(10)
    assert started == [True]


def test_a_server_without_the_model_of_the_lessons_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HETA_MODELS", "gpt2")
    with pytest.raises(LoadError, match="Lessons need littletown, this server does not offer it"):
        next(engine_cache.embedded())
