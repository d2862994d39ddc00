"""Who a visitor is: a browser, told apart by a random token in a cookie, given only where that is of use."""

import re
import uuid

import streamlit as st

from pages.ui import state

_COOKIE = "heta_library"
_A_YEAR = 365 * 24 * 3600
_TOKEN = re.compile(r"[0-9a-f]{32}")


def token() -> str:
    """The token of this browser; whoever has it sees what was saved under it, so it is as long as a key."""
    known = state.get("visitor")
    if known is None:
        held = str(st.context.cookies.get(_COOKIE, ""))
        known = held if _TOKEN.fullmatch(held) else uuid.uuid4().hex
        state.put("visitor", known)
    return str(known)


def recognise() -> None:
    """Let the browser keep its token, so that it is the same visitor in another tab and on the next visit."""
    if st.context.cookies.get(_COOKIE) == token():
        return
    cookie = f"{_COOKIE}={token()}; path=/; max-age={_A_YEAR}; SameSite=Strict"
    st.html(f"<script>document.cookie = {cookie!r};</script>", unsafe_allow_javascript=True)
