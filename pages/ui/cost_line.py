"""The line that says what a long question costs while it is worked on."""

from collections.abc import Callable

import streamlit as st

from pages.ui import session
from pages.ui.controls import plain, slot
from pages.ui.engine_cache import Step


def draw() -> None:
    """Of the question on Explore."""
    line(session.busy(), session.stop)


def line(step: Step | None, stop: Callable[[], None]) -> None:
    """The cost, with a cheaper way where there is one and a way to stop; nothing for a short question."""
    told = step.told if step is not None else None
    with slot(told is not None):
        if told is not None:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(plain(f"This takes {told.words}."))
                if told.cheaper is not None:
                    label = f"Shared probes instead: {told.cheaper_words}"
                    st.button(plain(label), on_click=session.ask, args=(told.cheaper,), type="tertiary")
                st.button("Stop", on_click=stop, type="tertiary")
