"""What lies below the film: the matrix of every token at every step, every number, files."""

from functools import partial
from typing import Any

import streamlit as st

from heta_core.errors import ReportError
from heta_core.generated import GenerationAttribution
from heta_core.report import loads_generation
from heta_core.taking.page import report_in
from heta_core.views import words
from heta_core.views.film import is_curved
from heta_core.views.words import Component
from pages.generate import branches, following
from pages.generate.branches import Branch
from pages.ui import state, taking
from pages.ui.details import text_of
from pages.ui.theme import page_theme

_UPLOAD, _COMPONENT = "heta.generate.upload", "heta.generate.component"
_PICTURE = {"toImageButtonOptions": {"format": "svg", "filename": "heta-steps"}, "displaylogo": False}


def draw(branch: Branch, g: GenerationAttribution) -> None:
    """The three panels."""
    with st.expander("Every token at every step", expanded=True, key="heta.panel.matrix", on_change="rerun") as panel:
        if panel.open:
            _matrix(branch, g)
    with st.expander("Every number", key="heta.panel.steps", on_change="rerun") as panel:
        if panel.open and g.steps:
            table = g.to_dataframe()
            for column in ("token", "target", "first_choice"):
                if column in table:
                    table[column] = table[column].map(words.label)
            st.dataframe(table, hide_index=True, key="heta.steps")
    with st.expander("Save and reopen", key="heta.panel.generation", on_change="rerun") as panel:
        if panel.open:
            _files(branch, g)


def _matrix(branch: Branch, g: GenerationAttribution) -> None:
    """The component that is wanted, as far as it is known; while the model still works, one that no longer changes."""
    names = {c.title: c.name for c in words.components("token", is_gated=g.is_gated)}
    first = next(iter(names))
    title = st.segmented_control("Component", list(names), default=first, key=_COMPONENT, required=True)
    wanted = names.get(title, names[first])
    is_over = all(is_curved(step) for step in g.steps) or branches.busy() is None
    instead = {"final": "kl", "hessian": "kl"}.get(wanted, wanted) if not is_over else wanted
    known = {"kl": "information", "transition": "transition"}.get(instead, "hessian")
    if not any(getattr(step, known) for step in g.steps):
        st.caption(f"{words.BY_NAME[instead].title} follows when it is known.")
        return
    if instead != wanted:
        st.caption(f"{words.BY_NAME[instead].title} for now; {title} follows when every step has it.")
    st.plotly_chart(
        _figure(branch, g, instead, [getattr(step, known) for step in g.steps]),
        key=branches.MATRIX,
        on_select=_clicked,
        selection_mode="points",
        config=_PICTURE,
    )
    st.caption("Click a cell to go to its step with its word pinned; the frame follows the film.")


def _figure(branch: Branch, g: GenerationAttribution, component: Component, parts: list[Any]) -> Any:
    """The matrix; drawn anew only where something in it has changed, as the page draws itself often while it works."""
    from heta_core.views import matrix  # plotly takes half a second, which the first screen should not wait for

    theme = page_theme()
    step, token = min(branch.step, g.n_new - 1), branch.token
    token = token if token is not None and token < len(g.tokens) - 1 else None
    source = (component, theme, step, token, g.weights if component == "final" else None, parts)
    if branch.figure is None or branch.figure[0] != source:
        branch.figure = source, matrix.matrix(g, component, theme, step=step, token=token)
    return branch.figure[1]


def _clicked() -> None:
    """Runs before the script does."""
    shown, g = branches.active(), None
    selected = state.widget(branches.MATRIX) or {}
    points = selected.get("selection", {}).get("points", [])
    if shown is not None and points and (g := shown.generation) is not None:
        token, step = points[0].get("customdata", (-1, -1))[:2]
        if 0 <= step < g.n_new and 0 <= token < g.n_prompt + step:
            shown.goto(int(step), int(token))


def _files(branch: Branch, g: GenerationAttribution) -> None:
    if branches.busy() is not None:
        st.caption("This follows when the film above is finished. Stop keeps what is there.")
    elif g.steps:
        taking.draw_generation(g, min(branch.step, g.n_new - 1), partial(following.written, g))
    st.file_uploader("Open a saved JSON or HTML", type=["json", "html"], key=_UPLOAD, on_change=_opened)


def _opened() -> None:
    file = state.widget(_UPLOAD)
    if file is None:
        return
    try:
        text = text_of(file.getvalue())
        report = report_in(text) if file.name.lower().endswith(".html") else text
        branches.show(loads_generation(report), "Saved file")
    except ReportError as error:
        branches.say(str(error))
