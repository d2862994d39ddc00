"""The figures as pictures for print: the three components word by word, and the layers and heads of one word.

They say what the figures of the page say, with the numbers written, and need neither Plotly nor a browser.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from heta_core.attribution import Attribution
from heta_core.errors import ReportError
from heta_core.parts import Floats
from heta_core.views import lettering, looking, naming, ranking, words
from heta_core.views.lettering import Style, written
from heta_core.views.scale import PALETTES, Hue, Theme, intensity, tint
from heta_core.views.sheet import MARGIN, ROOM, about, heading, sheet

# More rows than this do not fit on a sheet; what is left out is stated.
MOST_ROWS = 60
_LABELS, _TEXT = 150.0, 11.5  # the width of labels, and a font size
_ROW, _BAR = 19.0, 11.0  # of the chart of bars
_Raw = Literal["transition", "hessian", "kl"]
_COLUMNS: tuple[_Raw, ...] = ("transition", "hessian", "kl")
_MOST_NUMBERED = 24  # heads in a row; in more cells numbers are too small to be read


@dataclass(frozen=True, slots=True)
class _Column:
    """One component of the rows that are drawn."""

    title: str
    values: Floats  # (R,), of a contrast's effect with its sign
    numbers: tuple[str, ...]  # R
    errors: Floats  # (R,) ± one standard error, 0 where there is none
    hue: Hue  # of what is above zero
    left: float
    wide: float

    @property
    def scale(self) -> float:
        """Units of the picture for one of the value; the numbers stand in the last 95 of the column."""
        top = float((np.abs(self.values) + self.errors).max(initial=0))
        return (self.wide - 95) / top if top > 0 else 0.0


def breakdown(attribution: Attribution, theme: Theme = "light") -> str:
    """The three raw components of each unit side by side, ± one standard error on S; of a contrast Δ with its sign.

    Raises:
        ReportError: no component is known yet.
    """
    a, palette = attribution, PALETTES[theme]
    rows = ranking.rows(a)
    kept = sorted(row.unit for row in rows[:MOST_ROWS])
    columns = list(_columns(a, np.array(kept)))
    if not columns:
        raise ReportError("A breakdown needs a component, found none: wait for the first result.")
    parts, y = _headed(a, theme)
    head, label = Style(_TEXT, palette.muted), Style(_TEXT, palette.text)
    for column in columns:
        parts.append(written(column.title, column.left, y, head))
    for k, unit in enumerate(kept):
        base = y + 6 + (k + 1) * _ROW
        name = lettering.shortened(words.label(a.units.pieces[unit]), _LABELS - 10, label)
        parts.append(written(name, MARGIN, base, label))
        parts += [bar for column in columns for bar in _bar(column, k, base, theme)]
    told = _told(a, len(kept), ranking.hidden_share(rows[:MOST_ROWS], rows))
    return _document(a, parts, y + 6 + (len(kept) + 2) * _ROW, told, theme)


def heads(attribution: Attribution, unit: int, theme: Theme = "light") -> str:
    """(L, H) where the transition of one token or block comes from, in percent of the flow; the cells sum to its M.

    Raises:
        ReportError: the transition is not known yet, or there is no such unit.
    """
    a, palette = attribution, PALETTES[theme]
    flow = looking.heads(a, unit)
    n_layers, n_heads = flow.shape
    wide = min(90.0, (ROOM - 70) / n_heads)
    high = 26.0 if n_heads <= _MOST_NUMBERED else wide
    parts, y = _headed(a, theme)
    style = Style(_TEXT if n_heads <= 16 else 8.5, palette.muted)
    for head in range(n_heads):
        number = f"head {head}" if wide > 45 else str(head)
        parts.append(written(number, MARGIN + 70 + head * wide, y, style))
    shades = intensity(flow)
    for layer in range(n_layers):
        top = y + 8 + layer * high
        parts.append(written(f"layer {layer}", MARGIN, top + high / 2 + 4, Style(_TEXT, palette.muted)))
        for head in range(n_heads):
            x, ground = MARGIN + 70 + head * wide, tint(float(shades[layer, head]), theme, "transition")
            parts.append(f'<rect x="{x:.2f}" y="{top:.2f}" width="{wide:.2f}" height="{high:.2f}" fill="{ground}"/>')
            if n_heads <= _MOST_NUMBERED:
                text = Style(style.size, palette.text)
                parts.append(written(words.number(float(flow[layer, head])), x + 3, top + high / 2 + 4, text))
    name = words.quoted(a.units.pieces[unit])
    told = f"{name}: {looking.all_heads(a, unit)}; cells in % of the flow"
    return _document(a, parts, y + 8 + n_layers * high + 26, told, theme)


def _columns(a: Attribution, kept: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Iterator[_Column]:
    """The components that are known, with the room that each has."""
    known = [(n, _values(a, n)) for n in _COLUMNS if looking.raw(a, n) is not None]
    wide = (ROOM - _LABELS) / max(1, len(known))
    meanings = {c.name: c for c in words.components(a.target.kind, is_gated=a.is_gated)}
    for k, (name, values) in enumerate(known):
        errors = np.zeros(len(kept))
        numbers = [looking.said(name, v) for v in values[kept].tolist()]
        title = f"{meanings[name].title}, {meanings[name].unit}"
        if name == "hessian" and a.hessian is not None:
            raw = a.hessian.standard_error[kept]
            errors = np.nan_to_num(raw)
            numbers = [
                words.with_error(v, None if np.isnan(e) else float(e))
                for v, e in zip(values[kept].tolist(), raw, strict=True)
            ]
            title = "Hessian ± standard error"
        elif name == "kl" and a.foil:
            title, numbers = "Δ, nats", [naming.signed(v) for v in values[kept].tolist()]
        colour: Hue = "heat" if name == "kl" and a.foil else name
        yield _Column(title, values[kept], tuple(numbers), errors, colour, MARGIN + _LABELS + k * wide, wide)


def _values(a: Attribution, name: _Raw) -> Floats:
    found = a.effect if name == "kl" and a.foil else looking.raw(a, name)
    assert found is not None  # only what is known is drawn
    return found


def _bar(column: _Column, k: int, base: float, theme: Theme) -> Iterator[str]:
    """A value as a bar with its error and its number; below zero in the hue of the foil."""
    value, error = float(column.values[k]), float(column.errors[k])
    palette = PALETTES[theme]
    hue: Hue = "against" if value < 0 else column.hue
    wide, top = abs(value) * column.scale, base - _BAR + 1.5
    yield (
        f'<rect x="{column.left:.2f}" y="{top:.2f}" width="{wide:.2f}" height="{_BAR:g}" '
        f'fill="{getattr(palette, hue)}"/>'
    )
    if error > 0:
        low, high = max(0.0, abs(value) - error) * column.scale, (abs(value) + error) * column.scale
        wide, middle = max(wide, high), top + _BAR / 2
        yield (
            f'<path d="M{column.left + low:.2f} {middle:.2f}H{column.left + high:.2f}" stroke="{palette.text}" '
            'stroke-width="1.2"/>'
        )
    yield written(column.numbers[k], column.left + wide + 5, base, Style(_TEXT, palette.text))


def _told(a: Attribution, n_shown: int, hidden: float) -> str:
    """What the bars are, and what is left out."""
    many = naming.units(a)
    all_of = f"All {n_shown} {many}" if n_shown == a.n_units else f"The {n_shown} highest of {a.n_units} {many}"
    rest = (
        "" if n_shown == a.n_units else f"; the other {a.n_units - n_shown} hold {words.percent(hidden)} of the score"
    )
    sides = f". Δ above 0 speaks for {naming.said(a)}, below 0 for {naming.foil(a)}" if a.foil else ""
    return f"{all_of} in reading order{rest}{sides}."


def _headed(a: Attribution, theme: Theme) -> tuple[list[str], float]:
    parts, y = heading(naming.question(a), theme)
    return parts, y + 4


def _document(a: Attribution, parts: list[str], y: float, told: str, theme: Theme) -> str:
    return sheet(naming.question(a), parts, y, (told, *about(a)), theme)
