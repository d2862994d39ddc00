"""The two pickers, what they have chosen, and what to do where there is nothing to choose."""

import streamlit as st

from heta_core.generated import GenerationAttribution
from heta_core.library import entry as entries
from heta_core.library.entry import Entry, Shelf
from heta_core.views import words
from pages.compare import choosing
from pages.compare.choosing import Choices, Side
from pages.library import doing
from pages.library.listing import moment
from pages.ui import state
from pages.ui.plain import plain

_EXPLORE_PAGE = "app.py"


def draw(shelf: Shelf, of: Choices) -> list[Side | None]:
    """Both sides, each below its picker."""
    found: list[Side | None] = []
    for name, place in zip(choosing.SIDES, st.columns(2, gap="medium"), strict=True):
        with place:
            found.append(_side(shelf, name, of))
    return found


def _side(shelf: Shelf, name: str, of: Choices) -> Side | None:
    chosen = choosing.side(shelf, name, of)
    letter = name.upper()
    ids = of.ids
    if chosen and chosen.entry and chosen.entry.id not in ids:  # older than the picker goes back
        ids = [*ids, chosen.entry.id]
        of = Choices((*of.entries, chosen.entry), of.explore)
    known = choosing.chosen_id(name) if chosen and chosen.result is not None else None
    state.set_widget(choosing.picker_key(name), known)
    st.selectbox(
        letter,
        ids,
        index=None,
        format_func=lambda entry_id: choosing.title(entry_id, of),
        key=choosing.picker_key(name),
        on_change=choosing.choose,
        args=(name,),
        placeholder="Choose an analysis" if name == "a" else "Choose what to compare with",
        filter_mode="contains",
    )
    if chosen is None:
        return None
    if chosen.problem:
        st.warning(plain(chosen.problem), icon=":material/search_off:")
        return chosen
    if isinstance(chosen.result, GenerationAttribution):
        _step(name, chosen, chosen.result)
    _about(chosen)
    return chosen


def _step(name: str, chosen: Side, generation: GenerationAttribution) -> None:
    """Which word of a generation: Compare takes single answers."""
    if not generation.steps:
        st.info("Compare takes single answers, and nothing was said in this generation: choose another analysis.")
        return
    pieces = [f"{k + 1}. {words.label(step.target.piece)}" for k, step in enumerate(generation.steps)]
    state.set_widget(choosing.step_key(name), chosen.step)
    st.selectbox(
        f"Which of its {len(pieces)} words (Compare takes single answers)",
        range(len(pieces)),
        format_func=pieces.__getitem__,
        key=choosing.step_key(name),
        on_change=choosing.choose_step,
        args=(name,),
    )


def _about(chosen: Side) -> None:
    """What was chosen."""
    if chosen.result is None:
        return
    result, entry = chosen.result, chosen.entry
    about = [entries.explained(result), result.source.model, moment(entry.created) if entry else "on Explore now"]
    st.caption(f"{' · '.join(plain(one) for one in about)}  \n{plain(entries.preview(result))}")


def tools(shelf: Shelf, sides: list[Side | None]) -> None:
    """Exchange the two, and the way to the page of each."""
    if not all(sides):
        st.info("Choose an analysis on both sides. In the Library, two can be ticked and compared as well.")
    with st.container(horizontal=True):
        if all(sides):
            st.button("Swap A and B", icon=":material/swap_horiz:", on_click=choosing.swap)
        for name, chosen in zip(choosing.SIDES, sides, strict=True):
            if chosen is not None and chosen.result is not None:
                _open(shelf, name.upper(), chosen.entry)


def _open(shelf: Shelf, letter: str, entry: Entry | None) -> None:
    if entry is None:
        st.page_link(_EXPLORE_PAGE, label=f"Show {letter} on Explore", icon=":material/open_in_new:", width="content")
        return
    page = "Explore" if entry.kind == "attribution" else "Generate"
    st.button(
        f"Open {letter} in {page}",
        key=f"heta.compare.open.{letter}",
        icon=":material/open_in_new:",
        type="tertiary",
        on_click=doing.open_entry,
        args=(shelf, entry),
    )


def too_few(of: Choices) -> bool:
    """There are not two things to compare; says what to do."""
    n = len(of.ids)
    if n > 1 or (n == 1 and _has_words(of.entries)):
        return False
    st.info(
        "Compare shows two analyses side by side, and "
        + ("one is there so far. " if n else "there is none yet. ")
        + "Explain "
        + ("another text" if n else "two texts")
        + " on Explore, or one text with another model: each is saved by itself and can be chosen here."
    )
    with st.container(horizontal=True):
        st.page_link(_EXPLORE_PAGE, label="Go to Explore", icon=":material/search_insights:")
        st.page_link("pages/2_Library.py", label="Go to Library", icon=":material/bookmarks:")
    return True


def _has_words(found: tuple[Entry, ...]) -> bool:
    """A generation alone can be compared with itself, word by word."""
    return any(entry.kind == "generation" for entry in found)
