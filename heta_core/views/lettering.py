"""Text in an SVG that needs no font to be measured: widths are those of Helvetica, which Arial and Liberation share.

A text is written with its width beside it, so that a viewer with another font squeezes its letters a little and no box
is too small for its word. Everything is escaped here.
"""

import html
import math
import unicodedata
from dataclasses import dataclass

FAMILY = "Helvetica, Arial, 'Liberation Sans', sans-serif"
# Widths in thousandths of the font size, after Adobe's metrics of Helvetica: the letters of each width together.
_BY_WIDTH = {
    191: "'",
    222: "ijl‘’",
    260: "|",
    278: " !,./:;I[\\]ft·\u00a0",
    333: "()-r`°",
    334: "{}",
    355: '"',
    389: "*",
    469: "^",
    500: "Jckvsxyz",
    556: "#$?_0123456789Labdeghnopqu–αβγ",
    584: "+<=>~±×−≈",
    611: "FTZ",
    667: "&ABEKPSVXYΔ",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1000: "…→—▲▼",
    1015: "@",
}
_WIDTHS = {letter: width for width, letters in _BY_WIDTH.items() for letter in letters}
_WIDE, _OTHER = 1000, 600  # East Asian wide characters and emoji; any other character outside the table
_BOLD = 1.07  # of Helvetica Bold, over all
_JOINER, _SKIN_TONES = "\u200d", "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"


@dataclass(frozen=True, slots=True)
class Style:
    """How a text is written."""

    size: float  # of the font, in the picture's units
    fill: str  # "#rrggbb"
    is_bold: bool = False
    turn: float = 0.0  # degrees, clockwise around where it begins


def width(text: str, style: Style) -> float:
    """How wide a text is, in the picture's units."""
    # A joiner makes one emoji of its neighbours: the one after it takes no room of its own.
    seen = zip(("", *text), text, strict=False)
    thousandths = sum(0 if before == _JOINER else _width(character) for before, character in seen)
    return thousandths / 1000 * style.size * (_BOLD if style.is_bold else 1)


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf") or character in _SKIN_TONES:
        return 0
    known = _WIDTHS.get(character)
    if known is not None:
        return known
    return _WIDE if unicodedata.east_asian_width(character) in "WF" else _OTHER


def written(text: str, x: float, y: float, style: Style) -> str:
    """A `<text>` that begins at x on the base line y."""
    if not text.strip():
        return ""
    weight = ' font-weight="700"' if style.is_bold else ""
    # What the table does not know is not forced into its width: emoji and scripts that join would be torn apart.
    is_known = all(character in _WIDTHS for character in text)
    length = f' textLength="{width(text, style):.2f}" lengthAdjust="spacingAndGlyphs"' if is_known else ""
    turned = f' transform="rotate({style.turn:g} {x:.2f} {y:.2f})"' if style.turn else ""
    return (
        f'<text x="{x:.2f}" y="{y:.2f}"{turned} font-size="{style.size:g}" fill="{style.fill}"{weight}{length} '
        f'xml:space="preserve">{escaped(text)}</text>'
    )


def escaped(text: str) -> str:
    """Text as XML may hold it: no markup, and none of the few characters that no XML file can contain."""
    return html.escape("".join(c if _is_writable(c) else "\ufffd" for c in text))


def _is_writable(character: str) -> bool:
    return character in "\t\n\r" or (
        character >= " " and not "\ud800" <= character <= "\udfff" and character not in "\ufffe\uffff"
    )


def wrapped(text: str, room: float, style: Style) -> list[str]:
    """The lines of a text that is no wider than `room`; a word that is wider than a line is cut."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if width(longer, style) <= room:
            lines[-1] = longer
            continue
        first, *rest = cut(word, room, style)
        lines[-1:] = [lines[-1], first, *rest] if lines[-1] else [first, *rest]
    return lines


def cut(text: str, room: float, style: Style) -> list[str]:
    """A text in stretches that are no wider than `room`, each of one character at least."""
    stretches, begin, used = [], 0, 0.0
    for i, character in enumerate(text):
        wide = width(character, style)
        if i > begin and used + wide > room:
            stretches.append(text[begin:i])
            begin, used = i, 0.0
        used += wide
    return [*stretches, text[begin:]]


def shortened(text: str, room: float, style: Style) -> str:
    """The beginning of a text that is wider than `room`, with an ellipsis."""
    return text if width(text, style) <= room else cut(text, room - width("…", style), style)[0] + "…"


def document(parts: list[str], size: tuple[float, float], ground: str, title: str) -> str:
    """A whole SVG: `title` is what a screen reader says of it."""
    wide, high = (math.ceil(side) for side in size)  # whole pixels at any scale
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" '
        f'role="img" font-family="{FAMILY}">\n<title>{escaped(title)}</title>\n'
        f'<rect width="{wide}" height="{high}" fill="{ground}"/>\n' + "\n".join(filter(None, parts)) + "\n</svg>\n"
    )
