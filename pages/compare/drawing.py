"""The comparison itself: the component that draws it, and the table to take along."""

import streamlit as st

from heta_core.attribution import Attribution
from heta_core.views import comparing, side_by_side
from pages.ui import component

# Text is read once, at import.
_COMPONENT = st.components.v2.component(
    "heta_compare",
    html=component.HTML,
    css=component.style("strip", "compare"),
    js=component.script("basics", "compare"),
)


def draw(left: Attribution, right: Attribution) -> None:
    """Both, their difference and their agreement."""
    _COMPONENT(key="heta.compare", data={"view": side_by_side.payload((left, right))})
    st.download_button(
        "Save the comparison as CSV",
        lambda: side_by_side.csv_text(comparing.compare(left, right)),  # written when it is asked for
        "heta-compare.csv",
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
    )
