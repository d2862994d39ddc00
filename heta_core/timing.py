"""How long steps take."""

import time
from collections.abc import Iterator
from typing import TypeVar

_Step = TypeVar("_Step")


def timed(steps: Iterator[_Step]) -> Iterator[tuple[_Step, float]]:
    """Every step with the seconds it took; waiting for the caller is not counted."""
    start = time.perf_counter()
    for step in steps:
        yield step, time.perf_counter() - start
        start = time.perf_counter()
