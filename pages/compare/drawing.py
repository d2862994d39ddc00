"""The comparison itself: the component that draws it, and the table to take along."""

from collections.abc import Sequence

import streamlit as st

from heta_core.attribution import Attribution
from heta_core.views import compared_table, side_by_side
from pages.ui import component

# Text is read once, at import.
_COMPONENT = st.components.v2.component(
    "heta_compare",
    html=component.HTML,
    css=component.style("strip", "compare"),
    js=component.script("basics", "compare"),
)


def draw(columns: Sequence[Attribution]) -> None:
    """All, what one has more and less than A, and how far each agrees with it."""
    _COMPONENT(key="heta.compare", data={"view": side_by_side.payload(columns)})
    st.download_button(
        "Save the comparison as CSV",
        lambda: compared_table.csv_text(columns),  # written when it is asked for
        "heta-compare.csv",
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
    )
