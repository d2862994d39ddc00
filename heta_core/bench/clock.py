"""Times of several runs, taken in turns so that a busy moment of the machine meets all of them alike."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Spread:
    """Several measurements of one thing."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Median, least and most."""
    return Spread(float(np.median(values)), float(min(values)), float(max(values)))


def timed(run: Callable[[], _Result], device: torch.device) -> tuple[_Result, float]:
    """What one run returns and its seconds; on a GPU those between two events, which see only what the device did."""
    if device.type != "cuda":
        start = time.perf_counter()
        result = run()
        return result, time.perf_counter() - start
    torch.cuda.synchronize(device)
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
    begin.record()
    result = run()
    end.record()
    torch.cuda.synchronize(device)
    return result, float(begin.elapsed_time(end)) / 1000


def in_turns(
    runs: Sequence[Callable[[], _Result]], repeats: int, device: torch.device
) -> Iterator[tuple[int, _Result, float]]:
    """(which run, its result, seconds) as each is done: every run once a round, every other round in reverse order."""
    for k in range(repeats):
        order = range(len(runs)) if k % 2 == 0 else reversed(range(len(runs)))
        for i in order:
            yield i, *timed(runs[i], device)
