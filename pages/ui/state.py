"""What one visitor's session holds: the only file that touches `st.session_state`."""

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

_Made = TypeVar("_Made")


def get(name: str, default: Any = None) -> Any:
    """A value that the pages keep; its key is prefixed, so that no widget's can be the same."""
    return st.session_state.get(f"heta.{name}", default)


def put(name: str, value: object) -> None:
    """Keep a value."""
    st.session_state[f"heta.{name}"] = value


def held(name: str, key: object, make: Callable[[], _Made]) -> _Made:
    """What `make` gives, made anew where the key is another one than the last time; whatever it raises is not kept."""
    last: tuple[object, _Made] | None = get(name)
    if last is None or last[0] != key:
        last = (key, make())
        put(name, last)
    return last[1]


def widget(key: str) -> Any:
    """What the reader has set in a widget, or None before it is drawn."""
    return st.session_state.get(key)


def set_widget(key: str, value: object) -> None:
    """Set a widget as the reader would; only before it is drawn."""
    st.session_state[key] = value


def event(key: str) -> object:
    """What a component sent."""
    return (st.session_state.get(key) or {}).get("event")


def once(name: str) -> bool:
    """True the first time it is asked in a session."""
    if get(f"once.{name}"):
        return False
    put(f"once.{name}", True)
    return True


def give_way() -> None:
    """End the run of a page here if the reader has done something meanwhile, as any access of the state does."""
    if get_script_run_ctx(suppress_warning=True) is not None:
        st.session_state.get("heta.once")
