"""A crew of processes on this computer: each loads the model and is given an example whenever it has none.

Every process hangs on a pipe of its own, so that it ends with whoever started it, however that ends; none of them
hears Ctrl-C, which is for the one that writes.
"""

import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import torch

from heta_core.errors import HetaError, OutOfMemoryError
from heta_core.evaluation.crew import Crew, Job, Task, Told, among, check_same, finished, settled
from heta_core.evaluation.running import Progress
from heta_core.loading import load
from heta_core.parts import Source

_PATIENCE = 5.0  # seconds that a process gets to end


@dataclass(slots=True, eq=False)
class _Hand:
    """One of the processes."""

    process: BaseProcess
    line: "Connection[object, object]"

    def give(self, tasks: list[Task]) -> None:
        """Hand it the next example, or with none left send it home."""
        with suppress(BrokenPipeError):  # it has died: its end of the line says so when it is read
            self.line.send(tasks.pop(0) if tasks else None)

    def hear(self) -> object:
        """What it has to say.

        Raises:
            OutOfMemoryError: it has died.
        """
        try:
            return self.line.recv()
        except EOFError as error:
            self.process.join(_PATIENCE)
            raise OutOfMemoryError(
                f"Need every process to stay, but one has ended without a word (exit code {self.process.exitcode}), "
                "most likely for lack of memory. What was done is kept: give the same command with fewer --workers."
            ) from error


def in_processes(n: int) -> Crew:
    """A crew of n processes, never more than there are examples."""

    def carry(job: Job, tasks: list[Task]) -> Told:
        left, size = list(tasks), min(n, len(tasks))
        yield Progress("loading", 0.0)
        job = among(job, size)
        hands = [_started(_work, job, max(1, torch.get_num_threads() // size)) for _ in range(size)]
        try:
            yield from _led(hands, left, len(tasks))
        finally:
            for hand in hands:
                hand.line.close()
                hand.process.terminate()
            for hand in hands:
                hand.process.join(_PATIENCE)
                hand.process.kill()

    return carry


def _led(hands: list[_Hand], left: list[Task], n: int) -> Told:
    """What the processes say until n examples are done."""
    by_line = {hand.line: hand for hand in hands}
    first: Source | None = None
    while n:
        for ready in connection.wait(list(by_line)):
            hand = by_line[ready]  # type: ignore[index]
            said = hand.hear()
            if isinstance(said, HetaError):
                raise said
            if isinstance(said, Source):
                check_same(first, said)
                if first is None:
                    yield said
                first = first or said
            elif isinstance(said, Progress):
                n -= 1
                yield said
            if not left:
                del by_line[hand.line]
            hand.give(left)


def _started(work: Callable[..., None], *given: object) -> _Hand:
    context = get_context("spawn")  # a fork would take torch's threads and locks along
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, *given), daemon=True)
    process.start()
    theirs.close()
    return _Hand(process, ours)


def _work(line: "Connection[object, object]", job: Job, n_threads: int) -> None:
    """The life of a process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settled(n_threads)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):  # whoever started it is gone
        try:
            lm = load(job.model, download=job.may_download)
            line.send(lm.source)
            while (task := line.recv()) is not None:
                line.send(finished(lm, job, task))  # type: ignore[arg-type]
        except HetaError as error:
            line.send(error)
