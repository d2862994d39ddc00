"""What a run comes to: how many of the examples show which sign, and how good each method is."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from heta_core.evaluation import summary
from heta_core.evaluation.outcome import Outcome
from heta_core.evaluation.plan import BASELINE, Plan
from heta_core.evaluation.signs import KNOWN
from heta_core.evaluation.summary import Estimate, Line
from heta_core.views.words import number
from pages.errors import further
from pages.errors.desk import Desk
from pages.ui import catalogue, state
from pages.ui.theme import page_theme

if TYPE_CHECKING:
    from heta_core.metrics import Measure

MEASURE = "heta.errors.measure"
_PICTURE = {"toImageButtonOptions": {"format": "svg", "filename": "heta-evaluation"}, "displaylogo": False}
_WIDTH = 165  # pixels of a mean with its interval; a table takes the widths of its first rows, when there were none
_FEW = 30  # examples; with fewer an interval says little


def draw(table: Desk, outcomes: Sequence[Outcome], method: str) -> None:
    """Counts, then the methods against each other on one measure and on all."""
    _counts(table, outcomes, method)
    found = _lines(outcomes)
    measures = catalogue.measures()
    told = [name for name in measures if any(name in line.means for line in found)]
    if not told:
        return
    st.header("Methods", anchor=False)
    _table(found, [measures[name] for name in told])
    chosen = st.selectbox(
        "Draw", told, format_func=lambda name: measures[name].title, key=MEASURE, persist_state="session", width=320
    )
    _drawn(found, measures[chosen or told[0]])
    st.caption(_said(outcomes, table.plan))
    further.groups(table, measures[chosen or told[0]])
    further.beside(table)


def _lines(outcomes: Sequence[Outcome]) -> list[Line]:
    """Intervals are drawn from thousands of resamples, so only when there is another example."""
    return state.held("errors.lines", (id(outcomes[0]), len(outcomes)), lambda: summary.lines(outcomes))


def _counts(table: Desk, outcomes: Sequence[Outcome], method: str) -> None:
    met = Counter(name for outcome in outcomes for name in table.looks.signs(outcome, method))
    right = [outcome.answer.is_right for outcome in outcomes if outcome.answer is not None]
    asked = [is_right for is_right in right if is_right is not None]
    with st.container(horizontal=True, gap="medium"):
        if asked:
            st.metric("Answered right", f"{sum(asked)} of {len(asked)}", width="content")
        for sign in KNOWN:
            if met[sign.name]:
                title = sign.title.capitalize()
                st.metric(title, f"{met[sign.name]} of {len(outcomes)}", help=sign.meaning, width="content")


def _table(found: Sequence[Line], measures: "Sequence[Measure]") -> None:
    """Every measure of every method, with its interval."""
    rows = [
        {"Method": catalogue.title(line.method), "n": line.n - line.n_failed}
        | {_heading(measure): further.told_of(line.means.get(measure.name)) for measure in measures}
        | {"s, median": line.seconds[0] if line.seconds else None}
        for line in found
    ]
    text = st.column_config.TextColumn
    columns = {_heading(measure): text(help=measure.meaning, width=_WIDTH) for measure in measures}
    columns["s, median"] = st.column_config.NumberColumn(format="%.2f", help="For one example, as if it ran alone.")
    st.dataframe(rows, hide_index=True, column_config=columns, key="heta.errors.board")


def _heading(measure: "Measure") -> str:
    return f"{measure.title} {'↑' if measure.better == 'high' else '↓'}"


def _drawn(found: Sequence[Line], measure: "Measure") -> None:
    """One measure with its intervals, and what each method gains over random orders."""
    from heta_core.views import intervals  # plotly takes half a second, which the first screen should not wait for

    own = [(catalogue.title(line.method), line.means.get(measure.name)) for line in found]
    rows = [intervals.Interval(name, e.mean, e.low, e.high, e.n) for name, e in own if e is not None]
    figure = intervals.figure(
        rows, measure.title, better=measure.better, baseline=catalogue.title(BASELINE), theme=page_theme()
    )
    st.plotly_chart(figure, key="heta.errors.intervals", config=_PICTURE)
    st.caption(measure.meaning)
    gained = [line for line in found if measure.name in line.gains]
    if gained:
        told = (f"{catalogue.title(line.method)} {_gain(line.gains[measure.name])}" for line in gained)
        st.caption(f"Against random orders, example by example: {'; '.join(told)}.")


def _gain(own: Estimate) -> str:
    mean, low, high = (f"{'+' if value > 0 else ''}{number(value)}" for value in (own.mean, own.low, own.high))
    return f"{mean} ({low} to {high})"


def _said(outcomes: Sequence[Outcome], plan: Plan) -> str:
    """What the numbers rest on."""
    n = sum(outcome.problem is None for outcome in outcomes)
    probes = "adaptive probes" if plan.settings.probes == "auto" else f"{plan.settings.probes} probes a token"
    told = (
        f"Means over examples; intervals are 95 % of {summary.N_RESAMPLES:,} bootstrap resamples of the examples, by "
        f"cluster where the data repeat. Scores: mask “{plan.settings.mask}”, {probes} ({plan.settings.estimator}), "
        f"{plan.weights.scaling} scaling; orders are judged under the mask “{plan.check_mask}”, seed {plan.seed}. "
        "Random is the mean of five draws."
    )
    return told + (f" {n} examples are few: read differences with care." if n < _FEW else "")
