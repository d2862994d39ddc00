"""What a benchmark found: frozen values, as one JSON."""

import json
from dataclasses import dataclass

from heta_core.bench.clock import Spread
from heta_core.bench.memory import Memory
from heta_core.bench.plan import Plan
from heta_core.packing import pack_fields
from heta_core.parts import Source, Work

_FORMAT, _VERSION = "heta-benchmark", 1


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two results for the same tokens are apart; of several results the worst."""

    greatest: float  # relative to the largest entry
    median: float  # over the tokens, each relative to its own entry; those of zero left out
    spearman: float | None  # rank correlation; None where all entries are equal
    allowed: float | None  # what `greatest` may be; None where rounding alone does not decide

    @property
    def is_same(self) -> bool:
        """Rounding explains the difference."""
        return self.allowed is not None and self.greatest <= self.allowed


@dataclass(frozen=True, slots=True)
class Measured:
    """One way to compute a component."""

    way: str
    seconds: Spread
    work: Work
    flops: int  # in matrix products, counted
    gflops: float  # a second, by that count
    suffix_gflops: float | None  # a second, by 2·F·suffix for each Hessian product
    memory: Memory | None
    # Against the component's first way; None for that way itself.
    faster: Spread | None = None  # its time over this one's, repeat by repeat
    flops_share: float | None = None  # of its operations
    difference: Difference | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One component in all its ways, the first the one that the others are measured against."""

    component: str
    ways: tuple[Measured, ...]
    matrix_gflops: Spread  # a second, of a product of two square matrices, taken in turns with the ways

    def way(self, name: str) -> Measured:
        """The way of a name."""
        return next(way for way in self.ways if way.way == name)


@dataclass(frozen=True, slots=True)
class Growth:
    """How the cost of one way grows with the prompt: exponents of a least-squares line through the logarithms."""

    component: str
    way: str
    seconds: tuple[float, ...]  # for each length
    flops: tuple[int, ...]
    passes: tuple[int, ...]  # forwards, backwards and products
    textbook_flops: tuple[int, ...]
    time_exponent: float
    flops_exponent: float
    passes_exponent: float


@dataclass(frozen=True, slots=True)
class Targets:
    """The time of the KL pass that serves several targets at once."""

    n_targets: tuple[int, ...]
    seconds: tuple[float, ...]
    doubling: float  # time for the most targets over time for half of them


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Everything that was measured, and on what."""

    source: Source
    device: str  # its name, as the system says it
    threads: int  # that torch computes with on the CPU
    plan: Plan
    comparisons: tuple[Comparison, ...]
    growth: tuple[Growth, ...]
    targets: Targets | None

    def comparison(self, component: str) -> Comparison:
        """The comparison of a component."""
        return next(found for found in self.comparisons if found.component == component)


def dumps(found: Benchmark) -> str:
    """The JSON of a benchmark, on one line.

    Raises:
        ReportError: a number is not finite.
    """
    return json.dumps({"format": _FORMAT, "version": _VERSION, **pack_fields(found, "")}, ensure_ascii=False)
