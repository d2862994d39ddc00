"""The presenter's view: everything large enough for the last row, and fewer controls. `?present=1` opens with it."""

from pathlib import Path

import streamlit as st

from pages.ui import state

_KEY, _ON = "heta.present", "present"
_STYLE = Path(__file__).resolve().parents[2] / "assets" / "present.css"


def begin() -> None:
    """What the address says, once in a visit; before anything is drawn."""
    if st.query_params.get(_ON) == "1" and state.once(_ON):
        state.put(_ON, True)


def is_on() -> bool:
    """The page is shown to a room."""
    return bool(state.get(_ON, False))


def draw() -> None:
    """The switch, in the sidebar, and the style that goes with it."""
    state.set_widget(_KEY, is_on())
    told = "Large type and fewer controls on every page, for a projector. `?present=1` in an address opens with it."
    st.toggle("Presenter view", key=_KEY, on_change=_switched, help=told)
    if is_on():
        st.html(_STYLE)


def _switched() -> None:
    state.put(_ON, bool(state.widget(_KEY)))
