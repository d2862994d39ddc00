"""A run in few numbers: each measure of each method, its difference from random scores, and how sure both are.

Intervals are percentiles of a bootstrap over clusters of examples (Efron & Tibshirani 1993): data that repeat an answer
in many rows are as few as their answers. Differences are paired: within each example, then averaged.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from heta_core.evaluation.outcome import Outcome, Scored
from heta_core.evaluation.plan import BASELINE
from heta_core.parts import Floats

N_RESAMPLES = 2000
_LEVEL = (2.5, 97.5)  # percent


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over examples with its 95 % interval."""

    mean: float
    low: float
    high: float
    n: int  # examples it is the mean of
    n_clusters: int = 0  # of them; of a single one no interval is known, and it has no width


@dataclass(frozen=True, slots=True)
class Line:
    """One method on one data set and model."""

    model: str
    dataset: str
    method: str
    n: int  # examples that were done
    n_failed: int  # of them, those on which this method failed
    seconds: tuple[float, float] | None  # median and 95th percentile of an example
    means: dict[str, Estimate]  # by measure; without those that could be computed nowhere
    gains: dict[str, Estimate]  # this method minus random scores, paired


def lines(outcomes: Iterable[Outcome], *, seed: int = 0, n_resamples: int = N_RESAMPLES) -> list[Line]:
    """One line for each model, data set and method, in the order in which they were met."""
    members: dict[tuple[str, str, str], list[Outcome]] = {}
    for outcome in outcomes:
        for scored in outcome.scored:
            members.setdefault((outcome.model, outcome.dataset, scored.method), []).append(outcome)
    return [_line(key, found, seed, n_resamples) for key, found in members.items()]


def _line(key: tuple[str, str, str], outcomes: Sequence[Outcome], seed: int, n_resamples: int) -> Line:
    method = key[2]
    found = [_scored(outcome, method) for outcome in outcomes]
    whole = [one for one in found if one.problem is None]
    seconds = [one.seconds for one in whole]
    names = list(dict.fromkeys(name for one in whole for name, _ in one.values))
    means, gains = {}, {}
    for name in names:
        own = [(o.cluster, one.value(name)) for o, one in zip(outcomes, found, strict=True)]
        means[name] = estimate(own, seed, n_resamples)
        gains[name] = estimate([_gain(o, one, name) for o, one in zip(outcomes, found, strict=True)], seed, n_resamples)
    return Line(
        *key,
        n=len(outcomes),
        n_failed=len(found) - len(whole),
        seconds=(float(np.median(seconds)), float(np.percentile(seconds, 95))) if seconds else None,
        means={name: one for name, one in means.items() if one is not None},
        gains={name: one for name, one in gains.items() if one is not None and method != BASELINE},
    )


def _scored(outcome: Outcome, method: str) -> Scored:
    found = outcome.of(method)
    assert found is not None
    return found


def _gain(outcome: Outcome, scored: Scored, measure: str) -> tuple[str, float | None]:
    """The cluster of an example, and a method's measure on it minus that of random scores."""
    own, drawn = scored.value(measure), outcome.of(BASELINE)
    chance = drawn.value(measure) if drawn is not None else None
    return outcome.cluster, None if own is None or chance is None else own - chance


def estimate(values: Sequence[tuple[str, float | None]], seed: int, n_resamples: int = N_RESAMPLES) -> Estimate | None:
    """The mean of values in clusters, those that are None left out; None where none is left."""
    sums: dict[str, float] = {}
    counts: dict[str, int] = {}
    for cluster, value in values:
        if value is not None:
            sums[cluster] = sums.get(cluster, 0.0) + value
            counts[cluster] = counts.get(cluster, 0) + 1
    if not sums:
        return None
    n = sum(counts.values())
    drawn = _resampled(np.array(list(sums.values())), np.array(list(counts.values()), float), seed, n_resamples)
    low, high = np.percentile(drawn, _LEVEL)
    return Estimate(sum(sums.values()) / n, float(low), float(high), n, len(sums))


def _resampled(sums: Floats, counts: Floats, seed: int, n_resamples: int) -> Floats:
    """(N,) the mean over as many clusters drawn with replacement."""
    rng = np.random.default_rng(seed)
    times = rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=n_resamples)  # (N, C)
    means: Floats = (times @ sums) / (times @ counts)
    return means
