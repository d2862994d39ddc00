"""The lessons as paper to take along."""

from functools import cache

import streamlit as st

from heta_core.learning import lessons
from heta_core.teaching import handout
from pages.ui import presenting

_COPIES = (
    ("Handout", "heta-lessons.html", False, "All lessons as one page to print: pictures, questions, exercises."),
    ("Teacher's copy", "heta-lessons-teacher.html", True, "The same with the answers and what is to be seen."),
)


def draw() -> None:
    """Both copies, where the page is not shown to a room."""
    if presenting.is_on():
        return
    with st.container(horizontal=True):
        for title, name, for_teachers, told in _COPIES:
            content, key = _written(for_teachers), f"heta.handout.{name}"
            st.download_button(title, content, name, "text/html", key=key, on_click="ignore", help=told)


@cache
def _written(for_teachers: bool) -> str:
    """Of the process: what is shipped does not change while it runs."""
    return handout.page(lessons(), for_teachers=for_teachers)
