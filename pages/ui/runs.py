"""Work that goes on while a page is read: a moment at a time, between two drawings."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from heta_core.errors import HetaError
from pages.ui.engine_cache import Step

_MOMENT = 0.25  # seconds of work between two drawings: drawing takes about as long on a busy computer


@dataclass(slots=True, eq=False)
class Run:
    """A question being answered.

    It changes in place: Streamlit may end a script at any access of the session's state, and a step that was computed
    must not be lost between the generator and the state. A click can start a second script while the first is still
    inside a step, hence the lock.
    """

    steps: Iterator[Step]
    latest: Step = field(default_factory=lambda: Step("Asking the model"))
    result: Any = None
    problem: str | None = None
    is_live: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def busy(self) -> Step | None:
        """How far it is; None when it is over."""
        return self.latest if self.is_live else None

    def advance(self) -> bool:
        """Work for a moment, one step at least. False when there is nothing to do."""
        if not self.is_live:
            return False
        end = time.monotonic() + _MOMENT
        with self.lock:
            self._step()
            while self.is_live and time.monotonic() < end:
                self._step()
        return True

    def _step(self) -> None:
        try:
            self.latest = next(self.steps)
        except StopIteration:
            self.is_live = False
        except HetaError as error:
            self.is_live, self.problem = False, str(error)
        else:
            self.result = self.latest.result or self.result

    def stop(self) -> None:
        """End it; what it has found stays."""
        if not self.is_live:
            return
        self.is_live = False
        with self.lock:
            self.steps.close()  # type: ignore[attr-defined]  # a generator
