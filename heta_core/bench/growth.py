"""How cost grows: with the length of the prompt, and with the number of targets that one KL pass serves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from heta_core.bench.clock import in_turns, spread, timed
from heta_core.bench.comparing import Told
from heta_core.bench.plan import Plan
from heta_core.bench.prompts import prompt_ids
from heta_core.bench.results import Growth, Targets
from heta_core.bench.ways import Way, components, prompt
from heta_core.components import kl
from heta_core.language_model import LanguageModel
from heta_core.passes.capture import capture
from heta_core.settings import Settings
from heta_core.targets import Line, Term

# A run that is over sooner is repeated, a few times at most.
_LONG_ENOUGH = 1.0  # seconds
_MOST_TARGETS = 16


@dataclass(frozen=True, slots=True)
class _Cost:
    """One way at one length."""

    component: str
    way: str
    seconds: float
    flops: int
    passes: int
    textbook_flops: int


def growth(lm: LanguageModel, plan: Plan, curvature: Mapping[str, Settings], told: Told) -> tuple[Growth, ...]:
    """The cost of each of the engine's ways over the plan's lengths, all of them beginnings of one text."""
    ids = prompt_ids(lm, max(plan.lengths), plan.seed)
    by_way: dict[tuple[str, str], list[_Cost]] = {}
    for n in plan.lengths:
        for case in components(prompt(lm, ids[:n]), plan, curvature):
            textbook, *ways = case.ways
            told(f"{case.component}, {n} tokens")
            textbook_flops = textbook.flops()
            for way in ways:
                told(f"{case.component}, {way.name}, {n} tokens")
                cost = _cost(lm, case.component, way, textbook_flops, plan.repeats)
                by_way.setdefault((case.component, way.name), []).append(cost)
    return tuple(_growth(plan.lengths, costs) for costs in by_way.values())


def _cost(lm: LanguageModel, component: str, way: Way, textbook_flops: int, repeats: int) -> _Cost:
    flops = way.flops()  # also the warm-up
    taken: list[float] = []
    while len(taken) < repeats and sum(taken) < _LONG_ENOUGH:
        found, seconds = timed(way.run, lm.device)
        taken.append(seconds)
    return _Cost(component, way.name, spread(taken).median, flops, found.work.done, textbook_flops)


def _growth(lengths: Sequence[int], costs: Sequence[_Cost]) -> Growth:
    seconds, flops = tuple(cost.seconds for cost in costs), tuple(cost.flops for cost in costs)
    passes = tuple(cost.passes for cost in costs)
    return Growth(
        component=costs[0].component,
        way=costs[0].way,
        seconds=seconds,
        flops=flops,
        passes=passes,
        textbook_flops=tuple(cost.textbook_flops for cost in costs),
        time_exponent=exponent(lengths, seconds),
        flops_exponent=exponent(lengths, flops),
        passes_exponent=exponent(lengths, passes),
    )


def exponent(lengths: Sequence[float], costs: Sequence[float]) -> float:
    """k of cost ≈ c · lengthᵏ, by least squares of the logarithms."""
    return float(np.polyfit(np.log(lengths), np.log(costs), 1)[0])


def targets(lm: LanguageModel, ids: tuple[int, ...], repeats: int) -> Targets | None:
    """The time of one KL pass that is read at the last 1, 2, 4, … positions; None where a text has no room for two."""
    numbers = [2**k for k in range(_MOST_TARGETS.bit_length()) if 2**k <= min(_MOST_TARGETS, len(ids) // 2)]
    if len(numbers) < 2:
        return None
    runs = [_reading(lm, ids, n) for n in numbers]
    for run in runs:
        run()
    taken: list[list[float]] = [[] for _ in runs]
    for i, _, seconds in in_turns(runs, repeats, lm.device):
        taken[i].append(seconds)
    doubled = [b / a for a, b in zip(taken[-2], taken[-1], strict=True)]
    return Targets(tuple(numbers), tuple(spread(one).median for one in taken), spread(doubled).median)


def _reading(lm: LanguageModel, ids: tuple[int, ...], n: int) -> Callable[[], None]:
    """The KL pass over a text, read at its last n positions."""
    terms = tuple(Term(row, ids[(row + 1) % len(ids)], 1) for row in range(len(ids) - n, len(ids)))
    line = Line(ids, terms)
    log_probs = capture(lm, ids, line.rows).log_probs

    def run() -> None:
        for _ in kl.effects(lm, line, len(ids), log_probs, Settings()):
            pass

    return run
