"""Error analysis: where the model goes wrong over many examples, and whether the picture of it is right."""

import streamlit as st

from pages.errors import board, desk, detail, files, form, listing
from pages.ui import controls, engine_cache, frame, session


def advance() -> bool:
    """The run, or the start of the engine, whose methods the form lists."""
    return engine_cache.starting() or desk.advance()


def analyse() -> None:
    """The form, how far the run is, and what it has found."""
    detail.follow()
    controls.trouble(desk.said())
    if engine_cache.starting(patience=0):
        st.caption("The engine is starting.")
        return
    form.draw()
    table = desk.current()
    if table is None:
        return
    form.progress(table)
    if table.outcomes:
        method = listing.method(table)
        board.draw(table, table.outcomes, method)
        chosen = listing.draw(table, table.outcomes, method)
        if chosen is not None:
            detail.draw(table, chosen, method)
        files.draw(table)


with frame.page("Error analysis", lambda: session.offer(None)):
    st.title("Error analysis", anchor=False)
    st.caption("Where does the model go wrong, which words does each method hold responsible, and which to believe?")
    frame.part(analyse, advance)()
