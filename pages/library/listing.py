"""The entries that match, a row each: what it is, and what can be done with it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from heta_core.library import exchange, reading
from heta_core.library.entry import Entry, Shelf
from heta_core.library.reading import Found, Sort
from pages.library import doing, editing
from pages.ui import state
from pages.ui.plain import plain

_SORTS: dict[str, Sort] = {
    "Newest first": "newest",
    "Oldest first": "oldest",
    "Last edited": "changed",
    "Title": "title",
    "Model": "model",
}
_AT_ONCE = 20  # rows drawn before the reader asks for more: a page of hundreds of buttons is slow on a phone


def found(shelf: Shelf) -> Found:
    """Search and order, and what they come to."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        query = st.text_input(
            "Search",
            key=doing.SEARCH,
            placeholder="A word of the text, the title, a tag or a note",
            icon=":material/search:",
            persist_state="session",
        )
        order = st.selectbox("Order", list(_SORTS), key=doing.SORT, width=180, persist_state="session")
    most = _AT_ONCE + int(state.get("library.more", 0))
    return reading.find(shelf, query or "", sort=_SORTS.get(order, "newest"), most=most)


def draw(shelf: Shelf, shown: Found) -> None:
    """The rows, and what is done with several of them at once."""
    _several(shelf, shown)
    pages = doing.page_of(shelf, shown.entries)
    for entry in shown.entries:
        with st.container(border=True, gap="xsmall"):
            _row(shelf, entry, pages[entry.id])
    left = shown.n_matching - len(shown.entries)
    if left > 0:
        st.button(f"Show more ({left:,} left)", on_click=_more)


def _more() -> None:
    state.put("library.more", int(state.get("library.more", 0)) + 2 * _AT_ONCE)


def _row(shelf: Shelf, entry: Entry, page: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.checkbox(f"**{plain(entry.words.title)}**", key=doing.chosen_key(entry), width="stretch", wrap=True)
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            _buttons(shelf, entry, page)
    tags = " ".join(f"**\\#{plain(tag)}**" for tag in entry.words.tags)
    st.caption(f"{plain(entry.explained)} · {plain(entry.model)} · {moment(entry.created)} {tags}")
    st.caption(plain(entry.preview))
    if entry.words.notes:
        st.markdown(f":material/sticky_note_2: {editing.note(entry)}")
    editing.draw(shelf, entry)


def _buttons(shelf: Shelf, entry: Entry, page: str) -> None:
    for name, label, act, icon in (
        ("open", f"Open in {page}", doing.open_entry, ":material/open_in_new:"),
        ("compare", "Compare with …", doing.compare_one, ":material/compare:"),
        ("delete", "Delete", doing.delete_one, ":material/delete:"),
    ):
        # The title is heard and not seen (style.css): the same button stands in every row.
        st.button(
            f"{label} *“{plain(entry.words.title)}”*",
            key=f"heta.library.{name}.{entry.id}",
            icon=icon,
            type="secondary" if name == "open" else "tertiary",
            on_click=act,
            args=(shelf, entry),
        )


def _several(shelf: Shelf, shown: Found) -> None:
    ticked = doing.chosen(shown.entries)
    what, entries = (f"{len(ticked)} ticked", ticked) if ticked else ("all", None)
    n = shown.n_matching
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{n:,} {'analysis' if n == 1 else 'analyses'}", width="stretch")
        st.download_button(
            f"Export {what}",
            lambda: _exported(shelf, entries),
            "heta-library.json",
            "application/json",
            on_click="ignore",
            icon=":material/download:",
        )
        if ticked:
            st.button(
                "Compare ticked",
                icon=":material/compare:",
                disabled=len(ticked) != 2,
                help=None if len(ticked) == 2 else "Tick two of them.",
                on_click=doing.compare,
                args=(ticked,),
            )
            st.button("Delete ticked", icon=":material/delete:", on_click=doing.delete, args=(shelf, ticked))


def _exported(shelf: Shelf, entries: tuple[Entry, ...] | None) -> str:
    """Runs when the file is asked for, so that looking at the list reads no report."""
    return exchange.export_text(shelf, reading.find(shelf, most=10**6).entries if entries is None else entries)


def moment(seconds: float) -> str:
    """A time as the reader's clock shows it."""
    try:
        zone = ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):  # the browser says it, so it may be anything
        zone = ZoneInfo("UTC")
    moment = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    return f"{moment.day} {moment:%b %Y, %H:%M}"
