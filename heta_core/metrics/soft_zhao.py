"""Soft sufficiency and comprehensiveness of the target's probability (Zhao & Aletras, ACL 2023)."""

import numpy as np

from heta_core.metrics._contract import Case, Measure, Measuring, Metric, probability
from heta_core.metrics._soft import LEAST_DISTANCE, both_ways, ends, highest_is_one, over_tokens, values
from heta_core.parts import Floats, Work

N_DRAWS = 8


def measure(case: Case, scores: Floats) -> Measuring:
    """Means over the draws; None where no score is above 0, or an empty context is as good. 18 forwards a line of f."""
    names = [measure.name for measure in METRIC.measures]
    keep = highest_is_one(over_tokens(case, scores))
    if keep is None:
        yield Work(), dict.fromkeys(names)
        return
    p, p_empty = probability(case, (yield from values(case, ends(case))))
    lost_empty = max(0.0, p - p_empty)  # 1 − S0
    if lost_empty < LEAST_DISTANCE:
        yield Work(), dict.fromkeys(names)
        return
    softened = probability(case, (yield from values(case, both_ways(case, keep[None], "zhao2023", N_DRAWS))))
    lost = np.maximum(0.0, p - softened).reshape(N_DRAWS, 2)  # 1 − S, and C
    sufficiency = ((1 - lost[:, 0]) - (1 - lost_empty)) / lost_empty  # (S − S0) / (1 − S0)
    found = np.clip(sufficiency, 0, 1).mean(), np.clip(lost[:, 1] / lost_empty, 0, 1).mean()
    yield Work(), dict(zip(names, map(float, found), strict=True))


METRIC = Metric(
    name="zhao2023",
    title="Soft faithfulness of Zhao and Aletras",
    protocol="What speaks for the target divided by its maximum is the probability to keep an embedding dimension, or "
    "1 minus it is, otherwise it is zero; a unit gives each of its tokens its score; 8 draws, seeded with the "
    "example's seed, CRC-32 of 'zhao2023' and the draw. S = 1 − max(0, p − p'), C = max(0, p − p') of the target's "
    "probability, S0 of an empty context; (S − S0)/(1 − S0) and C/(1 − S0), cut off to 0 … 1. The mass is not matched: "
    "methods with flat scores keep more, so their numbers are not to be compared with those of others.",
    measures=(
        Measure(
            name="zhao_soft_ns",
            title="Soft-NS (Zhao)",
            meaning="How much of the target's probability stays where units are kept as their scores say.",
            better="high",
        ),
        Measure(
            name="zhao_soft_nc",
            title="Soft-NC (Zhao)",
            meaning="How much of the target's probability goes where units are taken away as their scores say.",
            better="high",
        ),
    ),
    measure=measure,
    source="Zhao & Aletras, ACL 2023, arXiv 2305.10496",
    place=42,
)
