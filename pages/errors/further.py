"""Two further looks at a run: its examples in groups, and beside another run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from heta_core.evaluation import between, dividing, earlier, summary
from heta_core.evaluation.between import Between, Change
from heta_core.evaluation.dividing import TITLES
from heta_core.evaluation.outcome import Outcome
from heta_core.evaluation.record import Record
from heta_core.evaluation.summary import Estimate
from heta_core.views import words
from pages.errors import form, shelf
from pages.errors.desk import Desk
from pages.ui import catalogue, state
from pages.ui.plain import plain

if TYPE_CHECKING:
    from heta_core.metrics import Measure

BY, OTHER = "heta.errors.by", "heta.errors.other"
_SHOWN = 20  # answers that changed


def groups(table: Desk, measure: "Measure") -> None:
    """One measure of every method in each group."""
    with st.expander("In groups", icon=":material/category:", key="heta.errors.groups", on_change="rerun") as panel:
        if not panel.open:
            return
        titles = {title: by for by, title in TITLES.items()}
        chosen = st.selectbox("Group by", list(titles), key=BY, persist_state="session", width=320)
        found = dividing.divided(table.outcomes, titles[chosen or next(iter(titles))], table.remarks)
        st.dataframe([_row(name, own, measure) for name, own in found.items()], hide_index=True)
        st.caption(
            f"{measure.title}: mean and 95 % interval; an example with several tags stands in several groups. Of wrong "
            "answers the target is what the data call right."
        )


def _row(name: str, outcomes: Sequence[Outcome], measure: "Measure") -> dict[str, object]:
    told = {outcome.answer.is_right for outcome in outcomes if outcome.answer is not None}
    right = sum(outcome.answer is not None and outcome.answer.is_right is True for outcome in outcomes)
    row: dict[str, object] = {"group": name, "n": len(outcomes)}
    if told - {None}:
        row["right"] = f"{right} of {len(outcomes)}"
    for line in summary.lines(outcomes):
        row[catalogue.title(line.method)] = told_of(line.means.get(measure.name))
    return row


def told_of(own: Estimate | None) -> str:
    """A mean with its interval, with equally many digits everywhere, so that a column sorts."""
    if own is None:
        return ""
    digits = ".3f" if abs(own.mean) >= 0.001 or not own.mean else ".1e"
    return f"{own.mean:{digits}}" + (f" ({own.low:{digits}} to {own.high:{digits}})" if own.n_clusters > 1 else "")


def beside(table: Desk) -> None:
    """Another run that was kept, example by example."""
    if not shelf.has_runs(but=table.folder):
        return
    label = "Beside another run"
    with st.expander(label, icon=":material/compare_arrows:", key="heta.errors.beside", on_change="rerun") as panel:
        if not panel.open:
            return
        runs = [run for run in shelf.runs(but=table.folder) if run.n_done]
        if not runs:
            st.caption("No other run has an example yet.")
            return
        chosen = st.selectbox("The run before", runs, index=None, format_func=form.run_name, key=OTHER)
        if chosen is not None:
            _beside(between.between(_opened(chosen), table.record))


def _opened(run: earlier.Earlier) -> Record:
    """Read once, as long as it is the same file."""
    return state.held("errors.run before", (run.folder, run.changed), lambda: earlier.opened(run.folder))


def _beside(found: Between) -> None:
    if not found.n_shared:
        st.info("The two runs have no example in common, so there is nothing to compare.")
        return
    st.markdown(
        plain(f"Set otherwise: {'; '.join(found.causes)}.") if found.causes else "Both runs have the same settings."
    )
    one, other = found.n_only
    only = f" {one:,} stand only in the run before, {other:,} only in this one." if one or other else ""
    st.caption(f"Over the {found.n_shared:,} examples that both have, paired.{only}")
    st.dataframe([_change(change) for change in found.changes], hide_index=True)
    if found.answers:
        st.markdown(f"**The model says something else on {len(found.answers):,}**")
        st.dataframe([_answers(*pair) for pair in found.answers[:_SHOWN]], hide_index=True)


def _change(change: Change) -> dict[str, object]:
    measure = catalogue.measures().get(change.measure)
    gain = change.gain
    has_sign = gain.low > 0 or gain.high < 0
    return {
        "method": catalogue.title(change.method),
        "measure": measure.title if measure is not None else change.measure,
        "before": f"{change.before:.3f}",
        "now": f"{change.after:.3f}",
        "difference": f"{gain.mean:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})" if gain.n_clusters > 1 else "",
        "": "differs" if has_sign and gain.n_clusters > 1 else "",
    }


def _answers(one: Outcome, other: Outcome) -> dict[str, object]:
    assert one.answer is not None and other.answer is not None
    return {
        "id": one.example.id,
        "prompt": one.example.prompt,
        "target": one.example.target,
        "before": words.label(one.answer.said),
        "now": words.label(other.answer.said),
    }
