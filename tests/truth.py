"""Made-up curves and scrambled maps with round numbers. No number here comes from a model."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from heta_core.attribution import Attribution
from heta_core.faithfulness.curves import MAP, MAP_TITLE, Curve, Curves, check_mask, order_of, ranks_of
from heta_core.faithfulness.scrambled import Scrambled
from heta_core.parts import Work
from heta_core.settings import Mask, Settings

# At which part of the way f has fallen by half, for deletion; insertion is its mirror.
FALLS = {MAP: 0.1, "occlusion": 0.05, "input_gradient": 0.5, "recency": 0.9}
RANDOM = (0.3, 0.4, 0.5, 0.6, 0.7)


def curves(result: Attribution, *, mask: Mask | None = None, own: float = FALLS[MAP]) -> Curves:
    """The map falls fast, occlusion faster, recency last, random orders in between; `own` sets the map's own fall."""
    ranks = ranks_of(result.n_units)
    mask = mask or check_mask(result.settings.mask)
    falls = [(MAP, MAP_TITLE, 0, own), *(("random", "Random", n, fall) for n, fall in enumerate(RANDOM))]
    falls += [(name, name.replace("_", " ").capitalize(), 0, fall) for name, fall in FALLS.items() if name != MAP]
    part = np.array(ranks) / result.n_units
    found = []
    for name, title, draw, fall in falls:
        down = result.f - 6 / (1 + np.exp(-(part - fall) * 20))
        up = result.f - 6 / (1 + np.exp((part - fall) * 20))
        found.append(Curve(name, title, draw, order_of(result.scores, 0), down, up))
    first, second, *rest = result.prediction.candidates
    swapped = replace(result.prediction, candidates=(replace(second, probability=0.9), first, *rest))
    said = (result.prediction, *(swapped for _ in ranks[1:]))
    is_circular = mask == result.settings.mask
    settings, made = Settings(mask=mask), result.settings.mask
    kind, n = result.target.kind, result.n_units
    return Curves(kind, n, ranks, settings, made, is_circular, Work(9, planned=9), tuple(found), said)


def scrambled(result: Attribution, order: float = -0.1) -> Scrambled:
    """A copy whose map rises along the text."""
    scores = np.arange(1.0, result.n_units + 1)
    return Scrambled(None, 0, Work(9, planned=9), scores, -7.0, order, 1)


def growing(final: Curves) -> Iterator[Curves]:
    """The partial results that lead to it."""
    yield replace(final, curves=(), said=(), work=Work(0, planned=9))
    yield replace(final, curves=(), work=Work(1, planned=9))
    yield replace(final, curves=final.curves[:3], work=Work(4, planned=9))
    yield final
