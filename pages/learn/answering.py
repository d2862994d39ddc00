"""What a picture asks the model: answered before the page is drawn where the model is in memory, else step by step."""

import importlib
from collections.abc import Callable, Iterator, Mapping

from heta_core.errors import HetaError
from heta_core.teaching.contract import Data
from pages.ui import engine_cache, state

_WORK, _REPLY = "learn.work", "learn.reply"

Reply = Callable[..., Data]


def ask(about: str, reply: Reply, event: Mapping[str, object]) -> None:
    """Ask something about a lesson, or the town; the newest question ends the one before."""
    _stop()
    state.put(_WORK, _answered(about, reply, event))


def said(about: str) -> Data | None:
    """{"busy"}, {"problem"} or the answer to the newest question; None where that is about another thing."""
    found: tuple[str, Data] | None = state.get(_REPLY)
    return found[1] if found is not None and found[0] == about else None


def advance() -> bool:
    """Take the work one step further, before what it gave is drawn; whether there is more of it."""
    work: Iterator[None] | None = state.get(_WORK)
    if work is None:
        return False
    if next(work, True) is None:
        return True
    state.put(_WORK, None)
    return False


def goes_on() -> bool:
    """There is work left: what was drawn is to be drawn again. A step taken here would end without being drawn."""
    return state.get(_WORK) is not None


def _stop() -> None:
    work = state.get(_WORK)
    if work is not None:
        work.close()
    state.put(_WORK, None)


def _answered(about: str, reply: Reply, event: Mapping[str, object]) -> Iterator[None]:
    """Writes the answer where `said` finds it; yields where the model is not there yet."""
    try:
        loading = engine_cache.embedded()
        while True:
            try:
                step = next(loading)
            except StopIteration as done:
                lm = done.value
                break
            state.put(_REPLY, (about, {"busy": step.busy}))
            yield
        importlib.import_module("heta_core.teaching.asking")  # of torch, which is there by now
        state.put(_REPLY, (about, reply(lm, event)))
    except HetaError as error:
        state.put(_REPLY, (about, {"problem": str(error)}))
