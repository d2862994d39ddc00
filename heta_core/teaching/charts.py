"""Small drawings for print: a field between two axes, and bars one below the other."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from heta_core.errors import ReportError
from heta_core.teaching.ink import (
    FAINT,
    INK,
    LIGHT,
    SOFT,
    Fill,
    Place,
    Shape,
    box,
    mark,
    stroke,
    svg,
    text,
    width,
    window,
)

WIDE, HIGH = 620.0, 230.0  # of a drawing as wide as the sheet
_STEPS = (1, 2, 2.5, 5, 10)
_POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_BAR, _GAP, _SWATCH = 13.0, 9.0, 22.0  # how high a bar is, what is between two rows, how wide a sample in a key


def plain(value: float, digits: int = 1) -> str:
    """A number as short as it can be, as a power of ten with so many digits where it is very small or large."""
    if value and not 1e-3 <= abs(value) < 1e5:
        factor, power = f"{value:.{digits - 1}e}".split("e")
        sign = f"{factor} × ".removeprefix("1 × ").replace("-", "−")
        return f"{sign}10{str(int(power)).translate(_POWERS)}"
    return f"{value:,.10g}".replace("-", "−")


@dataclass(frozen=True, slots=True)
class Axis:
    """The numbers along one side; round ones where no ticks are given.

    Raises:
        ReportError: there is nothing between its ends, or it is logarithmic and not above zero.
    """

    said: str  # what is measured, and its unit
    low: float
    high: float
    is_log: bool = False
    ticks: tuple[float, ...] = ()
    written: Callable[[float], str] = plain

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ReportError(f"An axis needs two ends, the lower one first, found {self.low:g} and {self.high:g}.")
        self.part(self.low)

    def part(self, value: float) -> float:
        """Where a number stands: 0 at the low end, 1 at the high one.

        Raises:
            ReportError: it is not above zero and the axis is logarithmic.
        """
        if not self.is_log:
            return (value - self.low) / (self.high - self.low)
        if value <= 0:
            raise ReportError(f"A logarithmic axis needs numbers above zero, found {value:g}.")
        return math.log(value / self.low) / math.log(self.high / self.low)

    def marked(self, most: int = 7) -> tuple[float, ...]:
        """Its ticks, at most as many where they are not given."""
        if self.ticks:
            return self.ticks
        return _powers(self.low, self.high, most) if self.is_log else _rounds(self.low, self.high, most)


def _rounds(low: float, high: float, most: int) -> tuple[float, ...]:
    rough = (high - low) / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in _STEPS if factor * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(round(k * step, 12) for k in range(first, last + 1))


def _powers(low: float, high: float, most: int) -> tuple[float, ...]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    within = [k for k in range(first, last + 1) if k % math.ceil(max(1, last - first + 1) / most) == 0]
    if len(within) > 1:
        return tuple(10.0**k for k in within)
    found = [factor * 10.0**k for k in range(first - 1, last + 1) for factor in (1, 2, 5)]
    return tuple(value for value in found if low <= value * (1 + 1e-9) and value <= high * (1 + 1e-9))


@dataclass(frozen=True, slots=True)
class Field:
    """Two axes and the paper between them. Marks are made with `line`, `band`, `dot` and `label`."""

    x: Axis
    y: Axis
    width: float = WIDE
    height: float = HIGH
    beside: float = 12.0  # room on the right, for names of lines
    _left: float = field(default=58.0, init=False)
    _top: float = field(default=26.0, init=False)
    _below: float = field(default=42.0, init=False)

    def at(self, x: float, y: float) -> Place:
        """Where a point stands in the drawing."""
        right, bottom = self.width - self.beside, self.height - self._below
        return self._left + self.x.part(x) * (right - self._left), bottom + self.y.part(y) * (self._top - bottom)

    def line(self, points: Iterable[Place], dashes: str = "", weight: float = 2.0, colour: str = INK) -> str:
        """Points joined by a line; what lies outside the field is not seen."""
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        return self._inside(
            f'<path d="{self._path(points)}" fill="none" stroke="{colour}" stroke-width="{weight:g}"{dashed}/>'
        )

    def band(self, low: Sequence[Place], high: Sequence[Place]) -> str:
        """A light ground between two lines."""
        return self._inside(f'<path d="{self._path([*high, *reversed(low)])}Z" fill="{LIGHT}"/>')

    def dot(self, x: float, y: float, shape: Shape = "circle", size: float = 4.0, *, is_hollow: bool = False) -> str:
        """A mark at a point."""
        return mark(self.at(x, y), shape, size, is_hollow=is_hollow)

    def label(self, said: str, at: Place, by: Place = (0, 0), *, ends: bool = False, is_bold: bool = False) -> str:
        """A text that begins, or ends, beside a point."""
        across, down = self.at(*at)
        return text(said, across + by[0], down + by[1], part=1.0 if ends else 0.0, is_bold=is_bold)

    def key(self, items: Iterable[tuple[Shape, bool, str]]) -> str:
        """What the marks stand for, above the field: shape, whether it is hollow, and its name."""
        parts, across = [], self._left
        for shape, is_hollow, name in items:
            parts += [mark((across + 6, 10), shape, is_hollow=is_hollow), text(name, across + 18, 14)]
            across += 44 + width(name)
        return "".join(parts)

    def drawn(self, title: str, marks: Iterable[str]) -> str:
        """The whole drawing. `title` is what is read aloud."""
        (left, bottom), (right, top) = self.at(self.x.low, self.y.low), self.at(self.x.high, self.y.high)
        parts = []
        for value in self.x.marked(max(3, round(self.width / 75))):
            across = self.at(value, self.y.low)[0]
            parts += [stroke((across, top), (across, bottom), FAINT)]
            parts += [text(self.x.written(value), across, bottom + 16, part=0.5, colour=SOFT)]
        for value in self.y.marked(max(3, round(self.height / 40))):
            down = self.at(self.x.low, value)[1]
            parts += [stroke((left, down), (right, down), FAINT)]
            parts += [text(self.y.written(value), left - 6, down + 4, part=1.0, colour=SOFT)]
        parts += [stroke((left, top), (left, bottom), INK), stroke((left, bottom), (right, bottom), INK)]
        parts += [text(self.x.said, right, self.height - 6, part=1.0), text(self.y.said, 2, 14)]
        return svg(title, (self.width, self.height), [*parts, *marks])

    def _path(self, points: Iterable[Place]) -> str:
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in (self.at(*point) for point in points))

    def _inside(self, drawn: str) -> str:
        (left, bottom), (right, top) = self.at(self.x.low, self.y.low), self.at(self.x.high, self.y.high)
        return window((left, top), (right - left, bottom - top), drawn)


# ---- bars ----


@dataclass(frozen=True, slots=True)
class Bar:
    """Stretches that follow one another, and the number at their end."""

    parts: tuple[tuple[float, Fill], ...]
    number: str = ""


def bars(
    title: str, rows: Sequence[tuple[str, Sequence[Bar]]], key: Sequence[tuple[Fill, str]] = (), *, full: float
) -> str:
    """Bars one below the other, some of them under one name; `full` is what the whole width stands for.

    What is read aloud is the title with every number.
    """
    named = [(name, k == 0, bar) for name, group in rows for k, bar in enumerate(group)]
    left = 14 + max(width(name) for name, _ in rows)
    room = WIDE - left - 14 - max(width(bar.number) for _, _, bar in named)
    parts, down = [], 2.0
    for name, is_first, bar in named:
        down += _GAP if is_first and down > 2 else 0
        parts += [text(name, left - 8, down + 11, part=1.0)] if is_first else []
        across = left
        for value, fill in bar.parts:
            long = max(0.0, value) / full * room
            parts.append(box((across, down), (long, _BAR), fill))
            across += long
        parts.append(text(bar.number, across + 6, down + 11))
        down += _BAR + 2
    across = left
    for fill, name in key:
        parts += [box((across, down + _GAP), (_SWATCH, _BAR), fill), text(name, across + 28, down + _GAP + 11)]
        across += 46 + width(name)
    read = "; ".join(f"{name} {', '.join(bar.number for bar in group)}" for name, group in rows)
    return svg(f"{title}: {read}", (WIDE, down + (_GAP + _BAR + 4 if key else 2)), parts)
