"""What a sweep is: every example under every condition, and what was found of each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from heta_core.datasets import Dataset
from heta_core.language_model import LanguageModel
from heta_core.metrics import Measure
from heta_core.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """What a sweep looks at.

    The seed of the settings is that of everything drawn: sign vectors, random scores, redrawn weights.
    """

    lm: LanguageModel
    dataset: Dataset
    settings: Settings


@dataclass(frozen=True, slots=True)
class Found:
    """One row of the table on one example."""

    example: str  # its id
    cluster: str  # examples of one cluster are not independent
    row: str
    values: tuple[tuple[str, float | None], ...]  # by column; None where it could not be computed


@dataclass(frozen=True, slots=True)
class Skipped:
    """An example of which nothing was found."""

    example: str
    why: str


@dataclass(frozen=True, slots=True)
class Step:
    """How far a sweep is, and what the last example came to."""

    doing: str
    fraction: float
    found: tuple[Found, ...] = ()
    skipped: Skipped | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A table: a column is a measure, a row a condition."""

    name: str  # as in commands, and of its file
    title: str
    meaning: str  # the question that it answers, in one sentence
    protocol: str  # how exactly, with what a reader needs to compute it again
    columns: tuple[Measure, ...]
    run: Callable[[Study], Iterator[Step]]
