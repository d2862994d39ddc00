"""What the pages allow on a served instance: what is refused, and what waits, in words."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import made_generation
import pytest
import samples
import streamlit as st
from streamlit.testing.v1 import AppTest
from test_generate_page import act
from test_runs import Asked as Gated
from test_runs import until
from transformers import PreTrainedTokenizerFast

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # as `streamlit run app.py` does

import heta_core.engine  # noqa: E402 - the pages need the path above
from heta_core import datasets  # noqa: E402
from heta_core.errors import HetaError, InputError, LoadError, SettingsError  # noqa: E402
from heta_core.evaluation.plan import Plan  # noqa: E402
from heta_core.language_model import LanguageModel  # noqa: E402
from heta_core.report import dumps  # noqa: E402
from heta_core.settings import Decoding, Settings, Weights  # noqa: E402
from pages.compare import asking as comparing  # noqa: E402
from pages.compare import masking  # noqa: E402
from pages.errors import asking, desk  # noqa: E402
from pages.errors.asking import Asked  # noqa: E402
from pages.generate import branches, following, generating  # noqa: E402
from pages.generate.branches import Branch  # noqa: E402
from pages.generate.generating import Request, Turn  # noqa: E402
from pages.ui import allowed, checking, controls, engine_cache, examples, jobs, keeping, linking, runs, session  # noqa: E402
from pages.ui.engine_cache import Step  # noqa: E402
from pages.ui.question import Question  # noqa: E402

SHOWN = samples.result()
LONG = "one two three four five six seven eight nine ten"
PLAN = Plan(methods=("recency",), metrics=("deletion",))


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    st.cache_resource.clear()
    samples.write_examples(tmp_path)
    (tmp_path / "generation.json").write_text(dumps(made_generation.generation()), encoding="utf-8")
    monkeypatch.setattr(examples, "FOLDER", tmp_path)
    monkeypatch.setattr(engine_cache, "_import_all", lambda: None)
    monkeypatch.setattr(engine_cache, "is_warm", lambda: True)
    monkeypatch.setattr(engine_cache, "local_models", lambda *, is_urgent=False: ())
    yield AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    st.cache_resource.clear()


@pytest.fixture
def reading(tokenizer: PreTrainedTokenizerFast, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A model that can cut a text into bytes, and fails at anything else that it is asked."""
    lm = SimpleNamespace(tokenizer=tokenizer)

    def loaded(name: str, may_download: bool) -> Iterator[Step]:
        yield Step("Loading")
        return lm

    monkeypatch.setattr(engine_cache, "loaded", loaded)
    return lm


def texts(app: AppTest) -> str:
    assert not app.exception, app.exception
    said = [*app.markdown, *app.caption, *app.text, *app.error, *app.warning, *app.info]
    return "\n".join(str(one.value) for one in said).replace("\\", "").replace("\N{NO-BREAK SPACE}", " ")


def picker(app: AppTest) -> Any:
    return app.selectbox(key=session.MODEL)


# models


def test_with_nothing_set_any_model_can_be_chosen(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    app.run()
    assert picker(app).value == "littletown" and picker(app).proto.accept_new_options
    assert allowed.names() == () and controls.is_here("littletown") and not controls.is_here("owner/other")
    monkeypatch.setenv("HETA_DEFAULT_MODEL", "gpt2")
    other = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert picker(other).value == "gpt2" and picker(other).proto.accept_new_options


def test_the_picker_offers_what_is_allowed_and_no_field_for_more(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HETA_MODELS", "owner/name,gpt2")
    app.run()
    assert list(picker(app).options) == ["owner/name", "gpt2"] and picker(app).value == "owner/name"
    assert not picker(app).proto.accept_new_options and "Type" not in picker(app).proto.help


def test_another_model_is_refused_by_name_and_what_is_shown_stays(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HETA_MODELS", "gpt2,owner/name")
    app.run()
    assert app.get("bidi_component"), "the example of the embedded model is shown"
    for ask in (
        lambda: session.ask(Question("littletown", "One two")),
        lambda: linking.follow("#heta?model=evil/model&prompt=One two"),
    ):
        act(app, ask)
        assert "This server asks only gpt2, owner/name, got" in app.error[0].value.replace("\\", "")
        assert app.get("bidi_component"), "the result stays"
        assert picker(app).value == "gpt2" and "Ask the Hugging Face hub" not in [b.label for b in app.button]


def test_a_continuation_by_another_model_is_refused(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HETA_MODELS", "gpt2")
    app.switch_page("pages/1_Generate.py").run()
    act(app, lambda: branches.ask(Branch("x"), Request("evil/model", "One two")))
    assert "asks only gpt2, got evil/model" in texts(app)
    act(app, lambda: branches.say(None))
    act(app, lambda: following.follow("#heta-generate?model=evil/other&prompt=One two"))
    assert "asks only gpt2, got evil/other" in texts(app)


def test_a_run_over_examples_by_another_model_is_refused(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HETA_MODELS", "gpt2")
    app.switch_page("pages/4_Error_analysis.py").run()
    act(app, lambda: desk.begin(Asked(datasets.read("one two", "mine.txt"), "littletown", PLAN)))
    assert "asks only gpt2, got littletown" in texts(app)


ASKED_AGAIN: dict[str, Callable[[], Iterator[Step]]] = {
    "question": lambda: engine_cache.steps(Question(SHOWN.source.model, SHOWN.tokens), Weights()),
    "other method": lambda: comparing.work("occlusion", SHOWN),
    "curves of columns": lambda: masking.work(SHOWN, "mean", False),
    "curves": lambda: checking.curve_work(SHOWN, "mean"),
    "scrambled copy": lambda: checking.scramble_work(SHOWN, None),
}


@pytest.mark.parametrize("ask", ASKED_AGAIN.values(), ids=list(ASKED_AGAIN))
def test_the_model_of_a_saved_analysis_is_not_asked_again(
    ask: Callable[[], Iterator[Step]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HETA_MODELS", "gpt2")
    monkeypatch.setattr(engine_cache, "warm", lambda: pytest.fail("the engine was asked"))
    with pytest.raises(LoadError, match=f"only gpt2, got {SHOWN.source.model}"):
        next(ask())


def test_the_hub_is_not_asked_about_another_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HETA_MODELS", "gpt2")
    monkeypatch.setattr(engine_cache, "warm", lambda: pytest.fail("the engine was asked"))
    with pytest.raises(LoadError, match="evil/model"):
        engine_cache.describe_remote("evil/model")


# length


def test_a_long_text_is_refused_with_its_number_before_the_model_runs(
    reading: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    n = len(LONG.encode()) + 1  # a token a byte, and the one that is put before every text
    monkeypatch.setenv("HETA_MAX_TOKENS", str(n - 1))
    data = datasets.read(f"short\n{LONG}", "mine.txt")
    table = desk.Desk(desk.Record(PLAN))
    turns = (Turn("user", LONG),)
    reading.tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    asked: list[tuple[Iterator[Step], int]] = [
        (engine_cache.steps(Question("m", LONG), Weights()), n),
        (generating.steps(Request("m", LONG, Decoding(steps=7)), Weights(), lambda: 0), n + 7),
        (generating.steps(Request("m", "one", answer=LONG), Weights(), lambda: 0), n + 3),
        (generating.steps(Request("m", "one", answer=tuple(range(90))), Weights(), lambda: 0), 94),
        (desk.work(Asked(data, "m", PLAN), table), n),
    ]
    try:
        asked.append((generating.steps(Request("m", turns), Weights(), lambda: 0), n - 1 + 16))
        for steps, found in asked:
            with pytest.raises(InputError, match=rf"at most {n - 1} tokens, .* has {found}: shorten it"):
                list(steps)
    finally:
        reading.tokenizer.chat_template = None


def test_a_saved_text_that_is_too_long_is_not_asked_about_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HETA_MAX_TOKENS", str(len(SHOWN.tokens) - 1))
    monkeypatch.setattr(engine_cache, "warm", lambda: pytest.fail("the engine was asked"))
    for ask in [ask for name, ask in ASKED_AGAIN.items() if name != "question"]:
        with pytest.raises(InputError, match=f"this text has {len(SHOWN.tokens)}"):
            next(ask())


def test_as_long_as_allowed_is_asked(llama: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HETA_MAX_TOKENS", "9")

    def loaded(name: str, may_download: bool) -> Iterator[Step]:
        yield Step("Loading")
        return llama

    monkeypatch.setattr(engine_cache, "loaded", loaded)
    *_, last = engine_cache.steps(Question(llama.source.model, "8 bytes."), Weights())
    assert last.result is not None and len(last.result.tokens) == 9
    with pytest.raises(InputError, match="has 10"):
        list(engine_cache.steps(Question(llama.source.model, "9 bytes.."), Weights()))


# memory


def test_a_run_stays_within_the_memory_that_is_allowed(
    reading: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert allowed.bounded(Settings()) == Settings()
    monkeypatch.setenv("HETA_MEMORY", "3MB")
    assert allowed.bounded(Settings()) == Settings(memory=3_000_000)
    assert allowed.bounded(Settings(memory=10**12)).memory == 3_000_000
    assert allowed.bounded(Settings(memory=1000)).memory == 1000
    found: list[Settings] = []

    def attribute_steps(*_: object, settings: Settings, **__: object) -> Iterator[Any]:
        found.append(settings)
        yield from ()

    monkeypatch.setattr(heta_core.engine, "attribute_steps", attribute_steps)
    monkeypatch.setattr(engine_cache, "told", lambda *_: None)
    list(engine_cache.steps(Question("m", "One two"), Weights()))
    assert [settings.memory for settings in found] == [3_000_000]


# jobs


@pytest.fixture
def one_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HETA_JOBS", "1")
    monkeypatch.setattr(jobs, "_jobs", {})
    monkeypatch.setattr(runs, "_LOOK", 25.0)  # a busy computer takes no reader away


def of_visitor(model: str, visitor: str, page: str = "") -> Gated:
    asked = Gated(model)
    asked.run.visitor, asked.run.page = visitor, page
    return asked


def test_a_further_job_of_a_visitor_waits_and_says_for_what(one_job: None, request: pytest.FixtureRequest) -> None:
    first = of_visitor(f"{request.node.name} a", "kate", "Error analysis")
    second = of_visitor(f"{request.node.name} b", "kate", "Explore")
    other = of_visitor(f"{request.node.name} b", "noah")
    for asked in (first, second, other):
        asked.gate.release(3)
    until(lambda: first.run.latest.busy == "step 2", first.run)
    for _ in range(3):
        for asked in (first, second, other):
            asked.run.advance()
    assert second.run.busy is not None and not second.threads
    assert second.run.busy.busy == "Waiting for your own job: Error analysis: step 2"
    assert other.run.latest.busy == "step 2", "another visitor's goes on"
    first.run.stop()
    until(lambda: second.run.latest.busy == "step 2", second.run)
    assert second.run.busy is second.run.latest
    second.run.stop()
    other.run.stop()


def test_what_is_refused_waits_for_nothing(one_job: None, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = of_visitor("owner/allowed", "kate"), of_visitor("evil/model", "kate")
    monkeypatch.setenv("HETA_MODELS", "owner/allowed")
    first.run.advance()
    second.run.advance()
    assert first.run.is_live and not second.run.is_live and not second.threads
    assert second.run.problem is not None and "asks only owner/allowed, got evil/model" in second.run.problem
    first.run.stop()


def test_a_job_that_no_page_looks_at_is_not_waited_for(one_job: None, request: pytest.FixtureRequest) -> None:
    left, asked = (of_visitor(f"{request.node.name} {name}", "kate") for name in "ab")
    left.gate.release(1)
    left.run.advance()
    asked.gate.release(2)
    asked.run.advance()
    assert asked.run.busy is not None and asked.run.busy.busy.startswith("Waiting for your own job")
    left.run.looked = time.monotonic() - 30
    until(lambda: asked.run.latest.busy == "step 1", asked.run)
    left.run.stop()
    asked.run.stop()


def test_without_a_limit_nobody_is_counted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_jobs", {})
    both = [Gated(f"{request.node.name} {name}") for name in "ab"]
    for asked in both:
        asked.gate.release(2)
        until(lambda asked=asked: asked.run.latest.busy == "step 1", asked.run)  # type: ignore[misc]
        asked.run.stop()
    assert jobs._jobs == {} and both[0].run.visitor == ""


def test_the_jobs_of_two_tabs_of_one_browser_are_counted_together(
    app: AppTest, one_job: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.run()
    token = app.session_state["heta.visitor"]
    assert any(f"heta_library={token}" in str(block.proto) for block in app.get("html"))
    monkeypatch.setattr(type(st.context), "cookies", {"heta_library": token})
    other = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert other.session_state["heta.visitor"] == token
    act(other, lambda: session.ask(Question("littletown", "fail")))
    run = other.session_state["heta.run"]
    assert (run.visitor, run.page) == (token, "Explore")


# demo, and settings that cannot be


def test_a_demo_says_so_and_has_neither_paths_nor_a_library(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asking.SOURCES["path"] in asking.sources()
    app.run()
    assert "Demo" not in texts(app)
    monkeypatch.setenv("HETA_DEMO", "on")
    monkeypatch.delenv("HETA_LIBRARY")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert keeping.shelf() is None and asking.SOURCES["path"] not in asking.sources()
    other = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert "Demo: the embedded model alone, texts of up to 256 tokens, and nothing is kept" in texts(other)
    assert list(picker(other).options) == ["littletown"] and not picker(other).proto.accept_new_options
    assert "Nothing is saved in this demo" in texts(other.switch_page("pages/2_Library.py").run())
    assert not (tmp_path / "heta-explorer").exists()


@pytest.mark.parametrize("page", ["app.py", "pages/1_Generate.py", "pages/2_Library.py", "pages/3_Compare.py"])
def test_settings_that_cannot_be_leave_nothing_but_what_is_wrong(
    app: AppTest, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HETA_JOBS", "many")
    if page == "app.py":
        app.run()
    else:
        app = AppTest.from_file(str(ROOT / page), default_timeout=60).run()
    assert "jobs must be a whole number" in texts(app) and "HETA_JOBS" in texts(app)
    assert not app.selectbox and not app.button and not app.get("bidi_component")
    with pytest.raises(SettingsError):
        allowed.check_model("littletown")
    with pytest.raises(HetaError):
        keeping.shelf()
