"""The page Error analysis without a browser: the form, a run that grows, filters, remarks and files."""

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace

import pytest
import samples
import streamlit as st
from streamlit.testing.v1 import AppTest
from test_generate_page import act

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # as `streamlit run app.py` does

from heta_core import datasets  # noqa: E402 - the pages need the path above
from heta_core.datasets import Example  # noqa: E402
from heta_core.errors import LoadError  # noqa: E402
from heta_core.evaluation import dividing, earlier, keeping, record  # noqa: E402
from heta_core.evaluation.outcome import Answer, Outcome, Remark, Scored  # noqa: E402
from pages.errors import asking, desk, form, further, listing, looking  # noqa: E402
from pages.errors.asking import KEYS, Asked  # noqa: E402
from pages.ui import engine_cache, examples, session, state  # noqa: E402
from pages.ui.engine_cache import Step  # noqa: E402

SHOWN = samples.result()
HOSTILE = "**b** <script>alert(1)</script> ![x](http://e.x/y) :red[z]"


def outcome(example: Example, asked: Asked, *, is_right: bool = True) -> Outcome:
    """What a model might say of an example, with made-up scores."""
    if example.prompt == "too short":
        return Outcome(asked.model, asked.dataset.name, example, problem="Need at least 2 tokens, got 1: add a word.")
    n = SHOWN.n_context
    scored = tuple(
        Scored(
            method,
            scores=tuple(float((k * (n_of + 3)) % n) for k in range(n)),
            values=(("deletion", 0.1 * (n_of + 1)), ("insertion", 0.5)),
            seconds=0.1,
        )
        for n_of, method in enumerate(asked.plan.methods)
    )
    return Outcome(
        asked.model,
        asked.dataset.name,
        example,
        tokens=SHOWN.tokens,
        target=SHOWN.target,
        answer=Answer(" cup", -0.1, 1 if is_right else 3, is_right, (2,)),
        stays=0.5 if not is_right else 1.0,
        scored=scored,
    )


def worked(asked: Asked, on: desk.Desk) -> Iterator[Step]:
    """A run whose examples that say so are answered wrongly, and one that fails as a whole."""
    if asked.dataset.examples[0].prompt == "no model":
        raise LoadError("There is no such model: choose another.")
    kept = keeping.Loose(on.opened)
    n_all = len(asked.dataset.examples)
    for n, example in enumerate(asked.dataset.examples):
        yield Step(f"Example {n + 1}", n / n_all, kept.record if n else None)  # type: ignore[arg-type]
        kept.add(outcome(example, asked, is_right="wrong" not in example.prompt))
        yield Step(f"Example {n + 1}", (n + 1) / n_all, kept.record)  # type: ignore[arg-type]
    while "forever" in asked.dataset.examples[-1].prompt:
        yield Step("Example forever", 0.9, kept.record)  # type: ignore[arg-type]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    st.cache_resource.clear()
    (tmp_path / "examples").mkdir()
    samples.write_examples(tmp_path / "examples")
    monkeypatch.setattr(examples, "FOLDER", tmp_path / "examples")
    monkeypatch.setattr(desk, "work", worked)
    monkeypatch.setattr(engine_cache, "_import_all", lambda: None)
    monkeypatch.setattr(engine_cache, "is_warm", lambda: True)
    monkeypatch.setattr(engine_cache, "local_models", lambda *, is_urgent=False: ())
    yield AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    st.cache_resource.clear()


def page(app: AppTest) -> AppTest:
    app.switch_page("pages/4_Error_analysis.py").run()
    assert not app.exception, app.exception
    return app


def pasted(app: AppTest, text: str) -> AppTest:
    """The page with a text in the box for prompts."""
    app.session_state[KEYS["source"]] = asking.SOURCES["paste"]
    app.session_state[KEYS["pasted"]] = text
    return page(app)


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception, app.exception
    return app


def ran(app: AppTest, *prompts: str) -> AppTest:
    """The page after a run over some prompts."""
    app.session_state[form.PANEL] = True
    return press(pasted(app, "\n".join(prompts)), "Run")


def texts(app: AppTest) -> str:
    said = [*app.markdown, *app.caption, *app.text, *app.error, *app.warning, *app.info]
    return "\n".join(str(one.value) for one in said).replace("\\", "").replace("\N{NO-BREAK SPACE}", " ")


def held(app: AppTest) -> desk.Desk:
    found: desk.Desk = app.session_state["heta.errors.desk"]
    return found


def test_it_opens_with_data_whose_evidence_is_known_and_asks_nothing(app: AppTest) -> None:
    page(app)
    assert "20 examples" in texts(app) and "heta.errors.desk" not in app.session_state
    chosen = {box.key: box.value for box in app.multiselect}
    assert chosen[KEYS["methods"]] == list(asking.FIRST_METHODS)
    assert chosen[KEYS["metrics"]] == list(asking.FIRST_METRICS)


def test_the_form_waits_for_the_engine(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    ready: Future[None] = Future()
    monkeypatch.setattr(engine_cache, "warm", lambda: ready)
    monkeypatch.setattr(engine_cache, "is_warm", ready.done)
    caption, said = st.caption, []

    def told(text: str, **options: object) -> object:
        if text == "The engine is starting.":  # once that is on the page, it is there
            said.append(text)
            ready.set_result(None)
        return caption(text, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(st, "caption", told)
    page(app)
    assert len(said) == 1 and "The engine is starting." not in texts(app)
    assert "20 examples" in texts(app)


def test_an_engine_that_cannot_start_is_told_and_not_waited_for(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    failed: Future[None] = Future()
    failed.set_exception(ImportError("no module named torch"))
    monkeypatch.setattr(engine_cache, "warm", lambda: failed)
    monkeypatch.setattr(engine_cache, "is_warm", lambda: False)
    page(app)  # comes to an end
    (error,) = app.error
    assert "install them again" in error.value and "no module named torch" in error.value
    assert "The engine is starting." not in texts(app)


def test_a_run_comes_to_counts_a_table_of_methods_and_one_of_examples(app: AppTest) -> None:
    ran(app, "a first", "a wrong second", "a third")
    assert [(m.label, m.value) for m in app.metric][:3] == [
        ("Answered right", "2 of 3"),
        ("Wrong answer", "1 of 3"),
        ("Unstable", "1 of 3"),
    ]
    board, rows = (frame.value for frame in app.dataframe)
    assert list(board["Method"]) == ["HETA", "First-order twin", "Input × gradient", "Occlusion", "Random"]
    assert board["Deletion area ↓"][0].startswith("0.100")
    assert list(rows["right"]) == [True, False, True] and rows["signs"][1].startswith("wrong, ")
    assert "judged under the mask “mean”" in texts(app) and "3 examples are few" in texts(app)


def test_the_settings_of_the_form_are_those_of_the_run(app: AppTest) -> None:
    app.session_state[KEYS["mask"]] = "mean"
    app.session_state[KEYS["scaling"]] = "raw"
    app.session_state[KEYS["methods"]] = ["occlusion"]
    ran(app, "a first")
    plan = held(app).plan
    assert (plan.settings.mask, plan.check_mask, plan.weights.scaling) == ("mean", "zero", "raw")
    assert plan.methods == ("occlusion", "random") and not plan.is_circular


def test_what_cannot_be_run_is_said_and_what_was_found_stays(app: AppTest) -> None:
    ran(app, "a first")
    before = held(app)
    app.session_state[form.PANEL] = True
    press(pasted(app, ""), "Run")
    assert "A run needs examples, got none" in texts(app) and held(app) is before
    app.session_state[KEYS["methods"]] = []
    press(pasted(app, "a first"), "Run")
    assert "needs a method" in texts(app) and held(app) is before


def test_rows_that_cannot_be_read_are_listed_with_line_and_field(app: AppTest) -> None:
    rows = [{"prompt": "a first"}, {"prompt": "a second", "evidence": ["nowhere"]}, {"prompt": "a third"}]
    pasted(app, "\n".join(map(json.dumps, rows)))
    assert "2 examples, read as" in texts(app) and "1 cannot be used" in texts(app)
    assert "line 2: evidence" in texts(app)


def test_a_file_that_is_nothing_says_so_in_the_form(app: AppTest) -> None:
    pasted(app, '{"prompt": ')
    assert app.error and "Need" in app.error[0].value


def test_a_skipped_example_is_counted_and_told(app: AppTest) -> None:
    ran(app, "a first", "too short")
    assert ("Failed", "1 of 2") in [(m.label, m.value) for m in app.metric]
    assert "Need at least 2 tokens" in app.dataframe[1].value["problem"][1]


def test_a_model_that_cannot_be_loaded_ends_the_run_with_its_reason(app: AppTest) -> None:
    ran(app, "no model")
    assert "There is no such model" in texts(app) and "0 of 1 examples" in texts(app)


def test_stopping_keeps_what_was_found(app: AppTest) -> None:
    page(app)

    def begun() -> None:
        state.set_widget(KEYS["source"], asking.SOURCES["paste"])
        state.set_widget(KEYS["pasted"], "a first\nforever")
        form._run()
        while len(desk.current().outcomes) < 2:
            desk.advance()
        desk.stop()

    act(app, begun)
    assert len(held(app).outcomes) == 2 and not held(app).run.is_live
    assert len(app.dataframe[1].value) == 2


def test_signs_filter_and_so_do_tags(app: AppTest) -> None:
    ran(app, "a first", "a wrong second", "a third")
    app.session_state[listing.SIGNS] = ["wrong"]
    assert len(page(app).dataframe[1].value) == 1
    app.session_state[listing.SIGNS] = []
    held(app).remarks[held(app).outcomes[2].key] = Remark(("odd",), "look again")
    app.session_state[listing.TAGS] = ["odd"]
    (row,) = page(app).dataframe[1].value.to_dict("records")
    assert (row["id"], row["tags"], row["note"]) == ("3", "odd", "look again")


def test_the_examples_are_told_apart_by_how_sure_the_model_is(app: AppTest) -> None:
    ran(app, "a first", "a wrong second", "a third")
    app.session_state["heta.errors.groups"] = True
    app.session_state[further.BY] = dividing.TITLES["confidence"]
    groups = page(app).dataframe[1].value
    assert list(groups["group"]) == ["p .7–.99", "wrong"] and list(groups["right"]) == ["2 of 2", "0 of 1"]
    assert groups["HETA"][0].startswith("0.100")


def test_two_runs_stand_beside_each_other(app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HETA_LIBRARY", str(tmp_path / "library.sqlite"))
    ran(app, "a first", "a second")
    (tmp_path / "runs" / "one").mkdir(parents=True)
    before = record.dumps(held(app).record).replace('["deletion", 0.1]', '["deletion", 0.3]')
    (tmp_path / "runs" / "one" / "run.jsonl").write_text(before, encoding="utf-8")
    app.session_state["heta.errors.beside"] = True
    (run,) = earlier.earlier(tmp_path / "runs")
    next(box for box in page(app).selectbox if box.key == further.OTHER).set_value(run).run()
    assert "Both runs have the same settings" in texts(app) and "the 2 examples that both have" in texts(app)
    changed = app.dataframe[1].value
    first = changed.to_dict("records")[0]
    assert first["difference"].startswith("-0.200") and first[""] == "differs"


def test_the_list_of_runs_is_read_when_it_is_opened_and_the_own_run_never(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HETA_LIBRARY", str(tmp_path / "library.sqlite"))
    ran(app, "a first", "a second")
    held(app).folder = tmp_path / "runs" / "own"
    for name in ("own", "other"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "run.jsonl").write_text(record.dumps(held(app).record), encoding="utf-8")
    read: list[str] = []
    own = earlier._read
    monkeypatch.setattr(earlier, "_read", lambda path, *told: (read.append(path.parent.name), own(path, *told))[1])
    app.session_state[form.PANEL] = False
    page(app)
    assert read == [] and "Beside another run" in [one.label for one in app.expander]
    app.session_state["heta.errors.beside"] = True
    page(app)
    assert set(read) == {"other"}


def test_what_is_said_of_an_outcome_is_worked_out_once(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    for name in ("signs", "example_row"):
        own = getattr(looking, name)

        def counted(
            outcome: Outcome, *given: object, own: Callable[..., object] = own, name: str = name, **options: object
        ) -> object:
            looked.append(f"{name} {outcome.example.id}")
            return own(outcome, *given, **options)

        monkeypatch.setattr(looking, name, counted)
    ran(app, "a first", "a wrong second", "a third")
    page(app)
    assert sorted(looked) == sorted(f"{name} {n}" for name in ("signs", "example_row") for n in (1, 2, 3))
    looked.clear()
    app.session_state[listing.METHOD] = "occlusion"
    page(page(app))
    assert sorted(looked) == sorted(f"{name} {n}" for name in ("signs", "example_row") for n in (1, 2, 3))
    looked.clear()
    held(app).remarks[held(app).outcomes[1].key] = Remark(("odd",), "look")
    assert list(page(app).dataframe[1].value["note"]) == ["", "look", ""]
    assert looked == ["example_row 2"]


def test_data_are_read_again_only_where_they_changed(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    for name in ("read", "read_bytes", "read_path", "generated"):
        own = getattr(datasets, name)
        counted = lambda *given, own=own, name=name: (read.append(name), own(*given))[1]  # noqa: E731
        monkeypatch.setattr(asking.datasets, name, counted)
    page(page(app))
    assert read == ["generated"]
    pasted(pasted(app, '{"prompt": '), '{"prompt": ')
    assert app.error and read == ["generated", "read"]  # what cannot be read is told and not tried again
    assert "2 examples" in texts(pasted(app, "a first\na second")) and not app.error
    assert read == ["generated", "read", "read"]
    (tmp_path / "mine.txt").write_text("a first", encoding="utf-8")
    widget = state.widget

    def chosen(source: str, **set_to: object) -> int:
        """How many examples there are after two drawings."""
        given = {KEYS["source"]: asking.SOURCES[source]} | {KEYS[name]: value for name, value in set_to.items()}  # type: ignore[index]
        monkeypatch.setattr(asking.state, "widget", lambda key: given.get(key, widget(key)))
        found: list[int] = []
        act(app, lambda: found.extend(len(asking.dataset().examples) for _ in range(2)))
        monkeypatch.setattr(asking.state, "widget", widget)
        assert found[0] == found[1]
        return found[0]

    read.clear()
    monkeypatch.setattr(asking.keeping, "is_private", lambda: True)
    assert chosen("path", path=str(tmp_path / "mine.txt")) == 1 and read == ["read_path"]
    (tmp_path / "mine.txt").write_text("a first\na second\na third", encoding="utf-8")
    assert chosen("path", path=str(tmp_path / "mine.txt")) == 3 and read == ["read_path"] * 2
    (tmp_path / "folder").mkdir()
    for n in (1, 2):
        (tmp_path / "folder" / f"{n}.json").write_text(
            json.dumps({"id": f"{n}", "prompt": f"number {n}"}), encoding="utf-8"
        )
        assert chosen("path", path=str(tmp_path / "folder")) == n
    read.clear()
    file = SimpleNamespace(file_id="one", name="mine.txt", getvalue=lambda: b"a first")
    assert chosen("upload", upload=file) == 1 and read == ["read_bytes"]
    other = SimpleNamespace(file_id="two", name="mine.txt", getvalue=lambda: b"a first\na second")
    assert chosen("upload", upload=other) == 2 and read == ["read_bytes"] * 2


def chosen(app: AppTest, n: int) -> AppTest:
    key = held(app).outcomes[n].key
    app.session_state["heta.errors.chosen"] = key
    return page(app)


def test_an_example_is_shaded_by_every_method_and_its_signs_are_explained(app: AppTest) -> None:
    ran(app, "a first", "a wrong second")
    chosen(app, 1)
    html = "".join(str(one.proto.body) for one in app.get("html"))
    assert all(f">{title}</p>" in html for title in ("HETA", "First-order twin", "Input × gradient", "Occlusion"))
    assert ">Random</p>" not in html
    assert "**wrong answer**" in texts(app) and "changes the answer: “" in texts(app)
    assert "keeps its place in 50.0 %" in texts(app)


def test_tags_and_a_note_are_kept_and_go_with_the_run(app: AppTest) -> None:
    ran(app, "a first", "a second")
    chosen(app, 1)
    tags, note = app.text_input
    tags.set_value("odd, odd , why")
    note.set_value("  look again ")
    press(app, "Keep")
    assert held(app).remarks == {held(app).outcomes[1].key: Remark(("odd", "why"), "look again")}
    again = record.loads(record.dumps(held(app).record))
    assert again.remarks == held(app).remarks and again.outcomes == held(app).outcomes
    assert "odd, why" in list(app.dataframe[1].value["tags"])


def test_an_example_opens_on_explore_with_the_run_s_question(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    app.session_state[KEYS["scaling"]] = "raw"
    ran(app, "a first")
    chosen(app, 0)
    asked = []
    monkeypatch.setattr(session, "ask", asked.append)
    press(app, "Open in Explore")
    (question,) = asked
    assert question.text == SHOWN.tokens and question.model == "littletown"
    assert question.settings == held(app).plan.settings
    assert app.session_state["heta.weights"].scaling == "raw"
    assert not app.title  # Explore has none


def opened(app: AppTest, text: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page after a file was opened."""
    page(app)

    class File:
        name = "run.jsonl"

        def getvalue(self) -> bytes:
            return text.encode()

    widget = state.widget
    monkeypatch.setattr(desk.state, "widget", lambda key: File() if key == desk.UPLOAD else widget(key))
    act(app, desk.open_file)
    monkeypatch.setattr(desk.state, "widget", widget)
    return app


def test_a_saved_run_opens_again_with_its_remarks(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    ran(app, "a first", "a wrong second")
    held(app).remarks[held(app).outcomes[0].key] = Remark((HOSTILE[:30],), HOSTILE)
    text = record.dumps(held(app).record)
    before = app.dataframe[0].value
    ran(app, "another")
    opened(app, text, monkeypatch)
    assert held(app).run is None and record.dumps(held(app).record) == text
    assert app.dataframe[0].value.equals(before) and len(app.dataframe[1].value) == 2
    assert HOSTILE not in [str(one.value) for one in chosen(app, 0).markdown]


def test_a_file_that_is_no_run_leaves_the_desk_as_it_is(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    ran(app, "a first")
    before = held(app)
    opened(app, '{"format": "heta-attribution"}\n', monkeypatch)
    assert held(app) is before and "Need a run" in texts(app)


def test_hostile_texts_are_shown_as_they_are(app: AppTest) -> None:
    ran(app, HOSTILE, "wrong " + HOSTILE)
    chosen(app, 1)
    assert not [one for one in app.markdown if "![x](" in str(one.value) or ":red[z]" in str(one.value)]
    html = "".join(str(one.proto.body) for one in app.get("html"))
    assert "<script" not in html
