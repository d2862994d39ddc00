"""The one model in memory, for all sessions: loaded once however many ask, let go of when another is asked for.

Loading ends when nobody waits for it any more, and no second model is read before it has ended.
"""

import functools
import gc
import importlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from heta_core.errors import Cancelled
from pages.ui import allowed

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

_Result = TypeVar("_Result")


@dataclass(slots=True, eq=False)
class Loading:
    """A model on its way into memory; the loading thread tells here how far it is, and hears whether to go on."""

    doing: str = "reading"
    fraction: float = 0.0
    future: "Future[LanguageModel]" = field(default_factory=Future)
    n_waiting: int = 0  # for it to be there

    @property
    def is_useless(self) -> bool:
        """It failed, or it is being given up."""
        return self.future.exception() is not None if self.future.done() else not self.n_waiting

    def tell(self, doing: str, fraction: float) -> None:
        """What `loading.load` calls.

        Raises:
            Cancelled: nobody waits any more.
        """
        self.doing, self.fraction = doing, fraction
        if not self.n_waiting:
            raise Cancelled("The model is not loaded: everyone who asked for it has stopped waiting.")


# Of the process, not of Streamlit's caches: models' own threads come here too, and belong to no visitor.
_lock = threading.Lock()
_reading = threading.Lock()  # held while a model is read
_held: tuple[str, Loading] | None = None  # the model in memory, by its name


@contextmanager
def waiting(name: str, *, may_download: bool) -> Iterator[Loading]:
    """A model that is there or comes; one that failed or was given up is tried again."""
    global _held
    with _lock:
        loading = _held[1] if _held is not None and _held[0] == name else None
        if loading is None or loading.is_useless:
            loading = Loading(n_waiting=1)
            _held = name, loading
            loading.future = in_thread("load", functools.partial(_load, name, may_download, loading.tell))
        else:
            loading.n_waiting += 1
    try:
        yield loading
    finally:
        with _lock:
            loading.n_waiting -= 1


def _load(name: str, may_download: bool, tell: Callable[[str, float], None]) -> "LanguageModel":
    """The model, when what was being read before has ended: two at once might not fit."""
    with _reading:
        gc.collect()  # modules and their hooks refer to each other, and would stay beside the new ones
        load, serving = importlib.import_module("heta_core.loading").load, allowed.current()
        return load(  # type: ignore[no-any-return]
            name, dtype=serving.dtype, device=serving.device, download=may_download, progress=tell
        )


def in_thread(name: str, work: Callable[[], _Result]) -> "Future[_Result]":
    """The result of some work, in a thread that does not keep the program from ending."""
    future: Future[_Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it raised there
            future.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future
