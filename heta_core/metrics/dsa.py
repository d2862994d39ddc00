"""Evidence against distractor: what one holds of the score minus what the other does (DSA, arXiv 2604.13258 §5)."""

import math

from heta_core.metrics._contract import Case, Measure, Measuring, Metric, positive
from heta_core.parts import Floats, Work

# Added to both masses before their logarithm, so that a distractor without any does not win by infinity.
_LEAST = 1e-4


def measure(case: Case, scores: Floats) -> Measuring:
    """Masses over the whole score, which sums to 1; None where no unit has a score above 0."""
    assert case.evidence is not None and case.distractor is not None
    shares = positive(scores)
    total = float(shares.sum())
    if total <= 0:
        yield Work(), dict.fromkeys(m.name for m in METRIC.measures)
        return
    held = [float(shares[which].sum()) / total for which in (case.evidence, case.distractor)]
    dense = [mass / which.sum() for mass, which in zip(held, (case.evidence, case.distractor), strict=True)]
    n = len(scores)
    yield (
        Work(),
        {
            "dsa": held[0] - held[1],
            "dsa_density": (dense[0] - dense[1]) * n,
            "dsa_log": math.log((held[0] + _LEAST) / (held[1] + _LEAST)),
            "dsa_win": float(held[0] > held[1]),
        },
    )


METRIC = Metric(
    name="dsa",
    title="Evidence against distractor",
    protocol="Scores divided by their sum; of signed scores what speaks for the target. Compare with the row of "
    "uniform scores: a longer segment holds more by its length alone, and recency does well where evidence is last.",
    measures=(
        Measure(
            name="dsa",
            title="DSA",
            meaning="Share of the evidence minus share of the distractor, −1 to 1.",
            better="high",
        ),
        Measure(
            name="dsa_density",
            title="DSA per token",
            meaning="The same for each token, in multiples of the mean token: fair to segments of unequal length.",
            better="high",
        ),
        Measure(
            name="dsa_log",
            title="DSA, log ratio",
            meaning="Logarithm of the ratio of both shares, with 0.0001 added to each.",
            better="high",
            unit="nats",
        ),
        Measure(
            name="dsa_win",
            title="DSA wins",
            meaning="How often the evidence holds more than the distractor.",
            better="high",
        ),
    ),
    measure=measure,
    needs=("evidence", "distractor"),
    source="arXiv 2604.13258",
    place=30,
)
