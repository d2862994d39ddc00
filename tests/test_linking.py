"""Links that are opened on Explore: the same question again, and one clear line where there is none."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import samples
import streamlit as st
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # as `streamlit run app.py` does

from heta_core.attribution import Attribution  # noqa: E402 - the pages need the path above
from heta_core.errors import InputError  # noqa: E402
from heta_core.library import writing  # noqa: E402
from heta_core.library.entry import Shelf  # noqa: E402
from heta_core.settings import Settings, Weights  # noqa: E402
from heta_core.taking import link  # noqa: E402
from heta_core.targets import Choice, as_asked  # noqa: E402
from heta_core.typed import as_cut  # noqa: E402
from pages.ui import controls, engine_cache, examples, keeping, linking, session  # noqa: E402
from pages.ui.engine_cache import Step  # noqa: E402
from pages.ui.question import ADAPTIVE, Question  # noqa: E402

asked: list[Question] = []
SHOWN = samples.result()


def fake_steps(question: Question, _: Weights) -> Iterator[Step]:
    asked.append(question)
    if question.choice.position == 999:
        raise InputError("The target must stand at a position from 1 to 38, got 999.")
    pieces = samples.words(question.text if isinstance(question.text, str) else question.text.text)
    yield Step("Reading", 1.0, samples.explained(pieces, question.choice))


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    samples.write_examples(tmp_path)
    st.cache_resource.clear()
    asked.clear()
    monkeypatch.setattr(examples, "FOLDER", tmp_path)
    monkeypatch.setattr(engine_cache, "steps", fake_steps)
    monkeypatch.setattr(engine_cache, "_HEAVY", ())
    monkeypatch.setattr(engine_cache, "local_models", lambda *, is_urgent=False: ())
    monkeypatch.setattr(keeping, "shelf", lambda: None)
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()


def follow(app: AppTest, fragment: str) -> Attribution:
    """Open a link and say what is then on the screen."""
    in_session(app, lambda: linking.follow(fragment))
    app.run()
    shown: list[Attribution | None] = []
    in_session(app, lambda: shown.append(session.view()))
    assert shown[0] is not None
    return shown[0]


def in_session(app: AppTest, act: Callable[[], None]) -> None:
    """Do something in the app's session, once, in the place of listening for links."""
    original, done = linking.draw, []

    def draw() -> None:
        if not done:
            done.append(True)
            act()

    linking.draw = draw
    try:
        app.run()
    finally:
        linking.draw = original


def test_a_link_is_the_same_question_again(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "set_model", lambda name: None)  # only before the picker is drawn
    result = samples.contrast()
    follow(app, link.written(result))
    (question,) = asked
    assert (question.model, question.text, question.ids) == ("littletown", result.tokens.text, result.tokens.ids)
    assert (question.choice, question.settings) == (as_asked(result.target), Settings())
    assert not app.exception and not app.error
    assert question.is_answered_by(result)


@pytest.mark.parametrize(
    "said",
    [
        "model=<script>alert(1)</script>&prompt=a b",
        "model=littletown&prompt=a b&at=-3",
        "model=littletown&prompt=a b&at=999",
        "model=littletown&prompt=" + "a " * 40_000,
        "model=littletown",
        "saved=nothing",
        "%zz&&=",
    ],
)
def test_a_link_that_makes_no_sense_is_one_line_and_what_was_shown_stays(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setattr(session, "set_model", lambda name: None)
    shown = follow(app, f"#heta?{said}")
    (error,) = app.error
    assert len(error.value) < 400 and "<script>" not in error.value.replace("\\", "@")
    assert not app.exception and shown.tokens == SHOWN.tokens


def test_a_model_that_is_not_here_is_offered_and_its_question_waits(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "set_model", lambda name: None)
    follow(app, "#heta?model=someone/other&prompt=The+end+is&at=2")
    assert asked == []
    assert "someone/other is not on this computer." in [text.value for text in app.text]
    state: dict[str, Question] = {}
    monkeypatch.setattr(session, "ask", lambda question: state.update(asked=question))
    in_session(app, lambda: linking.download("someone/other"))
    assert state["asked"] == Question("someone/other", "The end is", Choice(2), ADAPTIVE, may_download=True)


def test_a_download_without_a_link_is_the_readers_own_question(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setattr(controls, "download", called.append)
    linking.download("gpt2")
    assert called == ["gpt2"]


def test_a_long_prompt_is_named_by_its_place_in_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Shelf(tmp_path / "library.sqlite")
    long = samples.result(["<s>", *(" word" for _ in range(2000))])
    monkeypatch.setattr(keeping, "shelf", lambda: own)
    with pytest.raises(InputError, match="at most 8,000"):
        linking.written(long)
    entry_id = writing.save(own, long)
    assert link.read(linking.written(long)).saved == entry_id
    shown: list[Attribution] = []
    monkeypatch.setattr(session, "show", shown.append)
    linking.follow(linking.written(long))
    assert shown[0].tokens == long.tokens
    assert linking.written(SHOWN) == link.written(SHOWN)


def test_a_text_is_cut_as_the_link_says_or_refused() -> None:
    from transformers import PreTrainedTokenizerFast

    from heta_core import load

    tokenizer: PreTrainedTokenizerFast = load("littletown").tokenizer  # type: ignore[assignment]
    text = "Noah went to the garden."
    own = as_cut(tokenizer, text, tuple(tokenizer.encode(text)))
    assert as_cut(tokenizer, text, own.ids) == own
    with pytest.raises(InputError, match="spell another text"):
        as_cut(tokenizer, text, (*own.ids, 5))
    letters = tuple(i for c in text for i in tokenizer.encode(c, add_special_tokens=False))
    if "".join(tokenizer.decode([i]) for i in letters) == text:
        assert as_cut(tokenizer, text, (own.ids[0], *letters)).text == text
