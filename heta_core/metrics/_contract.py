"""What a metric is: numbers that say how good the scores of one example are."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from heta_core.faithfulness.judging import Judge
from heta_core.methods import Asked, Method, Scoring
from heta_core.parts import Floats, Work

Which = NDArray[np.bool_]  # (U,)
Need = Literal["evidence", "distractor", "gold_words"]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One example as metrics look at it: what was scored, who judges, and which units are known to matter."""

    asked: Asked
    judge: Judge  # f with units masked, under another mask than the scores were made with; shared by all methods
    competing: Which  # the units whose scores are compared: neither part of the question nor put there by a tokenizer
    evidence: Which | None = None  # None where the data do not say
    distractor: Which | None = None
    gold_words: Which | None = None
    # The method once more, its draw the same, with (T, D) added to the context's embeddings; None where it cannot be.
    again: Callable[[Floats], Scoring] | None = None
    method: Method | None = None  # that made the scores; None where it is not known

    @property
    def seed(self) -> int:
        """Of whatever is drawn; equal for all methods, so that they see the same draws."""
        return self.judge.settings.seed

    def knows(self, need: Need) -> bool:
        """The data say which units these are, and some of them are scored."""
        which: Which | None = getattr(self, need)
        return which is not None and bool((which & self.competing).any())


# What could not be computed of an example is None, never a stand-in; how often is counted.
Values = Mapping[str, float | None]
Measuring = Iterator[tuple[Work, Values | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number that a metric gives for the scores of an example."""

    name: str  # as in tables: small letters, digits and _
    title: str  # as on the page
    meaning: str  # one sentence
    better: Literal["high", "low"]
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A way to judge scores, the same for every method."""

    name: str  # as in commands
    title: str  # as on the page
    protocol: str  # how exactly it is computed, in words, with what a reader needs to compute it again
    measures: tuple[Measure, ...]
    measure: Callable[[Case, Floats], Measuring]  # of (U,) scores; those of a signed method with their signs
    needs: tuple[Need, ...] = ()  # of the data; where they are missing every measure is None
    source: str = ""
    place: int = 0  # in lists, lowest first


def averaged(draws: Sequence[Values]) -> dict[str, float | None]:
    """The mean of each measure over the draws in which it could be computed."""
    known = {name: [v for one in draws if (v := one[name]) is not None] for name in (draws[0] if draws else ())}
    return {name: float(np.mean(values)) if values else None for name, values in known.items()}


def positive(scores: Floats) -> Floats:
    """(U,) what speaks for the target; what speaks against it has no share."""
    return np.maximum(scores, 0.0)


def probability(case: Case, f: Floats) -> Floats:
    """Of the target, from f in nats; of a contrast that of the target where only the two could be said."""
    return np.exp(-np.logaddexp(0.0, -f)) if case.asked.target.kind.endswith("contrast") else np.exp(f)
