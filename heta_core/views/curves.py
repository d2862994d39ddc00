"""Deletion and insertion curves as Plotly figures and as a small table of areas."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from heta_core.attribution import Attribution
from heta_core.faithfulness.curves import MAP, Curves, Direction, Scale
from heta_core.parts import Floats
from heta_core.views import naming, orders, verdicts
from heta_core.views.orders import Masked
from heta_core.views.scale import PALETTES, Palette, Theme
from heta_core.views.words import number

_TITLES: dict[Direction, str] = {
    "deletion": "Deletion: the first masked",
    "insertion": "Insertion: all but the first masked",
}
_AXES: dict[Direction, str] = {"deletion": "{units} masked", "insertion": "{units} kept"}
_HEIGHT = 420
_BAND = 0.22  # how much of the colour of random orders fills the band between them


@dataclass(frozen=True, slots=True)
class _Look:
    """How a method's line is told from the others', without its colour too."""

    hue: str  # of the palette
    dash: str
    width: float


# A method without a look of its own gets the last.
_LOOKS = {
    MAP: _Look("heat", "solid", 3.5),
    "occlusion": _Look("hessian", "dash", 2),
    "input_gradient": _Look("kl", "dot", 2),
    "recency": _Look("transition", "dashdot", 2),
}
_OTHER = _Look("muted", "longdash", 1.5)
# Of the columns of a comparison: hue, dash and the shape of the points.
_COLUMN_LOOKS = (
    ("heat", "solid", "circle"),
    ("against", "dash", "square"),
    ("kl", "dot", "diamond"),
    ("transition", "dashdot", "triangle-up"),
)
_LEAST_GAP = 0.05  # of the height of the plot, about that of a letter
_OWN: dict[Scale, str] = {"probability": "p of what each explains", "nats": "f of what each explains, nats"}


@dataclass(frozen=True, slots=True)
class AreaRow:
    """The areas of one method; of a random one the mean of its draws, and their span."""

    title: str
    deletion: str
    insertion: str


def area_rows(curves: Curves, scale: Scale = "probability") -> list[AreaRow]:
    """One row for each method, the map first."""
    return [
        AreaRow(_title(curves, name), _span(curves, name, "deletion", scale), _span(curves, name, "insertion", scale))
        for name in dict.fromkeys(curve.name for curve in curves.curves)
    ]


def _title(curves: Curves, name: str) -> str:
    found = curves.of(name)
    return found[0].title if len(found) == 1 else f"{found[0].title}: mean (span) of {len(found)}"


def _span(curves: Curves, name: str, direction: Direction, scale: Scale) -> str:
    found = [curves.area(curve, direction, scale) for curve in curves.of(name)]
    mean = number(float(np.mean(found)))
    return mean if len(found) == 1 else f"{mean} ({number(min(found))} to {number(max(found))})"


def figure(
    attribution: Attribution, curves: Curves, direction: Direction, scale: Scale = "probability", theme: Theme = "light"
) -> go.Figure:
    """One line for each method over the number of units masked or kept; of a random one its mean and its span.

    A click on any line's point names a rank: where lines meet, it is chance which of them takes it.
    """
    palette = PALETTES[theme]
    found = go.Figure()
    names = list(dict.fromkeys(curve.name for curve in curves.curves))
    for name in sorted(names, key=lambda name: name == MAP):  # the map's line last, on top
        if len(curves.of(name)) > 1:
            rows = np.stack([curves.values(curve, direction, scale) for curve in curves.of(name)])
            _add_band(found, curves.ranks, rows, _title(curves, name), palette)
        else:
            _add_line(found, curves, name, direction, scale, palette)
    found.update_layout(clickmode="event+select", legend={"traceorder": "reversed"})
    found.update_xaxes(title=_AXES[direction].format(units=naming.units(attribution)), range=_padded(curves.n_units))
    return _laid_out(found, verdicts.quantity(attribution, scale), direction, scale)


def together(
    columns: Sequence[Masked], direction: Direction, scale: Scale = "probability", theme: Theme = "light"
) -> go.Figure:
    """One line for each column over the part that is masked or kept, marked with its letter, dash and shape.

    Random orders are there where all columns ask one question and the first was drawn beside some.
    """
    palette, found = PALETTES[theme], go.Figure()
    results = [column.result for column in columns]
    is_one, first = orders.is_one_question(results), columns[0].curves
    drawn = [first.values(curve, direction, scale) for curve in first.of("random")] if is_one else []
    if drawn:
        _add_band(found, _parts(first), np.stack(drawn), f"Random: mean and span of {len(drawn)}", palette)
    lines = [(np.array(_parts(c.curves)), c.curves.values(c.own, direction, scale)) for c in columns]
    for k, (column, name) in enumerate(zip(columns, orders.names(columns), strict=True)):
        hue, dash, symbol = _COLUMN_LOOKS[k]
        colour, curves = getattr(palette, hue), column.curves
        marked, side = _apart(lines, k)
        found.add_scatter(
            x=lines[k][0],
            y=lines[k][1],
            name=html.escape(name),
            mode="lines+markers+text",
            text=[column.letter if rank == marked else "" for rank in range(len(curves.ranks))],
            textposition=side,
            textfont={"color": palette.text, "size": 15, "shadow": _halo(palette.ground)},
            line={"color": colour, "dash": dash, "width": 2.5},
            marker={"color": colour, "symbol": symbol, "size": 7},
            customdata=[f"{rank} of {curves.n_units}" for rank in curves.ranks],
            hovertemplate="%{customdata}: %{y:.3f}<extra>" + html.escape(name) + "</extra>",
        )
    told = _AXES[direction].format(units=f"{orders.unit(results)}s")
    found.update_xaxes(title=f"% of {told}", range=_padded(100))
    quantities = {verdicts.quantity(a, scale) for a in results}
    told = quantities.pop() if len(quantities) == 1 else _OWN[scale]
    return _laid_out(found, told, direction, scale)


def _halo(ground: str) -> str:
    """What lets a letter be read where it stands on a line."""
    return ", ".join(f"{x}px {y}px 1px {ground}" for x in (-1, 1) for y in (-1, 1))


def _apart(lines: Sequence[tuple[Floats, Floats]], k: int) -> tuple[int, str]:
    """Where the letter of the k-th line can be read: the point farthest from the others, and its side away from them.

    Where it meets another all along, each has its letter elsewhere.
    """
    x, y = lines[k]
    is_falling = y[-1] < y[0]
    above, below = ("top right", "bottom left") if is_falling else ("top left", "bottom right")
    gaps = np.array([np.interp(x, *line) - y for j, line in enumerate(lines) if j != k] or [np.zeros(len(x))])
    nearest = np.abs(gaps).min(0)
    height = max(float(np.ptp(values)) for _, values in lines)
    if nearest.max() <= _LEAST_GAP * height:
        return len(x) * (k + 1) // (len(lines) + 2), above
    marked = int(nearest.argmax())
    return marked, below if gaps[np.abs(gaps[:, marked]).argmin(), marked] > 0 else above


def _parts(curves: Curves) -> list[float]:
    """Ranks as a part of all units, in percent: columns may have different numbers of them."""
    return [100 * rank / curves.n_units for rank in curves.ranks]


def _laid_out(found: go.Figure, quantity: str, direction: Direction, scale: Scale) -> go.Figure:
    found.update_layout(
        title={"text": _TITLES[direction], "font": {"size": 14}, "x": 0, "xanchor": "left"},
        height=_HEIGHT,
        margin={"l": 55, "r": 10, "t": 40, "b": 40},
        hovermode="closest",
        dragmode=False,
    )
    found.update_layout(legend={"orientation": "h", "y": -0.24, "yanchor": "top"})
    told = html.escape(quantity)
    bounds = {"range": [-0.02, 1.02]} if scale == "probability" else {}
    found.update_yaxes(title=told if len(told) < 40 else None, **bounds)
    return found


def _padded(n: int) -> list[float]:
    return [-0.02 * n, 1.02 * n]


def _add_line(
    found: go.Figure, curves: Curves, name: str, direction: Direction, scale: Scale, palette: Palette
) -> None:
    (curve,) = curves.of(name)
    look = _LOOKS.get(name, _OTHER)
    colour = getattr(palette, look.hue)
    found.add_scatter(
        x=curves.ranks,
        y=curves.values(curve, direction, scale),
        name=curve.title,
        mode="lines+markers",  # without a marker a point cannot be clicked
        line={"color": colour, "dash": look.dash, "width": look.width},
        marker={"color": colour, "size": 8 if name == MAP else 3},
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        hovertemplate="%{x}: %{y:.3f}<extra>" + html.escape(curve.title) + "</extra>",
    )


def _add_band(found: go.Figure, x: Sequence[float], rows: Floats, title: str, palette: Palette) -> None:
    """The mean of (draws, K) curves and the span that they fill."""
    edge = {"width": 0, "color": palette.muted}
    common = {"x": x, "mode": "lines", "hoverinfo": "skip", "legendgroup": title}
    found.add_scatter(y=rows.min(0), line=edge, showlegend=False, **common)
    fill = f"rgba({', '.join(str(c) for c in _channels(palette.muted))}, {_BAND})"
    found.add_scatter(y=rows.max(0), line=edge, fill="tonexty", fillcolor=fill, showlegend=False, **common)
    found.add_scatter(y=rows.mean(0), line={"color": palette.muted, "dash": "dot", "width": 2}, name=title, **common)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
