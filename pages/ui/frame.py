"""The frame of every page: title, style, sidebar, and the one place where errors end."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st
from streamlit.errors import StreamlitAPIException

from heta_core.errors import HetaError
from pages.ui import allowed, controls, engine_cache, glossary, keeping, presenting, session, state, tour

_STYLE = Path(__file__).resolve().parents[2] / "assets" / "style.css"
PAGES = (
    ("app.py", "Explore", ":material/search_insights:"),
    ("pages/1_Generate.py", "Generate", ":material/movie:"),
    ("pages/2_Library.py", "Library", ":material/bookmarks:"),
    ("pages/3_Compare.py", "Compare", ":material/compare:"),
    ("pages/4_Error_analysis.py", "Error analysis", ":material/troubleshoot:"),
    ("pages/5_Learn.py", "Learn", ":material/school:"),
)
_SIDEBAR = 236  # pixels
_PULSE = 30.0  # seconds; another run of the page comes first and ends it
_log = logging.getLogger("heta")


@contextmanager
def page(title: str, on_model: Callable[[], None] | None = None) -> Iterator[None]:
    """A page opens this itself, so that any of them can be the first one that a visitor opens.

    `on_model` is what follows when the reader chooses a model.
    """
    # No page icon: Streamlit fetches any it is given from elsewhere.
    presenting.begin()
    sidebar = "collapsed" if presenting.is_on() else _SIDEBAR
    st.set_page_config(page_title=f"{title} · HETA", layout="wide", initial_sidebar_state=sidebar)
    st.html(_STYLE)
    state.put("page", title)
    if not _is_set_up():
        st.stop()
    keeping.recognise()
    with st.sidebar:
        st.markdown("### HETA Explorer")
        for path, label, icon in PAGES:
            st.page_link(path, label=label, icon=icon)
        tour.draw(title, [label for _, label, _ in PAGES])
        controls.model_picker(on_model)
        presenting.draw()
    if allowed.current().demo:  # not in the sidebar, which is closed on a phone
        st.caption(_demo())
    with boundary():
        yield
    glossary.draw(title)
    engine_cache.warm()  # last, so that the import of torch does not compete with the first picture


def _is_set_up() -> bool:
    """What was decided about serving can be; else the page says what is wrong, and nothing else works."""
    with boundary():
        allowed.current()
        return True
    return False


def _demo() -> str:
    most = allowed.current().longest
    return f":material/storefront: Demo: the embedded model alone, texts of up to {most} tokens, and nothing is kept."


@contextmanager
def boundary() -> Iterator[None]:
    """Errors that a person can act on are shown as text; of a bug, its kind and where to read more."""
    try:
        yield
    except HetaError as error:
        st.error(controls.plain(str(error)), icon=":material/error:")
    except StreamlitAPIException:
        raise  # a mistake in how Streamlit is called: it shows these well itself
    except Exception as error:  # noqa: BLE001 - the app's one boundary: a bug must leave the page standing
        _log.exception("a page failed")
        st.error(f"Something went wrong here ({type(error).__name__}). The terminal that runs the app has the details.")


def part(draw: Callable[[], None], advance: Callable[[], bool] = session.advance) -> Callable[[], None]:
    """A part of a page that reruns alone, and again as long as there is work to do.

    Each run draws what is known and then lets `advance` take the work one step further, so that a click never waits
    for more than one step.
    """

    @st.fragment
    def fragment() -> None:
        goes_on = is_new = False
        with boundary():  # what fails in here is told, and nothing is drawn again
            draw()
            goes_on = advance()
            is_new = not goes_on and engine_cache.is_warm() and state.once("models listed")
        if goes_on or is_new:
            _rerun(is_new)

    return fragment


def _rerun(is_whole_page: bool) -> None:
    """Draw again; the whole page once the engine is there, as its sidebar then knows more models."""
    if is_whole_page:
        st.rerun()
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:  # the first run of a fragment is a run of its page
        _pulse()
        st.rerun()


@st.fragment(run_every=_PULSE)
def _pulse() -> None:
    """Nothing. A browser that lost the connection between two runs of a page asks for the next only where some wait."""
