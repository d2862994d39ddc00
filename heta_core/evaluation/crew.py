"""Who asks the model: this process, or any number of others, each with the model in its own memory."""

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch

from heta_core.allocator import keep_freed
from heta_core.datasets import Example
from heta_core.errors import SettingsError
from heta_core.evaluation.plan import Plan
from heta_core.evaluation.running import Progress, example_steps
from heta_core.language_model import LanguageModel
from heta_core.loading import load
from heta_core.memory import available
from heta_core.parts import Source

Task = tuple[str, Example]  # the name of a data set, and one of its examples
# What a crew tells: the model once it is loaded, then every example as it goes, in whatever order.
Told = Iterator[Source | Progress]

# Of the memory that is free, what several processes share: the rest is for whatever else comes and goes.
_SHARED_PART = 0.5


@dataclass(frozen=True, slots=True)
class Job:
    """One model for some examples."""

    model: str  # as `load` takes it
    plan: Plan
    may_download: bool = False


Crew = Callable[[Job, list[Task]], Told]


def alone(job: Job, tasks: list[Task]) -> Told:
    """This process, one example after another. The model is gone from memory when the last is done.

    Raises:
        LoadError: the model cannot be loaded.
    """
    try:
        yield Progress("loading", 0.0)
        yield from by(load(job.model, download=job.may_download))(job, tasks)
    finally:
        gc.collect()  # modules and their hooks refer to each other


def by(lm: LanguageModel) -> Crew:
    """This process with a model that is in its memory already, whatever the job calls it."""

    def carry(job: Job, tasks: list[Task]) -> Told:
        yield lm.source
        for dataset, example in tasks:
            yield from example_steps(lm, example, job.plan, dataset)

    return carry


def settled(n_threads: int) -> None:
    """What a process of several begins with: its part of the cores."""
    keep_freed()
    torch.set_num_threads(n_threads)


def finished(lm: LanguageModel, job: Job, task: Task) -> Progress:
    """The last progress of one example."""
    *_, last = example_steps(lm, task[1], job.plan, task[0])
    return last


def among(job: Job, n: int) -> Job:
    """The same for one of n processes on this computer, whose passes share what memory may be taken.

    On a GPU each sees what the others leave, and halves what does not fit.
    """
    settings = job.plan.settings
    if settings.memory is None and torch.cuda.is_available():
        return job
    share = (settings.memory or int(_SHARED_PART * available())) // n
    return replace(job, plan=replace(job.plan, settings=replace(settings, memory=max(1, share))))


def check_same(first: Source | None, other: Source) -> None:
    """Every process must have loaded the same: they read the same files, which may change in between."""
    if first is not None and (first.weights_id, first.tokenizer_id) != (other.weights_id, other.tokenizer_id):
        raise SettingsError(f"{other.model} has changed while it was loaded: give the same command again.")
