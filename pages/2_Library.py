"""Library: what was explained before, to find, annotate, open again without a model, and take along."""

import streamlit as st

from pages.generate import branches
from pages.library import doing, listing, whole
from pages.ui import frame, keeping, session


def library() -> None:
    """The list, and what concerns it as a whole."""
    shelf = keeping.shelf()
    if shelf is None:
        whole.absent()
        return
    session.keep()  # what ended while the reader was on the way here
    branches.keep()
    whole.messages(shelf)
    shown = listing.found(shelf)
    if shown.n_matching:
        listing.draw(shelf, shown)
    elif doing.query():
        st.info("Nothing matches. Every word must stand somewhere; try fewer.")
    else:
        whole.empty()
    whole.settings(shelf)


with frame.page("Library", lambda: session.offer(None)):
    doing.follow()
    st.title("Library", anchor=False)
    library()
