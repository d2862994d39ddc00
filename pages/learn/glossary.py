"""The glossary on the page: what every technical word means, found by typing."""

import streamlit as st

from heta_core.learning import lessons
from heta_core.views import glossary
from pages.ui import component, state

_KEY = "heta.glossary"
# Text is read once, at import.
_COMPONENT = st.components.v2.component(
    "heta_glossary",
    html=component.HTML,
    css=component.style("strip", "glossary"),
    js=component.script("basics", "glossary"),
)


def draw(word: str | None) -> None:
    """All entries; the one of this id first, and said where there is none."""
    titles = {lesson.name: lesson.title for lesson in lessons()}
    _COMPONENT(key=_KEY, data=glossary.payload(word, titles), on_event_change=_received)


def _received() -> None:
    """Runs before the script does: the address says which word is read."""
    event = state.event(_KEY)
    if isinstance(event, dict) and event.get("word") in glossary.by_id():
        st.query_params[glossary.PARAMETER] = event["word"]
