"""What one visitor looks at and waits for: the only file that touches `st.session_state`."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from heta_core.attribution import Attribution
from heta_core.errors import HetaError
from heta_core.settings import Weights
from pages.ui import engine_cache
from pages.ui.engine_cache import Question, Step

# The scaling that does better on verified evidence; the README prints both, and a test holds this to the table.
OPENING = Weights(scaling="unit")
MODEL = "heta.model"  # the key of the picker
_MOMENT = 0.25  # seconds of work between two drawings: drawing takes about as long on a busy computer
DRAFT = "heta.draft"  # of the text box
WORD = "heta.word"  # of the box for a next word
UPLOAD = "heta.upload"
STRIP = "heta.strip"
PANELS = {name: f"heta.panel.{name}" for name in ("breakdown", "heads", "table", "files")}


@dataclass(slots=True, eq=False)
class Run:
    """A question being answered.

    It changes in place: Streamlit may end a script at any access of the session's state, and a step that was computed
    must not be lost between the generator and the state. A click can start a second script while the first is still
    inside a step, hence the lock.
    """

    question: Question
    steps: Iterator[Step]
    latest: Step = field(default_factory=lambda: Step("Asking the model"))
    result: Attribution | None = None
    problem: str | None = None
    is_live: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)


def _get(name: str, default: Any = None) -> Any:
    return st.session_state.get(f"heta.{name}", default)


def _set(name: str, value: object) -> None:
    st.session_state[f"heta.{name}"] = value


# what is shown


def view() -> Attribution | None:
    """The result on the screen, partial or finished, with the weights chosen on it."""
    run: Run | None = _get("run")
    shown: Attribution | None = run.result if run and run.result else _get("view")
    return shown.with_weights(weights()) if shown else None


def show(result: Attribution) -> None:
    """Put a finished result on the screen as it was saved, weights included."""
    stop()
    for name, value in (("run", None), ("view", result), ("weights", result.weights), ("problem", None)):
        _set(name, value)
    edit(False)


def weights() -> Weights:
    """How the components are combined."""
    return _get("weights", OPENING)  # type: ignore[no-any-return]


def set_weights(value: Weights) -> None:
    """Combine otherwise from now on."""
    _set("weights", value)


def heads_position() -> int | None:
    """The token whose layers and heads are looked at."""
    return _get("heads")  # type: ignore[no-any-return]


def look_at_heads(position: int) -> None:
    """Open the layers and heads of a token."""
    _set("heads", position)
    st.session_state[PANELS["heads"]] = True


def is_open(panel: str) -> bool:
    """The reader has opened this panel below the strip."""
    return bool(st.session_state.get(PANELS[panel]))


# what is asked


def ask(question: Question) -> None:
    """Answer a question: at once where it was answered before. The newest question ends the one before."""
    before = view()
    stop()
    _set("view", before)
    _set("problem", None)
    found = engine_cache.recall(question)
    if found is not None:
        _set("run", None)
        _set("view", found)
        edit(False)
        return
    _set("run", Run(question, engine_cache.steps(question)))


def advance() -> bool:
    """Work on the running question for a moment, then let what is known be drawn. False when there is nothing to do."""
    run: Run | None = _get("run")
    if run is None or not run.is_live:
        return False
    end = time.monotonic() + _MOMENT
    with run.lock:
        _step(run)
        while run.is_live and time.monotonic() < end:
            _step(run)
    if run.result is not None:
        edit(False)
    return True


def _step(run: Run) -> None:
    try:
        run.latest = next(run.steps)
    except StopIteration:
        run.is_live = False
    except HetaError as error:
        run.is_live, run.problem = False, str(error)
    else:
        run.result = run.latest.result or run.result


def stop() -> None:
    """End the running question; what it has found stays on the screen."""
    run: Run | None = _get("run")
    if run is None or not run.is_live:
        return
    run.is_live = False
    with run.lock:
        run.steps.close()  # type: ignore[attr-defined]  # a generator


def busy() -> Step | None:
    """How far the running question is."""
    run: Run | None = _get("run")
    return run.latest if run and run.is_live else None


# what is typed and said


def problem() -> str | None:
    """Why the last thing asked for did not work."""
    run: Run | None = _get("run")
    return run.problem if run and run.problem else _get("problem")


def say(problem: str | None) -> None:
    """Tell the reader why something did not work; None takes it back."""
    run: Run | None = _get("run")
    if run is not None:
        run.problem = None
    _set("problem", problem)


def is_editing() -> bool:
    """The text box is open."""
    return bool(_get("editing"))


def edit(is_open: bool) -> None:
    """Open the text box, with the text on the screen in it, or close it."""
    if is_open and not is_editing() and (shown := view()) is not None:
        _set("draft_of", shown.tokens.text)
    _set("editing", is_open)


def draft() -> str:
    """What the text box begins with."""
    return _get("draft_of", "")  # type: ignore[no-any-return]


def typed() -> tuple[str, str]:
    """What stands in the box for the text, and in the one for a next word."""
    return st.session_state.get(DRAFT) or "", st.session_state.get(WORD) or ""


def offer(name: str | None, description: Any = None) -> None:
    """Offer to download a model, described once the hub has been asked; None takes it back."""
    _set("offer", (name, description))


def offered() -> str | None:
    """The model that could be downloaded."""
    return _get("offer", (None, None))[0]  # type: ignore[no-any-return]


def described() -> Any:
    """What the hub says of it, or None."""
    return _get("offer", (None, None))[1]


def uploaded() -> Any:
    """The file that was dropped, or None."""
    return st.session_state.get(UPLOAD)


def model() -> str:
    """The model that the next typed text is given to."""
    return st.session_state.get(MODEL) or engine_cache.EMBEDDED


def set_model(name: str) -> None:
    """Choose a model as the picker would; only before the picker is drawn."""
    st.session_state[MODEL] = name


def strip_event() -> object:
    """What the component sent."""
    return (st.session_state.get(STRIP) or {}).get("event")


def once(name: str) -> bool:
    """True the first time it is asked in a session."""
    if _get(f"once.{name}"):
        return False
    _set(f"once.{name}", True)
    return True
