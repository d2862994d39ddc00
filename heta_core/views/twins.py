"""Two small maps of one text, one above the other: that of the model and that of its scrambled copy."""

from heta_core.attribution import Attribution
from heta_core.faithfulness.scrambled import Scrambled
from heta_core.views import shaded
from heta_core.views.scale import Theme


def markup(attribution: Attribution, found: Scrambled, theme: Theme = "light") -> str:
    """Both maps as HTML, each shaded against its own highest; hovering tells a unit's share."""
    if found.scores is None:
        return ""
    pieces = attribution.units.pieces[: attribution.n_units]
    maps = (("The model", attribution.scores), ("The scrambled copy", found.scores))
    return "".join(shaded.titled(name, shaded.markup(pieces, scores, theme), theme) for name, scores in maps)
