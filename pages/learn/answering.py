"""What a picture asks the model: answered before the page is drawn where the model is in memory, else step by step.

The last question about each lesson, and about the town, is kept with its answer, for a reader who comes back. Tokens
and memory are held against what this server allows. A reply is no job of jobs.py: it takes some tenths of a second, the
model answers one at a time, and nobody's lesson should wait for a long run of theirs on Explore.
"""

import importlib
import threading
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

from heta_core.errors import HetaError
from heta_core.teaching.contract import Data, Limits
from pages.ui import allowed, engine_cache, state
from pages.ui.engine_cache import Step

_KEPT = "learn.asked"
_BROKEN = "Something went wrong here ({}). The terminal that runs the app has the details."

Reply = Callable[..., Data]


@dataclass(slots=True, eq=False)
class _Question:
    """It changes in place, and its work knows nothing of the session's state: any access of that may end the script."""

    reply: Reply
    event: Mapping[str, object]
    said: Data | None = None  # {"busy"}, {"problem"} or the answer
    is_over: bool = False
    work: Generator[Step, None, Data] | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)  # a run that was stopped may still be inside a step

    def advance(self) -> bool:
        """One step further; whether there is more of it. Work that was ended from outside is begun again.

        Raises:
            Exception: whatever a bug in the work raised.
        """
        with self._turn:
            if not self.is_over:
                self._step()
            return not self.is_over

    def _step(self) -> None:
        self.work = self.work or _answered(self.reply, self.event)
        try:
            self.said = {"busy": next(self.work).busy}
        except StopIteration as done:
            self._end(done.value)
        except HetaError as error:
            self._end({"problem": str(error)})
        except Exception as error:
            self._end({"problem": _BROKEN.format(type(error).__name__)})
            raise
        except BaseException:
            self.work = None
            raise

    def _end(self, said: Data) -> None:
        self.said, self.is_over, self.work = said, True, None


@dataclass(slots=True)
class _Asked:
    """All of a session, put into its state once."""

    last: dict[str, _Question] = field(default_factory=dict)  # about each lesson, and the town
    drawn: _Question | None = None


def ask(about: str, reply: Reply, event: Mapping[str, object]) -> None:
    """Ask something about a lesson, or the town; the newest question takes the place of the one before."""
    _asked().last[about] = _Question(reply, event)


def event(about: str) -> Mapping[str, object] | None:
    """What the newest question was."""
    found = _asked().last.get(about)
    return None if found is None else found.event


def said(about: str) -> Data | None:
    """{"busy"}, {"problem"} or the answer to the newest question; None where nothing was asked."""
    found = _asked().last.get(about)
    return None if found is None else found.said


def advance(about: str) -> bool:
    """Take the newest question one step further, before what it gave is drawn; whether there is more of it."""
    asked = _asked()
    asked.drawn = asked.last.get(about)
    return asked.drawn is not None and asked.drawn.advance()


def goes_on() -> bool:
    """There is work left: what was drawn is to be drawn again. A step taken here would end without being drawn."""
    drawn = _asked().drawn
    return drawn is not None and not drawn.is_over


def _asked() -> _Asked:
    kept: _Asked | None = state.get(_KEPT)
    if kept is None:
        kept = _Asked()
        state.put(_KEPT, kept)
    return kept


def _answered(reply: Reply, event: Mapping[str, object]) -> Generator[Step, None, Data]:
    """The answer; yields where the model is not there yet."""
    lm = yield from engine_cache.embedded()
    importlib.import_module("heta_core.teaching.asking")  # of torch, which is there by now
    return reply(lm, event, _limits())


def _limits() -> Limits:
    """What a reply may take here: the lower of a lesson's own limits and those of this server."""
    own, longest = Limits(), allowed.current().longest
    return Limits(own.longest if longest is None else min(longest, own.longest), allowed.bounded(own.settings))
