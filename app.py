"""Explore: why did the model say this word, and what would it say without another?"""

from functools import partial

from pages.ui import (
    checking,
    controls,
    cost_line,
    details,
    frame,
    linking,
    session,
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


with frame.boundary():
    linking.start()
with frame.page("Explore"):
    explore()
    linking.draw()
