"""“Does the picture tell the truth?”: how sure its highest places are, and two checks that run on demand."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from heta_core.attribution import Attribution
from heta_core.faithfulness.curves import MAP, Curves, Scale
from heta_core.faithfulness.scrambled import Scrambled
from heta_core.parts import Prediction
from heta_core.views import naming, verdicts, words
from pages.ui import checking, controls, session
from pages.ui.runs import Run
from pages.ui.theme import page_theme

if TYPE_CHECKING:
    import pandas

    from heta_core.views.curves import AreaRow

_EVERYTHING = 0  # in the list of how many of the last layers are redrawn
_WAIT = "This follows when the answer above is finished."
_CURVES = (
    "Mask what the map calls most important, one after another: a true map makes the answer fall at once. With all "
    "masked but those it should come back at once."
)
_SCRAMBLE = (
    "Ask a copy of the model whose weights were redrawn at random. A map that looks the same there has not looked at "
    "what the model learnt."
)
_SCALES: dict[str, Scale] = {"Probability": "probability", "Log, in nats": "nats"}
_CONFIG = {"toImageButtonOptions": {"format": "svg", "filename": "heta-curves"}, "displaylogo": False}


def draw(result: Attribution) -> None:
    """The badge and the panel below the strip."""
    is_running = session.busy() is not None or not result.is_complete
    if is_running:
        checking.stop()  # the newest question goes first, and its map is another one
    checks = None if is_running else checking.of(result)
    with controls.slot(checks is not None and checks.stability is not None):
        if checks is not None and checks.stability is not None:
            _badge(result, checks)
    with st.expander("Does the picture tell the truth?", key=checking.PANEL, on_change="rerun") as panel:
        if not panel.open:
            return
        if checks is None:
            st.caption(_WAIT)
            return
        _curves(result, checks.curves)
        st.divider()
        _scramble(result, checks.scramble)


def _badge(result: Attribution, checks: checking.Checks) -> None:
    assert checks.stability is not None
    short, told = verdicts.stability(result, checks.stability)
    is_sure = checks.stability.least >= verdicts.SURE
    colour, icon = ("green", ":material/verified:") if is_sure else ("orange", ":material/change_history:")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(short, icon=icon, color=colour)
        st.caption(controls.plain(told))


# deletion and insertion


def _curves(result: Attribution, run: Run | None) -> None:
    st.markdown("**Mask in the order of the map**")
    st.caption(_CURVES)
    masks = verdicts.masks(result)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        mask = st.selectbox(
            f"Masked is a {naming.unit(result)} with", list(masks), format_func=masks.__getitem__, key=checking.MASK
        )
        st.button("Draw the curves", key="heta.truth.draw", on_click=checking.ask_curves, args=(result, mask))
    found = _progress(run, "curves")
    if isinstance(found, Curves) and found.of(MAP):
        _found_curves(result, found, is_over=run is not None and not run.is_live)


def _found_curves(result: Attribution, found: Curves, *, is_over: bool) -> None:
    """What is known: verdicts once all orders are there, the curves, the areas, and the tokens masked by rank."""
    from heta_core.views import curves  # plotly takes half a second, which the first screen should not wait for

    with controls.slot(found.is_complete or is_over):
        if found.is_complete:
            told = (verdicts.of_direction(found, d) for d in ("deletion", "insertion"))
            st.markdown("\n".join(f"- {controls.plain(line)}" for line in told))
        elif is_over:
            st.caption("Stopped: these are the orders that were drawn by then.")
    st.caption(controls.plain(verdicts.check(result, found)))
    chosen = st.segmented_control(
        "Show", list(_SCALES), default="Probability", key=checking.SCALE, label_visibility="collapsed", required=True
    )
    scale = _SCALES[chosen or "Probability"]
    left, right = st.columns(2)
    with left:
        st.plotly_chart(
            curves.figure(result, found, "deletion", scale, page_theme()),
            key=checking.CHART,
            on_select=partial(checking.clicked, found.ranks),
            selection_mode="points",
            config=_CONFIG,
        )
    with right:
        figure = curves.figure(result, found, "insertion", scale, page_theme())
        st.plotly_chart(figure, key="heta.truth.insertion", config=_CONFIG)
    with controls.slot(found.is_complete):
        if found.is_complete:
            _areas(curves.area_rows(found, scale), "" if scale == "probability" else ", nats")
    with controls.slot(bool(found.said)):
        if found.said:
            _masked(result, found)


def _areas(rows: "list[AreaRow]", unit: str) -> None:
    """The area under each curve, a row for each method."""
    table = {
        "order": [row.title for row in rows],
        f"deletion ↓{unit}": [row.deletion for row in rows],
        f"insertion ↑{unit}": [row.insertion for row in rows],
    }
    st.caption("Areas under the curves: of deletion low is good, of insertion high.")
    st.dataframe(table, hide_index=True, key="heta.truth.areas")


def _masked(result: Attribution, found: Curves) -> None:
    """What the model says with the first of the map masked, beside what it said."""
    many = naming.units(result)
    label = f"Mask the highest {many} of the map, or click a point of a deletion curve"
    checking.keep_rank(found.ranks)
    k = st.select_slider(label, found.ranks, key=checking.RANK)
    st.caption(controls.plain(verdicts.masked(result, found.of(MAP)[0].order[:k])))
    left, right = st.columns(2)
    before, after = _candidates("nothing masked", found.said[0]), found.said[found.ranks.index(k)]
    left.dataframe(before, hide_index=True, key="heta.truth.before")
    right.dataframe(_candidates(f"{k} masked", after), hide_index=True, key="heta.truth.after")


def _candidates(title: str, said: Prediction) -> "pandas.DataFrame":
    import pandas

    names = [words.quoted(candidate.piece) for candidate in said.candidates]
    return pandas.DataFrame({title: names, "p": [words.percent(c.probability) for c in said.candidates]})


# scrambled weights


def _scramble(result: Attribution, run: Run | None) -> None:
    st.markdown("**Scramble the weights**")
    st.caption(_SCRAMBLE)
    n_layers = result.transition.flow.shape[0] if result.transition is not None else 1
    choices = sorted({_EVERYTHING, 1, max(1, n_layers // 2), n_layers})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        n_last = st.selectbox("Redrawn", choices, format_func=_which, key=checking.LAYERS)
        st.button("Scramble", key="heta.truth.scramble", on_click=checking.ask_scramble, args=(result, n_last or None))
    found = _progress(run, "scramble")
    if isinstance(found, Scrambled) and found.is_complete:
        from heta_core.views import twins

        st.markdown(controls.plain(verdicts.scrambled(result, found)))
        st.html(twins.markup(result, found, page_theme()))
        st.caption(verdicts.redrawn(found))


def _which(n_last: int) -> str:
    if n_last == _EVERYTHING:
        return "everything"
    return "the output and the last layer" if n_last == 1 else f"the output and the last {n_last} layers"


# both


def _progress(run: Run | None, name: str) -> Curves | Scrambled | None:
    """How far a check is, with a way to end it, or why it failed; and what it has found."""
    with controls.slot(run is not None and (run.is_live or run.problem is not None)):
        busy = run.busy if run is not None else None
        if run is not None and busy is not None:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.progress(min(1.0, busy.fraction or 0.0), busy.busy)
                st.button("Stop", key=f"heta.truth.stop.{name}", on_click=run.stop)
        elif run is not None and run.problem is not None:
            st.warning(controls.plain(run.problem))
    return run.result if run is not None else None
