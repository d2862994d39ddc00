"""One component measured in all its ways: results, operations, memory and time."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch

from heta_core.bench.clock import in_turns, spread
from heta_core.bench.differences import allowed, difference
from heta_core.bench.flops import matrix_product
from heta_core.bench.memory import Memory, peak
from heta_core.bench.results import Comparison, Measured
from heta_core.bench.ways import Case, Found, Way
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
    """A component in all its ways. The run that counts operations and memory warms up for those that are timed.

    Every round also times a product of two square matrices, so that both see the same state of the machine.
    """
    trials = []
    for way in case.ways:
        told(f"{case.component}, {way.name}: operations and memory")
        trials.append(_Trial(way, *peak(way.flops, lm.device)))
    product = matrix_product(lm.device, lm.dtype)
    product()
    rates: list[float] = []
    runs: list[Callable[[], Found | None]] = [product, *(way.run for way in case.ways)]
    told(f"{case.component}: {repeats} rounds of time")
    for i, found, seconds in in_turns(runs, repeats, lm.device):
        if i == 0:
            rates.append(product.flops / seconds / _GIGA)
        else:
            trials[i - 1].seconds.append(seconds)
            trials[i - 1].found = found
            told(f"{case.component}, {trials[i - 1].way.name}: {len(trials[i - 1].seconds)} of {repeats} timed")
    first, *others = trials
    ways = (_measured(first), *(_against(_measured(trial), trial, first, lm, case) for trial in others))
    return Comparison(case.component, ways, spread(rates))


def _measured(trial: _Trial) -> Measured:
    assert trial.found is not None  # every way has been run
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


def _against(measured: Measured, trial: _Trial, first: _Trial, lm: LanguageModel, case: Case) -> Measured:
    """A way with what it is against the first."""
    assert trial.found is not None and first.found is not None
    part = allowed(lm.source.family, lm.dtype) if trial.way.is_same else None
    least = case.least if lm.dtype == torch.float32 else 0.0
    return replace(
        measured,
        faster=spread([a / b for a, b in zip(first.seconds, trial.seconds, strict=True)]),
        flops_share=trial.flops / first.flops,
        difference=difference(trial.found.values, first.found.values, part=part, least=least),
    )
