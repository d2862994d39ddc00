"""Two numbers of many examples against each other, as a Plotly figure."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from heta_core.views.scale import PALETTES, Theme
from heta_core.views.words import number

_HEIGHT = 380


@dataclass(frozen=True, slots=True)
class Point:
    """An example at two numbers."""

    name: str
    x: float
    y: float
    is_marked: bool = False  # drawn as a cross


def named(name: str) -> str:
    """A name as a dot of the figure bears it: Plotly would take its marks for formatting."""
    return html.escape(name)


def figure(points: Sequence[Point], x: str, y: str, marked: str, theme: Theme = "light") -> go.Figure:
    """One dot for each example; those that are marked are crosses in the other colour, and the legend says why."""
    palette = PALETTES[theme]
    found = go.Figure()
    for is_marked, name, symbol, colour in (
        (False, "others", "circle", palette.heat),
        (True, marked, "x", palette.against),
    ):
        own = [point for point in points if point.is_marked == is_marked]
        if own:
            found.add_scatter(
                x=[point.x for point in own],
                y=[point.y for point in own],
                customdata=[[named(point.name), number(point.x), number(point.y)] for point in own],
                mode="markers",
                name=html.escape(name),
                marker={"symbol": symbol, "size": 9, "color": colour, "opacity": 0.8},
                hovertemplate="%{customdata[0]}: %{customdata[1]}, %{customdata[2]}<extra></extra>",
            )
    found.update_layout(
        height=_HEIGHT,
        margin={"l": 10, "r": 10, "t": 10, "b": 46},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        clickmode="event+select",
        dragmode=False,
    )
    found.update_xaxes(title=html.escape(x), automargin=True)
    found.update_yaxes(title=html.escape(y), automargin=True)
    return found
