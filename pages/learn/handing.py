"""The lessons as paper to take along."""

from functools import lru_cache
from urllib.parse import urlsplit

import streamlit as st

from heta_core.learning import lessons
from heta_core.teaching import handout
from pages.ui import presenting

_COPIES = (
    ("Handout", "heta-lessons.html", False, "All lessons to print, with room to write and without the answers."),
    ("Teacher's copy", "heta-lessons-teacher.html", True, "The same with the answers and what you should see."),
)
_HOSTS = 4  # addresses of this server for which both copies are kept


def draw() -> None:
    """Both copies, where the page is not shown to a room."""
    if presenting.is_on():
        return
    with st.container(horizontal=True):
        for title, name, for_teachers, told in _COPIES:
            content, key = _written(_address(st.context.url), for_teachers), f"heta.handout.{name}"
            st.download_button(title, content, name, "text/html", key=key, on_click="ignore", help=told)


def _address(url: str | None) -> str:
    """Where the page is, as one types it: without what the address asks for."""
    parts = urlsplit(url or "")
    return f"{parts.netloc}{parts.path}".rstrip("/") or "Learn"


@lru_cache(2 * _HOSTS)
def _written(address: str, for_teachers: bool) -> str:
    """Of the process: what is shipped does not change while it runs."""
    return handout.page(lessons(), for_teachers=for_teachers, address=address)
