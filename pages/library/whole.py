"""What concerns the library as a whole: messages, import, where it lies, and the end of it."""

import streamlit as st

from heta_core.library import state as library_state
from heta_core.library.entry import Shelf
from heta_core.library.place import VARIABLE
from heta_core.memory import in_words
from pages.library import doing
from pages.ui import allowed, keeping, state
from pages.ui.plain import plain


def messages(shelf: Shelf) -> None:
    """What went wrong, what went well, and how to take a deletion back."""
    for aside in library_state.put_aside(shelf):
        with st.container(horizontal=True, vertical_alignment="center"):
            kept = f" It is kept at {plain(str(aside.path))}." if keeping.is_private() else ""
            st.warning(f"The library's file was damaged, so a new one was started.{kept}", icon=":material/healing:")
            st.button("Understood", on_click=doing.dismiss, args=(shelf,), key=f"heta.library.aside.{aside.moved}")
    problem, done = doing.said()
    if problem:
        for line in problem.split("\n"):
            st.error(plain(line), icon=":material/error:")
    if done:
        st.success(done, icon=":material/check:")
    gone = doing.deleted()
    if gone:
        with st.container(horizontal=True, vertical_alignment="center"):
            what = f"“{plain(gone[0].words.title)}”" if len(gone) == 1 else f"{len(gone)} analyses"
            st.info(f"Deleted: {what}.", icon=":material/delete:")
            st.button("Undo", icon=":material/undo:", on_click=doing.undo, args=(shelf,))


def absent() -> None:
    """There is no library here, and why."""
    if allowed.current().demo:
        st.info("Nothing is saved in this demo. Save an analysis as JSON on its own page.")
    elif keeping.is_private():
        st.info(f"The library is switched off: this app was started with {VARIABLE}=off. Nothing is saved.")
    else:
        st.info(
            "Nothing is saved here, because others can reach this server too. Save an analysis as JSON on its own "
            f"page; whoever runs the server can start it with {VARIABLE}=on to give every visitor a library."
        )


def empty() -> None:
    """Nothing was saved yet."""
    st.info("Nothing here yet. Explain a text on Explore, or let the model go on on Generate: it is saved by itself.")
    with st.container(horizontal=True):
        st.page_link("app.py", label="Go to Explore", icon=":material/search_insights:")
        st.page_link("pages/1_Generate.py", label="Go to Generate", icon=":material/movie:")


def settings(shelf: Shelf) -> None:
    """Saving by itself, import, the file, and wiping it."""
    st.header("This library", anchor=False)
    state.set_widget(doing.SAVING, library_state.is_saving(shelf))  # another tab may have switched it
    st.toggle("Save every finished analysis", key=doing.SAVING, on_change=doing.switch, args=(shelf,))
    if keeping.is_private():
        used = in_words(library_state.size(shelf))
        st.caption(f"It is one file on this computer, {used}. Copy it to keep a backup.")
        st.code(str(shelf.path), language=None, wrap_lines=True)
    else:
        st.caption("It lies on the server. Only this browser is shown it, and knows it by a cookie.")
    with st.expander("Import", icon=":material/upload:"):
        st.file_uploader(
            "An exported library, or one analysis saved as JSON",
            type=["json"],
            key=doing.UPLOAD,
            on_change=doing.take_in,
            args=(shelf,),
        )
    with st.popover("Delete everything", icon=":material/delete_forever:"):
        st.markdown("Every analysis of this library goes for good, with its notes. This cannot be undone.")
        st.button("Yes, delete everything", type="primary", on_click=doing.wipe, args=(shelf,))
