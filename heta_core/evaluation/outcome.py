"""What became of one example: what the model said, and the scores and measures of every method. Plain frozen values."""

import math
from dataclasses import dataclass

from heta_core.datasets import Example, Span
from heta_core.groups import Groups, singles
from heta_core.parts import Work
from heta_core.targets import Target
from heta_core.tokens import Tokens

Key = tuple[str, str, str]  # model, data set, id of the example


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says where the target stands, and what it takes to make it say something else."""

    said: str  # its first choice, as it is spelled
    log_p: float  # nats, of the target; of several tokens their sum
    rank: int  # of the target's first token; 1 is the first choice
    is_right: bool | None  # the target is what the model would say; None where the data name no target
    flips: tuple[int, ...]  # units that alone, when masked, change what it says

    @property
    def p(self) -> float:
        """The probability of the target."""
        return math.exp(self.log_p)


@dataclass(frozen=True, slots=True)
class Scored:
    """One method on one example; of a random method its first draw, and measures as means over all draws."""

    method: str
    scores: tuple[float, ...] = ()  # (U,) six significant digits; empty where the method failed
    values: tuple[tuple[str, float | None], ...] = ()  # of each measure; None where it could not be computed
    seconds: float = 0.0  # as if no other method had been run
    work: Work = Work()
    problem: str | None = None  # why it failed

    def value(self, measure: str) -> float | None:
        """One measure; None where it could not be computed or was not asked for."""
        return dict(self.values).get(measure)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One example on one model: done, or skipped with the reason."""

    model: str
    dataset: str
    example: Example
    problem: str | None = None  # why it was skipped; then nothing below is known
    tokens: Tokens | None = None
    target: Target | None = None
    groups: Groups | None = None  # the units that are scored; None where every token is
    answer: Answer | None = None
    stays: float | None = None  # of HETA's five highest the one least sure to stay among them, 0 to 1
    scored: tuple[Scored, ...] = ()

    @property
    def key(self) -> Key:
        """What tells it from all others of a run."""
        return self.model, self.dataset, self.example.id

    @property
    def places(self) -> Groups:
        """Tokens start … stop−1 of every unit that is scored."""
        if self.groups is not None:
            return self.groups
        return singles(self.target.n_context) if self.target is not None else ()

    def units_in(self, spans: tuple[Span, ...]) -> frozenset[int]:
        """The units that spell a character of a span of the prompt."""
        return units_in(self.tokens, self.places, spans) if self.tokens is not None else frozenset()

    def of(self, method: str) -> Scored | None:
        """What a method gave, if it was asked."""
        return next((one for one in self.scored if one.method == method), None)

    @property
    def cluster(self) -> str:
        """Examples of one cluster are not independent."""
        return self.example.cluster or f"{self.dataset} {self.example.id}"


@dataclass(frozen=True, slots=True)
class Remark:
    """What a reader wrote about an example."""

    tags: tuple[str, ...] = ()
    note: str = ""


def units_in(tokens: Tokens, groups: Groups, spans: tuple[Span, ...]) -> frozenset[int]:
    """The groups that spell a character of a span."""
    inside = {i for span in spans for i in tokens.overlapping(*span)}
    return frozenset(k for k, (start, stop) in enumerate(groups) if any(i in inside for i in range(start, stop)))
