"""Light or dark, as the reader's browser has it now."""

import streamlit as st

from heta_core.views.scale import Theme


def page_theme() -> Theme:
    """The theme of the page."""
    return "dark" if st.context.theme.type == "dark" else "light"
