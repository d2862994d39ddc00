"""The Compare page without a browser: what it shows of an address, and how it is reached."""

import json
import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import made_generation
import numpy as np
import pytest
import samples
import streamlit as st
import truth
from streamlit.testing.v1 import AppTest
from test_generate_page import act
from test_library_page import HOSTILE, component, library, press, texts

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # as `streamlit run app.py` does

from heta_core.attribution import Attribution  # noqa: E402 - the pages need the path above
from heta_core.errors import InputError  # noqa: E402
from heta_core.library import reading, writing  # noqa: E402
from heta_core.library.entry import Shelf, Words  # noqa: E402
from heta_core.parts import Given  # noqa: E402
from heta_core.settings import Mask  # noqa: E402
from heta_core.views import side_by_side  # noqa: E402
from pages.compare import asking, choosing, masking  # noqa: E402
from pages.library import doing  # noqa: E402
from pages.ui import catalogue, engine_cache, examples, keeping, session  # noqa: E402
from pages.ui.engine_cache import Step  # noqa: E402

ONE = samples.result(samples.words("Mia has a cup. Who? Answer:"))
OTHER = samples.contrast(samples.words("Noah has a map and a key. Who? Answer:"))
GENERATED = made_generation.generation()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "library.sqlite")


@pytest.fixture
def app(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    st.cache_resource.clear()
    (tmp_path / "examples").mkdir()
    samples.write_examples(tmp_path / "examples")
    monkeypatch.setenv("HETA_LIBRARY", str(shelf.path))
    monkeypatch.setattr(examples, "FOLDER", tmp_path / "examples")
    monkeypatch.setattr(engine_cache, "_import_all", lambda: None)
    monkeypatch.setattr(engine_cache, "local_models", lambda *, is_urgent=False: ())
    yield AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    st.cache_resource.clear()


@pytest.fixture
def saved(shelf: Shelf) -> tuple[str, str]:
    """Two entries to compare."""
    return writing.save(shelf, ONE), writing.save(shelf, OTHER)


def compare(app: AppTest, **address: str) -> AppTest:
    """The page at an address."""
    app.switch_page("pages/3_Compare.py")
    app.query_params.clear()
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def questions(app: AppTest) -> list[str]:
    """What each column of the comparison asks; none where nothing is compared."""
    if not app.get("bidi_component"):
        return []
    return [column["question"] for column in component(app)["view"]["columns"]]


def address(app: AppTest) -> dict[str, Any]:
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def test_an_address_shows_both_with_the_numbers_of_the_core(app: AppTest, shelf: Shelf, saved: tuple[str, str]) -> None:
    shown = component(compare(app, a=saved[0], b=saved[1]))["view"]
    both = [reading.load(shelf, entry_id) for entry_id in saved]
    assert shown == json.loads(json.dumps(side_by_side.payload(both)))  # type: ignore[arg-type]
    assert questions(app) == ["Why did littletown say “cup”?", "Why “cup” rather than “map”?"]
    assert "“cup” rather than “map” · littletown" in texts(app).replace("\\", "")


@pytest.mark.parametrize("wrong", ["0" * 32, "nothing", "../x", "<b>", "explore.-1", f"{'0' * 32}.1.2"])
def test_an_id_that_is_not_there_says_what_to_do(app: AppTest, saved: tuple[str, str], wrong: str) -> None:
    compare(app, a=saved[0], b=wrong)
    assert "Choose another one here" in app.warning[0].value and questions(app) == []
    app.selectbox(key=choosing.picker_key("b")).set_value(saved[1]).run()
    assert not app.warning and len(questions(app)) == 2


def test_what_was_deleted_or_is_somebody_elses_is_not_shown(
    app: AppTest, shelf: Shelf, saved: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    compare(app, a=saved[0], b=saved[1])
    writing.delete(shelf, [saved[1]])
    assert questions(app.run()) == [] and "it was deleted" in app.warning[0].value
    monkeypatch.setattr(keeping, "is_private", lambda: False)
    other = compare(AppTest.from_file(str(ROOT / "app.py"), default_timeout=60), a=saved[0], b=saved[0])
    assert len(other.warning) == 2 and questions(other) == [] and "Mia" not in texts(other)


def test_two_that_are_ticked_in_the_library_are_compared(app: AppTest, saved: tuple[str, str]) -> None:
    library(app)
    for n, entry_id in enumerate(saved):
        app.checkbox(key=f"heta.library.chosen.{entry_id}").set_value(True).run()
        (button,) = [button for button in app.button if button.label == "Compare ticked"]
        assert button.disabled is (n == 0)
    press(app, "Compare ticked")
    assert sorted(address(app).values()) == sorted(saved) and len(questions(app)) == 2
    assert app.title[0].value == "Compare"


def test_one_entry_is_compared_with_another_that_is_chosen(app: AppTest, saved: tuple[str, str]) -> None:
    rows = [button.label for button in library(app).button if button.label.startswith("Compare with … *“")]
    assert len(rows) == len(set(rows)) == 2
    press(app, "Compare with …")
    (left,) = address(app).values()
    assert address(app) == {"a": left} and questions(app) == [] and "on both sides" in app.info[0].value
    compare(app, a=left)  # a browser is there already; a tested app goes on with the page that it was sent away from
    right = next(entry_id for entry_id in saved if entry_id != left)
    app.selectbox(key=choosing.picker_key("b")).set_value(right).run()
    assert address(app) == {"a": left, "b": right} and len(questions(app)) == 2
    app.selectbox(key=choosing.picker_key("a")).set_value(None).run()
    assert address(app) == {"b": right} and questions(app) == []


def test_the_same_prompt_on_two_models_is_two_choices(app: AppTest, shelf: Shelf, saved: tuple[str, str]) -> None:
    models = ("far/away", "far/off", "far/off")
    others = [
        writing.save(shelf, replace(ONE, source=replace(ONE.source, model=model, weights_id=str(k) * 64)))
        for k, model in enumerate(models)
    ]
    compare(app, a=saved[0], b=others[0])
    offered = app.selectbox(key=choosing.picker_key("b")).options
    assert len(set(offered)) == len(offered) == 5 and sum("far/off" in one for one in offered) == 2
    press(app, "Add a column")  # with it the browser says again what stands in every picker
    assert (address(app)["a"], address(app)["b"]) == (saved[0], others[0])
    for other in others[1:]:
        app.selectbox(key=choosing.picker_key("c")).set_value(other).run()
        assert address(app)["c"] == other and "far/off" in told(app)


def test_the_two_are_exchanged(app: AppTest, saved: tuple[str, str]) -> None:
    before = questions(compare(app, a=saved[0], b=saved[1]))
    press(app, "Swap A and B")
    assert address(app) == {"a": saved[1], "b": saved[0]} and questions(app) == before[::-1]


def test_each_is_opened_on_its_own_page(app: AppTest, shelf: Shelf, saved: tuple[str, str]) -> None:
    press(compare(app, a=saved[0], b=saved[1]), "Open B in Explore")
    assert component(app)["view"]["target"]["foil"] == "map"
    press(compare(app, a=saved[0], b=writing.save(shelf, GENERATED)), "Open B in Generate")
    assert len(component(app)["film"]["steps"]) == GENERATED.n_new


def test_what_stands_on_explore_is_one_of_the_choices(app: AppTest, saved: tuple[str, str]) -> None:
    compare(app, a="explore", b=saved[0])
    assert "Nothing finished stands on Explore" in app.warning[0].value
    app.switch_page("app.py").run()
    compare(app, a="explore", b=saved[0])
    assert questions(app) == ["Why did littletown say “cup”?"] * 2 and not app.warning
    options = app.selectbox(key=choosing.picker_key("a")).options
    assert options[0].startswith("On Explore now: ") and len(options) == 3
    act(app, lambda: session.show(OTHER))
    assert questions(app)[0] == "Why “cup” rather than “map”?"


def test_of_a_generation_one_word_is_compared(app: AppTest, shelf: Shelf) -> None:
    entry_id = writing.save(shelf, GENERATED)
    compare(app, a=f"{entry_id}.2", b=entry_id)
    pieces = [step.target.piece.strip() for step in GENERATED.steps]
    assert questions(app) == [f"Why did littletown say “{pieces[k]}”?" for k in (2, 0)]
    steps = app.selectbox(key=choosing.step_key("b"))
    assert "single answers" in steps.label and len(steps.options) == GENERATED.n_new
    steps.set_value(3).run()
    assert address(app)["b"] == f"{entry_id}.3" and pieces[3] in questions(app)[1]
    compare(app, a=f"{entry_id}.999", b=f"{entry_id}.1")
    assert questions(app) == [f"Why did littletown say “{pieces[k]}”?" for k in (0, 1)]


def test_without_an_address_the_last_two_come_back(app: AppTest, saved: tuple[str, str]) -> None:
    compare(app, a=saved[0], b=saved[1])
    library(app)
    assert len(questions(compare(app))) == 2 and address(app) == {"a": saved[0], "b": saved[1]}


def test_a_page_with_too_little_says_what_to_do(app: AppTest, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "there is none yet" in compare(app).info[0].value and not app.selectbox(key="heta.model").disabled
    entry_id = writing.save(shelf, ONE)
    assert "one is there so far" in compare(app).info[0].value
    compare(app, a=entry_id)
    assert "one is there so far" in app.info[0].value and app.selectbox(key=choosing.picker_key("a")).value == entry_id
    monkeypatch.setenv("HETA_LIBRARY", "off")
    assert "switched off" in compare(app, a=entry_id, b=entry_id).info[0].value and questions(app) == []


def test_nothing_of_a_title_or_prompt_is_markup(app: AppTest, shelf: Shelf) -> None:
    entry = reading.get(shelf, writing.save(shelf, samples.odd()))
    writing.edit(shelf, entry, Words(HOSTILE))
    compare(app, a=entry.id, b=entry.id)
    assert "alert" in texts(app) and "<script>" not in texts(app).replace("\\<", "")
    assert HOSTILE in app.selectbox(key=choosing.picker_key("a")).options  # plain text there


def test_a_damaged_entry_is_said_beside_its_picker(app: AppTest, shelf: Shelf, saved: tuple[str, str]) -> None:
    with sqlite3.connect(shelf.path) as file:
        file.execute("UPDATE report SET content = x'00' WHERE entry = ?", (saved[1],))
    compare(app, a=saved[0], b=saved[1])
    assert "damaged" in app.warning[0].value and questions(app) == []


def test_what_was_edited_since_is_read_anew(app: AppTest, shelf: Shelf, saved: tuple[str, str]) -> None:
    compare(app, a=saved[0], b=saved[1])
    reads: list[str] = []
    original = reading.load
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "load", lambda s, entry_id: (reads.append(entry_id), original(s, entry_id))[1])
        app.run()
        assert reads == []
        doing.attempt(lambda: writing.edit(shelf, reading.get(shelf, saved[1]), Words("New title")))
        app.run()
        assert reads == [saved[1]] and app.selectbox(key=choosing.picker_key("b")).value == saved[1]


# more columns, and other methods


@pytest.fixture
def methods(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Other methods can be asked, and answer with made-up scores; what was asked, in order."""
    asked: list[str] = []

    def work(method: str, question: Attribution) -> Iterator[Step]:
        asked.append(method)
        bare = replace(question, transition=None, information=None, hessian=None, given=None, method=method)
        yield Step(f"{method}: 1 passes so far", None, bare)
        if method == "lime":
            raise InputError("Need another model, found this one: choose another.")
        said = Given(np.linspace(-1, 1, question.n_units), catalogue.title(method), "nats", is_signed=True)
        yield Step("done", 1.0, replace(bare, given=said))

    monkeypatch.setattr(asking, "work", work)
    monkeypatch.setattr(engine_cache, "is_warm", lambda: True)
    return asked


def scored_by(app: AppTest) -> list[str]:
    return [column["method"] for column in component(app)["view"]["columns"]] if app.get("bidi_component") else []


def test_an_engine_that_cannot_start_is_told_below_what_is_saved(
    app: AppTest, saved: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: Future[None] = Future()
    failed.set_exception(ImportError("no module named torch"))
    monkeypatch.setattr(engine_cache, "warm", lambda: failed)
    compare(app, a=saved[0], b=saved[1])  # comes to an end
    assert len(questions(app)) == 2
    (error,) = app.error
    assert "install them again" in error.value and "no module named torch" in error.value


def test_four_columns_are_added_and_removed(app: AppTest, shelf: Shelf, saved: tuple[str, str]) -> None:
    third = writing.save(shelf, samples.odd())
    compare(app, a=saved[0], b=saved[1])
    press(app, "Add a column")
    assert address(app)["c"] == "" and len(questions(app)) == 2 and "on both sides" in app.info[0].value
    app.selectbox(key=choosing.picker_key("c")).set_value(third).run()
    assert len(questions(app)) == 3 and not app.info
    press(app, "Add a column")
    app.selectbox(key=choosing.picker_key("d")).set_value(saved[0]).run()
    assert len(questions(app)) == 4 and "Add a column" not in [button.label for button in app.button]
    assert address(app) == dict(zip("abcd", (*saved, third, saved[0]), strict=True))
    before = questions(app)
    press(app, "Remove B")
    assert address(app) == dict(zip("abc", (saved[0], third, saved[0]), strict=True))
    assert questions(app) == [before[k] for k in (0, 2, 3)]
    app.selectbox(key=choosing.picker_key("c")).set_value(None).run()
    assert address(app)["c"] == "" and len(questions(app)) == 2
    press(app, "Remove C")
    assert set(address(app)) == {"a", "b"} and "Remove A" not in [button.label for button in app.button]


def test_the_question_of_a_is_asked_by_another_method(
    app: AppTest, shelf: Shelf, saved: tuple[str, str], methods: list[str]
) -> None:
    compare(app, a=saved[0], b=saved[1])
    app.selectbox(key=choosing.ADDED).set_value("occlusion").run()
    assert address(app)["c"] == f"occlusion~{saved[0]}" and methods == ["occlusion"]
    assert scored_by(app) == ["HETA", "HETA", "Occlusion"] and questions(app)[2] == questions(app)[0]
    app.selectbox(key=choosing.method_key("b")).set_value("shapley").run()
    assert scored_by(app) == ["HETA", "Shapley sampling", "Occlusion"] and methods == ["occlusion", "shapley"]
    app.selectbox(key=choosing.method_key("b")).set_value("heta").run()
    assert address(app)["b"] == saved[1] and scored_by(app)[1] == "HETA"
    assert len(reading.find(shelf).entries) == 2 and methods == ["occlusion", "shapley"]  # each was asked once


def test_an_answer_is_saved_only_if_the_reader_asks(
    app: AppTest, shelf: Shelf, saved: tuple[str, str], methods: list[str]
) -> None:
    compare(app, a=saved[0], b=f"occlusion~{saved[0]}")
    assert len(reading.find(shelf).entries) == 2
    press(app, "Save B in the Library")
    entries = reading.find(shelf).entries
    assert len(entries) == 3 and address(app)["b"] not in saved and scored_by(app) == ["HETA", "Occlusion"]
    kept = reading.load(shelf, address(app)["b"])
    assert isinstance(kept, Attribution) and kept.given is not None and kept.method == "occlusion"
    labels = [button.label for button in app.button]
    assert "Open A in Explore" in labels and "Open B in Explore" not in labels  # Explore draws HETA's components
    press(library(app), "Open in Compare")
    assert app.title[0].value == "Compare"


def test_a_method_that_fails_says_why_beside_its_column(
    app: AppTest, saved: tuple[str, str], methods: list[str]
) -> None:
    compare(app, a=saved[0], b=f"lime~{saved[0]}", c=saved[1])
    assert "Need another model" in app.warning[0].value and methods == ["lime"]
    assert [c["letter"] for c in component(app)["view"]["columns"]] == ["A", "C"]
    press(app, "Ask again")
    assert methods == ["lime", "lime"] and "Need another model" in app.warning[0].value


def test_one_analysis_is_enough_where_methods_can_be_asked(app: AppTest, shelf: Shelf, methods: list[str]) -> None:
    entry_id = writing.save(shelf, ONE)
    compare(app, a=entry_id)
    app.selectbox(key=choosing.ADDED).set_value("recency").run()
    assert address(app)["b"] == f"recency~{entry_id}" and scored_by(app) == ["HETA", "Recency"]


@pytest.mark.parametrize("wrong", ["~{}", "Occlusion~{}", "a b~{}", "x~y~{}", "../x~{}", "occlusion~"])
def test_an_address_with_no_such_method_is_refused(app: AppTest, saved: tuple[str, str], wrong: str) -> None:
    compare(app, a=saved[0], b=wrong.format(saved[0]))
    assert "Choose another one here" in app.warning[0].value and questions(app) == []


# deletion curves


@pytest.fixture
def curves(methods: list[str], monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, bool]]:
    """Other methods can be asked, and curves drawn; of which method's map, under which mask, with random orders."""
    drawn: list[tuple[str, str, bool]] = []

    def work(result: Attribution, mask: Mask, has_random: bool) -> Iterator[Step]:
        drawn.append((result.method, mask, has_random))
        if mask == "attention":
            raise InputError("The <b>mask</b> cannot be used: take another.")
        found = truth.curves(result, mask=mask)
        yield Step("Masking: 9 passes so far", 1.0, replace(found, curves=found.curves[: 6 if has_random else 1]))

    monkeypatch.setattr(masking, "work", work)
    return drawn


def lines(app: AppTest) -> list[str]:
    """The areas below the plot; none where nothing is drawn."""
    shown = [text.value for text in app.markdown if text.value.startswith("- ")]
    return [line.replace("\\", "")[2:] for text in shown for line in text.split("\n")]


def told(app: AppTest) -> str:
    """What is written on the page, as it is read."""
    return texts(app).replace("\\", "")


DRAW = "Draw the deletion curves"


def test_curves_are_drawn_only_when_asked_and_once(
    app: AppTest, saved: tuple[str, str], curves: list[tuple[str, str, bool]]
) -> None:
    compare(app, a=saved[0], b=f"occlusion~{saved[0]}")
    assert curves == [] and lines(app) == [] and not app.get("plotly_chart")
    press(app, DRAW)
    assert curves == [("heta", "mean", True), ("occlusion", "mean", False)]  # the same question: random orders, once
    first, second, chance = lines(app)
    assert first.startswith("A: HETA. Area ") and second.startswith("B: Occlusion. Area ")
    assert all(
        "5 random orders; masked is a token with its embedding set to the mean" in one for one in (first, second)
    )
    assert chance.startswith("Random orders: mean area ") and len(app.get("plotly_chart")) == 1
    assert app.button(key="heta.compare.draw").disabled
    compare(library(app), a=saved[0], b=f"occlusion~{saved[0]}")  # kept while the session lasts
    assert len(lines(app)) == 3 and len(curves) == 2
    app.segmented_control(key=masking.DIRECTION).set_value("Insertion").run()
    assert "above" in lines(app)[0] and len(curves) == 2
    app.selectbox(key=masking.MASK).set_value("zero").run()
    assert lines(app) == [] and len(curves) == 2
    press(app, DRAW)
    assert len(curves) == 4 and all("circular" in line for line in lines(app)[:2])


def test_a_column_that_is_added_waits_for_the_reader_and_another_question_has_no_random(
    app: AppTest, saved: tuple[str, str], curves: list[tuple[str, str, bool]]
) -> None:
    press(compare(app, a=saved[0], b=saved[1]), DRAW)
    assert [has_random for *_, has_random in curves] == [False, False] and len(lines(app)) == 2
    assert "compare shapes, not areas" in told(app) and "B: HETA, “cup” rather than “map”" in lines(app)[1]
    app.selectbox(key=choosing.ADDED).set_value("occlusion").run()
    assert len(curves) == 2 and "C has no curve yet" in told(app) and len(lines(app)) == 2
    press(app, DRAW)
    assert curves[2:] == [("occlusion", "mean", False)] and len(lines(app)) == 3


def test_a_mask_that_fails_says_why_and_can_be_asked_again(
    app: AppTest, saved: tuple[str, str], curves: list[tuple[str, str, bool]]
) -> None:
    compare(app, a=saved[0], b=saved[1])
    app.selectbox(key=masking.MASK).set_value("attention").run()
    press(app, DRAW)
    why = [warning.value.replace("\\", "") for warning in app.warning]
    assert [one[:2] for one in why] == ["A:", "B:"] and all("cannot be used" in one for one in why)
    assert lines(app) == []
    assert "<b>" not in texts(app).replace("\\<", "")
    press(app, DRAW)
    assert len(curves) == 4


def test_a_column_whose_model_is_not_here_has_no_curve(
    app: AppTest, shelf: Shelf, saved: tuple[str, str], curves: list[tuple[str, str, bool]]
) -> None:
    other = writing.save(shelf, replace(ONE, source=replace(ONE.source, model="far/away", weights_id="0" * 64)))
    compare(app, a=saved[0], b=other)
    assert "B has no curve: its model, far/away, is not on this computer" in told(app)
    press(app, DRAW)
    assert curves == [("heta", "mean", False)] and len(lines(app)) == 1
