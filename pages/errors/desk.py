"""The run on the desk: its work step by step, what it has found, and what the reader wrote beside it."""

import importlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from heta_core.errors import HetaError
from heta_core.evaluation import record as records
from heta_core.evaluation.outcome import Key, Outcome, Remark
from heta_core.evaluation.plan import Plan
from heta_core.evaluation.record import Record
from pages.errors.asking import Asked
from pages.ui import engine_cache, state
from pages.ui.details import text_of
from pages.ui.engine_cache import Step
from pages.ui.runs import Run

UPLOAD = "heta.errors.opened"
_LONGEST = 256 * 1024 * 1024  # characters of a run that is opened


@dataclass(slots=True, eq=False)
class Desk:
    """One run: from a form or from a file. Remarks stay with the reader's session."""

    plan: Plan
    n_asked: int  # examples
    run: Run | None = None  # None where it was opened from a file
    saved: tuple[Outcome, ...] = ()
    remarks: dict[Key, Remark] = field(default_factory=dict)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What is known so far, in the order of the data."""
        if self.run is None:
            return self.saved
        return self.run.result or ()

    @property
    def record(self) -> Record:
        """The same as a file would hold it."""
        return records.joined(self.plan, self.outcomes, self.remarks)


def current() -> Desk | None:
    """What lies on the desk."""
    return state.get("errors.desk")  # type: ignore[no-any-return]


def begin(asked: Asked) -> None:
    """Start a run; the one before ends, and can be opened again only if it was saved."""
    stop()
    run = Run(work(asked), model=asked.model, is_patient=True)  # type: ignore[arg-type]
    put(Desk(asked.plan, len(asked.dataset.examples), run))


def put(desk: Desk | None) -> None:
    """Lay a run on the desk."""
    state.put("errors.desk", desk)
    state.put("errors.chosen", None)


def work(asked: Asked) -> Iterator[Step]:
    """Example after example; the result of a step is all outcomes so far.

    Raises:
        HetaError: the model cannot be loaded, or the plan names what there is not.
    """
    lm = yield from engine_cache.loaded(asked.model, may_download=False)
    running = importlib.import_module("heta_core.evaluation.running")
    found: tuple[Outcome, ...] = ()
    examples, spent = asked.dataset.examples, 0.0
    for n, example in enumerate(examples):
        began = time.perf_counter()
        for progress in running.example_steps(lm, example, asked.plan, asked.dataset.name):
            if progress.outcome is not None:
                found = (*found, progress.outcome)
                spent += time.perf_counter() - began
            told = f"Example {n + 1} of {len(examples)} · {progress.doing}{_left(spent, len(found), len(examples))}"
            yield Step(told, (n + progress.fraction) / len(examples), found or None)  # type: ignore[arg-type]


def _left(spent: float, n: int, of: int) -> str:
    if not n or n == of:
        return ""
    seconds = spent / n * (of - n)
    return f" · about {seconds / 60:.0f} min left" if seconds > 90 else f" · about {max(1, round(seconds))} s left"


def advance() -> bool:
    """Work on the run for a moment. False when there is nothing to do."""
    desk = current()
    return desk is not None and desk.run is not None and desk.run.advance()


def stop() -> None:
    """End the run; what it has found stays."""
    desk = current()
    if desk is not None and desk.run is not None:
        desk.run.stop()


def open_file() -> None:
    """Lay the run of the file that was dropped on the desk; what lies there stays where the file is no run."""
    file = state.widget(UPLOAD)
    if file is None:
        return
    try:
        found = records.loads(text_of(file.getvalue()))
    except HetaError as error:
        say(str(error))
        return
    say(None)
    stop()
    put(Desk(found.plan, len(found.outcomes), None, found.outcomes, found.remarks))


def remark(key: Key, words: Remark) -> None:
    """Write something beside an example."""
    desk = current()
    if desk is not None:
        desk.remarks[key] = words


def say(problem: str | None) -> None:
    """What did not work."""
    state.put("errors.problem", problem)


def said() -> str | None:
    """The same, to be drawn."""
    return state.get("errors.problem")  # type: ignore[no-any-return]
