"""A generation as a token × step matrix. Plotly reads some HTML in labels, so every token is escaped here.

1. A heatmap draws the cells. It says and does nothing: clicks on a heatmap go nowhere in Streamlit.
2. A point that cannot be seen lies on every cell; it carries what the cell says and, as `customdata`, what it is:
   [position of the token, step].
"""

import html
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from heta_core.errors import ReportError
from heta_core.generated import GenerationAttribution
from heta_core.views import words
from heta_core.views.scale import PALETTES, Theme, intensity, tint
from heta_core.views.words import Component

# More rows than this cannot be told apart; what is left out is stated.
MOST_ROWS = 120
_ROW, _ABOVE, _BELOW = 16, 140, 20  # pixels of a row, of title and labels above the rows, and below them
_POINT, _REACH = 14, 24  # pixels: a point's size, and how far from it a pointer still means it

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """What is drawn: R of the rows, all S columns."""

    raw: _Floats  # (R, S), NaN where nothing is known or the token is not in the context
    parts: _Floats  # (R, S), of the highest value of the column
    ranks: _Floats  # (R, S), 1 is the highest of its column
    positions: NDArray[np.int64]  # (R,) in reading order
    hidden: _Floats  # (S or fewer) the part of each known column's sum that the rows not drawn hold
    step: int | None  # looked at
    token: int | None  # pinned


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
    grid = _grid(generation, component, step, token)
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


def _grid(generation: GenerationAttribution, component: Component, step: int | None, token: int | None) -> _Grid:
    raw = generation.matrix(component)
    n_rows, n_steps = raw.shape
    for what, found, n in (("step", step, n_steps), ("token", token, n_rows)):
        if found is not None and not 0 <= found < n:
            raise ReportError(f"The {what} must be from 0 to {n - 1}, found {found}.")
    if np.isnan(raw).all():
        raise ReportError(f"A matrix needs the {words.BY_NAME[component].title} of a step, found none: wait for it.")
    values = np.nan_to_num(raw)
    sums = values.sum(0)
    shares = values / np.where(sums > 0, sums, 1)
    best = shares.max(1)
    if token is not None:
        best[token] = np.inf
    kept = np.sort(np.argsort(-best, kind="stable")[:MOST_ROWS])
    parts = np.stack([intensity(column) for column in values.T], 1)
    hidden = np.maximum(0, 1 - shares[kept].sum(0)[sums > 0])
    return _Grid(raw[kept], parts[kept], _ranks(raw)[kept], kept, hidden, step, token)


def _ranks(raw: _Floats) -> _Floats:
    """The place of each value in its column; equal ones in reading order."""
    ranks = np.full(raw.shape, np.nan)
    for column, values in enumerate(raw.T):
        known = np.flatnonzero(~np.isnan(values))
        order = known[np.argsort(-values[known], kind="stable")]
        ranks[order, column] = np.arange(1, len(order) + 1)
    return ranks


def _cells(grid: _Grid, component: Component, theme: Theme) -> go.Heatmap:
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


def _points(generation: GenerationAttribution, grid: _Grid, component: Component) -> go.Scattergl:
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


def _told(generation: GenerationAttribution, grid: _Grid, component: Component, row: int, k: int) -> str:
    """Both tokens, the raw value with its unit, and its rank in the step."""
    position, pieces, told = int(grid.positions[row]), generation.tokens.pieces, words.BY_NAME[component]
    value = float(grid.raw[row, k])
    shown = words.percent(value) if component in ("final", "transition") else words.number(value)
    said = generation.n_prompt + k
    return (
        f"{_name(pieces[position])} (position {position})<br>for {_name(pieces[said])} (position {said})"
        f"<br>{told.title}: {html.escape(shown)} {told.unit}<br>rank {grid.ranks[row, k]:.0f} of {said}"
    )


def _name(piece: str) -> str:
    return html.escape(words.quoted(piece))


def _label(figure: go.Figure, generation: GenerationAttribution, grid: _Grid) -> None:
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


def _frame(figure: go.Figure, generation: GenerationAttribution, grid: _Grid, theme: Theme) -> None:
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


def _note(generation: GenerationAttribution, grid: _Grid, component: Component) -> str:
    title = f"{words.BY_NAME[component].title}, each column over its own highest"
    n_rows, n_shown = len(generation.tokens) - 1, len(grid.positions)
    if n_shown == n_rows:
        return f"{title};<br>all {n_rows} tokens"
    mean = words.percent(float(grid.hidden.mean() if len(grid.hidden) else 0))
    most = words.percent(float(grid.hidden.max(initial=0)))
    return (
        f"{title};<br>the {n_shown} highest of {n_rows} tokens in reading order;<br>"
        f"the other {n_rows - n_shown} hold {html.escape(mean)} of a column on average, {html.escape(most)} at most"
    )


def _faint(colour: str) -> str:
    """A veil of a colour, behind cells that are empty."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.14)"
