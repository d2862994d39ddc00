"""Plotly figures of an `Attribution`. Plotly reads some HTML in labels, so every token is escaped here."""

import html

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from heta_core.attribution import Attribution
from heta_core.errors import ReportError
from heta_core.views import looking, naming, ranking, words
from heta_core.views.scale import PALETTES, Theme, tint

# More bars than this cannot be told apart; what is left out is stated.
MOST_BARS = 60
_LONGEST_TICK = 24  # characters


def breakdown(attribution: Attribution, theme: Theme = "light") -> go.Figure:
    """The three raw components of each unit, one below the other as their units differ; ± one standard error on S.

    Of a contrast the third is Δ with its sign, whose size the score weighs.
    """
    a = attribution
    shown, hidden = _shown(a)
    known = [(name, values) for name, values in _raw(a).items() if values is not None]
    if not known:
        raise ReportError("A breakdown needs a component, found none: wait for the first result.")
    titles = [html.escape(_title(a, name)) for name, _ in known]
    figure = make_subplots(rows=len(known), cols=1, shared_xaxes=True, subplot_titles=titles, vertical_spacing=0.09)
    names = [html.escape(_tick(words.label(a.units.pieces[i]))) for i in shown]
    for row, (name, values) in enumerate(known, start=1):
        bar = go.Bar(
            x=list(range(len(shown))),
            y=values[shown],
            name=_name(a, name),
            marker={"color": getattr(PALETTES[theme], name)},
            error_y=_error(a, shown, theme) if name == "hessian" else None,
            customdata=[[a.places[i][0], n] for i, n in zip(shown, names, strict=True)],
            hovertemplate="%{customdata[1]} (position %{customdata[0]}): %{y:.4g}<extra></extra>",
        )
        figure.add_trace(bar, row=row, col=1)
    figure.update_xaxes(tickmode="array", tickvals=list(range(len(shown))), ticktext=names, tickangle=-60)
    figure.update_annotations(x=0, xanchor="left", font_size=13)
    note = _note(a, len(shown), hidden)
    figure.update_layout(
        showlegend=False,
        height=170 * len(known) + 120,
        margin={"l": 60, "r": 10, "t": 90, "b": 90},
        title={"text": note, "font": {"size": 13}, "y": 0.98, "yanchor": "top"},
    )
    return figure


def _tick(label: str) -> str:
    """The beginning of a long label: a sentence does not fit under its bar."""
    return label if len(label) <= _LONGEST_TICK else f"{label[: _LONGEST_TICK - 1]}…"


def heads(attribution: Attribution, unit: int, theme: Theme = "light") -> go.Figure:
    """(L, H) where the transition of one token or block comes from; the cells sum to its M.

    Raises:
        ReportError: the transition is not known yet, or there is no such unit.
    """
    a = attribution
    parts = looking.heads(a, unit)
    assert a.transition is not None
    n_layers, n_heads = parts.shape
    figure = go.Figure(
        go.Heatmap(
            z=parts,
            x=[f"head {h}" for h in range(n_heads)],
            y=[f"layer {layer}" for layer in range(n_layers)],
            zmin=0,
            colorscale=[[0, tint(0, theme)], [1, PALETTES[theme].transition]],
            colorbar={"title": "% of the flow"},
            hovertemplate="%{y}, %{x}: %{z:.3f} % of the flow<extra></extra>",
        )
    )
    name = html.escape(f"“{_tick(words.label(a.units.pieces[unit]))}”")
    sink = a.transition.sink_share
    lost = (
        f";<br>up to {words.percent(float(sink.max()))} of a layer's attention goes to no token" if sink.any() else ""
    )
    figure.update_layout(
        title={"text": f"{name}: {looking.all_heads(a, unit)}{lost}", "font": {"size": 13}},
        height=min(900, 28 * n_layers + 150),
        margin={"l": 70, "r": 10, "t": 50, "b": 40},
    )
    figure.update_yaxes(autorange="reversed")
    return figure


def _raw(a: Attribution) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]] | None]:
    return {
        "transition": a.transition.scores if a.transition else None,
        "hessian": a.hessian.scores if a.hessian else None,
        "kl": a.effect if a.foil else a.information.kl if a.information else None,
    }


def _name(a: Attribution, name: str) -> str:
    return "Δ" if a.foil and name == "kl" else words.BY_NAME[name].title


def _title(a: Attribution, name: str) -> str:
    """The component and its unit, and which side of a contrast its sign speaks for."""
    sides = f": above 0 for {naming.said(a)}, below 0 for {naming.foil(a)}" if a.foil and name == "kl" else ""
    return f"{_name(a, name)}, {words.BY_NAME[name].unit}{sides}"


def _shown(a: Attribution) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], float]:
    """The units that are drawn, in reading order, and the share of the score that the others hold."""
    rows = ranking.rows(a)
    kept = rows[:MOST_BARS]
    return np.array(sorted(row.unit for row in kept)), ranking.hidden_share(kept, rows)


def _error(a: Attribution, shown: np.ndarray[tuple[int], np.dtype[np.int64]], theme: Theme) -> dict[str, object]:
    """Bars of ± one standard error; none where it is not known."""
    assert a.hessian is not None
    return {"type": "data", "array": np.nan_to_num(a.hessian.standard_error[shown]), "color": PALETTES[theme].muted}


def _note(a: Attribution, n_shown: int, hidden: float) -> str:
    ends = "bars end at the estimate, whiskers are ± one standard error"
    many = words.UNITS[naming.scored(a)][1]
    if n_shown == a.n_units:
        return f"All {n_shown} {many};<br>{ends}"
    left_out = f"the other {a.n_units - n_shown} hold {words.percent(hidden)} of the score"
    return f"The {n_shown} highest of {a.n_units} {many} in reading order;<br>{left_out};<br>{ends}"
