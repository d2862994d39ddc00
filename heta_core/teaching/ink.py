"""What drawings for print are made of: strokes, marks, hatched boxes and words, as SVG without scripts.

Black on white: what a colour tells on a screen is told here by shape, dashes and hatching. Every text is escaped.
"""

import math
from collections.abc import Iterable
from typing import Literal

from heta_core.views import lettering
from heta_core.views.lettering import Style, escaped

Place = tuple[float, float]
Shape = Literal["circle", "triangle", "square"]
Fill = Literal["solid", "hatched", "light", "blank"]

INK, SOFT, FAINT, LIGHT = "#1a1d29", "#4a5064", "#c8ccd6", "#dfe2ea"
SIZE = 13.0  # of letters
_HATCH = 5.0  # from line to line


def svg(title: str, size: Place, parts: Iterable[str]) -> str:
    """A drawing in a page, never wider than there is room. `title` is what is read aloud."""
    wide, high = (math.ceil(side) for side in size)
    return (
        f'<svg width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" role="img" '
        f'font-family="{lettering.FAMILY}"><title>{escaped(title)}</title>{"".join(parts)}</svg>'
    )


def text(said: str, x: float, y: float, *, part: float = 0.0, is_bold: bool = False, colour: str = INK) -> str:
    """A text on the base line y, `part` of it left of x."""
    style = Style(SIZE, colour, is_bold)
    return lettering.written(said, x - part * width(said, is_bold=is_bold), y, style)


def width(said: str, *, is_bold: bool = False) -> float:
    """How wide a text is."""
    return lettering.width(said, Style(SIZE, INK, is_bold))


def stroke(start: Place, stop: Place, colour: str = INK, dashes: str = "", weight: float = 1.0) -> str:
    """A straight line."""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    ends = f'x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{stop[0]:.1f}" y2="{stop[1]:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{weight:g}"{dashed}/>'


def mark(at: Place, shape: Shape, size: float = 4.0, *, is_hollow: bool = False) -> str:
    """A sign that stands for a point."""
    x, y = at
    look = f'fill="{"#ffffff" if is_hollow else INK}" stroke="{INK}"'
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:g}" {look}/>'
    if shape == "square":
        return f'<rect x="{x - size:.1f}" y="{y - size:.1f}" width="{2 * size:g}" height="{2 * size:g}" {look}/>'
    return f'<path d="M{x:.1f} {y - 1.2 * size:.1f}l{1.1 * size:g} {2 * size:g}h{-2.2 * size:g}Z" {look}/>'


def window(at: Place, size: Place, drawn: str) -> str:
    """What lies within a box of a drawing."""
    (x, y), (wide, high) = at, size
    box = f"{x:.1f} {y:.1f} {wide:.1f} {high:.1f}"
    return (
        f'<svg x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" viewBox="{box}" overflow="hidden" '
        f'preserveAspectRatio="none">{drawn}</svg>'
    )


def box(at: Place, size: Place, fill: Fill) -> str:
    """A stretch of a bar."""
    (x, y), (wide, high) = at, size
    inside = {"solid": INK, "light": LIGHT}.get(fill, "#ffffff")
    dashed = ' stroke-dasharray="2 3"' if fill == "blank" else ""
    frame = (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" fill="{inside}" stroke="{INK}"{dashed}/>'
    )
    if fill != "hatched":
        return frame
    starts = [x - high + _HATCH * k for k in range(math.ceil((wide + high) / _HATCH) + 1)]
    lines = "".join(f"M{start:.1f} {y + high:.1f}l{high:g} {-high:g}" for start in starts)
    return frame + window(at, size, f'<path d="{lines}" stroke="{INK}" fill="none"/>')
