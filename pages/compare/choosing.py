"""Which two analyses are compared: the page's address says it, and pickers change the address.

A side is an entry of this visitor's library or what stands on Explore, `a=ID`; of a generation one step of it,
`a=ID.3`. Whatever the address says is looked up on this visitor's shelf only.
"""

import re
from dataclasses import dataclass

import streamlit as st

from heta_core.attribution import Attribution
from heta_core.errors import HetaError
from heta_core.generated import GenerationAttribution
from heta_core.library import entry as entries
from heta_core.library import reading
from heta_core.library.entry import Entry, Result, Shelf
from pages.ui import session, state

SIDES = ("a", "b")
EXPLORE = "explore"
_SIDE = re.compile(r"([0-9a-f]{32}|explore)(?:\.(\d{1,6}))?")
_MOST = 1000  # entries in a picker


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen: the newest entries, and what stands on Explore if it is finished."""

    entries: tuple[Entry, ...]
    explore: Attribution | None

    @property
    def ids(self) -> list[str]:
        """As the pickers name them."""
        return [*([EXPLORE] if self.explore else []), *(entry.id for entry in self.entries)]


@dataclass(frozen=True, slots=True)
class Side:
    """One chosen analysis, or why there is none."""

    entry: Entry | None = None  # None where it stands on Explore, or where nothing was found
    result: Result | None = None
    step: int = 0  # of a generation
    problem: str | None = None

    @property
    def answer(self) -> Attribution | None:
        """What is compared."""
        if isinstance(self.result, GenerationAttribution):
            return self.result.at(self.step) if self.step < len(self.result.steps) else None
        return self.result


def choices(shelf: Shelf) -> Choices:
    """All that this visitor can compare.

    Raises:
        LibraryError: the library cannot be read.
    """
    shown = session.view()
    return Choices(reading.find(shelf, most=_MOST).entries, shown if shown and shown.is_complete else None)


def restore() -> None:
    """Without an address, what was compared last in this session."""
    if not any(side in st.query_params for side in SIDES):
        st.query_params.update(state.get("compare.address", {}))
    state.put("compare.address", {side: st.query_params[side] for side in SIDES if side in st.query_params})


def side(shelf: Shelf, name: str, of: Choices) -> Side | None:
    """What the address says of one side; None where it says nothing."""
    said = st.query_params.get(name)
    if not said:
        return None
    found = _SIDE.fullmatch(said)
    if found is None:
        return Side(problem=f"{reading.missing()} Choose another one here.")
    entry_id, step = found[1], int(found[2] or 0)
    if entry_id == EXPLORE:
        return Side(result=of.explore) if of.explore else Side(problem=_NOT_ON_EXPLORE)
    try:
        entry = reading.get(shelf, entry_id)
        result = _load(shelf, entry)
    except HetaError as error:
        return Side(problem=f"{error} Choose another one here.")
    n = len(result.steps) if isinstance(result, GenerationAttribution) else 1
    return Side(entry, result, step if step < n else 0)


_NOT_ON_EXPLORE = "Nothing finished stands on Explore: explain a text there, or choose a saved analysis here."


def _load(shelf: Shelf, entry: Entry) -> Result:
    """A report is read once, however often the page is drawn. The two of the last drawing are kept."""
    held: dict[tuple[str, float], Result] = state.get("compare.held", {})
    key = entry.id, entry.changed
    result = held[key] if key in held else reading.load(shelf, entry.id)
    state.put("compare.held", dict([*[kept for kept in held.items() if kept[0] != key][-1:], (key, result)]))
    return result


def choose(name: str) -> None:
    """Take what the picker of a side says."""
    chosen = state.widget(picker_key(name))
    if chosen is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = chosen


def choose_step(name: str) -> None:
    """Take another step of the generation on a side."""
    st.query_params[name] = f"{chosen_id(name)}.{state.widget(step_key(name))}"


def swap() -> None:
    """B becomes A, and A becomes B."""
    st.query_params.update(dict(zip(SIDES, [st.query_params[name] for name in reversed(SIDES)], strict=True)))


def chosen_id(name: str) -> str:
    """The part of the address that names the entry."""
    return str(st.query_params.get(name, "")).partition(".")[0]


def picker_key(name: str) -> str:
    """The widget that chooses a side."""
    return f"heta.compare.{name}"


def step_key(name: str) -> str:
    """The widget that chooses a step of it."""
    return f"heta.compare.step.{name}"


def title(entry_id: str, of: Choices) -> str:
    """What an analysis is called in a picker."""
    if entry_id == EXPLORE and of.explore is not None:
        return f"On Explore now: {entries.title(of.explore)}"
    return next((entry.words.title for entry in of.entries if entry.id == entry_id), entry_id)
