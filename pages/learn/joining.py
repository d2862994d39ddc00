"""The scripts and styles of what Learn draws, joined: what all of it shares, and what one component adds."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui import component

ASSETS = Path(__file__).resolve().parents[2] / "assets"
_SHARED = tuple(ASSETS / "learn" / name for name in ("parts.js", "mounting.js"))


def component_of(name: str, own: Iterable[Path], styles: Iterable[Path], pictures: Iterable[Path] = ()) -> Any:
    """A component of these scripts, the last of which mounts it, and styles. Text is read once: call it at import.

    Args:
        pictures: scripts that see all others and not one another.
    """
    alone = [f"{{\n{path.read_text('utf-8')}}}" for path in pictures]
    scripts = [*(path.read_text("utf-8") for path in _SHARED), *alone, *(path.read_text("utf-8") for path in own)]
    return st.components.v2.component(
        name,
        html=component.HTML,
        css="\n".join([component.style("strip"), *(path.read_text("utf-8") for path in styles)]),
        js="\n".join([component.script("basics", "values", "drawing"), *scripts]),
    )
