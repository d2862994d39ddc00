"""Title, tags and note of one entry, with what happens where two tabs edit the same one.

The form belongs to the entry as it was when the form was opened. Where the entry has been edited since, nothing is
written: the other text is shown beside the form, what was typed stays in it, and saving again is a decision.
"""

import streamlit as st

from heta_core.errors import ChangedElsewhereError, HetaError
from heta_core.library import reading, writing
from heta_core.library.entry import LONGEST_NOTES, LONGEST_TITLE, Entry, Shelf, Words, cleaned
from pages.library import doing
from pages.ui import state
from pages.ui.plain import plain


def draw(shelf: Shelf, entry: Entry) -> None:
    """The form, drawn only where the reader has opened it."""
    with st.expander("Title, tags and note", key=_key("panel", entry), on_change="rerun") as panel:
        if not panel.open:
            state.put(_key("base", entry), None)
            return
        if state.get(_key("base", entry)) is None:
            _begin(entry)
        _other_text(entry)
        with st.form(_key("form", entry), border=False):
            st.text_input("Title", max_chars=LONGEST_TITLE, key=_key("title", entry), persist_state="session")
            st.text_input(
                "Tags", key=_key("tags", entry), placeholder="with commas between them", persist_state="session"
            )
            st.text_area("Note", max_chars=LONGEST_NOTES, key=_key("notes", entry), persist_state="session")
            st.form_submit_button("Save", type="primary", on_click=_save, args=(shelf, entry))


def _begin(entry: Entry) -> None:
    """The form starts from the entry as it is now."""
    state.put(_key("base", entry), entry)
    state.put(_key("other", entry), None)
    state.set_widget(_key("title", entry), entry.words.title)
    state.set_widget(_key("tags", entry), ", ".join(entry.words.tags))
    state.set_widget(_key("notes", entry), entry.words.notes)


def _other_text(entry: Entry) -> None:
    """What somebody else wrote in the meantime."""
    other: Entry | None = state.get(_key("other", entry))
    if other is None:
        return
    st.warning(
        "This entry was edited elsewhere while you wrote. What it says now stands here, your text is still below. Copy "
        "what you want to keep, then save again to put yours in its place.",
        icon=":material/call_split:",
    )
    words = other.words
    st.code("\n".join((words.title, ", ".join(words.tags), words.notes)).strip(), language=None, wrap_lines=True)


def _save(shelf: Shelf, entry: Entry) -> None:
    """Runs before the script does."""
    base: Entry = state.get(_key("base", entry)) or entry
    title, tags, notes = (state.widget(_key(name, entry)) or "" for name in ("title", "tags", "notes"))
    try:
        writing.edit(shelf, base, Words(title.strip(), cleaned(tags.split(",")), notes.strip()))
    except ChangedElsewhereError:
        now = reading.get(shelf, entry.id)
        state.put(_key("other", entry), now)
        state.put(_key("base", entry), now)
        doing.say(None)
    except HetaError as error:
        doing.say(str(error))
    else:
        state.put(_key("base", entry), None)
        state.set_widget(_key("panel", entry), False)
        doing.say(None)


def note(entry: Entry) -> str:
    """The first line of a note, for the list."""
    first = entry.words.notes.partition("\n")[0]
    return plain(first if len(first) <= 120 else first[:119] + "…")


def _key(name: str, entry: Entry) -> str:
    return f"heta.library.{name}.{entry.id}"
