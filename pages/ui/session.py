"""What one visitor of Explore looks at and waits for."""

from typing import Any

from heta_core.attribution import Attribution
from heta_core.errors import ReportError
from heta_core.settings import Weights
from pages.ui import allowed, engine_cache, examples, keeping, state
from pages.ui.engine_cache import Question, Step
from pages.ui.runs import Run

# The scaling that does better on verified evidence; the README prints both, and a test holds this to the table.
OPENING = Weights(scaling="unit")
MODEL = "heta.model"  # the key of the picker
DRAFT = "heta.draft"  # of the text box
WORD = "heta.word"  # of the box for a next word
UPLOAD = "heta.upload"
STRIP = "heta.strip"
PANELS = {name: f"heta.panel.{name}" for name in ("breakdown", "heads", "table", "files")}


# what is shown


def view() -> Attribution | None:
    """The result on the screen, partial or finished, with the weights chosen on it."""
    run: Run | None = state.get("run")
    shown: Attribution | None = run.result if run and run.result else state.get("view")
    return shown.with_weights(weights()) if shown else None


def show(result: Attribution) -> None:
    """Put a finished result on the screen as it was saved, weights included.

    Raises:
        ReportError: it is another method's, of which Explore's components are not known.
    """
    if result.given is not None:
        raise ReportError(
            f"Explore draws the components of HETA, which are not known of this method ({result.given.title}): import "
            "the file in the Library and compare it on Compare."
        )
    stop()
    for name, value in (("run", None), ("view", result), ("weights", result.weights), ("problem", None)):
        state.put(name, value)
    edit(False)


def weights() -> Weights:
    """How the components are combined."""
    return state.get("weights", OPENING)  # type: ignore[no-any-return]


def set_weights(value: Weights) -> None:
    """Combine otherwise from now on."""
    state.put("weights", value)


def heads_position() -> int | None:
    """The token whose layers and heads are looked at."""
    return state.get("heads")  # type: ignore[no-any-return]


def look_at_heads(position: int) -> None:
    """Open the layers and heads of a token."""
    state.put("heads", position)
    state.set_widget(PANELS["heads"], True)


def is_open(panel: str) -> bool:
    """The reader has opened this panel below the strip."""
    return bool(state.widget(PANELS[panel]))


# what is asked


def ask(question: Question) -> None:
    """Answer a question: at once where it was answered before. The newest question ends the one before."""
    before = view()
    stop()
    state.put("view", before)
    state.put("problem", None)
    found = engine_cache.recall(question)
    if found is not None:
        state.put("run", None)
        state.put("view", found)
        edit(False)
        if not examples.is_shipped(found):
            keeping.keep_known(found.with_weights(weights()))
        return
    state.put("run", Run(engine_cache.steps(question, weights()), model=question.model))


def advance() -> bool:
    """Work on the running question for a moment, then let what is known be drawn. False when there is nothing to do."""
    run: Run | None = state.get("run")
    if run is None or not run.advance():
        keep()  # now that the finished picture is on the screen
        return False
    if run.result is not None:
        edit(False)
        name = run.result.source.model
        if name not in asked_models():
            state.put("asked_models", (name, *asked_models()))
    return True


def asked_models() -> tuple[str, ...]:
    """The models that have answered this visitor, the newest first."""
    return state.get("asked_models", ())  # type: ignore[no-any-return]


def stop() -> None:
    """End the running question; what it has found stays on the screen."""
    keep()
    run: Run | None = state.get("run")
    if run is not None:
        run.stop()


def keep() -> None:
    """Let the library have the answer, if it is finished."""
    keeping.keep(state.get("run"), weights())


def busy() -> Step | None:
    """How far the running question is."""
    run: Run | None = state.get("run")
    return run.busy if run else None


# what is typed and said


def problem() -> str | None:
    """Why the last thing asked for did not work."""
    run: Run | None = state.get("run")
    return run.problem if run and run.problem else state.get("problem")


def say(problem: str | None) -> None:
    """Tell the reader why something did not work; None takes it back."""
    run: Run | None = state.get("run")
    if run is not None:
        run.problem = None
    state.put("problem", problem)


def is_editing() -> bool:
    """The text box is open."""
    return bool(state.get("editing"))


def edit(is_open: bool) -> None:
    """Open the text box, with the text on the screen in it, or close it."""
    if is_open and not is_editing() and (shown := view()) is not None:
        state.put("draft_of", shown.tokens.text)
    state.put("editing", is_open)


def draft() -> str:
    """What the text box begins with."""
    return state.get("draft_of", "")  # type: ignore[no-any-return]


def typed() -> tuple[str, str]:
    """What stands in the box for the text, and in the one for a next word."""
    return state.widget(DRAFT) or "", state.widget(WORD) or ""


def offer(name: str | None, description: Any = None) -> None:
    """Offer to download a model, described once the hub has been asked; None takes it back."""
    state.put("offer", (name, description))


def offered() -> str | None:
    """The model that could be downloaded."""
    return state.get("offer", (None, None))[0]  # type: ignore[no-any-return]


def described() -> Any:
    """What the hub says of it, or None."""
    return state.get("offer", (None, None))[1]


def uploaded() -> Any:
    """The file that was dropped, or None."""
    return state.widget(UPLOAD)


def model() -> str:
    """The model that the next typed text is given to."""
    return state.widget(MODEL) or allowed.current().opening


def set_model(name: str) -> None:
    """Choose a model as the picker would; only before the picker is drawn. It has none that cannot be asked here."""
    if allowed.is_allowed(name):
        state.set_widget(MODEL, name)


def strip_event() -> object:
    """What the component sent."""
    return state.event(STRIP)
