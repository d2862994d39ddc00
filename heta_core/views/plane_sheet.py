"""Gate and strength as a picture for print: every scored unit where its transition and its strength put it."""

import math
from collections.abc import Iterator

from heta_core.attribution import Attribution
from heta_core.views import lettering, looking, naming, words
from heta_core.views.lettering import Style, written
from heta_core.views.plane import EDGE, Axis, Place, Point, axis, levels, place, points
from heta_core.views.scale import PALETTES, Palette, Theme, tint
from heta_core.views.sheet import MARGIN, NOTE, ROOM, about, heading, lines, sheet

_HIGH, _AXIS = 500.0, 62.0  # the field's height; room for the numbers of an axis
_RADIUS, _NAME, _TICK = 5.5, 13.0, 11.0  # of a point; font sizes
_MOST_NAMES, _LONGEST = 8, 170.0  # how many names, and how long one may be
_POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def svg(attribution: Attribution, theme: Theme = "light") -> str:
    """The picture for print, with the names of the highest; of a contrast in the hues of its sides.

    Raises:
        ReportError: a component is not known yet.
    """
    a, found, palette = attribution, points(attribution), PALETTES[theme]
    title = f"Gate and strength: {naming.question(a)}"
    parts, y = heading(title, theme)
    top = y + 34
    x = axis([p.gate for p in found], MARGIN + _AXIS + EDGE, MARGIN + ROOM)
    up = axis([p.strength for p in found], top + _HIGH, top)
    parts += [
        *_edges(found, x, up, theme),
        *_field(x, up, theme),
        *_said(x, up, palette),
        *_levels(found, x, up, palette),
        *_drawn(a, found, (x, up), theme),
    ]
    parts += _names(found, x, up, palette)
    notes, y = lines(_told(a, found), top + _HIGH + EDGE + 58, Style(NOTE, palette.text))
    return sheet(title, [*parts, *notes], y + 4, about(a), theme)


def _field(x: Axis, up: Axis, theme: Theme) -> Iterator[str]:
    """The frame and the numbers of both axes."""
    palette = PALETTES[theme]
    grid, small = tint(0.3, theme, "neutral"), Style(_TICK, palette.muted)
    yield (
        f'<rect x="{x.start:.2f}" y="{up.stop:.2f}" width="{x.stop - x.start:.2f}" '
        f'height="{up.start - up.stop:.2f}" fill="none" stroke="{palette.muted}" stroke-width="0.8"/>'
    )
    base, left = up.start + EDGE + 15, x.start - EDGE - 8
    for value in x.ticks():
        at = x.place(math.log10(value))
        yield _line((at, up.stop), (at, up.start), grid)
        yield _centred(_tick(value), at, base, small)
    for value in up.ticks():
        at = up.place(math.log10(value))
        yield _line((x.start, at), (x.stop, at), grid)
        yield _ending(_tick(value), left, at + 4, small)


def _edges(found: tuple[Point, ...], x: Axis, up: Axis, theme: Theme) -> Iterator[str]:
    """The bands on which zeros stand, where there are any."""
    ground, small = tint(0.2, theme, "neutral"), Style(_TICK, PALETTES[theme].muted)
    if any(p.is_closed for p in found):
        yield _band(x.start - EDGE, up.stop, EDGE - 3, up.start + EDGE - up.stop, ground)
        yield _centred("0", x.start - EDGE / 2, up.start + EDGE + 15, small)
    if any(p.is_weightless for p in found):
        yield _band(x.start - EDGE, up.start + 3, x.stop - x.start + EDGE, EDGE - 3, ground)
        yield _ending("0", x.start - EDGE - 8, up.start + EDGE / 2 + 4, small)


def _said(x: Axis, up: Axis, palette: Palette) -> Iterator[str]:
    """What the axes and the corners mean."""
    base = up.start + EDGE + 15
    words_of = Style(NOTE, palette.text)
    yield _ending("Transition: how much of it is read →", x.stop, base + 20, words_of)
    yield written("↑ strength: β · Hessian + γ · information", MARGIN, up.stop - 24, words_of)
    corner = Style(NOTE, palette.muted, is_bold=True)
    yield written("strong but unread", x.start + 6, up.stop + 16, corner)
    yield _ending("evidence", x.stop, up.stop - 24, corner)
    yield written("neither", x.start + 6, up.start - 7, corner)
    yield _ending("read but inert", x.stop - 6, up.start - 7, corner)


def _levels(found: tuple[Point, ...], x: Axis, up: Axis, palette: Palette) -> Iterator[str]:
    """Lines along which the score is the same, with their share of it."""
    for share, first, last in levels(sum(p.score for p in found), x, up):
        yield _line(first, last, palette.muted, "5 4")
        told, small = (
            f"{100 * share:.{max(0, math.ceil(-math.log10(share) - 2 - 1e-9))}f}\u00a0%",
            Style(_TICK, palette.muted),
        )
        if first[1] < up.stop + 1:
            yield _centred(told, first[0], up.stop - 6, small)
        else:
            yield written(told, x.start + 4, min(first[1] + 15, up.start - 22), small)


def _drawn(a: Attribution, found: tuple[Point, ...], axes: tuple[Axis, Axis], theme: Theme) -> Iterator[str]:
    """The points, the highest last, in the colours of the strip."""
    shown, palette = looking.look(a, "final"), PALETTES[theme]
    for point in sorted(found, key=lambda p: p.score):
        x, y = place(point, *axes)
        hue = shown.hues[point.unit]
        yield (
            f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{_RADIUS:g}" fill="{tint(shown.parts[point.unit], theme, hue)}" '
            f'stroke="{getattr(palette, hue)}" stroke-width="1.3"/>'
        )


def _names(found: tuple[Point, ...], x: Axis, up: Axis, palette: Palette) -> Iterator[str]:
    """The names of the highest, each where it covers no other; one that has no such place is left out."""
    taken: list[tuple[float, float, float]] = []
    for point in sorted(found, key=lambda p: -p.score)[:_MOST_NAMES]:
        style = Style(_NAME, palette.text)
        name = lettering.shortened(point.label, _LONGEST, style)
        wide, (left, y) = lettering.width(name, style), place(point, x, up)
        beside = [(left + 9, y + 4), (left - 9 - wide, y + 4), (left - wide / 2, y - 10), (left - wide / 2, y + 20)]
        for begin, base in beside:
            is_inside = begin >= MARGIN and begin + wide <= MARGIN + ROOM
            if is_inside and all(
                begin > stop + 3 or begin + wide < start - 3 or abs(base - other) > 14 for start, stop, other in taken
            ):
                taken.append((begin, begin + wide, base))
                yield written(name, begin, base, style)
                break


def _told(a: Attribution, found: tuple[Point, ...]) -> Iterator[str]:
    """How to read it, the sides of a contrast, and what stands on the edges."""
    w = a.weights
    yield (
        f"Score = Transition × strength, strength = {w.beta:g} · Hessian + {w.gamma:g} · "
        f"{'|Δ|' if a.foil else 'KL'}, scaled {words.SCALINGS[w.scaling]}. Along a dashed line the score is the same, "
        f"in % of all. The deeper the colour, the higher the score."
    )
    one, many = words.UNITS[naming.scored(a)]
    for what, n in (
        ("Transition: the left edge", sum(p.is_closed for p in found)),
        ("strength: the lower edge", sum(p.is_weightless for p in found)),
    ):
        if n:
            yield f"{n} {one if n == 1 else many} of exactly zero {what}, off the axis."
    for hue, side in looking.look(a, "final").sides:
        yield f"{ {'heat': 'Blue', 'against': 'Orange'}.get(hue, 'Grey') }: {side.lstrip('▲▼ ')}."


def _tick(value: float) -> str:
    """A number of an axis."""
    if 1e-4 <= value < 1e4:
        return f"{value:.1g}" if value < 1 else f"{value:,.0f}"
    factor, power = f"{value:.0e}".split("e")
    return f"{'' if factor == '1' else f'{factor} × '}10{str(int(power)).translate(_POWERS)}"


def _line(start: Place, stop: Place, colour: str, dashes: str = "") -> str:
    drawn = f' stroke-dasharray="{dashes}"' if dashes else ""
    ends = f'x1="{start[0]:.2f}" y1="{start[1]:.2f}" x2="{stop[0]:.2f}" y2="{stop[1]:.2f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="0.9"{drawn}/>'


def _band(x: float, y: float, wide: float, high: float, ground: str) -> str:
    return f'<rect x="{x:.2f}" y="{y:.2f}" width="{wide:.2f}" height="{high:.2f}" fill="{ground}"/>'


def _centred(text: str, x: float, y: float, style: Style) -> str:
    return written(text, x - lettering.width(text, style) / 2, y, style)


def _ending(text: str, x: float, y: float, style: Style) -> str:
    return written(text, x - lettering.width(text, style), y, style)
