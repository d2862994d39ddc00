"""Deletion curves of all columns in one plot: drawn when the reader asks, and kept while the session lasts."""

import importlib
from collections.abc import Iterator
from functools import partial

import streamlit as st

from heta_core.attribution import Attribution
from heta_core.faithfulness.curves import MAP, Curves, Direction, Scale
from heta_core.library.entry import identity
from heta_core.settings import Mask, Weights
from heta_core.views import orders
from heta_core.views.orders import Masked
from pages.compare import asking
from pages.ui import controls, engine_cache, state
from pages.ui.engine_cache import Step
from pages.ui.plain import plain
from pages.ui.runs import Run
from pages.ui.theme import page_theme

MASK, DIRECTION, SCALE = "heta.compare.mask", "heta.compare.direction", "heta.compare.scale"
_KEPT = 24  # curves of a session, those on the page among them
_TOLD = (
    "Mask what each column calls most important, one after another: the sooner its answer falls, the better its order "
    "(deletion). With all masked but those the answer should come back at once (insertion)."
)
_DIRECTIONS: dict[str, Direction] = {"Deletion": "deletion", "Insertion": "insertion"}
_SCALES: dict[str, Scale] = {"Probability": "probability", "Log, in nats": "nats"}
_CONFIG = {"toImageButtonOptions": {"format": "svg", "filename": "heta-compare-curves"}, "displaylogo": False}

Key = tuple[str, Weights, Mask, bool]  # the map, the mask, and whether random orders are drawn beside it


def draw(answers: dict[str, Attribution]) -> tuple[Run, ...]:
    """Below the comparison, for columns by their letters; what is on its way."""
    first = next(iter(answers.values()))
    weighed = {letter: a.with_weights(first.weights) for letter, a in answers.items()}  # as the columns are drawn
    st.subheader("Deletion curves", anchor=False)
    st.caption(_TOLD)
    masks = orders.masks(tuple(weighed.values()), tuple(weighed))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = f"Masked is a {orders.unit(tuple(weighed.values()))} with"
        mask = st.selectbox(label, list(masks), format_func=masks.__getitem__, key=MASK, width=440)
        wanted = {letter: _key(weighed, letter, mask) for letter, a in weighed.items() if asking.is_at_hand(a)}
        st.button(
            "Draw the deletion curves",
            key="heta.compare.draw",
            disabled=all(_is_asked(key) for key in wanted.values()),
            on_click=_ask,
            args=({wanted[letter]: weighed[letter] for letter in wanted},),
        )
    runs = {letter: run for letter in weighed if (run := _run(_key(weighed, letter, mask))) is not None}
    _progress(runs)
    _missing(weighed, runs)
    found = [Masked(letter, weighed[letter], run.result) for letter, run in runs.items() if _has_curve(run)]
    with controls.slot(bool(found)):
        if found:
            _found(found)
    return tuple(runs.values())


def _held() -> dict[Key, Run]:
    held: dict[Key, Run] = state.get("compare.curves", {})
    return held


def _key(columns: dict[str, Attribution], letter: str, mask: Mask) -> Key:
    """Random orders are drawn once, beside the first, and only where they are those of every column."""
    has_random = letter == next(iter(columns)) and orders.is_one_question(tuple(columns.values()))
    return identity(columns[letter]), columns[letter].weights, mask, has_random


def _run(key: Key) -> Run | None:
    """The curve that was asked for; one with random orders serves where none are wanted."""
    return _held().get(key) or _held().get((*key[:-1], True))


def _is_asked(key: Key) -> bool:
    """It is on its way, or there is nothing left of it to do."""
    run = _run(key)
    return run is not None and (run.is_live or (run.result is not None and run.result.is_complete))


def _ask(wanted: dict[Key, Attribution]) -> None:
    """Draw those that are not there yet, or that were stopped or failed."""
    held = _held()
    for key, result in wanted.items():
        if not _is_asked(key):
            held[key] = Run(work(result, *key[2:]), model=result.source.model)
        found = key if key in held else (*key[:-1], True)
        held[found] = held.pop(found)  # the last of all that are kept
    for old in list(held)[:-_KEPT]:
        held.pop(old).stop()
    state.put("compare.curves", held)


def work(result: Attribution, mask: Mask, has_random: bool) -> Iterator[Step]:
    """The curves of one column as they become known.

    Raises:
        HetaError: the model cannot be loaded or is another one, or the mask cannot be used on it.
    """
    lm, result = yield from engine_cache.loaded_for(result)
    running = importlib.import_module("heta_core.faithfulness.running")
    for found in running.own_steps(lm, result, mask=mask, has_random=has_random):
        yield Step(f"Masking: {found.work.done:,} passes so far", found.work.fraction, found)


def _progress(runs: dict[str, Run]) -> None:
    """How far they are, with a way to end them."""
    live = {letter: busy for letter, run in runs.items() if (busy := run.busy) is not None}
    with controls.slot(bool(live)):
        if live:
            with st.container(horizontal=True, vertical_alignment="center"):
                done = len(runs) - len(live) + sum(busy.fraction or 0.0 for busy in live.values())
                letter, busy = next(iter(live.items()))
                st.progress(min(1.0, done / len(runs)), plain(f"{letter}: {busy.busy}"))
                st.button("Stop masking", key="heta.compare.stop", on_click=partial(_stop, tuple(runs.values())))


def _stop(runs: tuple[Run, ...]) -> None:
    for run in runs:
        run.stop()


def _missing(columns: dict[str, Attribution], runs: dict[str, Run]) -> None:
    """Why a column has no curve, or only a part of what was asked for."""
    for letter, a in columns.items():
        run = runs.get(letter)
        if run is not None and run.problem is not None:
            st.warning(plain(f"{letter}: {run.problem}"), icon=":material/error:")
        elif run is not None and not run.is_live and not (run.result and run.result.is_complete):
            what = "the random orders were all drawn" if _has_curve(run) else "its curve was drawn"
            st.caption(f"{letter}: stopped before {what}.")
        elif run is None and engine_cache.is_warm() and not asking.is_at_hand(a):
            st.caption(plain(f"{letter} has no curve: its model, {a.source.model}, is not on this computer."))
        elif run is None and runs:
            st.caption(f"{letter} has no curve yet: draw again.")


def _has_curve(run: Run) -> bool:
    return isinstance(run.result, Curves) and bool(run.result.of(MAP))


def _found(columns: list[Masked]) -> None:
    """The curves, and their areas in words."""
    from heta_core.views import curves  # plotly takes half a second, which the comparison should not wait for

    with st.container(horizontal=True):
        direction = _DIRECTIONS[_chosen("Direction", _DIRECTIONS, DIRECTION)]
        scale = _SCALES[_chosen("Height", _SCALES, SCALE)]
    st.plotly_chart(curves.together(columns, direction, scale, page_theme()), key="heta.compare.curves", config=_CONFIG)
    told = orders.areas(columns, direction, scale)
    chance = orders.chance(columns, direction, scale)
    st.markdown("\n".join(f"- {plain(line)}" for line in (*told, *([chance] if chance else []))))
    st.caption(plain(orders.reading([c.result for c in columns], direction)))


def _chosen(label: str, options: "dict[str, Direction] | dict[str, Scale]", key: str) -> str:
    first = next(iter(options))
    found = st.segmented_control(
        label, list(options), default=first, key=key, label_visibility="collapsed", required=True
    )
    return found or first
