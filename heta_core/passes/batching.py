"""Work in batches that shrink, rather than fail, where memory runs out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import torch

from heta_core.errors import OutOfMemoryError

_Result = TypeVar("_Result")


@dataclass(slots=True)
class Room:
    """How many rows of a batch fit into memory at once; a run that finds fewer leaves that for the next."""

    rows: int


def in_batches(n: int, room: Room, run: Callable[[slice], _Result]) -> Iterator[_Result]:
    """What `run` returns for 0 … n−1, slice by slice; where memory runs out the batch is halved and tried again.

    Raises:
        OutOfMemoryError: a single row does not fit.
    """
    start = 0
    while start < n:
        batch = slice(start, min(start + room.rows, n))
        n_rows = batch.stop - batch.start
        try:
            found = run(batch)
        except OutOfMemoryError:
            if n_rows == 1:
                raise
            room.rows = n_rows // 2
        else:
            yield found
            start = batch.stop
            continue
        # Here, not in the handler: its error would hold the frames, and with them the memory, of what failed.
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
