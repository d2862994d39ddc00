"""A run over models and data sets: what is not done yet, one model in memory at a time, each example kept at once."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from heta_core.datasets import Dataset
from heta_core.errors import LoadError
from heta_core.evaluation.crew import Crew, Job, Task
from heta_core.evaluation.keeping import Ledger
from heta_core.evaluation.running import Progress
from heta_core.parts import Source


@dataclass(frozen=True, slots=True)
class State:
    """How far a run is."""

    model: str
    doing: str
    n_done: int  # examples, those of earlier commands too
    n: int  # examples of all models
    left: float | None  # seconds that the rest takes at the pace so far; None before there is one
    problem: str | None = None  # why this model's examples are left for another time
    nth: int = 1  # the example that this is about, counted like n
    part: float = 0.0  # of that example that is done, about

    @property
    def words(self) -> str:
        """The same on a line."""
        return " · ".join(filter(None, (f"{self.n_done:,} of {self.n:,}", self.model, self.doing, self.rest)))

    @property
    def fraction(self) -> float:
        """Of the whole run."""
        return (self.nth - 1 + self.part) / self.n

    @property
    def rest(self) -> str:
        """How long the rest takes; empty where that is not known yet, or nothing is left."""
        if self.left is None or self.n_done >= self.n:
            return ""
        if self.left >= 5400:
            return f"about {self.left / 3600:.1f} h left"
        return f"about {self.left / 60:.0f} min left" if self.left >= 90 else f"about {max(1.0, self.left):.0f} s left"


def carried(
    ledger: Ledger, datasets: Mapping[str, Dataset], crew: Crew, *, may_download: bool = False
) -> Iterator[State]:
    """The run as it goes on to its end. A model that cannot be loaded is told, and the others go on.

    Args:
        datasets: by name; those of the plan.

    Raises:
        SettingsError: a model has other weights than the run was begun with.
        InputError: the file cannot be written.
        OutOfMemoryError: one of several processes has died.
    """
    plan, began = ledger.record.plan, time.perf_counter()
    n, n_before = plan.n_asked, len(ledger.done)

    def state(model: str, told: Progress, nth: int, problem: str | None = None) -> State:
        n_done = len(ledger.done)
        pace = (time.perf_counter() - began) / (n_done - n_before) if n_done > n_before else None
        return State(model, told.doing, n_done, n, pace and pace * (n - n_done), problem, nth, told.fraction)

    for model in plan.models:
        tasks = _left(ledger, model, datasets)
        if not tasks:
            continue
        try:
            for told in crew(Job(model, plan, may_download), tasks):
                if isinstance(told, Source):
                    assert told.model == model  # what is done is known by it
                    ledger.meet(told)
                    continue
                nth = len(ledger.done) + 1
                if told.outcome is not None:
                    ledger.add(told.outcome)
                yield state(model, told, nth)
        except LoadError as error:
            yield state(model, Progress("not loaded", 0.0), len(ledger.done) + 1, str(error))


def _left(ledger: Ledger, model: str, datasets: Mapping[str, Dataset]) -> list[Task]:
    """What is not done yet, in the order of the data."""
    return [
        (corpus.name, example)
        for corpus in ledger.record.plan.corpora
        for example in datasets[corpus.name].examples
        if (model, corpus.name, example.id) not in ledger.done
    ]
