"""One component measured in all its ways: results, operations, memory and time."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch

from heta_core.bench.clock import in_turns, spread
from heta_core.bench.differences import allowed, difference
from heta_core.bench.memory import Memory, peak
from heta_core.bench.results import Comparison, Difference, Measured
from heta_core.bench.ways import Case, Found, Way
from heta_core.cost.matrix import matrix_product
from heta_core.language_model import LanguageModel

_GIGA = 1e9

# Hears what is being measured.
Told = Callable[[str], None]


@dataclass(slots=True, eq=False)
class _Trial:
    """A way and what is known of it so far."""

    way: Way
    flops: int
    memory: Memory | None
    seconds: list[float] = field(default_factory=list)
    found: Found | None = None  # of the latest run


def compare(lm: LanguageModel, case: Case, repeats: int, told: Told) -> Comparison:
    """A component in all its ways. The run that counts operations and memory warms up for those that are timed."""
    trials = []
    for way in case.ways:
        told(f"{case.component}, {way.name}: operations and memory")
        trials.append(_Trial(way, *peak(way.flops, lm.device)))
    rates = _timed(lm, trials, repeats, lambda words: told(f"{case.component}, {words}"))
    exact = trials[0].found
    if case.reference is not None:
        told(f"{case.component}, the reference")
        exact = case.reference()
    first, *others = trials
    ways = [_measured(first)]
    for trial in others:
        base = first.found if trial.way.is_same else exact
        assert trial.found is not None and base is not None  # every way has been run
        ways.append(_against(trial, first, _difference(lm, case, trial, base)))
    return Comparison(case.component, tuple(ways), spread(rates))


def _timed(lm: LanguageModel, trials: list[_Trial], repeats: int, told: Told) -> list[float]:
    """Run every way in turns, and in every round a product of two square matrices: GFLOP/s of that.

    Both then meet the same state of the machine.
    """
    product, rates = matrix_product(lm.device, lm.dtype), list[float]()
    product()
    runs: list[Callable[[], Found | None]] = [product, *(trial.way.run for trial in trials)]
    told(f"1 of {repeats} rounds")
    for i, found, seconds in in_turns(runs, repeats, lm.device):
        if i == 0:
            rates.append(product.flops / seconds / _GIGA)
            continue
        trial = trials[i - 1]
        trial.seconds.append(seconds)
        trial.found = found
        told(f"{trial.way.name}: {len(trial.seconds)} of {repeats} timed")
    return rates


def _difference(lm: LanguageModel, case: Case, trial: _Trial, base: Found) -> Difference:
    assert trial.found is not None
    part = allowed(lm.source.family, lm.dtype) if trial.way.is_same else None
    least = case.least if lm.dtype == torch.float32 else 0.0
    return difference(trial.found.values, base.values, part=part, least=least)


def _measured(trial: _Trial) -> Measured:
    assert trial.found is not None
    seconds, least = spread(trial.seconds), trial.way.suffix_flops
    return Measured(
        way=trial.way.name,
        seconds=seconds,
        work=trial.found.work,
        flops=trial.flops,
        gflops=trial.flops / seconds.median / _GIGA,
        suffix_gflops=None if least is None else least / seconds.median / _GIGA,
        memory=trial.memory,
    )


def _against(trial: _Trial, first: _Trial, apart: Difference) -> Measured:
    """A way with what it is against the first."""
    return replace(
        _measured(trial),
        faster=spread([a / b for a, b in zip(first.seconds, trial.seconds, strict=True)]),
        flops_share=trial.flops / first.flops,
        difference=apart,
    )
