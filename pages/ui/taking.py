"""What a reader takes along: files, pictures, the Python that computes it again, a link."""

from pathlib import Path

import streamlit as st

from heta_core.attribution import Attribution
from heta_core.errors import HetaError, ReportError
from heta_core.report import dumps
from heta_core.taking.page import page
from heta_core.taking.snippet import snippet
from heta_core.views import charts, export, picture, words
from heta_core.views.scale import Theme
from heta_core.views.words import Component
from pages.ui import linking, session

_ASSETS = Path(__file__).resolve().parents[2] / "assets" / "taking"
_COMPONENT = st.components.v2.component(
    "heta_take",
    html='<div class="take">\n</div>',
    css=(_ASSETS / "take.css").read_text("utf-8"),
    js=(_ASSETS / "take.js").read_text("utf-8"),
)
_FILES = (
    ("JSON", "json", "application/json", dumps, "Everything. Opens here again, without a model."),
    ("HTML", "html", "text/html", page, "One page that works without this app or a network. Opens here again, too."),
    ("CSV", "csv", "text/csv", export.csv_text, "The numbers, for a spreadsheet."),
    ("Python", "py", "text/x-python", snippet, "The program that computes these numbers again."),
)
_PICTURE = "heta.taking.picture"  # the key of the picker
_BREAKDOWN, _HEADS = "The three components", "Layers and heads of the pinned word"


def draw(result: Attribution) -> None:
    """The panel."""
    with st.container(horizontal=True):
        for title, ending, mime, write, told in _FILES:
            _button(title, ending, mime, write(result), told)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        drawn = _picture(result)
        if drawn is not None:
            _button("SVG", "svg", "image/svg+xml", drawn, "Sharp at every size, for print and slides.")
        _COMPONENT(key="heta.taking", data={"svg": drawn, "name": "heta.png", **_link(result)})
    with st.expander("Show the Python"):
        st.code(snippet(result), language="python")


def _button(title: str, ending: str, mime: str, content: str, told: str) -> None:
    name, key = f"heta.{ending}", f"heta.save.{ending}"
    st.download_button(title, content, name, mime, key=key, on_click="ignore", help=told)


def _picture(result: Attribution) -> str | None:
    """The chosen picture as SVG; None where its numbers are not known yet."""
    strips: dict[str, Component] = {f"The text: {c.title}": c.name for c in words.components(result.target.kind)}
    chosen = st.selectbox("Picture", [*strips, _BREAKDOWN, _HEADS], key=_PICTURE, width=320)
    theme: Theme = "dark" if st.context.theme.type == "dark" else "light"
    try:
        if chosen == _BREAKDOWN:
            return charts.breakdown(result, theme)
        if chosen == _HEADS:
            return charts.heads(result, pinned(result), theme)
        return picture.svg(result, strips.get(chosen, "final"), theme)
    except ReportError:
        return None


def pinned(result: Attribution) -> int:
    """The unit whose layers and heads are looked at; without one the first of the ranking."""
    position = session.heads_position()
    if position is None or position >= result.n_units:
        return result.top(1)[0] if result.is_complete else 0
    return position


def _link(result: Attribution) -> dict[str, str | None]:
    """The fragment of the link, or why there is none."""
    try:
        return {"link": linking.written(result), "why": None}
    except HetaError as error:
        return {"link": None, "why": str(error)}
