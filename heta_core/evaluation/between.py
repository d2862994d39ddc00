"""Two runs over the same examples: what the second has more or less, example by example."""

from collections.abc import Sequence
from dataclasses import dataclass

from heta_core.evaluation.outcome import Outcome
from heta_core.evaluation.plan import Plan, differences
from heta_core.evaluation.record import Record
from heta_core.evaluation.summary import Estimate, estimate


@dataclass(frozen=True, slots=True)
class Change:
    """One measure of one method in both runs, over the examples that both have."""

    method: str
    measure: str
    before: float  # mean in the first
    after: float  # in the second
    gain: Estimate  # second minus first, paired


@dataclass(frozen=True, slots=True)
class Between:
    """What two runs differ in, and what came of it."""

    causes: tuple[str, ...]  # what is set otherwise, in words
    n_shared: int  # examples that both have done
    n_only: tuple[int, int]  # those that only the first, and only the second has
    changes: tuple[Change, ...]
    answers: tuple[tuple[Outcome, Outcome], ...]  # of which the model says something else


def between(first: Record, second: Record, *, seed: int = 0) -> Between:
    """Examples are paired by prompt, target and id; two runs on different models are as good as any."""
    own, other = _by_example(first), _by_example(second)
    shared = [key for key in own if key in other]
    pairs = [(own[key], other[key]) for key in shared]
    return Between(
        causes=_causes(first.plan, second.plan),
        n_shared=len(pairs),
        n_only=(len(own) - len(pairs), len(other) - len(pairs)),
        changes=tuple(_changes(pairs, seed)),
        answers=tuple(pair for pair in pairs if _said(pair[0]) != _said(pair[1])),
    )


def _by_example(record: Record) -> dict[tuple[str, str, str | None], Outcome]:
    """Of several models the first one's."""
    found: dict[tuple[str, str, str | None], Outcome] = {}
    for outcome in record.outcomes:
        if outcome.problem is None:
            found.setdefault((outcome.example.id, outcome.example.prompt, outcome.example.target), outcome)
    return found


def _causes(first: Plan, second: Plan) -> tuple[str, ...]:
    told = (line.replace(" in the run, ", " before, ") for line in differences(first, second))
    return tuple(line for line in told if not line.startswith(("examples of", "the data of", "data sets")))


def _changes(pairs: Sequence[tuple[Outcome, Outcome]], seed: int) -> list[Change]:
    names = list(dict.fromkeys(one.method for own, _ in pairs for one in own.scored))
    found = []
    for method in names:
        scored = [(own.cluster, own.of(method), other.of(method)) for own, other in pairs]
        both = [(cluster, a, b) for cluster, a, b in scored if a is not None and b is not None]
        for measure in dict.fromkeys(name for _, a, _ in both for name, _ in a.values):
            values = [(cluster, a.value(measure), b.value(measure)) for cluster, a, b in both]
            known = [(cluster, a, b) for cluster, a, b in values if a is not None and b is not None]
            both_of = [(a, b) for _, a, b in known]
            gain = estimate([(cluster, b - a) for cluster, a, b in known], seed)
            if gain is not None:
                before, after = (sum(pair[side] for pair in both_of) / len(both_of) for side in (0, 1))
                found.append(Change(method, measure, before, after, gain))
    return found


def _said(outcome: Outcome) -> str | None:
    return outcome.answer.said if outcome.answer is not None else None
