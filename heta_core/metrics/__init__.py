"""Metrics: how good the scores of a method are, one file for each, found by existing."""

from functools import cache

from heta_core.discovery import called, declared
from heta_core.errors import InputError
from heta_core.metrics._contract import Case, Measure, Measuring, Metric, Need, Values, Which, averaged

__all__ = [
    "Case",
    "Measure",
    "Measuring",
    "Metric",
    "Need",
    "Values",
    "Which",
    "averaged",
    "known",
    "measure_named",
    "named",
]


@cache
def known() -> tuple[Metric, ...]:
    """Every metric that has a file, in the order of their places."""
    return tuple(sorted(declared(__name__, Metric), key=lambda metric: metric.place))


def named(name: str) -> Metric:
    """The metric of this name.

    Raises:
        InputError: there is none.
    """
    return called(name, known(), "metric")


def measure_named(name: str) -> Measure:
    """The measure of this name.

    Raises:
        InputError: there is none.
    """
    for metric in known():
        for measure in metric.measures:
            if measure.name == name:
                return measure
    raise InputError(f"There is no measure {name!r} in any metric of this release.")
