"""Compare: up to four answers side by side, what one has more and less than the first, and how far they agree."""

import streamlit as st

from pages.compare import asking, choosing, drawing, masking, picking
from pages.generate import branches
from pages.library import doing, whole
from pages.ui import frame, keeping, session, state
from pages.ui.plain import plain


def compare() -> None:
    """A picker for each column, and below them the comparison."""
    doing.follow()
    state.put("compare.running", ())
    shelf = keeping.shelf()
    if shelf is None:
        st.markdown("Compare shows analyses of the Library side by side.")
        whole.absent()
        return
    choosing.restore()
    of = choosing.choices(shelf)
    problem, _ = doing.said()
    if problem:
        st.error(plain(problem), icon=":material/error:")
    if picking.too_few(of) and not st.query_params:
        return
    sides = picking.draw(shelf, of)
    picking.tools(sides)
    state.put("compare.running", tuple(side.run for side in sides.values() if side and side.run))
    answers = {name.upper(): side.answer for name, side in sides.items() if side and side.answer}
    if "A" in answers and len(answers) > 1:
        drawing.draw(answers)
        state.put("compare.running", (*state.get("compare.running"), *masking.draw(answers)))


def advance() -> bool:
    """The methods that are being asked."""
    return asking.advance(state.get("compare.running", ()))


with frame.page("Compare", lambda: session.offer(None)):
    session.keep()  # what ended while the reader was on the way here
    branches.keep()
    st.title("Compare", anchor=False)
    frame.part(compare, advance)()
