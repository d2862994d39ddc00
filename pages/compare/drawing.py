"""The comparison itself: the component that draws it, and the table to take along."""

import streamlit as st

from heta_core.attribution import Attribution
from heta_core.views import compared_table, side_by_side
from pages.ui import component, state

# Text is read once, at import.
_COMPONENT = st.components.v2.component(
    "heta_compare",
    html=component.HTML,
    css=component.style("strip", "compare"),
    js=component.script("basics", "terms", "compare"),
)


def draw(columns: dict[str, Attribution]) -> None:
    """All, by their letters: what each has more and less than the first, and how far each agrees with it."""
    answers, letters = tuple(columns.values()), "".join(columns)
    _COMPONENT(key="heta.compare", data={"view": _payload(answers, letters)})
    st.download_button(
        "Save the comparison as CSV",
        lambda: compared_table.csv_text(answers, letters),  # written when it is asked for
        "heta-compare.csv",
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
    )


def _payload(answers: tuple[Attribution, ...], letters: str) -> dict[str, object]:
    """Written once for the same columns: while another is computed, the page draws itself often."""
    held: tuple[tuple[Attribution, ...], str, dict[str, object]] | None = state.get("compare.drawn")
    if held is None or held[:2] != (answers, letters):  # results are the same only if they are one object
        held = (answers, letters, side_by_side.payload(answers, letters))
        state.put("compare.drawn", held)
    return held[2]
