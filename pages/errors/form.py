"""The form of a run: which examples, which methods, how they are judged."""

from typing import TYPE_CHECKING

import streamlit as st

from heta_core import datasets
from heta_core.datasets import Dataset
from heta_core.errors import HetaError
from heta_core.evaluation.earlier import Earlier
from heta_core.evaluation.plan import BASELINE
from heta_core.settings import SCALINGS
from heta_core.views import words
from pages.errors import asking, desk, shelf
from pages.errors.asking import FIRST_METHODS, FIRST_METRICS, KEYS, SOURCES
from pages.errors.desk import Desk
from pages.library.listing import moment
from pages.ui import catalogue, controls, session, state
from pages.ui.glossary import more
from pages.ui.plain import plain

if TYPE_CHECKING:
    from heta_core.methods import Method
    from heta_core.metrics import Metric

PANEL = "heta.errors.panel"
_MASKS = {"zero": "zero", "mean": "mean of the text", "attention": "attention"}
_FILES = ["csv", "tsv", "jsonl", "json", "txt"]
_SHOWN = 20  # rows that could not be read


def draw() -> None:
    """Data, methods and the button; open until a run lies on the desk."""
    if state.widget(PANEL) is None:
        state.set_widget(PANEL, desk.current() is None)
    with st.expander("Data and methods", key=PANEL, on_change="rerun", icon=":material/tune:") as panel:
        if not panel.open:
            return
        left, right = st.columns(2, gap="large")
        with left:
            _data()
        with right:
            _methods()
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Run", type="primary", icon=":material/play_arrow:", on_click=_run)
            label, key = "Open a run", "heta.errors.open"
            with st.popover(label, icon=":material/folder_open:", key=key, on_change="rerun") as popover:
                if popover.open:  # a list of runs is read from their files
                    _kept()
                st.file_uploader("A run as it was saved here (.jsonl)", type=["jsonl"], key=desk.UPLOAD)
                st.button("Open the file", on_click=desk.open_file, disabled=state.widget(desk.UPLOAD) is None)


def _kept() -> None:
    """The runs of this computer."""
    place, runs = shelf.folder(), shelf.runs()
    if place is None:
        st.caption("Runs are not kept here: save one to open it again.")
        return
    chosen = st.selectbox(
        "Kept on this computer",
        runs,
        index=None,
        format_func=run_name,
        key="heta.errors.kept",
        placeholder="Choose a run" if runs else "None yet",
    )
    if chosen is not None:
        with st.container(horizontal=True):
            st.button("Open it", on_click=desk.open_kept, args=(chosen.folder,))
            st.button("Delete it", icon=":material/delete:", on_click=desk.delete, args=(chosen.folder,))
    st.caption("Every run is kept by itself, in")
    st.code(str(place), language=None, wrap_lines=True)


def run_name(run: Earlier) -> str:
    """When, on what and how far."""
    about = ", ".join(corpus.name for corpus in run.plan.corpora) or "?"
    models = ", ".join(run.plan.models) or "?"
    return f"{moment(run.changed)} · {about} · {models} · {run.n_done} of {run.plan.n_asked}"


def progress(table: Desk) -> None:
    """How far the run is, or why it ended."""
    run = table.run
    with controls.slot(run is not None and (run.is_live or run.problem is not None)):
        busy = run.busy if run is not None else None
        if run is not None and busy is not None:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.progress(min(1.0, busy.fraction or 0.0), plain(busy.busy))
                st.button("Stop", key="heta.errors.stop", on_click=desk.stop)
        elif run is not None and run.problem is not None:
            st.error(plain(run.problem), icon=":material/error:")
    n, of = len(table.outcomes), table.n_asked
    if n < of and (run is None or not run.is_live):
        on = " Run with the same data and methods goes on from here." if table.folder is not None else ""
        st.caption(f"{n} of {of} examples: the run was ended before the others.{on}")


def _run() -> None:
    """Runs before the script does."""
    try:
        desk.begin(asking.asked())
    except HetaError as error:
        desk.say(str(error))
        return
    desk.say(None)
    state.set_widget(PANEL, False)


def _data() -> None:
    st.segmented_control("Examples", asking.sources(), default=SOURCES["town"], key=KEYS["source"], required=True)
    match asking.source():
        case "town":
            _town()
        case "curated":
            _curated()
        case "path":
            st.text_input("A file or folder on this computer", key=KEYS["path"], persist_state="session")
            _limit()
        case "paste":
            st.text_area(
                "One prompt per line, or JSONL, or CSV with a column “prompt”",
                key=KEYS["pasted"],
                height=200,
                persist_state="session",
            )
            _samples()
        case "upload":
            st.file_uploader("CSV, TSV, JSONL, JSON or plain lines", type=_FILES, key=KEYS["upload"])
            _samples()
    try:
        data = asking.dataset()
    except HetaError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    told = asking.readable(data)
    if told is not None:
        st.caption(plain(told))
    if data is not None and data.refused:
        _refused(data)


def _town() -> None:
    st.caption(
        "Questions about made-up scenes that the embedded model never saw. Which sentence tells the answer is known, "
        "so it can be checked whether a method finds it."
    )
    with st.container(horizontal=True):
        st.selectbox("Skill", asking.skills(), key=KEYS["skill"], persist_state="session")
        st.number_input("Examples", 1, asking.MOST_AT_ONCE, 20, key=KEYS["count"], persist_state="session")


def _curated() -> None:
    st.caption(
        "A story and a passage that answers a science question, in both orders: does the score lie on the passage? "
        "Natural English, which the embedded model cannot read: choose a larger one at the left."
    )
    st.number_input("Examples", 2, asking.MOST_AT_ONCE, 20, step=2, key=KEYS["pairs"], persist_state="session")


def _limit() -> None:
    st.number_input("At most", 1, asking.MOST_AT_ONCE, 100, key=KEYS["limit"], persist_state="session")


def _samples() -> None:
    _limit()
    with st.popover("What a file looks like", icon=":material/help:"):
        for form in datasets.known():
            st.markdown(f"**{form.title}** · {form.meaning}")
            st.code(form.sample, language=None)


def _refused(data: Dataset) -> None:
    with st.expander(f"{len(data.refused):,} that cannot be used, and why"):
        for row in data.refused[:_SHOWN]:
            where = f"line {row.line}" if row.line is not None else f"“{row.id}”" if row.id else "a row"
            st.markdown(f"- {plain(where)}: {plain(row.why)}")
        if len(data.refused) > _SHOWN:
            st.caption(f"and {len(data.refused) - _SHOWN:,} more")


def _methods() -> None:
    methods = {method.name: method for method in catalogue.methods()}
    judging = {metric.name: metric for metric in catalogue.metrics()}
    st.multiselect(
        "Methods",
        [name for name in methods if name != BASELINE],
        default=list(FIRST_METHODS),
        format_func=catalogue.title,
        key=KEYS["methods"],
        persist_state="session",
        help=f"Random orders are always run beside them: every number is told against those.{more('random-order')}",
    )
    st.multiselect(
        "Judged by",
        list(judging),
        default=list(FIRST_METRICS),
        format_func=lambda name: judging[name].title,
        key=KEYS["metrics"],
        persist_state="session",
        help="What needs known evidence or a distractor is left out where the data do not say."
        + more("evidence", "distractor", "faithfulness"),
    )
    _settings()
    _meanings(methods, judging)


def _settings() -> None:
    with st.container(horizontal=True):
        st.selectbox(
            "Scores mask with",
            list(_MASKS),
            format_func=_MASKS.__getitem__,
            key=KEYS["mask"],
            persist_state="session",
            help="How KL and occlusion take a word away. Orders are judged under another mask, else the judge would "
            "favour whoever has seen it." + more("mask", "occlusion"),
        )
        st.selectbox(
            "Scaling",
            list(SCALINGS),
            index=SCALINGS.index(session.weights().scaling),
            format_func=words.SCALINGS.__getitem__,
            key=KEYS["scaling"],
            persist_state="session",
            help="Of HETA and its parts: S and I divided by their sums first, or added as they are."
            + more("scaling", "hessian", "kl"),
        )


def _meanings(methods: "dict[str, Method]", judging: "dict[str, Metric]") -> None:
    """What was chosen, in words."""
    with st.expander("What these are", icon=":material/menu_book:"):
        for name in (*(state.widget(KEYS["methods"]) or ()), BASELINE):
            method = methods[name]
            paper = f" ({method.source})" if method.source else ""
            st.markdown(f"**{plain(method.title)}** · {plain(method.meaning + paper)}")
        for name in state.widget(KEYS["metrics"]) or ():
            st.markdown(f"**{plain(judging[name].title)}** · {plain(judging[name].protocol)}")
