"""Which analyses are compared: the page's address says it, and pickers change the address.

A side is an entry of this visitor's library or what stands on Explore, `a=ID`; of a generation one step of it,
`a=ID.3`; and what another method says of the same question, `b=occlusion~ID`. Whatever the address says is looked up on
this visitor's shelf only.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace

import streamlit as st

from heta_core.attribution import Attribution
from heta_core.errors import HetaError
from heta_core.generated import GenerationAttribution
from heta_core.library import entry as entries
from heta_core.library import reading
from heta_core.library.entry import Entry, Result, Shelf
from pages.compare import asking
from pages.library.listing import moment
from pages.ui import session, state
from pages.ui.runs import Run

SIDES = ("a", "b", "c", "d")
FEWEST = 2  # columns
EXPLORE = "explore"
_SIDE = re.compile(r"(?:([a-z][a-z0-9_]{0,40})~)?([0-9a-f]{32}|explore)(?:\.(\d{1,6}))?")
ADDED = "heta.compare.added"  # the widget that adds a column by its method
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
    method: str | None = None  # another one than the entry's own
    run: Run | None = None  # its answer

    @property
    def answer(self) -> Attribution | None:
        """What is compared."""
        if self.run is None:
            return self.question
        found: Attribution | None = self.run.result
        return found if found is not None and found.is_complete and not self.run.is_live else None

    @property
    def question(self) -> Attribution | None:
        """The entry itself, of a generation one of its steps."""
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


def shown() -> tuple[str, ...]:
    """The columns of the page: up to the last that the address names, two at least."""
    named = [k for k, name in enumerate(SIDES, 1) if name in st.query_params]
    return SIDES[: max([FEWEST, *named])]


def side(shelf: Shelf, name: str, of: Choices) -> Side | None:
    """What the address says of one side; None where it says nothing."""
    said = st.query_params.get(name)
    if not said:
        return None
    found = _SIDE.fullmatch(said)
    if found is None:
        return Side(problem=f"{reading.missing()} Choose another one here.")
    method, entry_id, step = found[1], found[2], int(found[3] or 0)
    if entry_id == EXPLORE:
        return _asked(Side(result=of.explore), method) if of.explore else Side(problem=_NOT_ON_EXPLORE)
    try:
        entry = reading.get(shelf, entry_id)
        result = _load(shelf, entry)
    except HetaError as error:
        return Side(problem=f"{error} Choose another one here.")
    n = len(result.steps) if isinstance(result, GenerationAttribution) else 1
    return _asked(Side(entry, result, step if step < n else 0), method)


def _asked(side: Side, method: str | None) -> Side:
    """The same question by another method, where the address names one."""
    question = side.question
    if method is None or question is None or method == question.method:
        return side
    return replace(side, method=method, run=asking.run_of(method, question))


_NOT_ON_EXPLORE = "Nothing finished stands on Explore: explain a text there, or choose a saved analysis here."


def _load(shelf: Shelf, entry: Entry) -> Result:
    """A report is read once, however often the page is drawn. Those of the last drawing are kept."""
    held: dict[tuple[str, float], Result] = state.get("compare.held", {})
    key = entry.id, entry.changed
    result = held[key] if key in held else reading.load(shelf, entry.id)
    state.put(
        "compare.held", dict([*[kept for kept in held.items() if kept[0] != key][1 - len(SIDES) :], (key, result)])
    )
    return result


def choose(name: str) -> None:
    """Take what the picker of a side says."""
    chosen = state.widget(picker_key(name))
    if chosen is not None:
        put(name, chosen)
    elif name in SIDES[:FEWEST]:
        st.query_params.pop(name, None)
    else:
        put(name, "")


def choose_step(name: str) -> None:
    """Take another step of the generation on a side."""
    method = _split(name)[0]
    put(name, f"{method}{chosen_id(name)}.{state.widget(step_key(name))}")


def choose_method(name: str, own: str) -> None:
    """Ask the question of a side by another method, or show the entry itself."""
    chosen = state.widget(method_key(name))
    standing = _split(name)[1]
    put(name, standing if chosen in (None, own) else f"{chosen}~{standing}")


def add() -> None:
    """One more column, still empty."""
    put(SIDES[len(shown())], "")


def add_method() -> None:
    """The question of A by the method that was picked, in the first column that is empty."""
    chosen = state.widget(ADDED)
    state.set_widget(ADDED, None)
    empty = [name for name in SIDES if not st.query_params.get(name)]
    if chosen is not None and empty:
        put(empty[0], f"{chosen}~{_split('a')[1]}")


def remove(name: str) -> None:
    """Take a column away; those after it move up."""
    left = [st.query_params.get(other, "") for other in shown() if other != name]
    for k, other in enumerate(SIDES):
        if k < len(left) and (left[k] or k >= FEWEST):
            put(other, left[k])
        else:
            st.query_params.pop(other, None)


def put(name: str, said: str) -> None:
    """What the address says of a side."""
    st.query_params[name] = said


def swap() -> None:
    """B becomes A, and A becomes B."""
    st.query_params.update({"a": st.query_params["b"], "b": st.query_params["a"]})


def chosen_id(name: str) -> str:
    """The part of the address that names the entry."""
    return _split(name)[1].partition(".")[0]


def _split(name: str) -> tuple[str, str]:
    """What the address says of a side: the method with its sign, or nothing, and what is asked about."""
    method, sign, standing = str(st.query_params.get(name, "")).rpartition("~")
    return method + sign, standing


def picker_key(name: str) -> str:
    """The widget that chooses a side."""
    return f"heta.compare.{name}"


def method_key(name: str) -> str:
    """The widget that chooses by which method it is scored."""
    return f"heta.compare.method.{name}"


def step_key(name: str) -> str:
    """The widget that chooses a step of it."""
    return f"heta.compare.step.{name}"


def titles(of: Choices) -> dict[str, str]:
    """What each is called in a picker. No two alike: a browser sends back the name, not which of them was meant."""
    found = [entry.words.title for entry in of.entries]
    seen: Counter[str] = Counter()
    for told in (
        lambda entry, _: entry.model,
        lambda entry, _: moment(entry.created),
        lambda _, name: _next(seen, name),
    ):
        n = Counter(found)
        found = [
            f"{name} · {told(entry, name)}" if n[name] > 1 else name
            for entry, name in zip(of.entries, found, strict=True)
        ]
    named = dict(zip((entry.id for entry in of.entries), found, strict=True))
    return named | ({EXPLORE: f"On Explore now: {entries.title(of.explore)}"} if of.explore else {})


def _next(seen: Counter[str], name: str) -> int:
    seen[name] += 1
    return seen[name]
