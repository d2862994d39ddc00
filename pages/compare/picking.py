"""The pickers of all columns, what they have chosen, and what to do where there is nothing to choose."""

import streamlit as st

from heta_core.attribution import Attribution
from heta_core.generated import GenerationAttribution
from heta_core.library import entry as entries
from heta_core.library import writing
from heta_core.library.entry import Entry, Shelf
from heta_core.views import naming, words
from pages.compare import asking, choosing
from pages.compare.choosing import Choices, Side
from pages.library import doing
from pages.library.listing import moment
from pages.ui import catalogue, state
from pages.ui.plain import plain
from pages.ui.runs import Run

_EXPLORE_PAGE = "app.py"


def draw(shelf: Shelf, of: Choices) -> dict[str, Side | None]:
    """Every column below its picker, by its name."""
    names = choosing.shown()
    found: dict[str, Side | None] = {}
    with st.container(key="heta-compare-sides"):
        for name, place in zip(names, st.columns(len(names), gap="medium"), strict=True):
            with place:
                found[name] = _side(shelf, name, of)
                if found[name] is not None or len(names) > choosing.FEWEST:
                    _below(shelf, name, found[name])
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
        format_func=choosing.titles(of).__getitem__,
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
    _method(name, chosen)
    _about(chosen)
    return chosen


def _method(name: str, chosen: Side) -> None:
    """By which method it is scored, where the model is at hand; and how far another one is."""
    question = chosen.question
    if question is None:
        return
    if asking.is_at_hand(question):
        others = [method.name for method in catalogue.methods() if method.name != question.method]
        own = question.method
        names = [own, *others]
        current = chosen.method if chosen.method in others else own
        state.set_widget(choosing.method_key(name), current)
        st.selectbox(
            f"{name.upper()} scored by",
            names,
            format_func=lambda one: naming.method(question) if one == own else catalogue.title(one),
            key=choosing.method_key(name),
            on_change=choosing.choose_method,
            args=(name, own),
            help=_help(chosen.method),
        )
    if chosen.run is not None and chosen.method is not None:
        _computed(chosen.run, chosen.method, question)


def _help(method: str | None) -> str:
    told = next((one.meaning for one in catalogue.methods() if one.name == method), None)
    general = "The same question by another method. The model computes it here; nothing is saved unless you save it."
    return f"{told} {general}" if told else general


def _computed(run: Run, method: str, question: Attribution) -> None:
    """How far another method is, or why it has no answer."""
    busy = run.busy
    if busy is not None:
        st.progress(busy.fraction or 0.0, plain(busy.busy))
        st.button("Stop", key=f"heta.compare.stop.{id(run)}", icon=":material/stop_circle:", on_click=run.stop)
    elif run.result is None or not run.result.is_complete:
        st.warning(plain(run.problem or "Stopped before it had scores."), icon=":material/error:")
        st.button(
            "Ask again",
            key=f"heta.compare.again.{id(run)}",
            icon=":material/refresh:",
            on_click=asking.again,
            args=(method, question),
        )


def _below(shelf: Shelf, name: str, chosen: Side | None) -> None:
    """What can be done with a column."""
    letter = name.upper()
    with st.container(horizontal=True, gap="small"):
        if chosen is not None and chosen.run is not None and chosen.answer is not None:
            st.button(
                f"Save {letter} in the Library",
                key=f"heta.compare.save.{name}",
                icon=":material/bookmark_add:",
                type="tertiary",
                on_click=_save,
                args=(shelf, name, chosen.answer),
            )
        elif chosen is not None and chosen.question is not None and chosen.question.given is None:
            _open(shelf, letter, chosen.entry)
        if len(choosing.shown()) > choosing.FEWEST:
            st.button(
                f"Remove {letter}",
                key=f"heta.compare.remove.{name}",
                icon=":material/close:",
                type="tertiary",
                on_click=choosing.remove,
                args=(name,),
            )


def _save(shelf: Shelf, name: str, result: Attribution) -> None:
    """Keep another method's answer; its column shows the entry from then on."""
    doing.attempt(lambda: choosing.put(name, writing.save(shelf, result)))


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


def tools(found: dict[str, Side | None]) -> None:
    """One column more, and the first two exchanged."""
    if not all(found.values()):
        st.info("Choose an analysis on both sides. In the Library, two can be ticked and compared as well.")
    first = found["a"].question if found["a"] is not None else None
    has_room = len(found) < len(choosing.SIDES) or not all(found.values())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if all(found.values()):
            st.button("Swap A and B", icon=":material/swap_horiz:", on_click=choosing.swap)
            if len(found) < len(choosing.SIDES):
                st.button("Add a column", icon=":material/add_column_right:", on_click=choosing.add)
        if first is not None and has_room and asking.is_at_hand(first):
            st.selectbox(
                "Add the question of A by another method",
                [method.name for method in catalogue.methods() if method.name != first.method],
                index=None,
                format_func=catalogue.title,
                key=choosing.ADDED,
                on_change=choosing.add_method,
                placeholder="Choose a method",
                width=320,
            )


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
    """There is nothing to compare; says what to do, also where there is one thing alone."""
    n = len(of.ids)
    if n > 1 or (n == 1 and _has_words(of.entries)):
        return False
    st.info(
        "Compare shows two analyses side by side, and "
        + ("one is there so far. " if n else "there is none yet. ")
        + "Explain "
        + ("another text" if n else "two texts")
        + " on Explore, or one text with another model: each is saved by itself and can be chosen here."
        + (" Another method can be asked about the same text here, too." if n else "")
    )
    with st.container(horizontal=True):
        st.page_link(_EXPLORE_PAGE, label="Go to Explore", icon=":material/search_insights:")
        st.page_link("pages/2_Library.py", label="Go to Library", icon=":material/bookmarks:")
    return n == 0


def _has_words(found: tuple[Entry, ...]) -> bool:
    """A generation alone can be compared with itself, word by word."""
    return any(entry.kind == "generation" for entry in found)
