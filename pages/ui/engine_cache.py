"""The model in memory, the work of one question step by step, and what has been answered before.

Nothing here imports torch before a question needs it: `warm` does so in a thread while the page is read.
"""

import gc
import importlib
import os
import threading
from collections import OrderedDict
from collections.abc import Generator, Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from heta_core.allocator import keep_freed
from heta_core.attribution import Attribution
from heta_core.errors import LoadError
from heta_core.settings import Weights
from heta_core.tokens import from_text
from heta_core.views import naming
from pages.ui import allowed, model_held
from pages.ui.cost import Told, told
from pages.ui.question import Question

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel
    from heta_core.loading import LocalModel, RemoteModel

EMBEDDED = "littletown"
_ROOMS = ("heta_core.loading", "heta_core.engine", "heta_core.generation", "heta_core.explaining")
_HEAVY = ("torch", "transformers", *_ROOMS)
_TICK = 0.15  # seconds that a page waits before it looks again
_LONG_TICK = 0.4  # the same while modules are imported, which the page's own work would slow down
_IS_WARM = threading.Event()
_KEPT = 64  # finished results; one of 64 tokens takes some 100 kB


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """How far a question has come."""

    busy: str  # what is being done, in words
    fraction: float | None = None  # of it, where known
    result: Attribution | None = None  # everything known so far
    told: Told | None = None  # what a long question costs


# Of the process, not of Streamlit's caches: models' own threads come here too, and belong to no visitor.
_lock = threading.Lock()
_finished: "OrderedDict[int, Attribution]" = OrderedDict()
_beside: "Future[LanguageModel] | None" = None  # the embedded model, beside the one that is held
_warm: "Future[None] | None" = None


def steps(question: Question, weights: Weights) -> Iterator[Step]:
    """The work of a question; each step takes at most some 150 ms, and closing the generator ends it.

    Args:
        weights: of the score on the screen, which adaptive probes go by.

    Raises:
        HetaError: the model cannot be loaded, or the question not answered.
    """
    lm = yield from loaded(question.model, question.may_download)
    question = replace(question, settings=allowed.bounded(question.settings))
    attribute_steps = importlib.import_module("heta_core.engine").attribute_steps
    text, choice = question.read(lm.tokenizer)
    allowed.check_length(lambda: len(from_text(lm.tokenizer, text) if isinstance(text, str) else text))
    result = None
    cost = told(lm, question, text, choice)
    if cost is not None:
        yield Step("Reading the text", told=cost)
    groups = question.blocks(text, choice)
    for result in attribute_steps(lm, text, choice=choice, settings=question.settings, weights=weights, groups=groups):
        yield Step(_doing(result), result.work.fraction, result, cost)
    if result is not None:
        remember(result)


def loaded(name: str, may_download: bool) -> "Generator[Step, None, LanguageModel]":
    """The model, once the engine and it are in memory; until then how far they are.

    Raises:
        HetaError: the model cannot be loaded, or not be asked here.
    """
    allowed.check_model(name)
    yield from _started()
    with model_held.waiting(name, may_download=may_download) as loading:
        while not loading.future.done():
            yield Step(f"Loading {name}: {loading.doing}", loading.fraction)
            wait([loading.future], _TICK)
        return loading.future.result()


def _started() -> Generator[Step, None, None]:
    ready = warm()
    while starting(patience=0):
        yield Step("Starting the engine")
        wait([ready], _LONG_TICK)


def embedded() -> "Generator[Step, None, LanguageModel]":
    """The embedded model beside whichever one is held: it is small, and lessons must not take another from its readers.

    Raises:
        HetaError: it cannot be loaded, or not be asked here.
    """
    if not allowed.is_allowed(EMBEDDED):
        raise LoadError(
            f"Lessons need {EMBEDDED}, this server does not offer it: whoever runs the server can add it to `models`. "
            "All that is drawn without the model is here."
        )
    yield from _started()
    loading = _embedded()
    while not loading.done():
        yield Step(f"Loading {EMBEDDED}")
        wait([loading], _TICK)
    return loading.result()


def _embedded() -> "Future[LanguageModel]":
    """Of the process, and never let go of; one that failed is tried again. Its numbers are those that are shipped."""
    global _beside
    with _lock:
        if _beside is None or (_beside.done() and _beside.exception() is not None):
            _beside = model_held.in_thread("embedded", _load_embedded)
        return _beside


def _load_embedded() -> "LanguageModel":
    """As it was measured, whatever the server's own models are loaded in: float32, and 4 MB need no other device."""
    return importlib.import_module("heta_core.loading").load(EMBEDDED, device="cpu")  # type: ignore[no-any-return]


def loaded_for(result: Attribution) -> "Generator[Step, None, tuple[LanguageModel, Attribution]]":
    """The model that a result is of, to be asked again, and the result within the memory that is allowed here.

    Raises:
        HetaError: the model cannot be loaded, or not be asked here, or the text is too long for that.
    """
    allowed.check_model(result.source.model)
    allowed.check_length(lambda: len(result.tokens))
    lm = yield from loaded(result.source.model, may_download=False)
    return lm, replace(result, settings=allowed.bounded(result.settings))


def _doing(result: Attribution) -> str:
    """What comes next for a partial result."""
    if result.information is None:
        one = "word" if result.groups is None else naming.unit(result)
        return f"KL: masking {one} by {one}"
    return "Hessian: first probes" if result.hessian is None else "Hessian: refining"


def warm() -> "Future[None]":
    """The import of everything heavy, in a thread, once for all sessions; one that failed needs a new start."""
    global _warm
    with _lock:
        if _warm is None:
            keep_freed()
            _warm = model_held.in_thread("warm", _import_all)
        return _warm


def starting(patience: float = _LONG_TICK) -> bool:
    """Whether the engine is still on its way, after at most `patience` seconds.

    Raises:
        LoadError: it cannot be started.
    """
    ready = warm()
    wait([ready], patience)
    if not ready.done():
        return True
    if (why := ready.exception()) is not None:
        raise LoadError(
            f"The engine needs every package of requirements.txt, found that it does not start ({type(why).__name__}: "
            f"{why}): install them again, then restart the app."
        ) from why
    return False


def _import_all() -> None:
    for name in _HEAVY:
        importlib.import_module(name)
    if "OMP_NUM_THREADS" not in os.environ:
        # Server and browser need a core of their own: threads of torch that wait for a busy one are slower than fewer.
        torch = importlib.import_module("torch")
        torch.set_num_threads(max(1, torch.get_num_threads() - 1))
    # Streamlit collects garbage after every run of a script. What was imported stays: looking through it again takes
    # as long as a moment of work.
    gc.freeze()
    _IS_WARM.set()


def is_warm() -> bool:
    """The heavy modules are there; asking starts nothing."""
    return _IS_WARM.is_set()


def local_models(*, is_urgent: bool = False) -> "tuple[LocalModel, ...] | None":
    """What can be loaded without the network; None until the engine is there, unless it is waited for."""
    if is_urgent:
        warm().result()
    return _local_models() if is_warm() else None


@st.cache_data(ttl=30, show_spinner=False)
def _local_models() -> "tuple[LocalModel, ...]":
    return importlib.import_module("heta_core.loading").available()  # type: ignore[no-any-return]


def describe_remote(name: str) -> "RemoteModel":
    """Size and licence of a model at the hub: one request, so only after a click.

    Raises:
        LoadError: there is no such model, it cannot be asked here, or the hub cannot be reached.
    """
    allowed.check_model(name)
    warm().result()
    return importlib.import_module("heta_core.loading").describe_remote(name)  # type: ignore[no-any-return]


def remember(result: Attribution) -> None:
    """Keep a finished result, the oldest going first."""
    with _lock:
        _finished[id(result)] = result
        while len(_finished) > _KEPT:
            _finished.popitem(last=False)


def recall(question: Question) -> Attribution | None:
    """The finished result that answers a question, if there is one: going back is instant."""
    with _lock:
        return next((r for r in reversed(_finished.values()) if question.is_answered_by(r)), None)
