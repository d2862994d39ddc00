"""The same question by another method: asked of the model while the page is looked at, kept while the session lasts."""

import importlib
from collections.abc import Iterator

from heta_core.attribution import Attribution
from heta_core.errors import InputError
from heta_core.library.entry import identity
from heta_core.settings import Weights
from heta_core.targets import as_asked
from pages.ui import catalogue, controls, engine_cache, state
from pages.ui.engine_cache import Step
from pages.ui.runs import Run

_KEPT = 12  # answers of other methods in a session, those on the page among them

Key = tuple[str, str, Weights]


def is_at_hand(question: Attribution) -> bool:
    """The model that answered is on this computer; asked only once the engine is there."""
    return engine_cache.is_warm() and controls.is_here(question.source.model)


def run_of(method: str, question: Attribution) -> Run:
    """The answer of a method on its way, begun when it is asked for the first time."""
    held: dict[Key, Run] = state.get("compare.runs", {})
    key = _key(method, question)
    run = held.pop(key, None) or Run(work(method, question), model=question.source.model)
    state.put("compare.runs", dict([*list(held.items())[-_KEPT + 1 :], (key, run)]))
    return run


def again(method: str, question: Attribution) -> None:
    """Forget an answer that was stopped or failed, so that the next drawing asks for it anew."""
    state.get("compare.runs", {}).pop(_key(method, question), None)


def _key(method: str, question: Attribution) -> Key:
    return method, identity(question), question.weights


def work(method: str, question: Attribution) -> Iterator[Step]:
    """Step by step; the result has scores with the last.

    Raises:
        HetaError: the model is not here, or the method cannot be used on it.
    """
    lm, question = yield from engine_cache.loaded_for(question)
    if lm.source.tokenizer_id != question.source.tokenizer_id:
        raise InputError(
            f"Need the tokenizer that the text was cut with, but {question.source.model} has another one now: explain "
            "the text again on Explore."
        )
    explaining = importlib.import_module("heta_core.explaining")
    steps = explaining.explain_by_steps(
        lm,
        question.tokens,
        method,
        choice=as_asked(question.target),
        settings=question.settings,
        weights=question.weights,
        groups=question.groups,
    )
    for result in steps:
        yield Step(f"{catalogue.title(method)}: {result.work.done:,} passes so far", _fraction(result), result)


def _fraction(result: Attribution) -> float | None:
    """Known of HETA; what another method will take is known when it is done."""
    return result.work.fraction if result.method == "heta" or result.is_complete else None


def advance(runs: tuple[Run, ...]) -> bool:
    """Work on what is on the page, or wait for the engine, whose methods the pickers list. False with nothing to do.

    Raises:
        LoadError: the engine cannot be started.
    """
    return engine_cache.starting() or any([run.advance() for run in runs])  # each of them, not up to the first
