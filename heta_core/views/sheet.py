"""A sheet for print: a heading, what is drawn, and at its foot how likely it was, the method and the origin."""

from collections.abc import Iterable

from heta_core.attribution import Attribution
from heta_core.views import caption, lettering, naming, origin
from heta_core.views.lettering import Style, written
from heta_core.views.scale import PALETTES, Theme

WIDTH, MARGIN = 960.0, 32.0
ROOM = WIDTH - 2 * MARGIN
NOTE = 12.0  # a font size
_HEAD = 20.0
_LEADING = 1.45  # of paragraphs, over their font size


def heading(text: str, theme: Theme) -> tuple[list[str], float]:
    """What the picture answers, and the base line after it."""
    return lines([text], MARGIN + _HEAD, Style(_HEAD, PALETTES[theme].text, is_bold=True))


def lines(texts: Iterable[str], y: float, style: Style) -> tuple[list[str], float]:
    """Paragraphs set in lines from the base line y on, and the base line after them."""
    parts = []
    for text in filter(None, texts):
        for line in lettering.wrapped(text, ROOM, style):
            parts.append(written(line, MARGIN, y, style))
            y += style.size * _LEADING
    return parts, y


def about(attribution: Attribution) -> tuple[str, ...]:
    """What stands at the foot of every picture of a result."""
    a = attribution
    sure = naming.certainty(a)
    return f"{sure[0].upper()}{sure[1:]}.", caption.method(a), origin.told(a)


def sheet(title: str, parts: list[str], y: float, notes: Iterable[str], theme: Theme) -> str:
    """The whole picture: `parts` are drawn above the base line y, the notes from there on."""
    foot, y = lines(notes, y, Style(NOTE, PALETTES[theme].muted))
    return lettering.document([*parts, *foot], (WIDTH, y + MARGIN - 12), PALETTES[theme].ground, title)
