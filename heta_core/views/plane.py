"""Gate and strength: every scored unit at (M, β·S + γ·I), whose product is its score, as points.

Both axes are logarithmic, so that units of equal score lie on falling lines. What is exactly zero has no place on such
an axis: it stands on an edge of its own. `plane_sheet` draws it for print, assets/strip/plane.js while weights are
dragged.
"""

import math
from dataclasses import dataclass

import numpy as np

from heta_core.attribution import Attribution
from heta_core.errors import ReportError
from heta_core.views import words

EDGE = 26.0  # how wide the bands for zeros are, outside of the axes
_MOST_TICKS, _MOST_LEVELS = 12, 7
_DECADES = tuple(10.0**-k for k in range(1, 9))  # shares of the score that get a line


Place = tuple[float, float]  # x, y


@dataclass(frozen=True, slots=True)
class Point:
    """One scored unit."""

    unit: int
    label: str
    gate: float  # M
    strength: float  # β·S + γ·I, each over its sum where the scaling is balanced
    error: float  # standard error of the strength from that of S; NaN where it is not known
    score: float  # gate · strength
    share: float  # of the score

    @property
    def is_closed(self) -> bool:
        """No place on the axis of the gate."""
        return self.gate == 0

    @property
    def is_weightless(self) -> bool:
        """No place on the axis of the strength."""
        return self.strength == 0


@dataclass(frozen=True, slots=True)
class Axis:
    """A logarithmic axis from one place of the picture to another, at least one decade long."""

    low: float  # log10
    high: float
    start: float
    stop: float

    def place(self, log: float) -> float:
        """Where a value stands whose log10 this is."""
        return self.start + (log - self.low) / (self.high - self.low) * (self.stop - self.start)

    def ticks(self) -> list[float]:
        """Values for numbers on the axis: decades, with 2 and 5 between them where there is room."""
        first, last = math.floor(self.low), math.ceil(self.high)
        factors = (1, 2, 5) if 3 * (last - first) <= _MOST_TICKS else (1,)
        every = max(1, math.ceil((last - first) / _MOST_TICKS))
        found = [factor * 10.0**power for power in range(first, last + 1, every) for factor in factors]
        return [value for value in found if self.low <= math.log10(value) <= self.high]


def points(attribution: Attribution) -> tuple[Point, ...]:
    """Every unit once, in reading order.

    Raises:
        ReportError: a component is not known yet.
    """
    a, combined = attribution, attribution.combined
    if not a.is_gated:
        raise ReportError(
            "Gate and strength need a gate, which cannot be read from this model: there is no such plane."
        )
    if combined is None or a.transition is None or a.hessian is None or a.information_scores is None:
        raise ReportError("Gate and strength need all three components; this result is partial: wait for its end.")
    w, gates = a.weights, a.transition.scores
    s, k = (_over(v) if w.scaling == "unit" else 1.0 for v in (a.hessian.scores, a.information_scores))
    strengths = w.beta * a.hessian.scores / s + w.gamma * a.information_scores / k
    spread = w.beta * a.hessian.standard_error / s
    labels = [words.label(piece) for piece in a.units.pieces[: a.n_units]]
    columns = (labels, gates, strengths, spread, combined.scores, combined.shares)
    return tuple(
        Point(i, label, *(float(value) for value in values))
        for i, (label, *values) in enumerate(zip(*columns, strict=True))
    )


def axis(values: list[float], start: float, stop: float) -> Axis:
    """The axis on which all values above zero have a place, with a little room at both ends."""
    logs = [math.log10(value) for value in values if value > 0] or [0.0]
    low, high = min(logs), max(logs)
    room = max(0.0, 1 - (high - low)) / 2 + 0.05 * (high - low) + 0.04
    return Axis(low - room, high + room, start, stop)


def place(point: Point, x: Axis, up: Axis) -> Place:
    """Where a point stands; what is exactly zero on the middle of its edge."""
    return (
        x.start - EDGE / 2 if point.is_closed else x.place(math.log10(point.gate)),
        up.start + EDGE / 2 if point.is_weightless else up.place(math.log10(point.strength)),
    )


def levels(total: float, x: Axis, up: Axis) -> list[tuple[float, Place, Place]]:
    """(share of the score, first and last place of its line) for round shares whose line crosses the field."""
    if total <= 0:
        return []

    def crossing(shares: tuple[float, ...]) -> list[tuple[float, float, float, float]]:
        logs = [(share, math.log10(share * total)) for share in shares]
        ends = [(share, log, max(x.low, log - up.high), min(x.high, log - up.low)) for share, log in logs]
        return [end for end in ends if end[3] - end[2] > 0.1 * (x.high - x.low)]

    finer = crossing(tuple(value for share in _DECADES for value in (3 * share, share)))
    return [
        (share, (x.place(low), up.place(log - low)), (x.place(high), up.place(log - high)))
        for share, log, low, high in (finer if len(finer) <= _MOST_LEVELS else crossing(_DECADES))
    ]


def _over(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    total = float(values.sum())
    return total if total > 0 else 1.0
