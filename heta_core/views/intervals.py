"""Means with their intervals as a Plotly figure: a line for each name, the best on top."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from heta_core.views.scale import PALETTES, Palette, Theme
from heta_core.views.words import number

_LINE, _FRAME = 30, 84  # pixels


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its bounds."""

    name: str
    mean: float
    low: float
    high: float
    n: int


def figure(
    rows: Sequence[Interval], title: str, *, better: str, baseline: str | None = None, theme: Theme = "light"
) -> go.Figure:
    """A dot for each mean with a bar for its interval; a dashed line stands at the baseline's mean.

    Args:
        better: "high" or "low"; the best stand on top.
        baseline: the name of the row that the others are held against; it is drawn in grey.
    """
    palette = PALETTES[theme]
    ordered = sorted(rows, key=lambda row: row.mean, reverse=better == "low")  # plotly draws from below
    found = go.Figure()
    found.add_scatter(
        x=[row.mean for row in ordered],
        y=[html.escape(row.name) for row in ordered],
        error_x=_bars(ordered, palette),
        mode="markers",
        marker={"size": 10, "color": [palette.muted if row.name == baseline else palette.heat for row in ordered]},
        customdata=[[number(row.mean), number(row.low), number(row.high), row.n] for row in ordered],
        hovertemplate="%{y}: %{customdata[0]} (%{customdata[1]} to %{customdata[2]}), n = %{customdata[3]}"
        "<extra></extra>",
    )
    for row in rows:
        if row.name == baseline:
            found.add_vline(x=row.mean, line={"dash": "dot", "color": palette.muted, "width": 1})
    arrow = "higher is better →" if better == "high" else "← lower is better"
    height = _FRAME + _LINE * len(rows)
    found.update_layout(height=height, margin={"l": 10, "r": 10, "t": 10, "b": 46}, showlegend=False, dragmode=False)
    found.update_xaxes(title=html.escape(f"{title}   {arrow}"), automargin=True)
    found.update_yaxes(automargin=True)
    return found


def _bars(rows: Sequence[Interval], palette: Palette) -> dict[str, object]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [row.high - row.mean for row in rows],
        "arrayminus": [row.mean - row.low for row in rows],
        "color": palette.muted,
        "thickness": 1.5,
    }
