"""The token × step matrix of a generation as a picture for print, every cell with its number.

A row is a token, a column a step. Where there are more steps than fit on the sheet, the columns go on below, in bands
with the same rows.
"""

import math
from collections.abc import Iterator

import numpy as np

from heta_core.generated import GenerationAttribution
from heta_core.views import caption, film, lettering, looking, naming, origin, words
from heta_core.views.grid import Grid, laid, rows_drawn
from heta_core.views.lettering import Style, written
from heta_core.views.scale import PALETTES, Hue, Theme, tint
from heta_core.views.sheet import MARGIN, ROOM, heading, sheet
from heta_core.views.words import Component

_MOST_STEPS = 20  # in a band: in more of them a number would be too small to be read
_LABELS, _LEAN = 130.0, 44.0  # room for the tokens of the rows, and for the names of columns, which lean to the right
_MOST_WIDE, _ROW = 60.0, 15.0  # a cell
_NAMES, _BELOW = 84.0, 26.0  # the longest name of a column, and the room under a band
_TEXT, _NUMBER = 11.5, 8.5  # font sizes
_TURN = -60.0  # degrees
FAINT = 0.25  # cells that are less deep may have a number that is nothing as well


def svg(generation: GenerationAttribution, component: Component = "final", theme: Theme = "light") -> str:
    """One component of every step, each column coloured over its own highest; if it is not known yet, the best that is.

    Raises:
        ReportError: nothing is known of any step.
    """
    g = generation
    name = next((n for n in looking.instead(component) if _is_known(g, n)), component)
    grid = laid(g, name)
    title = naming.continued(g)
    parts, y = heading(title, theme)
    parts.append(written(_named(g, name), MARGIN, y + 2, Style(_TEXT, PALETTES[theme].text)))
    y += 12
    for start in range(0, g.n_new, _MOST_STEPS):
        steps = range(start, min(g.n_new, start + _MOST_STEPS))
        parts += _band(g, grid, name, (steps, y), theme)
        y += _high(g, steps) + _ROW * (len(grid.positions) + 1) + _BELOW
    return sheet(title, parts, y, _notes(g, grid), theme)


def _short(piece: str) -> str:
    return lettering.shortened(words.label(piece), _NAMES, Style(_TEXT, ""))


def _high(g: GenerationAttribution, steps: range) -> float:
    """The room that the names of some columns take."""
    longest = max(lettering.width(_short(g.steps[k].target.piece), Style(_TEXT, "")) for k in steps)
    return longest * math.sin(math.radians(-_TURN)) + 16


def _is_known(g: GenerationAttribution, component: Component) -> bool:
    return any(looking.raw(g.at(k), component) is not None for k in range(len(g.steps)))


def _named(g: GenerationAttribution, component: Component) -> str:
    """What the numbers are."""
    unit = words.BY_NAME[component].unit
    unit = f"parts {unit}" if unit.startswith("of ") else unit
    return f"{looking.title(g.at(0), component)}, in {unit}; p is how likely each word was."


def _band(
    g: GenerationAttribution, grid: Grid, component: Component, place: tuple[range, float], theme: Theme
) -> Iterator[str]:
    """Some of the steps, from the height `place` says on."""
    steps, top = place
    palette, x = PALETTES[theme], MARGIN + _LABELS
    wide = min(_MOST_WIDE, (ROOM - _LABELS - _LEAN) / min(_MOST_STEPS, g.n_new))
    name, number = Style(_TEXT, palette.text, turn=_TURN), Style(_NUMBER, palette.muted)
    base = top + _high(g, steps)
    for column, k in enumerate(steps):
        said = g.steps[k]
        left = x + column * wide
        yield written(_short(said.target.piece), left + wide / 2, base - 4, name)
        yield written(words.percent(min(1.0, float(np.exp(said.prediction.log_p))), 0), left + 1.5, base + 10, number)
    yield written("p", MARGIN, base + 10, number)
    for row, position in enumerate(grid.positions.tolist()):
        y = base + _ROW * (row + 1)
        style = Style(_TEXT, palette.text if position < g.n_prompt else palette.muted)
        label = lettering.shortened(words.label(g.tokens.pieces[position]), _LABELS - 8, style)
        yield written(label, MARGIN, y + 11, style)
        for column, k in enumerate(steps):
            if not np.isnan(grid.raw[row, k]):
                yield from _cell(grid, component, (row, k), (x + column * wide, y, wide), theme)
    begins = int(np.searchsorted(grid.positions, g.n_prompt))
    y, right = base + _ROW * (begins + 1), x + len(steps) * wide
    yield f'<path d="M{MARGIN:g} {y:.2f}H{right:.2f}" stroke="{palette.muted}" stroke-dasharray="1 3"/>'


def _cell(
    grid: Grid, component: Component, which: tuple[int, int], place: tuple[float, float, float], theme: Theme
) -> Iterator[str]:
    """A ground with its number, at (x, y, width)."""
    x, y, wide = place
    hue: Hue = "heat" if component == "final" else component
    ground = tint(float(grid.parts[which]), theme, hue)
    yield (f'<rect x="{x + 0.5:.2f}" y="{y + 0.5:.2f}" width="{wide - 1:.2f}" height="{_ROW - 1:g}" fill="{ground}"/>')
    number, palette = looking.said(component, float(grid.raw[which])), PALETTES[theme]
    is_faint = number.startswith(("<", "0")) and grid.parts[which] < FAINT
    yield written(number, x + 2, y + 10.5, Style(_NUMBER, palette.muted if is_faint else palette.text))


def _notes(g: GenerationAttribution, grid: Grid) -> Iterator[str]:
    """Which rows are drawn, how the words were chosen, the method and the origin."""
    rows = "; ".join(rows_drawn(grid)).capitalize()
    yield f"{rows}; each column is coloured over its own highest. Below the dotted line stands what was said before."
    known = "given, not generated" if g.decoding is None else f"chosen: {film.decoded(g.decoding)}"
    waiting = g.n_new - sum(film.is_curved(step) for step in g.steps)
    yield f"Words {known}." + (f" {waiting} of {g.n_new} steps are not finished." if waiting else "")
    yield caption.basis(g.at(g.n_new - 1))
    yield origin.told(g)
