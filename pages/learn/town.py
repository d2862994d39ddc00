"""Littletown on the page: any question that training never saw, as often as wanted, beside what it changes into."""

from collections.abc import Mapping

import streamlit as st

from heta_core.errors import InputError
from heta_core.teaching import town
from heta_core.teaching.town import Wanted
from pages.learn import answering, choosing, wording
from pages.learn.joining import ASSETS, component_of
from pages.ui import controls, presenting, state

_KEY = "heta.town"
_FOLDER = ASSETS / "town"
_COMPONENT = component_of(
    "heta_town",
    [_FOLDER / "town.js", _FOLDER / "main.js"],
    [ASSETS / "learn" / "learn.css", _FOLDER / "town.css"],
)


def draw() -> None:
    """The example that the address names; where there is none, that is said, and the first one drawn."""
    wanted, problem = Wanted(), None
    try:
        wanted = of_the_address(st.query_params)
    except InputError as error:
        problem = str(error)
    controls.trouble(problem)
    event = town.as_event(wanted)
    if answering.event(choosing.TOWN) != event:
        answering.ask(choosing.TOWN, town.reply, event)
    answering.advance(choosing.TOWN)
    payload = {
        "name": choosing.TOWN,
        "picture": town.example(wanted) | {"skills": town.skills()},
        "reply": answering.said(choosing.TOWN),
        "presenter": presenting.is_on(),
    }
    _COMPONENT(key=_KEY, data=payload, on_event_change=_received)
    wording.draw(wording.of_town())


def of_the_address(address: Mapping[str, str]) -> Wanted:
    """What an address asks for; what it leaves open is as at first.

    Raises:
        InputError: there is no such example.
    """
    seed = address.get("seed", "0")
    if not seed.isascii() or not seed.isdigit():
        raise InputError(f"A seed is a whole number, this address has {seed[:40]!r}: write one, such as seed=7.")
    first = Wanted()
    return Wanted(
        address.get("skill", first.skill),
        int((seed.lstrip("0") or "0")[: town.MOST_DIGITS]),
        address.get("length", first.length),
        address.get("beside", first.beside),
    )


def read_event(raw: object) -> Wanted | None:
    """The example that the component asks for, or None where that is no such event."""
    if not isinstance(raw, dict) or raw.get("kind") != "show":
        return None
    try:
        return town.wanted_of(raw)
    except InputError:
        return None


def _received() -> None:
    """Runs before the script does: what is chosen goes into the address."""
    wanted = read_event(state.event(_KEY))
    if wanted is not None:
        st.query_params.update({name: str(value) for name, value in town.as_event(wanted).items()})
