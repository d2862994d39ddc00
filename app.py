"""Explore: why did the model say this word, and what would it say without another?"""

from functools import partial

from pages.ui import (
    checking,
    controls,
    cost_line,
    details,
    examples,
    frame,
    linking,
    session,
    state,
    token_strip,
    truth,
)


def advance() -> bool:
    """The question comes first, then what was asked about its answer."""
    return session.advance() or checking.advance()


@partial(frame.part, advance=advance)
def explore() -> None:
    """The question, its answer, and what lies behind it."""
    controls.messages()
    controls.download_offer(linking.download)
    controls.text_form()
    controls.first_wait()
    cost_line.draw()
    result = session.view()
    if result is not None:
        token_strip.draw(result)
        truth.draw(result)
        details.draw(result)


with frame.page("Explore"):
    if examples.index() and state.once("opened"):
        session.show(examples.opened(0))
    explore()
    linking.draw()
