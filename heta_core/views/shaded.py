"""A text shaded by any scores of its units, as HTML that needs no script."""

import html
from collections.abc import Collection, Sequence

import numpy as np

from heta_core.parts import Floats
from heta_core.views import words
from heta_core.views.scale import PALETTES, Theme, intensity, tint


def markup(
    pieces: Sequence[str],
    scores: Floats,
    theme: Theme = "light",
    *,
    underlined: Collection[int] = (),
    dotted: Collection[int] = (),
) -> str:
    """Every unit on its tint, shaded against the largest size; hovering tells its share of the summed sizes.

    What speaks against the target has the other hue. White space that lays out the text stays, other is drawn.

    Args:
        pieces: U texts.
        scores: (U,) with signs or without.
        underlined: units with a solid line below, such as known evidence.
        dotted: units with a dotted one, such as a known distractor.
    """
    sizes = np.abs(scores)
    tints, total = intensity(sizes), float(sizes.sum())
    parts: list[str] = []
    for i, (piece, score, how_much) in enumerate(zip(pieces, scores, tints, strict=True)):
        seen = words.drawn(piece)
        against = score < 0
        part = words.percent(float(abs(score)) / total) if total > 0 else "nothing"
        told = f"{words.label(piece)}: {part} of the score" + (", against the target" if against else "")
        ground = f"background:{tint(float(how_much), theme, 'against' if against else 'heat')}"
        line = "solid" if i in underlined else "dotted" if i in dotted else None
        edge = f";border-bottom:.14rem {line} {PALETTES[theme].text}" if line else ""
        parts.append(
            f'{seen.lead}<span title="{html.escape(told, quote=True)}" style="{ground};border-radius:.2rem;'
            f'padding:.05rem .1rem{edge}">{html.escape(seen.body)}</span>{seen.tail}<wbr>'
        )
    return "".join(parts)


def titled(title: str, text: str, theme: Theme = "light") -> str:
    """A shaded text below its title, which may hold anything."""
    palette = PALETTES[theme]
    return (
        f'<p style="margin:0 0 .2rem;font-size:.8rem;color:{palette.muted}">{html.escape(title)}</p>'
        f'<p style="margin:0 0 .9rem;line-height:1.9;color:{palette.text};overflow-wrap:anywhere">{text}</p>'
    )
