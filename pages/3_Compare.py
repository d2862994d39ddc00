"""Compare: two answers side by side, what the second has more and less than the first, and how far they agree."""

import streamlit as st

from pages.compare import choosing, drawing, picking
from pages.generate import branches
from pages.library import doing, whole
from pages.ui import frame, keeping, session
from pages.ui.plain import plain


def compare() -> None:
    """Two pickers, and below them the comparison."""
    shelf = keeping.shelf()
    if shelf is None:
        st.markdown("Compare shows two analyses of the Library side by side.")
        whole.absent()
        return
    session.keep()  # what ended while the reader was on the way here
    branches.keep()
    choosing.restore()
    of = choosing.choices(shelf)
    problem, _ = doing.said()
    if problem:
        st.error(plain(problem), icon=":material/error:")
    if picking.too_few(of) and not st.query_params:
        return
    sides = picking.draw(shelf, of)
    picking.tools(shelf, sides)
    answers = [side.answer for side in sides if side is not None and side.answer is not None]
    if len(answers) == len(sides):
        drawing.draw(answers)


with frame.page("Compare", lambda: session.offer(None)):
    doing.follow()
    st.title("Compare", anchor=False)
    compare()
