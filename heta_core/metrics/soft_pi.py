"""Soft sufficiency and comprehensiveness at matched mass (π-Soft, arXiv 2601.03089): fair between methods."""

import numpy as np

from heta_core.metrics._contract import Case, Measure, Measuring, Metric
from heta_core.metrics._soft import highest_is_one, mean_over, normalised, over_tokens
from heta_core.parts import Floats, Work

MASSES = tuple(k / 10 for k in range(1, 10))  # π
N_DRAWS = 8
# Added to every share, so that each mass below 1 can be reached however few scores are above 0.
_FLOOR = 1e-3
_HALVINGS = 60  # of an interval of at most 1000: far below what uniform numbers in float32 can tell apart


def measure(case: Case, scores: Floats, prefix: str = "pi") -> Measuring:
    """The areas over π; None where no score is above 0, or an empty context says the same. 146 forwards."""
    names = f"{prefix}_soft_ns", f"{prefix}_soft_nc"
    shares = highest_is_one(over_tokens(case, scores))
    found = None
    if shares is not None:
        found = yield from normalised(case, matched(shares), "pi", N_DRAWS)
    areas = (None, None) if found is None else tuple(mean_over(MASSES, values) for values in found)
    yield Work(), dict(zip(names, areas, strict=True))


def matched(shares: Floats) -> Floats:
    """(9, T) probabilities clip(s·ã, 0, 1) whose means are the masses, ã the shares with a floor; s by bisection."""
    raised, masses = shares + _FLOOR, np.array(MASSES)
    low, high = np.zeros(len(masses)), np.full(len(masses), 1 / raised.min())
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_less = np.minimum(1.0, middle[:, None] * raised).mean(1) < masses
        low, high = np.where(is_less, middle, low), np.where(is_less, high, middle)
    found: Floats = np.minimum(1.0, high[:, None] * raised)
    return found


PROTOCOL = (
    "π-Soft: {start} divided by its maximum, plus 0.001, times s and cut off at 1, with s such that the mean over the "
    "tokens is π, for π = 0.1 … 0.9; a unit gives each of its tokens its score. Every embedding dimension is kept with "
    "that probability, or with 1 minus it, and is zero otherwise; 8 draws, seeded with the example's seed, CRC-32 of "
    "'pi' and the draw, the same for all methods. D = Σ(√p − √q)²/√2 over the whole vocabulary, D0 that of an empty "
    "context; means over the draws of max(0, 1 − D/D0) and of D/D0, area over π by trapezoids divided by 0.8."
)

METRIC = Metric(
    name="pi",
    title="Soft faithfulness at equal mass",
    protocol=PROTOCOL.format(start="What speaks for the target"),
    measures=(
        Measure(
            name="pi_soft_ns",
            title="π-Soft-NS",
            meaning="How much of the prediction stays where units are kept as their scores say, all methods keeping "
            "equally much.",
            better="high",
        ),
        Measure(
            name="pi_soft_nc",
            title="π-Soft-NC",
            meaning="How much of the prediction goes where units are taken away as their scores say, all methods "
            "taking equally much.",
            better="high",
        ),
    ),
    measure=measure,
    source="arXiv 2601.03089",
    place=40,
)
