"""The run on the desk: its work step by step, what it has found, and what the reader wrote beside it."""

import importlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from heta_core.datasets import Example
from heta_core.errors import HetaError, InputError
from heta_core.evaluation import earlier
from heta_core.evaluation import record as records
from heta_core.evaluation.keeping import Kept, Ledger, Loose, keeping
from heta_core.evaluation.outcome import Key, Outcome, Remark
from heta_core.evaluation.plan import Plan
from heta_core.evaluation.record import Record
from heta_core.tokens import from_text
from pages.errors import shelf
from pages.errors.asking import Asked
from pages.errors.looking import Looks
from pages.ui import allowed, engine_cache, state
from pages.ui.details import text_of
from pages.ui.engine_cache import Step
from pages.ui.runs import Run

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

UPLOAD = "heta.errors.opened"


@dataclass(slots=True, eq=False)
class Desk:
    """One run: from the form, from a file, or kept earlier."""

    opened: Record  # as it was before this session went on with it
    run: Run | None = None  # None where it is only looked at
    folder: Path | None = None  # where it is kept
    remarks: dict[Key, Remark] = field(default_factory=dict)
    looks: Looks = field(default_factory=Looks)
    kept: Kept | None = None  # its file, while the run holds it open

    @property
    def found(self) -> Record:
        """As far as it has come."""
        return self.run.result if self.run is not None and self.run.result is not None else self.opened

    @property
    def plan(self) -> Plan:
        """What it is asked to do."""
        return self.opened.plan

    @property
    def n_asked(self) -> int:
        """Examples; of a plan that does not name its data those that are there."""
        return self.plan.n_asked or len(self.opened.outcomes)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What is known so far, in the order of the data."""
        return self.found.outcomes

    @property
    def record(self) -> Record:
        """The same as a file holds it."""
        return replace(self.found, remarks=dict(self.remarks))


def current() -> Desk | None:
    """What lies on the desk."""
    return state.get("errors.desk")  # type: ignore[no-any-return]


def begin(asked: Asked) -> None:
    """Start a run, or go on with one that was left; the one on the desk ends.

    Raises:
        InputError: the folder of runs cannot be made.
    """
    try:
        folder = shelf.place_for(asked.plan)
    except OSError as error:
        raise InputError(f"The folder of runs cannot be made ({error}): mend that, or switch saving off.") from error
    stop()
    desk = Desk(Record(asked.plan), folder=folder)
    desk.run = Run(work(asked, desk), model=asked.model, is_patient=True)  # type: ignore[arg-type]
    put(desk)


def put(desk: Desk | None) -> None:
    """Lay a run on the desk."""
    state.put("errors.desk", desk)
    state.put("errors.chosen", None)


def work(asked: Asked, desk: Desk) -> Iterator[Step]:
    """Example after example; the result of a step is the run so far.

    Raises:
        HetaError: the model cannot be loaded, the plan names what there is not, or the run cannot be written.
    """
    lm = yield from engine_cache.loaded(asked.model, may_download=False)
    for example in asked.dataset.examples:
        allowed.check_length(partial(_length, lm, example), f"the example {example.id}")
    with ExitStack() as files:
        if desk.folder is not None:
            desk.kept = files.enter_context(keeping(desk.folder, asked.plan))
            files.callback(setattr, desk, "kept", None)
            desk.remarks |= desk.kept.record.remarks
        yield from _carried(lm, asked, desk.kept or Loose(desk.opened))


def _length(lm: "LanguageModel", example: Example) -> int:
    """Tokens of an example with its answer; 0 of a text that cannot be cut, of which the run says why."""
    with suppress(InputError):
        return len(from_text(lm.tokenizer, example.prompt + (example.target or "")))
    return 0


def _carried(lm: "LanguageModel", asked: Asked, ledger: Ledger) -> Iterator[Step]:
    carrying, crew = (importlib.import_module(f"heta_core.evaluation.{name}") for name in ("carrying", "crew"))
    is_begun = False
    for far in carrying.carried(ledger, {asked.dataset.name: asked.dataset}, crew.by(lm)):
        is_begun = True
        told = " · ".join(filter(None, (f"Example {far.nth} of {far.n}", far.doing, far.rest)))
        yield Step(told, far.fraction, ledger.record if ledger.record.outcomes else None)  # type: ignore[arg-type]
    if not is_begun:
        yield Step("Nothing is left to do", 1.0, ledger.record)  # type: ignore[arg-type]


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
    if file is not None:
        _open(lambda: records.loads(text_of(file.getvalue())), None)


def open_kept(folder: Path) -> None:
    """Lay a run that was kept on the desk."""
    _open(lambda: earlier.opened(folder), folder)


def _open(read: Callable[[], Record], folder: Path | None) -> None:
    try:
        found = read()
    except HetaError as error:
        say(str(error))
        return
    say(None)
    stop()
    put(Desk(found, folder=folder, remarks=dict(found.remarks)))


def delete(folder: Path) -> None:
    """Remove a run that was kept; it leaves the desk too."""
    desk = current()
    if desk is not None and desk.folder == folder:
        stop()
        put(None)
    try:
        earlier.deleted(folder)
    except HetaError as error:
        say(str(error))


def remark(key: Key, words: Remark) -> None:
    """Write something beside an example."""
    desk = current()
    if desk is None:
        return
    desk.remarks[key] = words
    if desk.folder is None:
        return
    try:
        if desk.kept is not None:
            desk.kept.remark(key, words)
        else:
            with keeping(desk.folder, desk.plan) as kept:
                kept.remark(key, words)
    except HetaError as error:
        say(str(error))


def say(problem: str | None) -> None:
    """What did not work."""
    state.put("errors.problem", problem)


def said() -> str | None:
    """The same, to be drawn."""
    return state.get("errors.problem")  # type: ignore[no-any-return]
