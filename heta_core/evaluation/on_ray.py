"""A crew on a Ray cluster, or on this computer as one: each actor has the model in its own memory.

Ray is no requirement of this package: it is looked for when it is asked for. It opens ports of its own. Every machine
of a cluster needs this package and the model's files at the same place.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from heta_core.errors import HetaError, OutOfMemoryError, SettingsError
from heta_core.evaluation.crew import Crew, Job, Task, Told, among, check_same, finished, settled
from heta_core.evaluation.running import Progress
from heta_core.loading import load
from heta_core.parts import Source

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel


class _Hand:
    """What lives in an actor; Ray makes actors of classes only."""

    def __init__(self, job: Job, n_threads: int) -> None:
        self.job, self.n_threads = job, n_threads
        self.lm: LanguageModel | None = None

    def source(self) -> Source | HetaError:
        """Load the model; an error comes back as it is, Ray would wrap it."""
        settled(self.n_threads)
        try:
            self.lm = load(self.job.model, download=self.job.may_download)
        except HetaError as error:
            return error
        return self.lm.source

    def finished(self, task: Task) -> Progress:
        """One example."""
        assert self.lm is not None  # only whoever has told its source is given one
        return finished(self.lm, self.job, task)


def on_ray(n: int | None = None, address: str | None = None) -> Crew:
    """A crew of n actors, or of as many as there are GPUs, or without any cores.

    Args:
        address: of the cluster; None starts one on this computer for as long as the run lasts.

    Raises:
        SettingsError: Ray is not installed, or the cluster cannot be reached.
    """
    ray = _imported()

    def carry(job: Job, tasks: list[Task]) -> Told:
        yield Progress("loading", 0.0)
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody unasked
        try:
            ray.init(address=address, include_dashboard=False if address is None else None, log_to_driver=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise SettingsError(f"No Ray cluster could be had at {address or 'this computer'} ({error}).") from error
        try:
            yield from _led(ray, job, list(tasks), n, address)
        finally:
            ray.shutdown()

    return carry


def _led(ray: Any, job: Job, left: list[Task], n: int | None, address: str | None) -> Told:
    there = ray.cluster_resources()
    kind = "num_gpus" if there.get("GPU") else "num_cpus"
    size = max(1, min(n or int(there.get("GPU") or there.get("CPU", 1)), len(left)))
    n_threads = 1 if kind == "num_cpus" else 4  # a core each; beside a GPU there is little to do
    job = among(job, size) if address is None else job
    actor = ray.remote(_Hand)
    hands = [actor.options(**{kind: 1}).remote(job, n_threads) for _ in range(size)]
    waiting = {hand.source.remote(): hand for hand in hands}
    first: Source | None = None
    while waiting:
        (ready,), _ = ray.wait(list(waiting), num_returns=1)
        hand = waiting.pop(ready)
        try:
            said = ray.get(ready)
        except ray.exceptions.RayError as error:
            raise OutOfMemoryError(
                f"Need every actor to stay, but one has ended ({str(error)[:200]}). What was done is kept: give the "
                "same command again, with fewer of them."
            ) from error
        if isinstance(said, HetaError):
            raise said
        if isinstance(said, Source):
            check_same(first, said)
        if isinstance(said, Progress) or first is None:
            yield said
        first = first or said
        if left:
            waiting[hand.finished.remote(left.pop(0))] = hand


def _imported() -> Any:
    try:
        return import_module("ray")
    except ImportError as error:
        raise SettingsError(
            "--workers ray needs the package ray, found none: pip install -e '.[ray]', or give a number of --workers."
        ) from error
