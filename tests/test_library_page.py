"""The Library page without a browser, and how analyses get into it by themselves."""

import json
import re
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import made_generation
import numpy as np
import pytest
import samples
import streamlit as st
from streamlit.testing.v1 import AppTest
from test_generate_page import act

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # as `streamlit run app.py` does

from heta_core.errors import InputError  # noqa: E402 - the pages need the path above
from heta_core.library import database, exchange, reading, writing  # noqa: E402
from heta_core.library import state as library_state  # noqa: E402
from heta_core.library.entry import Entry, Shelf, Words  # noqa: E402
from heta_core.parts import Given  # noqa: E402
from heta_core.report import dumps  # noqa: E402
from heta_core.settings import Weights  # noqa: E402
from heta_core.targets import Choice  # noqa: E402
from pages.generate import branches, generating  # noqa: E402
from pages.generate.generating import Request  # noqa: E402
from pages.library import doing  # noqa: E402
from pages.ui import engine_cache, examples, keeping, session  # noqa: E402
from pages.ui.engine_cache import Question, Step  # noqa: E402

SHOWN, GENERATED = samples.result(), made_generation.generation()
HOSTILE = "**b** <script>alert(1)</script> ![x](http://e.x/y) :red[z]"


def explained(question: Question, _: Weights) -> Iterator[Step]:
    """Growing made-up results, and an error where the text asks for one."""
    if question.text == "fail":
        raise InputError("Need at least 2 tokens, got 1: add a word.")
    while question.text == "forever":
        yield Step("Hessian: refining", 0.1, next(samples.growing(SHOWN)))
        time.sleep(0.01)
    for partial in samples.growing(samples.explained(samples.words(samples.SCENE), question.choice)):
        yield Step("Hessian: refining", partial.work.fraction, partial)


def generated(request: Request, _: Weights, look: Callable[[], int]) -> Iterator[Step]:
    for partial in made_generation.growing(made_generation.generation()):
        yield Step("Writing", partial.fraction, partial)


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
    monkeypatch.setattr(engine_cache, "steps", explained)
    monkeypatch.setattr(generating, "steps", generated)
    monkeypatch.setattr(engine_cache, "_import_all", lambda: None)
    monkeypatch.setattr(engine_cache, "local_models", lambda *, is_urgent=False: ())
    yield AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    st.cache_resource.clear()


@pytest.fixture
def toasts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was said in passing; the page may draw itself again at once, and then a test no longer finds it there."""
    said: list[str] = []
    monkeypatch.setattr(keeping.st, "toast", lambda text, **_: said.append(text))
    return said


def library(app: AppTest) -> AppTest:
    app.switch_page("pages/2_Library.py").run()
    assert not app.exception, app.exception
    return app


def entries(shelf: Shelf, query: str = "") -> tuple[Entry, ...]:
    return reading.find(shelf, query).entries


def press(app: AppTest, label: str, n: int = 0) -> AppTest:
    """A button by its label; those of a row go on with the title of their entry."""
    [button for button in app.button if button.label.partition(" *“")[0] == label][n].click().run()
    assert not app.exception, app.exception
    return app


def texts(app: AppTest) -> str:
    """Everything that the page says."""
    said = [*app.markdown, *app.caption, *app.text, *app.error, *app.warning, *app.info, *app.success, *app.code]
    return "\n".join(str(one.value) for one in said) + "\n".join(box.label for box in app.checkbox)


def component(app: AppTest) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(app.get("bidi_component")[0].proto.json)
    return data


def typed(app: AppTest, entry: Entry, **fields: str) -> AppTest:
    """Open the form of an entry and write into it."""
    app.session_state[f"heta.library.panel.{entry.id}"] = True
    app.run()
    for name, text in fields.items():
        next(w for w in (*app.text_input, *app.text_area) if w.key == f"heta.library.{name}.{entry.id}").set_value(text)
    return app


# saved by themselves


def test_a_finished_analysis_is_saved_with_the_weights_on_the_screen(
    app: AppTest, shelf: Shelf, toasts: list[str]
) -> None:
    app.run()
    assert entries(shelf) == ()  # an example is nobody's analysis
    weights = Weights(beta=0.2, gamma=0.7)
    act(app, lambda: (session.set_weights(weights), session.ask(Question("littletown", "Kate has a"))))
    (entry,) = entries(shelf)
    assert reading.load(shelf, entry.id).weights == weights
    app.run()
    assert toasts == ["Saved. Finished analyses wait for you in the Library."] and len(entries(shelf)) == 1


def test_a_continuation_and_what_is_explained_together_are_saved(app: AppTest, shelf: Shelf) -> None:
    app.switch_page("pages/1_Generate.py").run()
    act(app, lambda: branches.ask(branches.Branch("x"), Request("littletown", "Kate has a")))
    assert [entry.kind for entry in entries(shelf)] == ["generation"]
    act(app, lambda: branches.explain_together(branches.active(), Question("littletown", "Mia ran to the")))
    assert {entry.kind for entry in entries(shelf)} == {"generation", "attribution"}


def test_what_failed_or_was_stopped_is_not_saved(app: AppTest, shelf: Shelf) -> None:
    app.run()
    act(app, lambda: session.ask(Question("littletown", "fail")))

    def stopped() -> None:
        session.ask(Question("littletown", "forever"))
        assert session.advance()  # until the first picture
        session.stop()

    act(app, stopped)
    assert component(app)["view"]["fraction"] < 1 and entries(shelf) == ()


def test_what_another_visitor_asked_first_is_saved_for_this_one_too(app: AppTest, shelf: Shelf) -> None:
    app.run()
    known = samples.result(samples.words("Kate has a"))
    engine_cache.remember(known)
    again = Question("littletown", known.tokens, Choice(len(known.tokens)))
    act(app, lambda: session.ask(again))
    (entry,) = entries(shelf)
    act(app, lambda: session.ask(again))
    assert entries(shelf) == (entry,)
    shipped = samples.result()
    act(app, lambda: session.ask(Question("littletown", shipped.tokens, Choice(len(shipped.tokens)))))
    assert entries(shelf) == (entry,)


def test_what_ends_just_before_a_new_question_or_another_page_is_saved(app: AppTest, shelf: Shelf) -> None:
    app.run()

    def finished(then: Callable[[], object]) -> None:
        session.ask(Question("littletown", "Kate has a"))
        while session.busy():
            session.state.get("run").advance()
        then()

    act(app, lambda: finished(lambda: session.ask(Question("littletown", "fail"))))
    assert len(entries(shelf)) == 1
    writing.wipe(shelf)
    act(app, lambda: finished(lambda: None))
    assert len(entries(shelf)) == 1


def test_nothing_is_saved_once_that_is_switched_off(app: AppTest, shelf: Shelf) -> None:
    library(app).toggle[0].set_value(False).run()
    assert not library_state.is_saving(shelf)
    app.switch_page("app.py").run()
    act(app, lambda: session.ask(Question("littletown", "Kate has a")))
    assert entries(shelf) == ()
    assert library(app).toggle[0].value is False
    app.toggle[0].set_value(True).run()
    assert library_state.is_saving(shelf)


def test_a_library_that_cannot_be_written_does_not_disturb_the_analysis(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toasts: list[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("HETA_LIBRARY", str(tmp_path / "file" / "library.sqlite"))
    app.run()
    act(app, lambda: session.ask(Question("littletown", "Kate has a")))
    assert component(app)["view"]["fraction"] == 1 and not app.error
    (toast,) = toasts
    assert toast.startswith("Not saved in the Library") and "\n" not in toast


@pytest.mark.parametrize(
    ("address", "headers", "is_private"),
    [
        ("127.0.0.1", {"Host": "localhost:8501"}, True),
        ("localhost", {"Host": "127.0.0.1:8501"}, True),
        ("::1", {"Host": "[::1]:8501"}, True),
        ("127.0.0.1", {}, True),
        ("0.0.0.0", {"Host": "localhost:8501"}, False),
        (None, {"Host": "localhost:8501"}, False),
        ("192.168.1.5", {"Host": "192.168.1.5:8501"}, False),
        ("127.0.0.1", {"Host": "heta.example.org"}, False),
        ("127.0.0.1", {"Host": "localhost:8501", "X-Forwarded-For": "10.0.0.9"}, False),
    ],
)
def test_only_a_server_of_its_own_user_keeps_anything_unasked(
    address: str | None, headers: dict[str, str], is_private: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    visited = type("Context", (), {"headers": headers, "cookies": {}})
    monkeypatch.setattr(st, "context", visited)
    monkeypatch.setattr(st, "get_option", lambda _: address)
    monkeypatch.delenv("HETA_LIBRARY")
    assert keeping.is_private() is is_private
    assert (keeping.shelf() is not None) is is_private


def test_every_browser_of_a_server_for_several_has_its_own_library(
    app: AppTest, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "is_private", lambda: False)
    app.run()
    act(app, lambda: session.ask(Question("littletown", "Kate has a")))
    assert str(shelf.path) not in texts(library(app)) and len(app.checkbox) == 1
    other = library(AppTest.from_file(str(ROOT / "app.py"), default_timeout=60))
    assert len(other.checkbox) == 0 and entries(shelf) == ()
    token = app.session_state["heta.visitor"]
    assert len(entries(Shelf(shelf.path, token))) == 1 and token != other.session_state["heta.visitor"]


# the page


def test_an_empty_library_says_what_to_do_and_makes_no_file(app: AppTest, shelf: Shelf) -> None:
    assert "Nothing here yet" in texts(library(app))
    assert not shelf.path.exists() and str(shelf.path) in texts(app)


def test_a_library_that_is_off_says_why(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HETA_LIBRARY", "off")
    assert "HETA_LIBRARY=off" in texts(library(app))
    monkeypatch.setenv("HETA_LIBRARY", "")
    monkeypatch.setattr(keeping, "is_private", lambda: False)
    assert "others can reach this server" in texts(library(app))
    monkeypatch.setenv("HETA_LIBRARY", "yes")
    assert "must be on" in library(app).error[0].value


def test_entries_say_what_they_are_and_nothing_in_them_is_markup(app: AppTest, shelf: Shelf) -> None:
    entry = reading.get(shelf, writing.save(shelf, samples.odd()))
    writing.edit(shelf, entry, Words(HOSTILE, ("a](b", "two"), HOSTILE))
    said = texts(library(app))
    assert "littletown" in said and r"**\#two**" in said
    assert not re.search(r"(?<!\\)[<\[]|(?<!\\):red|http\\:\\/", said)
    assert said.count("alert") == 3  # title, preview and note


def test_search_and_order(app: AppTest, shelf: Shelf) -> None:
    for name in ("b", "a"):
        entry = reading.get(shelf, writing.save(shelf, samples.result(samples.words(f"{name} sat. Who? Answer:"))))
        writing.edit(shelf, entry, Words(name))
    assert [box.label for box in library(app).checkbox] == ["**a**", "**b**"]
    app.selectbox(key=doing.SORT).set_value("Oldest first").run()
    assert [box.label for box in app.checkbox] == ["**b**", "**a**"]
    app.text_input(key=doing.SEARCH).set_value("B SAT").run()
    assert [box.label for box in app.checkbox] == ["**b**"]
    app.text_input(key=doing.SEARCH).set_value("zebra").run()
    assert "Nothing matches" in texts(app)


def test_many_entries_are_shown_a_few_at_a_time(app: AppTest, shelf: Shelf) -> None:
    results = [samples.result(samples.words(f"Number {k} sat.")) for k in range(23)]
    writing.save_all(shelf, [writing.Row(r, dumps(r), Words(f"t{k}"), float(k)) for k, r in enumerate(results)])
    assert len(library(app).checkbox) == 20
    assert len(press(app, "Show more (3 left)").checkbox) == 23


def test_an_attribution_opens_in_explore_as_it_was_saved(app: AppTest, shelf: Shelf) -> None:
    saved = samples.span().with_weights(Weights(beta=0.2, gamma=0.7))
    writing.save(shelf, saved)
    press(library(app), "Open in Explore")
    view = component(app)["view"]
    assert view["target"]["label"] == "green cup." and view["weights"]["beta"] == 0.2
    assert view["kl"] == pytest.approx(list(saved.information.kl), rel=5e-6)
    app.switch_page("app.py").run()
    assert component(app)["view"]["target"]["label"] == "green cup."  # no example is opened over it


def test_a_generation_opens_in_generate_as_it_was_saved(app: AppTest, shelf: Shelf) -> None:
    writing.save(shelf, GENERATED)
    press(library(app), "Open in Generate")
    data = component(app)
    assert len(data["film"]["steps"]) == GENERATED.n_new
    assert data["branches"][0]["name"] == "From the Library"


def test_another_method_s_scores_open_in_compare_and_the_button_says_so(
    app: AppTest, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = Given(np.linspace(-1, 1, SHOWN.n_units), "Occlusion", "nats", is_signed=True)
    bare = replace(SHOWN, transition=None, information=None, hessian=None, method="occlusion", given=scores)
    kept = writing.save(shelf, bare)
    writing.edit(shelf, reading.get(shelf, kept), Words("Renamed"))  # the title need not name the method
    for result in (SHOWN, GENERATED):
        writing.save(shelf, result)
    looked: list[int] = []
    own = reading.given
    monkeypatch.setattr(reading, "given", lambda s, entries: (looked.append(len(entries)), own(s, entries))[1])
    library(library(app))
    opens = [button.label.partition(" *“") for button in app.button if button.label.startswith("Open in ")]
    assert [label for label, _, _ in opens] == ["Open in Generate", "Open in Explore", "Open in Compare"]
    assert opens[2][2].startswith("Renamed") and looked == [3]  # reports are read once in a session
    press(app, "Open in Compare")
    assert app.title[0].value == "Compare" and app.query_params["a"] == kept


def test_title_tags_and_note_are_kept(app: AppTest, shelf: Shelf) -> None:
    entry = reading.get(shelf, writing.save(shelf, SHOWN))
    press(typed(library(app), entry, title=" Mine ", tags="a, b,,a", notes="first\nsecond"), "Save")
    assert reading.get(shelf, entry.id).words == Words("Mine", ("a", "b"), "first\nsecond")
    assert app.checkbox[0].label == "**Mine**" and "first" in texts(app) and not app.text_area
    press(typed(app, entry, title=" "), "Save")
    assert "A title needs" in app.error[0].value.replace("\\", "")
    assert reading.get(shelf, entry.id).words.title == "Mine"


def test_of_two_tabs_the_second_keeps_its_text_and_sees_the_other(app: AppTest, shelf: Shelf) -> None:
    entry = reading.get(shelf, writing.save(shelf, SHOWN))
    typed(library(app), entry, notes="my long note")
    writing.edit(shelf, entry, Words("Theirs", ("t",), "their note"))
    press(app, "Save")
    assert reading.get(shelf, entry.id).words.notes == "their note"
    assert "edited elsewhere" in app.warning[0].value and "their note" in app.code[0].value
    assert app.text_area[0].value == "my long note"
    press(app, "Save")
    assert reading.get(shelf, entry.id).words.notes == "my long note" and not app.warning


def test_a_deletion_is_taken_back(app: AppTest, shelf: Shelf) -> None:
    for result in (SHOWN, GENERATED):
        writing.save(shelf, result)
    press(library(app), "Delete")
    assert len(entries(shelf)) == 1 and "Deleted" in texts(app)
    press(app, "Undo")
    assert len(entries(shelf)) == 2 and "Deleted" not in texts(app)
    for box in app.checkbox:
        box.set_value(True)
    press(app.run(), "Delete ticked")
    assert entries(shelf) == () and "2 analyses" in texts(app)
    assert len(press(app, "Undo").checkbox) == 2


def test_wiping_asks_first_and_leaves_nothing(app: AppTest, shelf: Shelf) -> None:
    writing.save(shelf, SHOWN)
    press(library(app), "Delete")
    press(app, "Yes, delete everything")
    assert "Everything is gone" in texts(app)
    with pytest.raises(IndexError):
        press(app, "Undo")
    writing.restore(shelf, [])
    assert entries(shelf) == ()


def test_a_dropped_file_is_imported_and_what_is_bad_in_it_named(
    app: AppTest, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Shelf(tmp_path / "other.sqlite")
    writing.save(other, SHOWN)
    document = json.loads(exchange.export_text(other, entries(other)))
    document["entries"].append({"title": HOSTILE, "report": {}})

    def drop(content: bytes) -> str:
        file, real = type("File", (), {"getvalue": lambda _: content})(), doing.state.widget
        with monkeypatch.context() as dropped:
            dropped.setattr(doing.state, "widget", lambda key: file if key == doing.UPLOAD else real(key))
            act(library(app), lambda: doing.take_in(shelf))
        return texts(app.run()).replace("\\", "")

    said = drop(json.dumps(document).encode())
    assert "1 analysis imported." in said and "Entry 2" in said and len(entries(shelf)) == 1
    assert "damaged" in drop(b"{") and "UTF-8" in drop(b"\xff\xfe")


def test_a_damaged_file_is_said_until_it_is_understood(app: AppTest, shelf: Shelf) -> None:
    shelf.path.write_bytes(b"this is no database " * 100)
    assert "was damaged" in texts(library(app)) and "damaged\\-" in texts(app)
    assert "was damaged" not in texts(press(app, "Understood"))


@pytest.mark.parametrize(
    ("statement", "told"),
    [("PRAGMA user_version = 7", "found version 7"), ("PRAGMA application_id = 5", "another program's database")],
)
def test_a_file_that_is_not_ours_to_change_is_said_and_left_while_explaining_goes_on(
    app: AppTest, shelf: Shelf, toasts: list[str], statement: str, told: str
) -> None:
    writing.save(shelf, SHOWN)
    with closing(sqlite3.connect(shelf.path)) as connection:
        connection.execute(statement)
    before = shelf.path.read_bytes()
    app.run()
    act(app, lambda: session.ask(Question("littletown", "Kate has a")))
    assert component(app)["view"]["fraction"] == 1 and not app.error and told in toasts[0].replace("\\", "")
    (error,) = library(app).error
    assert told in error.value.replace("\\", "") and "\n" not in error.value
    assert shelf.path.read_bytes() == before


def test_a_locked_file_is_said_and_shown_once_it_is_free(
    app: AppTest, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_PATIENCE", 0.05)
    writing.save(shelf, SHOWN)
    with closing(sqlite3.connect(shelf.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "Another program is using it" in library(app).error[0].value
    assert len(app.run().checkbox) == 1 and not app.error


def test_a_file_that_may_not_be_written_is_shown_and_its_form_keeps_what_was_typed(
    app: AppTest, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = reading.get(shelf, writing.save(shelf, SHOWN))
    # As SQLite opens a file that the system lets it only read; the tests may run as root, who may write anything.
    monkeypatch.setattr(
        database, "connect", lambda path: sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)
    )
    assert len(library(app).checkbox) == 1 and not app.error
    press(typed(app, entry, notes="my long note"), "Save")
    assert "Allow writing" in app.error[0].value and app.text_area[0].value == "my long note"
    press(app, "Delete")
    assert "Allow writing" in app.error[0].value and len(app.checkbox) == 1
