"""A benchmark as lines of text."""

from collections.abc import Iterator

from heta_core.bench.clock import Spread
from heta_core.bench.results import Benchmark, Comparison, Difference, Growth, Measured, Targets

# Less would need more digits than there is room for.
_SHOWN = 0.001
_HEAD = (
    f"{'':<11}{'':<14}{'seconds':>8}{'times as fast':>20}{'differs':>9}{'passes':>12}{'GFLOP':>8}{'of it':>6}"
    f"{'GFLOP/s':>8}{'of rate':>8}{'peak MB':>15}"
)
_LEGEND = """\
times as fast: the first way's time over this one's, repeat by repeat: median (least … most). differs: by so much
at most, as a part of the largest entry; = where rounding explains it, ≠ where not. passes: forwards / backwards /
Hessian products. GFLOP: of matrix products, counted; of it: as a part of the first way's. of rate: of the GFLOP/s that
a product of two square matrices reached in the same rounds. peak: of the {memory} (above what was held before)."""


def text(found: Benchmark) -> str:
    """Everything that was measured, as a table with its legend."""
    blocks = ["\n".join(_opening(found)), "\n".join([_HEAD, *_rows(found)]), "\n".join(_notes(found))]
    if found.growth:
        blocks.append("\n".join(_grown(found)))
    if found.targets:
        blocks.append(_served(found.targets))
    return "\n\n".join(blocks)


def _opening(found: Benchmark) -> Iterator[str]:
    source, plan = found.source, found.plan
    versions = dict(source.versions)
    threads = f", {found.threads} thread{'s' * (found.threads > 1)}" if source.device == "cpu" else ""
    yield f"{source.model}: {source.n_parameters / 1e6:,.2f} million parameters, {source.dtype}"
    yield f"on {found.device}{threads}, torch {versions.get('torch', '?')}"
    yield (
        f"{plan.tokens} tokens, {_probes(plan.probes)}; every way timed {plan.repeats} "
        f"{'times' if plan.repeats > 1 else 'time'}, in turns"
    )


def _rows(found: Benchmark) -> Iterator[str]:
    for comparison in found.comparisons:
        for k, way in enumerate(comparison.ways):
            yield _row(comparison.component if k == 0 else "", way, comparison.matrix_gflops)


def _row(component: str, way: Measured, rate: Spread) -> str:
    work, faster = way.work, way.faster
    ratio = f"{_times(faster.median)} ({_times(faster.low)} … {_times(faster.high)})" if faster else ""
    share = f"{way.flops_share:.2f}" if way.flops_share is not None else ""
    passes = f"{work.forwards}/{work.backwards}/{work.products}"
    difference = _difference(way.difference) if way.difference else ""
    return (
        f"{component:<11}{way.way:<14}{_short(way.seconds.median):>8}{ratio:>20}{difference:>9}{passes:>12}"
        f"{_short(way.flops / 1e9):>8}{share:>6}{way.gflops:>8.1f}{way.gflops / rate.median:>8.0%}{_memory(way):>15}"
    )


def _difference(found: Difference) -> str:
    if found.allowed is None:
        return f"{found.greatest:.0e}"
    return f"{found.greatest:.0e} {'=' if found.is_same else '≠'}"


def _memory(way: Measured) -> str:
    if way.memory is None:
        return "unknown"
    return f"{way.memory.peak / 1e6:,.0f} (+{(way.memory.peak - way.memory.before) / 1e6:,.0f})"


def _notes(found: Benchmark) -> Iterator[str]:
    on_gpu = found.source.device.startswith("cuda")
    yield _LEGEND.format(memory="device" if on_gpu else "process")
    for comparison in found.comparisons:
        rate = comparison.matrix_gflops
        reached = f"{rate.median:.0f} GFLOP/s ({rate.low:.0f} … {rate.high:.0f})"
        yield f"{comparison.component}: a product of two square matrices ran at {reached}"
        yield from _estimates(comparison, found.plan.reference or found.plan.probes)


def _estimates(comparison: Comparison, n_probes: int) -> Iterator[str]:
    """What the columns have no room for: the work that cannot be avoided, and estimates' errors."""
    for way in comparison.ways:
        if way.suffix_gflops is not None:
            part = way.suffix_gflops / comparison.matrix_gflops.median
            yield (
                f"{comparison.component}, {way.way}: {way.suffix_gflops:.1f} GFLOP/s, {part:.0%} of that, by the count "
                "2·F·suffix for each product"
            )
        if way.difference and way.difference.allowed is None:
            order = way.difference.spearman
            told = "" if order is None else f", Spearman {order:.3f}"
            yield (
                f"{comparison.component}, {way.way}: an estimate; against {_probes(n_probes)} of the exact way a "
                f"median error of {way.difference.median:.1%}{told}"
            )


def _grown(found: Benchmark) -> Iterator[str]:
    yield f"Cost over {', '.join(map(str, found.plan.lengths))} tokens, as the exponent k of c·Tᵏ:"
    yield f"{'':<11}{'':<14}{'time':>7}{'GFLOP':>7}{'passes':>7}   seconds; part of the textbook's GFLOP"
    yield from (_growth(one) for one in found.growth)


def _growth(one: Growth) -> str:
    shares = (a / b for a, b in zip(one.flops, one.textbook_flops, strict=True))
    exponents = "".join(f"{k:>7.2f}" for k in (one.time_exponent, one.flops_exponent, one.passes_exponent))
    return (
        f"{one.component:<11}{one.way:<14}{exponents}   "
        f"{' '.join(map(_short, one.seconds))}; {' '.join(f'{share:.2f}' for share in shares)}"
    )


def _served(served: Targets) -> str:
    pairs = zip(served.n_targets, served.seconds, strict=True)
    times = ", ".join(f"{n}: {_short(seconds)} s" for n, seconds in pairs)
    return f"One KL pass for several targets: {times}. Twice the targets take {served.doubling:.2f} times as long."


def _times(ratio: float) -> str:
    """A ratio of times: two digits after the point below ten, one above."""
    return f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}"


def _short(value: float) -> str:
    """Three digits of a time or a count."""
    if 0 < value < _SHOWN:
        return f"< {_SHOWN}"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _probes(n: int) -> str:
    return f"{n} probe{'s' * (n > 1)} a token"
