"""Waiting for what no page tells of, and making a server on made-up results wait."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 60  # seconds
_HOLD = "hold"  # begins the name of a file in a server's folder


def until(page, holds: Callable[[], object]) -> None:
    """Wait, while the page goes on, until something holds."""
    for _ in range(10 * PATIENCE):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"it did not come in {PATIENCE} seconds")


@contextmanager
def held(folder: Path, stage: str = "working") -> Iterator[None]:
    """The server of a folder stays at the first part of a stage of every answer, however long that is looked at."""
    hold = folder / f"{_HOLD}-{stage}"
    hold.touch()
    try:
        yield
    finally:
        hold.unlink()


def stay(folder: Path, stage: str = "working", meanwhile: Callable[[], object] = lambda: None) -> None:
    """For the server: return when it is not held any more."""
    while (folder / f"{_HOLD}-{stage}").exists():
        meanwhile()
        time.sleep(0.02)
