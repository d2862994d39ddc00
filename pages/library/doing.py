"""What the reader does to a whole library: open, delete and take back, export, import, wipe."""

from collections.abc import Callable, Sequence

import streamlit as st

from heta_core.errors import HetaError
from heta_core.generated import GenerationAttribution
from heta_core.library import exchange, reading, writing
from heta_core.library import state as library_state
from heta_core.library.entry import Entry, Kind, Shelf
from pages.generate import branches
from pages.ui import session, state
from pages.ui.details import text_of

SEARCH, SORT, UPLOAD, SAVING = "heta.library.search", "heta.library.sort", "heta.library.upload", "heta.library.saving"

_PAGES: dict[Kind, str] = {"attribution": "Explore", "generation": "Generate"}


def open_entry(shelf: Shelf, entry: Entry) -> None:
    """Put an analysis on its page, as it was saved, and ask for that page."""
    try:
        result = reading.load(shelf, entry.id)
    except HetaError as error:
        say(str(error))
        return
    if isinstance(result, GenerationAttribution):
        state.once("generate opened")  # else the page would open its own example over it
        branches.show(result, "From the Library")
    elif result.given is not None:  # Explore draws components, which are not known of another method
        compare([entry])
        return
    else:
        state.once("opened")
        session.show(result)
    state.put("library.going", ("app.py" if entry.kind == "attribution" else "pages/1_Generate.py", {}))


def page_of(shelf: Shelf, entries: Sequence[Entry]) -> dict[str, str]:
    """What the page is called that each of them opens on, by their ids; a report is read for that once in a session.

    Raises:
        LibraryError: the library cannot be read.
    """
    known: dict[str, str] = state.get("library.pages", {})
    new = [entry for entry in entries if entry.id not in known]
    if new:
        given = reading.given(shelf, new)
        known = known | {entry.id: "Compare" if entry.id in given else _PAGES[entry.kind] for entry in new}
        state.put("library.pages", known)
    return known


def compare(entries: Sequence[Entry]) -> None:
    """Ask for the page that shows two of them side by side; with one of them it asks for the other."""
    sides = dict(zip(("a", "b"), (entry.id for entry in entries), strict=False))
    state.put("library.going", ("pages/3_Compare.py", sides))


def compare_one(_: Shelf, entry: Entry) -> None:
    """The same for one."""
    compare([entry])


def follow() -> None:
    """Go where the last click led; called before anything of the page is drawn."""
    going: tuple[str, dict[str, str]] | None = state.get("library.going")
    state.put("library.going", None)
    if going is not None:
        page, address = going
        st.switch_page(page, query_params=address)


def delete(shelf: Shelf, entries: Sequence[Entry]) -> None:
    """Take entries away, with an undo beside it."""
    if attempt(lambda: writing.delete(shelf, [entry.id for entry in entries])):
        state.put("library.deleted", tuple(entries))
        for entry in entries:
            state.set_widget(chosen_key(entry), False)


def delete_one(shelf: Shelf, entry: Entry) -> None:
    """The same for one."""
    delete(shelf, [entry])


def deleted() -> tuple[Entry, ...]:
    """What was deleted last and can be taken back."""
    return state.get("library.deleted") or ()


def undo(shelf: Shelf) -> None:
    """Take the last deletion back."""
    if attempt(lambda: writing.restore(shelf, [entry.id for entry in deleted()])):
        state.put("library.deleted", None)


def wipe(shelf: Shelf) -> None:
    """Remove everything for good."""
    if attempt(lambda: writing.wipe(shelf)):
        state.put("library.deleted", None)
        say(None, "Everything is gone.")


def switch(shelf: Shelf) -> None:
    """Save by itself from now on, or not."""
    attempt(lambda: library_state.switch_saving(shelf, bool(state.widget(SAVING))))


def dismiss(shelf: Shelf) -> None:
    """Say no more of damaged files."""
    attempt(lambda: library_state.dismiss(shelf))


def take_in(shelf: Shelf) -> None:
    """Import the file that was dropped."""
    file = state.widget(UPLOAD)
    if file is None:
        return
    try:
        imported = exchange.import_text(shelf, text_of(file.getvalue()))
    except HetaError as error:
        say(str(error))
        return
    n = len(imported.taken)
    say("\n".join(imported.refused) or None, f"{n} {'analysis' if n == 1 else 'analyses'} imported." if n else None)


def attempt(act: Callable[[], object]) -> bool:
    """Do something; where it does not work, say why."""
    try:
        act()
    except HetaError as error:
        say(str(error))
        return False
    say(None)
    return True


def say(problem: str | None, done: str | None = None) -> None:
    """What did not work, and what did."""
    state.put("library.problem", problem)
    state.put("library.done", done)


def said() -> tuple[str | None, str | None]:
    """The same, to be drawn."""
    return state.get("library.problem"), state.get("library.done")


def query() -> str:
    """What is searched for."""
    return (state.widget(SEARCH) or "").strip()


def chosen_key(entry: Entry) -> str:
    """The widget that chooses an entry."""
    return f"heta.library.chosen.{entry.id}"


def chosen(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Those that are ticked."""
    return tuple(entry for entry in entries if state.widget(chosen_key(entry)))
