"""What a watching person is told on standard error; nothing where nobody watches."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress() -> Iterator[Callable[[float], None]]:
    """Tells the part that is done on standard error, where a person watches, and takes it away afterwards."""
    with saying() as say:
        yield lambda part: say(f"{part:4.0%} ")


@contextmanager
def saying() -> Iterator[Callable[[str], None]]:
    """The same of what is being done, in words."""
    is_watched, longest = sys.stderr.isatty(), 0

    def show(words: str) -> None:
        nonlocal longest
        longest = max(longest, len(words))
        if is_watched:
            print(f"\r{words:<{longest}}", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        if is_watched:
            print(f"\r{'':<{longest}}\r", end="", file=sys.stderr, flush=True)


def fail(message: str) -> int:
    """Tell an error; its exit code."""
    print(f"error: {message}", file=sys.stderr)
    return 1
