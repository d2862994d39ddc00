"""A run over models and data sets: what is not done yet, one model in memory at a time, each example kept at once."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from heta_core.datasets import Dataset
from heta_core.errors import LoadError
from heta_core.evaluation.crew import Crew, Job, Task
from heta_core.evaluation.keeping import Kept
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

    @property
    def words(self) -> str:
        """The same on a line."""
        return " · ".join(filter(None, (f"{self.n_done:,} of {self.n:,}", self.model, self.doing, self._left)))

    @property
    def _left(self) -> str:
        if self.left is None:
            return ""
        if self.left >= 5400:
            return f"about {self.left / 3600:.1f} h left"
        return f"about {self.left / 60:.0f} min left" if self.left >= 90 else f"about {self.left:.0f} s left"


def carried(kept: Kept, datasets: Mapping[str, Dataset], crew: Crew, *, may_download: bool = False) -> Iterator[State]:
    """The run as it goes on to its end. A model that cannot be loaded is told, and the others go on.

    Args:
        datasets: by name; those of the plan.

    Raises:
        SettingsError: a model has other weights than the run was begun with.
        InputError: the file cannot be written.
        OutOfMemoryError: one of several processes has died.
    """
    plan, began = kept.record.plan, time.perf_counter()
    n, n_before = plan.n_asked, len(kept.done)

    def state(model: str, doing: str, problem: str | None = None) -> State:
        n_new = len(kept.done) - n_before
        pace = (time.perf_counter() - began) / n_new if n_new else None
        return State(model, doing, len(kept.done), n, pace and pace * (n - len(kept.done)), problem)

    for model in plan.models:
        tasks = _left(kept, model, datasets)
        if not tasks:
            continue
        try:
            for told in crew(Job(model, plan, may_download), tasks):
                if isinstance(told, Source):
                    assert told.model == model  # what is done is known by it
                    kept.meet(told)
                    continue
                if told.outcome is not None:
                    kept.add(told.outcome)
                yield state(model, told.doing)
        except LoadError as error:
            yield state(model, "not loaded", str(error))


def _left(kept: Kept, model: str, datasets: Mapping[str, Dataset]) -> list[Task]:
    """What is not done yet, in the order of the data."""
    return [
        (corpus.name, example)
        for corpus in kept.record.plan.corpora
        for example in datasets[corpus.name].examples
        if (model, corpus.name, example.id) not in kept.done
    ]
