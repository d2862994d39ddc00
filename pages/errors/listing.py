"""The examples: filtered by their signs and tags, sorted by any column, two columns against each other."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from heta_core.evaluation.outcome import Key, Outcome, Remark
from heta_core.evaluation.signs import KNOWN
from pages.errors.desk import Desk
from pages.ui import catalogue, state
from pages.ui.theme import page_theme

METHOD, SIGNS, TAGS = "heta.errors.method", "heta.errors.signs", "heta.errors.tags"
TABLE, AXES = "heta.errors.table", ("heta.errors.x", "heta.errors.y")
_NUMBERS = {
    "p": ("p of the target", "%.3f"),
    "evidence": ("share on evidence", "%.3f"),
    "distractor": ("share on distractor", "%.3f"),
    "flips": ("flipping tokens", "%d"),
    "stays": ("stability", "%.2f"),
}
_TEXTS = {
    "signs": "signs",
    "prompt": "prompt",
    "target": "target",
    "says": "model says",
    "highest": "highest",
    "tags": "tags",
    "note": "note",
    "problem": "problem",
    "id": "id",
}


def method(desk: Desk) -> str:
    """Whose scores the signs and shares are about."""
    names = [name for name in desk.plan.methods]
    chosen = st.selectbox(
        "Signs and shares of",
        names,
        format_func=catalogue.title,
        key=METHOD,
        persist_state="session",
        width=320,
    )
    return chosen or names[0]


def draw(desk: Desk, outcomes: Sequence[Outcome], method: str) -> Outcome | None:
    """Filters and table; the example that is chosen in it."""
    st.header("Examples", anchor=False)
    shown = _filtered(desk, outcomes, method)
    if not shown:
        st.info("No example has all of these: take one away.")
        return None
    rows = [desk.looks.row(outcome, method, desk.remarks.get(outcome.key)) for outcome in shown]
    _chosen_from_table(shown, rows)
    with st.expander("Two columns against each other", icon=":material/scatter_plot:", key="heta.errors.scatter"):
        _scatter(shown, rows)
    key: Key | None = state.get("errors.chosen")
    return next((outcome for outcome in outcomes if outcome.key == key), None)


def _filtered(desk: Desk, outcomes: Sequence[Outcome], method: str) -> list[Outcome]:
    met = {name for outcome in outcomes for name in desk.looks.signs(outcome, method)}
    titles = {sign.name: sign.title for sign in KNOWN if sign.name in met}
    tags = sorted({tag for outcome in outcomes for tag in _tags(desk, outcome)})
    wanted: set[str] = set()
    if titles:
        told = "Only with"
        picked = st.pills(told, list(titles), selection_mode="multi", format_func=titles.__getitem__, key=SIGNS)
        wanted = set(picked or ())
    labels: set[str] = set()
    if tags:
        labels = set(st.multiselect("Tagged", tags, key=TAGS) or ())
    return [o for o in outcomes if wanted <= set(desk.looks.signs(o, method)) and labels <= set(_tags(desk, o))]


def _tags(desk: Desk, outcome: Outcome) -> tuple[str, ...]:
    return (*outcome.example.tags, *desk.remarks.get(outcome.key, Remark()).tags)


def _chosen_from_table(shown: Sequence[Outcome], rows: Sequence[dict[str, Any]]) -> None:
    columns: dict[str, Any] = {name: title for name, title in _TEXTS.items()}
    columns |= {name: st.column_config.NumberColumn(title, format=how) for name, (title, how) in _NUMBERS.items()}
    columns["signs"] = st.column_config.TextColumn("signs", width="medium")
    columns["right"] = st.column_config.CheckboxColumn("right")
    columns |= {
        measure.name: st.column_config.NumberColumn(measure.title, format="%.3f", help=measure.meaning)
        for measure in catalogue.measures().values()
    }
    filled = [name for name in rows[0] if any(row.get(name) not in (None, "") for row in rows)]
    first = [name for name in ("signs", "prompt", "target", "says", "right", "p", "highest") if name in filled]
    found = st.dataframe(
        [{name: row.get(name) for name in filled} for row in rows],
        column_config=columns,
        column_order=[*first, *(name for name in filled if name not in first)],
        hide_index=True,
        key=TABLE,
        on_select="rerun",
        selection_mode="single-row",
    )
    picked = found["selection"]["rows"]
    before: object = state.get("errors.picked")
    now = shown[picked[0]].key if picked and picked[0] < len(shown) else None
    if now != before:  # else a dot that was clicked since would be forgotten
        state.put("errors.picked", now)
        state.put("errors.chosen", now)
    st.caption("A click on a heading sorts; tick a row to look at it below.")


def _scatter(shown: Sequence[Outcome], rows: Sequence[dict[str, Any]]) -> None:
    from heta_core.views import scattered  # plotly takes half a second, which the first screen should not wait for

    titles = {name: title for name, (title, _) in _NUMBERS.items()}
    titles |= {measure.name: measure.title for measure in catalogue.measures().values()}
    filled = [name for name in titles if any(row.get(name) is not None for row in rows)]
    if len(filled) < 2:
        st.caption("This needs two columns of numbers.")
        return
    with st.container(horizontal=True):
        axes = [
            st.selectbox(label, filled, index=n, format_func=titles.__getitem__, key=key, persist_state="session")
            for n, (label, key) in enumerate(zip(("Across", "Up"), AXES, strict=True))
        ]
    x, y = (axis or filled[n] for n, axis in enumerate(axes))
    placed = [(o, row) for o, row in zip(shown, rows, strict=True) if None not in (row.get(x), row.get(y))]
    points = [scattered.Point(o.example.id, row[x], row[y], row["right"] is False) for o, row in placed]
    event = st.plotly_chart(
        scattered.figure(points, titles[x], titles[y], "wrong answer", page_theme()),
        key="heta.errors.dots",
        on_select="rerun",
        selection_mode="points",
        config={"displaylogo": False},
    )
    left = len(shown) - len(points)
    st.caption("Click a dot to look at the example below." + (f" {left} have no such numbers." if left else ""))
    dots = event["selection"]["points"]
    name = dots[0]["customdata"][0] if dots else None
    if name is not None and name != state.get("errors.dot"):
        state.put("errors.chosen", next((o.key for o, _ in placed if scattered.named(o.example.id) == name), None))
    state.put("errors.dot", name)
