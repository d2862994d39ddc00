"""The Explore page without a browser: what it draws, what it sends to the component, what it does with clicks."""

import importlib.util
import json
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import samples
import streamlit as st
from made_blocks import in_blocks
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # as `streamlit run app.py` does

from heta_core.attribution import Attribution  # noqa: E402 - the pages need the path above
from heta_core.errors import InputError, LoadError  # noqa: E402
from heta_core.grouping import resolve, sentences  # noqa: E402
from heta_core.groups import merged, opened, singles  # noqa: E402
from heta_core.report import dumps, loads  # noqa: E402
from heta_core.settings import Weights  # noqa: E402
from heta_core.targets import Choice  # noqa: E402
from heta_core.views import caption, strip  # noqa: E402
from pages.ui import controls, details, engine_cache, examples, frame, session, state, token_strip  # noqa: E402
from pages.ui.engine_cache import Question, Step  # noqa: E402

asked: list[Question] = []


def fake_steps(question: Question, _: Weights) -> Iterator[Step]:
    """Growing made-up results, and an error where the text asks for one."""
    asked.append(question)
    yield Step("Starting the engine")
    if question.text == "fail":
        raise InputError("Need at least 2 tokens, got 1: add a word. ![x](http://e.x)")
    pieces = samples.words(samples.SCENE)
    for partial in samples.growing(samples.explained(pieces, question.choice)):
        groups = question.blocks(partial.tokens, question.choice)
        cut = resolve(groups, partial.tokens, partial.n_context, partial.target.position)
        yield Step("Hessian: refining", partial.work.fraction, in_blocks(partial, cut))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    samples.write_examples(tmp_path)
    return tmp_path


@pytest.fixture
def app(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    st.cache_resource.clear()
    asked.clear()
    monkeypatch.setattr(examples, "FOLDER", folder)
    monkeypatch.setattr(engine_cache, "steps", fake_steps)
    monkeypatch.setattr(engine_cache, "_import_all", lambda: None)
    monkeypatch.setattr(engine_cache, "_warm", None)
    monkeypatch.setattr(engine_cache, "_finished", OrderedDict())
    yield AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    st.cache_resource.clear()


def sent(app: AppTest) -> dict[str, Any]:
    """What the component got."""
    assert not app.exception, app.exception
    data: dict[str, Any] = json.loads(app.get("bidi_component")[0].proto.json)
    return data


def click(app: AppTest, **event: object) -> AppTest:
    """What the component's click comes to; its own trigger cannot be set from here."""
    original = session.strip_event
    session.strip_event = lambda: event
    try:
        with_state(app, token_strip._received)
    finally:
        session.strip_event = original
    return app.run()


def with_state(app: AppTest, action: Any) -> None:
    """Run a callback on the state of a tested app."""
    original = state.st
    state.st = type("State", (), {"session_state": Mapping(app.session_state)})
    try:
        action()
    finally:
        state.st = original


class Mapping:
    """The part of `st.session_state` that `state` uses, on a tested app's state."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def get(self, key: str, default: object = None) -> object:
        return self.held[key] if key in self.held else default  # noqa: SIM401 - an AppTest's state has no `get`

    def __setitem__(self, key: str, value: object) -> None:
        self.held[key] = value


def test_the_page_opens_with_the_first_example_and_asks_no_model(app: AppTest) -> None:
    data = sent(app.run())
    example = samples.result(weights=Weights(scaling="unit"))
    view = data["view"]
    assert (view["tokens"], view["labels"]) == (strip.token_parts(example.tokens), strip.labels(example.tokens))
    assert view["caption"] == caption.caption(example).text
    assert view["kl"] == pytest.approx(list(example.information.kl), rel=5e-6)
    assert data["page"]["swap"] == {"from": "Kate", "to": "Noah"}
    assert asked == []


def test_the_page_says_what_half_precision_costs(app: AppTest, folder: Path) -> None:
    shown = samples.result(weights=Weights(scaling="unit"))
    low = replace(shown, source=replace(shown.source, dtype="bfloat16"))
    (folder / "00.json").write_text(dumps(low), encoding="utf-8")
    assert "computed in bfloat16: one to two digits of a score are good" in sent(app.run())["view"]["method"]


def test_the_first_screen_imports_no_torch(folder: Path) -> None:
    script = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from streamlit.testing.v1 import AppTest
from pages.ui import engine_cache, examples
examples.FOLDER = Path({str(folder)!r})
engine_cache._import_all = lambda: None  # the thread that imports torch while the page is read
app = AppTest.from_file({str(ROOT / "app.py")!r}, default_timeout=60).run()
assert not app.exception and [c.key for c in app.get("bidi_component")] == ["heta.strip", "heta.link", "heta.tour"]
print([name for name in ("torch", "transformers") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_candidates_and_the_twin_of_an_example_need_no_model(app: AppTest) -> None:
    n = sent(app.run())["view"]["n_context"]
    assert sent(click(app, kind="target", position=n, token_id=1001))["view"]["target"]["label"] == "map"
    assert sent(click(app, kind="twin"))["page"]["swap"] == {"from": "Noah", "to": "Kate"}
    assert sent(click(app, kind="example", index=1))["view"]["labels"][2] == "<script>alert(1)</script>"
    assert asked == []


def test_a_new_target_is_asked_with_the_same_ids_and_answered(app: AppTest) -> None:
    app.run()
    view = sent(click(app, kind="target", position=38, token_id=1004))["view"]
    assert view["target"]["label"] == "lamp" and view["fraction"] == 1
    assert [q.choice for q in asked] == [Choice(38, 1004)]
    assert asked[0].text == samples.result().tokens


def test_a_span_is_asked_by_its_ends_and_a_contrast_by_the_foils_id(app: AppTest) -> None:
    app.run()
    view = sent(click(app, kind="target", position=17, stop=20, token_id=None, foil=None))["view"]
    assert (view["target"]["kind"], view["target"]["label"]) == ("span", "green cup.")
    view = sent(click(app, kind="target", position=38, stop=None, token_id=1000, foil=[1001]))["view"]
    assert (view["target"]["kind"], view["target"]["label"], view["target"]["foil"]) == ("contrast", "cup", "map")
    assert [q.choice for q in asked] == [Choice(17, stop=20), Choice(38, 1000, foil=(1001,))]
    assert all(q.text == samples.result().tokens for q in asked)


def test_a_contrast_is_turned_round_and_ended_with_the_same_ids(app: AppTest) -> None:
    app.run()
    click(app, kind="target", position=38, token_id=1000, foil=[1001])
    view = sent(click(app, kind="exchange"))["view"]
    assert (view["target"]["label"], view["target"]["foil"], view["prediction"]["f"] < 0) == ("map", "cup", True)
    assert asked[-1].choice == Choice(38, 1001, foil=(1000,))
    assert sent(click(app, kind="exchange"))["view"]["target"]["label"] == "cup"
    assert asked[-1].choice == Choice(38, 1000, foil=(1001,))
    n = len(asked)
    assert sent(click(app, kind="target", position=38, token_id=1000))["view"]["target"]["kind"] == "token"
    click(app, kind="exchange")  # there is nothing to turn round
    assert len(asked) == n


def test_whole_strings_are_exchanged_in_the_text(app: AppTest) -> None:
    app.run()
    shown = samples.string_contrast()
    with_state(app, lambda: session.show(shown))
    app.run()
    click(app, kind="exchange")
    question = asked[-1]
    assert (question.said, question.choice) == ((1003, 1004, 1002), Choice(17, stop=19, foil=shown.tokens.ids[17:19]))


def test_a_typed_foil_is_compared_with_what_is_explained(app: AppTest) -> None:
    app.run()
    click(app, kind="rather", text="key ", whole=True)
    assert (asked[-1].foil, asked[-1].is_whole, asked[-1].choice) == (" key", True, Choice(38, 1000))
    click(app, kind="target", position=17, stop=20)
    click(app, kind="rather", text="red map", whole="yes")
    assert (asked[-1].foil, asked[-1].is_whole, asked[-1].choice) == (" red map", False, Choice(17, stop=20))
    n = len(asked)
    assert click(app, kind="rather", text="  ").error[0].value.startswith("A word is needed to compare with")
    assert len(asked) == n


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "target", "position": -1, "token_id": True},
        {"kind": "exchange"},
        {"kind": "rather", "text": ["x"], "whole": 1},
        {"kind": "example", "index": 99},
        {"kind": "heads", "position": 10**9},
        {"kind": "swap", "position": 10**9, "text": "x"},
        {"kind": ["target"]},
        {"kind": "rm -rf"},
        {},
    ],
    ids=str,
)
def test_a_forged_event_does_no_harm(app: AppTest, event: dict[str, Any]) -> None:
    before = sent(app.run())["view"]["labels"]
    assert sent(click(app, **event))["view"]["labels"] == before


def cut(app: AppTest, **event: object) -> tuple[dict[str, Any], Question]:
    """What is drawn after another cut was asked for, and the question."""
    view: dict[str, Any] = sent(click(app, **event))["view"]
    return view, asked[-1]


def test_sentences_are_scored_as_blocks_and_one_is_opened_into_its_tokens(app: AppTest) -> None:
    shown = samples.result()
    app.run()
    view, question = cut(app, kind="scored", text="sentences")
    groups = sentences(shown.tokens, shown.n_context)
    assert question.groups == "sentences" and question.choice == Choice(38, 1000) and question.text == shown.tokens
    assert view["scored"]["by"] == "sentences" and view["scored"]["sizes"] == [b - a for a, b in groups]
    assert view["labels"][:2] == ["<s>", "Mia ran to the museum."] and view["density"] is not None
    view, question = cut(app, kind="open", position=1)
    assert question.groups == opened(groups, 1) and question.choice == Choice(38, 1000)
    assert view["scored"]["by"] == "segments" and view["labels"][1:3] == ["Mia", "ran"]
    view = sent(click(app, kind="scored", text="tokens"))["view"]  # the example itself, which is there
    assert view["scored"]["by"] == "tokens" and view["density"] is None


def test_what_was_scored_before_is_there_at_once(app: AppTest) -> None:
    app.run()
    cut(app, kind="scored", text="sentences")
    shown, n = session_view(app), len(asked)
    engine_cache.remember(shown)
    assert sent(click(app, kind="scored", text="tokens"))["view"]["scored"]["by"] == "tokens"
    assert sent(click(app, kind="scored", text="sentences"))["view"]["scored"]["by"] == "sentences"
    assert len(asked) == n  # the example, and what was remembered


def session_view(app: AppTest) -> Attribution:
    found: list[Any] = []
    with_state(app, lambda: found.append(session.view()))
    assert found[0] is not None
    return found[0]


def test_neighbours_are_scored_as_one_block(app: AppTest) -> None:
    app.run()
    view, question = cut(app, kind="block", position=5, stop=9)
    assert question.groups == merged(singles(38), 5, 9)
    assert view["scored"] == {"by": "segments", "one": "block", "many": "blocks", "sizes": [1] * 5 + [4] + [1] * 29}


def test_clicks_on_blocks_mean_their_tokens(app: AppTest) -> None:
    app.run()
    cut(app, kind="scored", text="sentences")
    # What is explained next is scored in the same way; of a sentence all of it is explained, token by token.
    view, question = cut(app, kind="target", position=2)
    assert question.choice == Choice(7, stop=14) and question.groups == "sentences"
    target = view["target"]
    assert view["labels"][target["start"] : target["stop"]] == ["The", "ball", "is", "in", "the", "market", "."]
    app.run()
    view, question = cut(app, kind="target", position=view["target"]["start"], token_id=None, stop=None)
    assert question.choice == Choice(7)


def test_the_answers_other_words_are_asked_for_at_the_same_place(app: AppTest) -> None:
    app.run()
    view, _ = cut(app, kind="scored", text="sentences")
    _, question = cut(app, kind="target", position=view["target"]["start"], token_id=1004)
    assert question.choice == Choice(38, 1004) and question.groups == "sentences"
    cut(app, kind="block", position=1, stop=3)
    _, question = cut(app, kind="target", position=None, stop=None)
    assert question.choice == Choice(None) and isinstance(question.groups, tuple)


def test_a_swapped_sentence_is_scored_by_sentences_again(app: AppTest) -> None:
    app.run()
    cut(app, kind="scored", text="sentences")
    _, question = cut(app, kind="swap", position=1, text="Ann sat down.")
    assert question.text == samples.SCENE.replace("Mia ran to the museum.", "Ann sat down.")
    assert question.groups == "sentences"
    cut(app, kind="block", position=1, stop=3)
    _, question = cut(app, kind="swap", position=1, text="Ann sat down.")
    assert question.groups is None  # what was marked is no rule for another text


def test_of_a_forged_event_nothing_is_believed_but_whole_numbers() -> None:
    raw = {"kind": "target", "position": 2.5, "stop": "9", "token_id": None, "foil": [1, -2, True, "x", 3], "whole": 1}
    event = token_strip.read_event(raw)
    assert event is not None and (event.position, event.stop, event.token_id) == (None, None, None)
    assert (event.foil, event.is_whole) == ((1, 3), False)
    for foil in (None, "12", {"0": 1}, 5):
        assert token_strip.read_event({"kind": "target", "foil": foil}).foil == ()
    assert len(token_strip.read_event({"kind": "target", "foil": [1] * 10**5}).foil) <= 64


def test_stretches_of_a_forged_event_are_apart_in_order_and_more_than_one_token_or_none() -> None:
    read = lambda raw: token_strip.read_event({"kind": "blocks", "stretches": raw}).stretches  # noqa: E731
    assert read([[1, 3], [3, 4], [6, 9]]) == ((1, 3), (3, 4), (6, 9))
    for raw in (None, "12", 5, {"0": [1, 3]}, [[1, 2], [4, 5]], [[3, 1]], [[1, 4], [2, 6]], [[4, 6], [1, 3]]):
        assert read(raw) == ()
    for raw in ([[1]], [[1, 2, 3]], [[1, "3"]], [[True, 3]], [[1.0, 3]], [[-1, 3]], [1, 3], [[0, 2], None]):
        assert read(raw) == ()
    assert read([[2 * i, 2 * i + 2] for i in range(10**5)]) == ()


def test_what_a_reader_has_marked_is_scored_as_blocks_at_once(app: AppTest) -> None:
    app.run()
    view, question = cut(app, kind="blocks", stretches=[[1, 7], [10, 12]])
    assert question.groups is not None and question.groups[1] == (1, 7) and (10, 12) in question.groups
    assert view["n_context"] == 38 - 5 - 1 and view["labels"][1] == "Mia ran to the museum."
    view, question = cut(app, kind="blocks", stretches=[[0, 2]])  # of what is scored now
    assert question.groups[0] == (0, 7) and (10, 12) in question.groups
    n = len(asked)
    click(app, kind="blocks", stretches=[[30, 90]])  # of a text that is no longer there
    assert len(asked) == n


def test_weights_that_come_back_are_used_and_kept_for_the_next_question(app: AppTest) -> None:
    app.run()
    weights = {"beta": 0.2, "gamma": 0.9, "scaling": "raw"}
    assert sent(click(app, kind="weights", weights=weights))["view"]["weights"] == weights
    assert sent(click(app, kind="target", position=38, token_id=1004))["view"]["weights"] == weights
    bad = {"beta": -1, "gamma": "x", "scaling": "no"}
    assert sent(click(app, kind="weights", weights=bad))["view"]["weights"] == weights


def test_a_typed_text_is_explained_and_a_bad_one_loses_nothing(app: AppTest) -> None:
    app.run()
    click(app, kind="edit")
    assert app.text_area[0].value == samples.SCENE
    app.text_area[0].set_value("fail")
    app.button[0].click().run()
    assert app.error[0].value.startswith("Need at least 2 tokens\\, got 1\\: add a word\\.")
    assert "\\!\\[x\\]" in app.error[0].value  # nothing in a message is fetched or formatted
    assert app.text_area[0].value == "fail" and sent(app)["view"]["target"]["label"] == "cup"
    app.text_area[0].set_value("")
    app.button[0].click().run()
    assert app.error[0].value.startswith("A prompt is needed")
    app.text_area[0].set_value("Kate has a")
    app.text_input[0].set_value("cup")
    app.button[0].click().run()
    assert not app.error and not app.text_area
    assert (asked[-1].text, asked[-1].word, asked[-1].model) == ("Kate has a", " cup", "littletown")


def test_one_word_is_swapped_whole(app: AppTest) -> None:
    app.run()
    n = samples.result().tokens.pieces.index(" green")
    click(app, kind="swap", position=n, text=" red ")
    assert asked[-1].text == samples.SCENE.replace("green", "red")
    assert token_strip._word("a museum.", 4, 6) == (2, 8)  # a part of a word stands for the word
    assert token_strip._word("a museum.", 8, 9) == (8, 9)


def test_a_token_of_the_tokenizer_cannot_be_swapped(app: AppTest) -> None:
    app.run()
    click(app, kind="swap", position=0, text="x")
    assert app.error[0].value.startswith("A word of the text can be swapped")


def test_a_text_beyond_littletown_is_said(app: AppTest) -> None:
    assert not app.run().warning
    strangers = controls.unknown_words("Quantum chromodynamics is a gauge theory")
    assert strangers == ["Quantum", "chromodynamics", "gauge", "theory"]
    assert controls.unknown_words(samples.SCENE) == []


def test_panels_are_drawn_only_when_opened_and_agree_with_the_strip(app: AppTest) -> None:
    app.run()
    assert not app.get("plotly_chart") and not app.dataframe
    for key in ("breakdown", "heads", "table", "files"):
        app.session_state[session.PANELS[key]] = True
    view = sent(app.run())["view"]
    table = app.dataframe[0].value
    assert list(table["kl"]) == pytest.approx(view["kl"], rel=5e-6)  # six digits are drawn
    assert list(table["token"]) == view["labels"][: view["n_context"]]
    bars = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    assert [bar["name"] for bar in bars] == ["Transition", "Hessian", "KL"]
    assert [c[1] for c in bars[2]["customdata"]][3] == view["labels"][3]


def test_a_saved_result_reopens_the_exact_view(app: AppTest) -> None:
    app.run()
    shown = samples.odd().with_weights(Weights(beta=0.1, gamma=0.7, scaling="raw"))
    with_state(app, lambda: session.show(loads(details.text_of(dumps(shown).encode()))))
    view = sent(app.run())["view"]
    assert view["weights"] == {"beta": 0.1, "gamma": 0.7, "scaling": "raw"}
    assert view["labels"] == strip.labels(shown.tokens) and view["caption"] == caption.caption(shown).text


def test_a_broken_upload_says_why_and_keeps_the_view(app: AppTest) -> None:
    app.run()
    for content, says in ((b"{", "damaged"), (b"\xff\xfe", "UTF-8"), (b'{"format": "x"}', "other JSON")):
        with pytest.raises(Exception, match=says):
            loads(details.text_of(content))
    with_state(app, lambda: session.say("damaged"))
    assert sent(app.run())["view"]["target"]["label"] == "cup" and app.error[0].value == "damaged"


def test_without_examples_the_page_offers_the_text_box(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "FOLDER", Path("nowhere"))
    app.run()
    assert session.STRIP not in [c.key for c in app.get("bidi_component")] and app.text_area[0].value == ""
    app.text_area[0].set_value("Kate has a cup")
    app.button[0].click().run()
    assert sent(app)["view"]["fraction"] == 1


def test_a_bug_leaves_the_page_standing_and_an_error_is_told(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(token_strip, "draw", fail)
    app.run()
    assert "ZeroDivisionError" in app.error[0].value and "secret" not in app.error[0].value
    assert app.selectbox[0].label == "Model"


def test_stopping_keeps_what_was_found_and_the_newest_question_wins(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on = threading.Event()

    def waiting(question: Question, weights: Weights) -> Iterator[Step]:
        for step in fake_steps(question, weights):
            if step.result is not None and step.result.hessian is not None:
                may_go_on.wait(20)
            yield step

    monkeypatch.setattr(engine_cache, "steps", waiting)
    app.run()

    def act() -> None:
        session.ask(Question("littletown", "one"))
        first = state.get("run")
        while first.result is None:
            session.advance()
        session.ask(Question("littletown", "two"))
        assert not first.is_live and session.busy() is not None
        may_go_on.set()  # what the first is inside of ends, and then its thread is free
        second = state.get("run")
        may_go_on.clear()
        while second.result is None:
            session.advance()
        session.stop()
        may_go_on.set()
        assert session.busy() is None and session.view().hessian is None

    with_state(app, act)
    view = sent(app.run())["view"]
    assert view["transition"] is not None and view["hessian"] is None


def test_a_typed_model_that_is_not_here_is_offered_and_nothing_is_fetched_before_a_click(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_cache, "local_models", lambda *, is_urgent=False: ())

    def refuse(name: str) -> None:
        raise LoadError("The hub cannot be reached")

    monkeypatch.setattr(engine_cache, "describe_remote", refuse)
    app.run()
    with monkeypatch.context() as typed:
        typed.setattr(session, "model", lambda: "owner/name")
        with_state(app, controls._model_chosen)
    app.run()
    assert "owner/name is not on this computer." in [t.value for t in app.text]
    next(b for b in app.button if b.label.startswith("Ask the Hugging Face hub")).click().run()
    assert app.error[0].value == "The hub cannot be reached" and asked == []


def test_every_module_that_is_warmed_up_exists() -> None:
    assert all(importlib.util.find_spec(name) for name in engine_cache._HEAVY)


def test_every_linked_page_exists() -> None:
    assert all((ROOT / path).is_file() for path, _, _ in frame.PAGES)


def test_plain_leaves_nothing_for_markdown() -> None:
    assert controls.plain("![a](b) :red[c] $d$") == r"\!\[a\]\(b\) \:red\[c\] \$d\$"
