"""A generation as a token × step matrix. Plotly reads some HTML in labels, so every token is escaped here.

1. A heatmap draws the cells. It says and does nothing: clicks on a heatmap go nowhere in Streamlit.
2. A point that cannot be seen lies on every cell; it carries what the cell says and, as `customdata`, what it is:
   [position of the token, step].
"""

import html

import numpy as np
import plotly.graph_objects as go

from heta_core.generated import GenerationAttribution
from heta_core.views import words
from heta_core.views.grid import Grid, laid, rows_drawn
from heta_core.views.scale import PALETTES, Theme, tint
from heta_core.views.words import Component

_ROW, _ABOVE, _BELOW = 16, 140, 20  # pixels of a row, of title and labels above the rows, and below them
_POINT, _REACH = 14, 24  # pixels: a point's size, and how far from it a pointer still means it


def matrix(
    generation: GenerationAttribution,
    component: Component,
    theme: Theme = "light",
    *,
    step: int | None = None,
    token: int | None = None,
) -> go.Figure:
    """One component of every step, a column for each; columns are coloured each over its own highest value.

    Args:
        step: the step that is looked at; its column is framed.
        token: the position that is pinned; its row is framed, and is drawn whatever it holds.

    Raises:
        ReportError: the component is not known of any step, or the step or the token does not exist.
    """
    grid = laid(generation, component, step, token)
    figure = go.Figure([_cells(grid, component, theme), _points(generation, grid, component)])
    _label(figure, generation, grid)
    _frame(figure, generation, grid, theme)
    height = _ABOVE + _ROW * len(grid.positions) + _BELOW
    note = {"text": _note(generation, grid, component), "font": {"size": 13}, "y": 1 - 12 / height, "yanchor": "top"}
    figure.update_layout(
        title=note,
        height=height,
        margin={"l": 110, "r": 10, "t": _ABOVE, "b": _BELOW},
        plot_bgcolor=_faint(PALETTES[theme].muted),
        hovermode="closest",
        hoverdistance=_REACH,
        showlegend=False,
    )
    return figure


def _cells(grid: Grid, component: Component, theme: Theme) -> go.Heatmap:
    """The colours; what is not known, or not in a step's context, has none."""
    full = tint(1, theme) if component == "final" else getattr(PALETTES[theme], component)
    return go.Heatmap(
        z=np.where(np.isnan(grid.raw), np.nan, grid.parts),
        zmin=0,
        zmax=1,
        colorscale=[[0, tint(0, theme)], [1, full]],
        showscale=False,
        hoverinfo="skip",
        xgap=1,
        ygap=1,
    )


def _points(generation: GenerationAttribution, grid: Grid, component: Component) -> go.Scattergl:
    """What the cells say, and what a click on them means."""
    rows, steps = (places.tolist() for places in np.nonzero(~np.isnan(grid.raw)))
    unseen = {"marker": {"opacity": 0}}
    return go.Scattergl(
        x=steps,
        y=rows,
        mode="markers",
        marker={"symbol": "square", "size": _POINT, "opacity": 0},
        selected=unseen,
        unselected=unseen,
        customdata=[[int(grid.positions[r]), k] for r, k in zip(rows, steps, strict=True)],
        hovertext=[_told(generation, grid, component, r, k) for r, k in zip(rows, steps, strict=True)],
        hoverinfo="text",
    )


def _told(generation: GenerationAttribution, grid: Grid, component: Component, row: int, k: int) -> str:
    """Both tokens, the raw value with its unit, and its rank in the step."""
    position, pieces, told = (
        int(grid.positions[row]),
        generation.tokens.pieces,
        words.named(component, is_gated=generation.is_gated),
    )
    value = float(grid.raw[row, k])
    shown = words.percent(value) if component in ("final", "transition") else words.number(value)
    said = generation.n_prompt + k
    return (
        f"{_name(pieces[position])} (position {position})<br>for {_name(pieces[said])} (position {said})"
        f"<br>{told.title}: {html.escape(shown)} {told.unit}<br>rank {grid.ranks[row, k]:.0f} of {said}"
    )


def _name(piece: str) -> str:
    return html.escape(words.quoted(piece))


def _label(figure: go.Figure, generation: GenerationAttribution, grid: Grid) -> None:
    """The tokens along both edges."""
    pieces, n_steps = generation.tokens.pieces, grid.raw.shape[1]
    said = [html.escape(words.label(piece)) for piece in pieces[generation.n_prompt :]]
    figure.update_xaxes(
        tickmode="array",
        tickvals=list(range(n_steps)),
        ticktext=said,
        tickangle=-60,
        range=[-0.5, n_steps - 0.5],
        side="top",  # a long prompt has more rows than a screen
    )
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(grid.positions))),
        ticktext=[html.escape(words.label(pieces[i])) for i in grid.positions],
        range=[len(grid.positions) - 0.5, -0.5],
    )
    figure.update_layout(xaxis_showgrid=False, yaxis_showgrid=False, xaxis_zeroline=False, yaxis_zeroline=False)


def _frame(figure: go.Figure, generation: GenerationAttribution, grid: Grid, theme: Theme) -> None:
    """Lines around the step that is looked at and the token that is pinned, and one where the continuation begins."""
    n_rows, n_steps = grid.raw.shape
    ink = {"color": PALETTES[theme].text, "width": 2}
    if grid.step is not None:
        left, right = grid.step - 0.5, grid.step + 0.5
        figure.add_shape(type="rect", x0=left, x1=right, y0=-0.5, y1=n_rows - 0.5, line=ink)
    if grid.token is not None:
        row = int(np.flatnonzero(grid.positions == grid.token)[0])
        figure.add_shape(type="rect", x0=-0.5, x1=n_steps - 0.5, y0=row - 0.5, y1=row + 0.5, line=ink)
    begins = int(np.searchsorted(grid.positions, generation.n_prompt)) - 0.5
    if begins < n_rows - 0.5:
        line = {"color": PALETTES[theme].muted, "width": 1, "dash": "dot"}
        figure.add_shape(type="line", x0=-0.5, x1=n_steps - 0.5, y0=begins, y1=begins, line=line)


def _note(generation: GenerationAttribution, grid: Grid, component: Component) -> str:
    title = f"{words.named(component, is_gated=generation.is_gated).title}, each column over its own highest"
    return ";<br>".join(html.escape(line) for line in (title, *rows_drawn(grid)))


def _faint(colour: str) -> str:
    """A veil of a colour, behind cells that are empty."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.14)"
