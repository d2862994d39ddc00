"""A link that somebody opened: the question that it asks, once it has been checked.

Explore's links and Generate's begin otherwise; one that is opened on the other page is taken to its own.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import streamlit as st

from heta_core.attribution import Attribution
from heta_core.errors import HetaError, InputError, LibraryError
from heta_core.generated import GenerationAttribution
from heta_core.library import reading
from heta_core.taking import continuation, link
from pages.ui import controls, examples, keeping, session, state
from pages.ui.question import ADAPTIVE, Question

_R = TypeVar("_R", Attribution, GenerationAttribution)

_KEY = "heta.link"
_PENDING = "linked"  # the question that waits for a model to be downloaded
_ELSEWHERE = "linked elsewhere"  # the fragment of a link that the other page follows
_PAGES = {link.START: "app.py", continuation.START: "pages/1_Generate.py"}
_FOLLOW = Path(__file__).resolve().parents[2] / "assets" / "taking" / "follow.js"
_COMPONENT = st.components.v2.component("heta_follow", html="<span hidden>\n</span>", js=_FOLLOW.read_text("utf-8"))


def start() -> None:
    """What Explore opens with: its first example, and a link that led here; only before anything is drawn."""
    if examples.index() and state.once("opened"):
        session.show(examples.opened(0))
    arrived(follow, link.START)


def draw() -> None:
    """Listen for links on Explore. Nothing is seen of it."""
    listen(follow, link.START)


def listen(follow_it: Callable[[str], None], start: str) -> None:
    """Listen for links; those that do not begin with `start` lead to the other page."""
    _COMPONENT(key=_KEY, on_event_change=partial(_opened, follow_it, start))
    if state.get(_ELSEWHERE) is not None:
        st.switch_page(_PAGES[link.START if start != link.START else continuation.START])


def _opened(follow_it: Callable[[str], None], start: str) -> None:
    """Runs before the script does."""
    fragment = state.event(_KEY)
    if not isinstance(fragment, str):
        return
    if not fragment.startswith(start) and fragment.startswith(tuple(_PAGES)):
        state.put(_ELSEWHERE, fragment)
    else:
        follow_it(fragment)


def arrived(follow_it: Callable[[str], None], start: str) -> None:
    """Follow the link that led to this page; only before anything of it is drawn."""
    fragment: str | None = state.get(_ELSEWHERE)
    if fragment is not None and fragment.startswith(start):
        state.put(_ELSEWHERE, None)
        follow_it(fragment)


def follow(fragment: str) -> None:
    """Ask what a link asks; what cannot be asked is said, and what is on the screen stays."""
    try:
        asked = link.read(fragment)
    except HetaError as error:
        session.say(str(error))
        return
    if asked.saved is not None:
        _open(asked.saved)
        return
    question = Question(
        asked.model,
        asked.prompt,
        asked.choice,
        asked.settings or ADAPTIVE,
        groups=asked.groups,
        ids=asked.ids,
    )
    if asked.weights is not None:
        session.set_weights(asked.weights)
    session.offer(None)
    if controls.is_here(asked.model):
        session.set_model(asked.model)
        session.ask(question)
    else:  # the network is asked after a click only, whoever made the link
        state.put(_PENDING, question)
        session.offer(asked.model)


def _open(entry_id: str) -> None:
    """An analysis of this visitor's own library."""
    try:
        own = keeping.shelf()
        if own is None:
            raise LibraryError("This link opens a saved analysis, and this server saves none: open the saved file.")
        result = reading.load(own, entry_id)
        if isinstance(result, Attribution):
            session.show(result)
        else:
            session.say("This link leads to a generation: open it from the Library.")
    except HetaError as error:
        session.say(str(error))


def written(result: Attribution) -> str:
    """The fragment of a link to a result; what is too long for one is named by its place in the library.

    Raises:
        HetaError: there is no link to it; the message says why.
    """
    return or_saved(result, link.written, link.saved)


def or_saved(result: _R, write: Callable[[_R], str], save: Callable[[str], str]) -> str:
    """The fragment that `write` gives; where it would be too long, that of `save` for its place in the library.

    Raises:
        HetaError: there is no link to it; the message says why.
    """
    try:
        return write(result)
    except InputError:
        own = keeping.shelf()
        entry = None if own is None else reading.kept(own, result)
        if entry is None:
            raise
        return save(entry)


def download(name: str) -> None:
    """What follows the offer to download a model: the link's question where it waits for this model."""
    pending: Question | None = state.get(_PENDING)
    state.put(_PENDING, None)
    if pending is None or pending.model != name:
        controls.download(name)
        return
    session.set_model(name)
    session.offer(None)
    session.ask(replace(pending, may_download=True))
