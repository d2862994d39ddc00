"""What a reader takes along: files, pictures, the Python that computes it again, a link."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

import streamlit as st

from heta_core.attribution import Attribution
from heta_core.errors import HetaError, ReportError
from heta_core.generated import GenerationAttribution
from heta_core.report import dumps
from heta_core.taking.page import page
from heta_core.taking.snippet import snippet
from heta_core.views import charts, export, heatmap, picture, plane_sheet, words
from pages.ui import linking, session, state
from pages.ui.theme import page_theme

Result = Attribution | GenerationAttribution

_ASSETS = Path(__file__).resolve().parents[2] / "assets" / "taking"
_COMPONENT = st.components.v2.component(
    "heta_take",
    html='<div class="take">\n</div>',
    css=(_ASSETS / "take.css").read_text("utf-8"),
    js=(_ASSETS / "take.js").read_text("utf-8"),
)


def _csv(result: Result) -> str:
    return export.generation_csv(result) if isinstance(result, GenerationAttribution) else export.csv_text(result)


_FILES: tuple[tuple[str, str, str, Callable[[Result], str], str], ...] = (
    ("JSON", "json", "application/json", dumps, "Everything. Opens here again, without a model."),
    ("HTML", "html", "text/html", page, "One page that works without this app or a network. Opens here again, too."),
    ("CSV", "csv", "text/csv", _csv, "The numbers, for a spreadsheet."),
    ("Python", "py", "text/x-python", snippet, "The program that computes these numbers again."),
)
_BREAKDOWN, _PLANE, _HEADS = "The three components", "Gate and strength", "Layers and heads of the pinned word"


@dataclass(slots=True, eq=False)
class _Made:
    """What was written of a result, so that it is written once: a page draws itself often."""

    result: Result
    texts: dict[object, str | None]


def draw(result: Attribution) -> None:
    """The panel."""
    theme, unit = page_theme(), pinned(result)
    pictures: dict[str, Callable[[], str]] = {
        f"The text: {c.title}": partial(picture.svg, result, c.name, theme)
        for c in words.components(result.target.kind, is_gated=result.is_gated)
    }
    pictures[_BREAKDOWN] = partial(charts.breakdown, result, theme)
    if result.is_gated:
        pictures[_PLANE] = partial(plane_sheet.svg, result, theme)
        pictures[_HEADS] = partial(charts.heads, result, unit, theme)
    _panel(result, "heta", pictures, (theme, unit), partial(linking.written, result))


def draw_generation(g: GenerationAttribution, k: int, link: Callable[[], str]) -> None:
    """The same for a generation; pictures are of all its steps, or of step k."""
    theme, one = page_theme(), g.at(k)
    named = words.components("token", is_gated=g.is_gated)
    pictures: dict[str, Callable[[], str]] = {
        f"Every step: {c.title}": partial(heatmap.svg, g, c.name, theme) for c in named
    }
    pictures |= {f"This step: {c.title}": partial(picture.svg, one, c.name, theme) for c in named}
    _panel(g, "heta-generation", pictures, (theme, k), link)


def _panel(
    result: Result, name: str, pictures: dict[str, Callable[[], str]], place: object, link: Callable[[], str]
) -> None:
    """`place` is what pictures depend on beside the result."""
    made = _made(result)
    with st.container(horizontal=True):
        for title, ending, mime, write, told in _FILES:
            _button(title, f"{name}.{ending}", mime, made(ending, partial(write, result)) or "", told)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Picture", [*pictures], key=f"{name}.taking.picture", width=320)
        drawn = made((chosen, place), partial(_unless_unknown, pictures[chosen]))
        if drawn is not None:
            _button("SVG", f"{name}.svg", "image/svg+xml", drawn, "Sharp at every size, for print and slides.")
        _COMPONENT(key=f"{name}.taking", data={"svg": drawn, "name": f"{name}.png", **_link(link)})
    with st.expander("Show the Python"):
        st.code(made("py", partial(snippet, result)), language="python")


def _button(title: str, name: str, mime: str, content: str, told: str) -> None:
    st.download_button(title, content, name, mime, key=f"heta.save.{name}", on_click="ignore", help=told)


def _unless_unknown(draw_it: Callable[[], str]) -> str | None:
    """A picture as SVG; None where its numbers are not known yet."""
    try:
        return draw_it()
    except ReportError:
        return None


def _made(result: Result) -> Callable[[object, Callable[[], str | None]], str | None]:
    """What writes a text once for as long as the result is the same."""
    kept: _Made | None = state.get("taking.made")
    if kept is None or not _is_same(kept.result, result):
        kept = _Made(result, {})
        state.put("taking.made", kept)
    texts = kept.texts

    def made(key: object, write: Callable[[], str | None]) -> str | None:
        if key not in texts:
            texts[key] = write()
        return texts[key]

    return made


def _is_same(one: Result, other: Result) -> bool:
    """Both hold the same parts with equal weights."""
    names = {f.name for f in fields(one)} - {"weights"}
    return (
        type(one) is type(other)
        and one.weights == other.weights
        and all(getattr(one, name) is getattr(other, name) for name in names)
    )


def pinned(result: Attribution) -> int:
    """The unit whose layers and heads are looked at; without one the first of the ranking."""
    position = session.heads_position()
    if position is None or position >= result.n_units:
        return result.top(1)[0] if result.is_complete else 0
    return position


def _link(written: Callable[[], str]) -> dict[str, str | None]:
    """The fragment of the link, or why there is none."""
    try:
        return {"link": written(), "why": None}
    except HetaError as error:
        return {"link": None, "why": str(error)}
