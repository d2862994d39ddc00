"""Two small maps of one text, one above the other: that of the model and that of its scrambled copy."""

import html

import numpy as np

from heta_core.attribution import Attribution
from heta_core.combine import share
from heta_core.faithfulness.scrambled import Scrambled
from heta_core.parts import Floats
from heta_core.views import words
from heta_core.views.scale import PALETTES, Theme, intensity, tint


def markup(attribution: Attribution, found: Scrambled, theme: Theme = "light") -> str:
    """Both maps as HTML, each shaded against its own highest; hovering tells a unit's share."""
    if found.scores is None:
        return ""
    colour = PALETTES[theme].text
    maps = (("The model", attribution.scores), ("The scrambled copy", found.scores))
    return "".join(
        f'<p style="margin:0 0 .2rem;font-size:.8rem;color:{PALETTES[theme].muted}">{name}</p>'
        f'<p style="margin:0 0 .9rem;line-height:1.9;color:{colour};overflow-wrap:anywhere">'
        f"{_text(attribution, scores, theme)}</p>"
        for name, scores in maps
    )


def _text(attribution: Attribution, scores: Floats, theme: Theme) -> str:
    """Every unit on its tint; white space that lays out the text stays, other is drawn."""
    parts: list[str] = []
    shares, tints = share(scores), intensity(np.asarray(scores))
    pieces = attribution.units.pieces[: attribution.n_units]
    for piece, part, how_much in zip(pieces, shares, tints, strict=True):
        seen = words.drawn(piece)
        told = html.escape(f"{words.label(piece)}: {words.percent(float(part))} of the score", quote=True)
        ground = f"background:{tint(float(how_much), theme)};border-radius:.2rem;padding:.05rem .1rem"
        parts.append(
            f'{seen.lead}<span title="{told}" style="{ground}">{html.escape(seen.body)}</span>{seen.tail}<wbr>'
        )
    return "".join(parts)
