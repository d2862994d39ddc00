"""Work that goes on while a page is read: each model has a thread of its own, which takes all its questions by steps.

1. A question is taken up when a page looks at it, and waits while no page does: its tab was closed, another branch is
   in front, the connection is gone for a while. Nothing has to be told that a reader left.
2. Of several, those without a first picture come first, in the order in which they were asked; then the rest; last of
   all those that are patient, such as a run over many examples.
3. The more questions there are, the less often each is drawn: what a server can draw in a second is shared.
4. Of one visitor no more go on than this server allows, see jobs.py: the rest waits for them.
5. One thread, because pools of threads that work in turn on the same cores cost half of the time; it ends when nothing
   has been asked for a while.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from heta_core.errors import HetaError
from pages.ui import allowed, jobs, state, visitor
from pages.ui.engine_cache import Step

_MOMENT = 0.25  # seconds between two drawings at most: drawing takes about as long on a busy computer
_LOOK = 3.0  # seconds for which a page's look at a question holds; a drawing takes less
_IDLE = 30.0  # seconds without work before a thread ends
_MOST = 32  # questions to one model at a time


@dataclass(slots=True, eq=False)
class Run:
    """A question being answered.

    It changes in place: Streamlit may end a script at any access of the session's state, and a step that was computed
    must not be lost between the generator and the state.
    """

    steps: Iterator[Step]
    latest: Step = field(default_factory=lambda: Step("Asking the model"))
    model: str = ""  # whose thread works on it
    is_patient: bool = False  # it waits for all that are not
    result: Any = None
    problem: str | None = None
    is_live: bool = True
    is_kept: bool = False  # whether it belongs into the library has been looked at, see keeping.py
    looked: float = float("-inf")  # when a page last did
    visitor: str = ""  # who asked, and on which page, where the jobs of a visitor are counted
    page: str = ""
    _fault: BaseException | None = None
    _n_taken: int = 0  # steps
    _n_told: int = 0  # of them, those that were there before the last drawing began
    _lock: threading.Lock = field(default_factory=threading.Lock)  # held while the generator is inside a step
    _news: threading.Condition = field(default_factory=threading.Condition)

    @property
    def busy(self) -> Step | None:
        """How far it is; None when it is over."""
        if not self.is_live:
            return None
        own = jobs.before(self)
        if own:
            return replace(self.latest, busy=_waiting(own))
        n_ahead = _desk(self.model).ahead(self)
        return replace(self.latest, busy=f"Waiting: {n_ahead} ahead") if n_ahead else self.latest

    @property
    def is_wanted(self) -> bool:
        """It is alive and looked at."""
        return self.is_live and time.monotonic() - self.looked < _LOOK

    @property
    def has_news(self) -> bool:
        """It goes on, or its end has not been drawn yet: it may end while the page is being drawn."""
        return self.is_live or self._n_told != self._n_taken or self._fault is not None

    def advance(self) -> bool:
        """Look at it: it is worked on for a moment, or until its first picture. False when there is nothing to draw.

        Raises:
            Exception: whatever a bug in the work raised.
        """
        if self.is_live:
            had_none = self.result is None
            self.looked = time.monotonic()
            self.problem = self._refusal()
            if self.problem is not None:
                self.is_live = False
                return True
            self._await(lambda: not self.is_live or (had_none and self.result is not None))
        elif not self.has_news:
            return False
        self._n_told = self._n_taken
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault
        return True

    def _refusal(self) -> str | None:
        """Take it up, counted among the jobs of its visitor; why not, where it cannot be."""
        try:
            if self.model:
                allowed.check_model(self.model)  # at once: what is refused should not wait for its turn
        except HetaError as error:
            return str(error)
        if not self.visitor and allowed.current().jobs is not None:
            self.visitor, self.page = visitor.token(), state.get("page", "")
        jobs.enter(self)
        if _desk(self.model).admit(self):
            return None
        return f"{_MOST} questions wait for this model, which is all it takes: try again in a minute."

    def _await(self, is_news: Callable[[], bool]) -> None:
        """Wait until there is something to draw, and as long as others that are drawn meanwhile take."""
        end = time.monotonic() + _MOMENT * _n_drawn()
        while True:
            with self._news:
                if self._news.wait_for(is_news, _MOMENT) or time.monotonic() >= end:
                    return
            self.looked = time.monotonic()
            state.give_way()

    def step(self) -> None:
        """Take it one step further; for its thread."""
        with self._lock:
            if self.is_live:
                self._take()
        if not self.is_live:
            self._close()

    def stop(self) -> None:
        """End it, after the step it is in; what it has found stays."""
        with self._news:
            self.is_live = False
        self._close()

    def _take(self) -> None:
        latest, problem, fault = None, None, None
        try:
            latest = next(self.steps)
        except StopIteration:
            pass
        except HetaError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - a bug is for the page's boundary, not for this thread
            fault = error
        with self._news:
            if self.is_live:  # else it was stopped meanwhile, and what is on the screen stays as it is
                self.is_live, self.problem, self._fault = latest is not None, problem, fault
                if latest is not None:
                    self.latest, self.result = latest, latest.result or self.result
                self._n_taken += 1
            self._news.notify_all()

    def _close(self) -> None:
        """Let go of what the work holds, unless it is inside a step: then that ends with it."""
        if self._lock.acquire(blocking=False):
            try:
                self.steps.close()  # type: ignore[attr-defined]  # a generator
            finally:
                self._lock.release()


class _Desk:
    """The questions to one model, and the thread that works on them."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._runs: list[Run] = []  # as they were asked
        self._is_open = False  # the thread is there
        self._turn = threading.Condition()

    def admit(self, run: Run) -> bool:
        """Work on it from now on, while it is looked at; False where too many are there."""
        with self._turn:
            if run not in self._runs:
                if len(self._wanted()) >= _MOST:
                    return False
                self._runs.append(run)
            if not self._is_open:
                self._is_open = True
                threading.Thread(target=self._work, name=f"model {self._model}", daemon=True).start()
            self._turn.notify()
            return True

    def ahead(self, run: Run) -> int:
        """How many come before it; 0 also of one that is not looked at."""
        with self._turn:
            order = self._ready()
            return order.index(run) if run in order else 0

    def n_wanted(self) -> int:
        """How many are alive and looked at."""
        with self._turn:
            return len(self._wanted())

    def _wanted(self) -> list[Run]:
        """What is alive and looked at."""
        return [run for run in self._runs if run.is_wanted]

    def _ready(self) -> list[Run]:
        """Of that what waits for no other job of its visitor, in the order in which it is worked on."""
        ready = [run for run in self._wanted() if not jobs.before(run)]
        return sorted(ready, key=lambda run: (run.is_patient, run.result is not None))

    def _work(self) -> None:
        idle_since = time.monotonic()
        while True:
            with self._turn:
                # One that nobody looks at keeps its place for as long as the thread lives.
                self._runs = [run for run in self._runs if run.is_live]
                ready = self._ready()
                if not ready:
                    if time.monotonic() - idle_since > _IDLE:
                        self._is_open, self._runs = False, []
                        return
                    self._turn.wait(_IDLE)
                    continue
            ready[0].step()
            idle_since = time.monotonic()


def _waiting(own: "list[jobs.Job]") -> str:
    """What a job waits for, of the same visitor."""
    told = "; ".join(": ".join(filter(None, (run.page, run.latest.busy))) for run in own if isinstance(run, Run))
    return f"Waiting for your own {'job' if len(own) == 1 else 'jobs'}: {told}"


_desks: dict[str, _Desk] = {}
_opening = threading.Lock()


def _desk(model: str) -> _Desk:
    with _opening:
        return _desks.setdefault(model, _Desk(model))


def _n_drawn() -> int:
    """How many questions are drawn by turns, of all models; one at least."""
    with _opening:
        desks = list(_desks.values())
    return max(1, sum(desk.n_wanted() for desk in desks))
