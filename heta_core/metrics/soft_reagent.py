"""Soft sufficiency and comprehensiveness of the whole prediction (ReAGent, Zhao & Shan 2024)."""

from heta_core.metrics._contract import Case, Measure, Measuring, Metric
from heta_core.metrics._soft import highest_is_one, normalised, over_tokens
from heta_core.parts import Floats, Work


def measure(case: Case, scores: Floats) -> Measuring:
    """Of one draw; None where no score is above 0, or an empty context says the same. 4 forwards."""
    names = [measure.name for measure in METRIC.measures]
    keep = highest_is_one(over_tokens(case, scores))
    found = None
    if keep is not None:
        found = yield from normalised(case, keep[None], "reagent", 1)
    yield (
        Work(),
        dict.fromkeys(names)
        if found is None
        else {name: float(one[0]) for name, one in zip(names, found, strict=True)},
    )


METRIC = Metric(
    name="reagent",
    title="Soft faithfulness of ReAGent",
    protocol="What speaks for the target divided by its maximum is the probability to keep an embedding dimension, or "
    "1 minus it is, otherwise it is zero; a unit gives each of its tokens its score; one draw, seeded with the "
    "example's seed, CRC-32 of 'reagent' and 0. D = Σ(√p − √q)²/√2 over the whole vocabulary, D0 that of an empty "
    "context; max(0, 1 − D/D0) and D/D0, the latter not cut off. The mass is not matched: methods with flat scores "
    "keep more, so their numbers are not to be compared with those of others.",
    measures=(
        Measure(
            name="reagent_soft_ns",
            title="Soft-NS (ReAGent)",
            meaning="How much of the prediction stays where units are kept as their scores say.",
            better="high",
        ),
        Measure(
            name="reagent_soft_nc",
            title="Soft-NC (ReAGent)",
            meaning="How much of the prediction goes where units are taken away as their scores say.",
            better="high",
        ),
    ),
    measure=measure,
    source="Zhao & Shan 2024, arXiv 2402.00794",
    place=43,
)
