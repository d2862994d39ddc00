"""The strip as a picture for print: every token in its colour with its number below, and what is shown in words.

1. `_cells` cuts the tokens of each unit into what fits on a line, with the gap that stands before each.
2. `_placed` sets them in lines, as text runs.
3. Cells of one unit that stand side by side share one ground and one number: a block is one thing.
4. Below stand the legend, how likely the target is, the method, and where it was computed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from heta_core.attribution import Attribution
from heta_core.views import lettering, naming, strip, words
from heta_core.views.lettering import Style, written
from heta_core.views.looking import Look, look
from heta_core.views.scale import PALETTES, Hue, Palette, Theme, tint
from heta_core.views.sheet import MARGIN, NOTE, ROOM, WIDTH, about, heading, sheet
from heta_core.views.words import Component

_WORD, _NUMBER = 17.0, 10.0  # font sizes
_LINE, _BOX, _PAD = 48.0, 38.0, 4.0  # from line to line; a token's ground, and the room inside it
_GAP, _GLUE = 5.0, 1.0  # before a word, and before a piece of the same word


@dataclass(frozen=True, slots=True)
class _Cell:
    """A token, or as much of it as fits on a line."""

    text: str
    number: str
    unit: int | None  # None is what is explained, or compared with it
    ground: str
    ink: str
    edge: str | None = None  # the colour of its outline
    gap: float = 0.0
    begins: bool = True  # its unit, so that the unit's number has to fit
    n_breaks: int = 0  # line breaks after it
    x: float = 0.0
    y: float = 0.0

    @property
    def wide(self) -> float:
        """The width of its ground."""
        letters = lettering.width(self.text, Style(_WORD, self.ink))
        number = lettering.width(self.number, Style(_NUMBER, self.ink)) if self.begins else 0.0
        return max(letters, number) + 2 * _PAD


def svg(attribution: Attribution, component: Component = "final", theme: Theme = "light") -> str:
    """One component of a result; where it is not known yet, the best that is.

    Of a contrast the hue is that of the side that a token speaks for, and a mark says it without colour.
    """
    a, palette = attribution, PALETTES[theme]
    shown = look(a, component)
    question = naming.question(a)
    parts, y = heading(question, theme)
    cells = _placed([*_cells(a, shown, theme), *_answers(a, palette)], y + 6)
    parts += _drawn(cells, palette)
    y = (cells[-1].y if cells else y) + _LINE + 14
    legend, y = _legend(a, shown, theme, y)
    return sheet(question, [*parts, *legend], y + 10, about(a), theme)


def _cells(a: Attribution, shown: Look, theme: Theme) -> Iterator[_Cell]:
    """The scored tokens, each in the ground of its unit; those of a span that are scored too have an edge."""
    palette = PALETTES[theme]
    style, before = Style(_WORD, palette.text), ""
    for token, (lead, body, tail, kind) in enumerate(strip.token_parts(a.tokens)[: a.n_context]):
        unit = a.unit_of(token)
        mark = kind.removeprefix("part ") if kind.startswith("part ") else ""
        text = f"{body} {mark}".strip() if mark else body.replace("\n", "⏎")
        cell = _Cell(
            text,
            shown.marked(unit),
            unit,
            tint(shown.parts[unit], theme, shown.hues[unit]),
            palette.text,
            palette.ink if token >= a.target.position else palette.muted if kind == "special" else None,
            _GAP if lead or before or kind else _GLUE,
            token == a.places[unit][0],
        )
        *stretches, last = lettering.cut(text, ROOM - 2 * _PAD, style)
        yield from (replace(cell, text=stretch, n_breaks=1) for stretch in stretches)
        yield replace(cell, text=last, n_breaks=min(2, tail.count("\n")))
        before = tail or kind


def _answers(a: Attribution, palette: Palette) -> Iterator[_Cell]:
    """What is explained, or of a span its last token, and what it is compared with."""
    said, log_p = (a.target.said[-1].piece, a.predictions[-1].log_p) if a.target.kind == "span" else (None, a.log_p)
    name = naming.said(a).strip("“”") if said is None else words.label(said)
    yield from _boxes(name, log_p, palette.ink, palette.on_ink)
    other = naming.foil(a)
    if other is not None and a.log_p_foil is not None:
        yield _Cell("rather than", "", None, palette.ground, palette.muted, gap=_GAP)
        yield from _boxes(other.strip("“”"), a.log_p_foil, palette.foil, palette.on_ink)


def _boxes(name: str, log_p: float, ground: str, ink: str) -> Iterator[_Cell]:
    whole = _Cell(name, f"p {words.probability(log_p)}", None, ground, ink, gap=2 * _GAP)
    for text in lettering.cut(name, ROOM - 2 * _PAD, Style(_WORD, ink)):
        yield replace(whole, text=text)


def _placed(cells: Sequence[_Cell], top: float) -> list[_Cell]:
    """The cells in lines."""
    placed, x, y = [], MARGIN, top
    for cell in cells:
        is_first = x == MARGIN
        left = x if is_first else x + cell.gap
        if not is_first and left + cell.wide > WIDTH - MARGIN:
            left, y = MARGIN, y + _LINE
        placed.append(replace(cell, x=left, y=y))
        x = left + cell.wide
        if cell.n_breaks:
            x, y = MARGIN, y + _LINE * (0.5 + cell.n_breaks / 2)
    return placed


def _drawn(cells: Sequence[_Cell], palette: Palette) -> Iterator[str]:
    """Grounds with the text on them; a unit's number stands once on each of its lines."""
    for _, together in groupby(enumerate(cells), lambda at: (at[1].unit, at[1].y, at[0] if at[1].unit is None else 0)):
        run = [cell for _, cell in together]
        first, last = run[0], run[-1]
        wide = last.x + last.wide - first.x
        edge = "" if first.edge is None else f' stroke="{first.edge}" stroke-width="1.2"'
        numbers = Style(_NUMBER, first.ink)
        texts = [written(c.text, c.x + _PAD, c.y + 17, Style(_WORD, c.ink)) for c in run]
        texts.append(written(first.number, first.x + _PAD, first.y + 32, numbers))
        yield (
            f'<g><rect x="{first.x:.2f}" y="{first.y:.2f}" width="{wide:.2f}" height="{_BOX:g}" rx="4" '
            f'fill="{first.ground}"{edge}/>{"".join(texts)}</g>'
        )


def _legend(a: Attribution, shown: Look, theme: Theme, y: float) -> tuple[list[str], float]:
    """What the colours mean: the component, its scale from 0 to the highest, and the two sides of a contrast."""
    palette = PALETTES[theme]
    style = Style(NOTE, palette.text)
    if not shown.is_known:
        return [written("No component is known yet.", MARGIN, y, style)], y + 20
    name = f"{shown.title}: 0 … {shown.highest}"
    parts = [written(name, MARGIN + 72, y, style)]
    rows: list[tuple[float, Hue]] = [(y, "heat")]
    for hue, meaning in shown.sides:
        y += 20
        rows.append((y, hue))
        parts.append(written(meaning, MARGIN + 72, y, style))
    for row, hue in rows[1:] or rows:
        parts += [
            f'<rect x="{MARGIN + 8 * k:.2f}" y="{row - 10:.2f}" width="8.5" height="12" '
            f'fill="{tint((k + 1) / 8, theme, hue)}"/>'
            for k in range(8)
        ]
    return parts, y + 20
