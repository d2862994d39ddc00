"""Whether the score finds evidence that is known: its highest unit, and the share that the evidence holds."""

import numpy as np

from heta_core.faithfulness.curves import order_of
from heta_core.metrics._contract import Case, Measure, Measuring, Metric, positive
from heta_core.parts import Floats, Work


def measure(case: Case, scores: Floats) -> Measuring:
    """Of the competing units; no share where none of them has a score above 0."""
    assert case.evidence is not None
    evidence, own = case.evidence[case.competing], scores[case.competing]
    shares = positive(own)
    total = float(shares.sum())
    yield (
        Work(),
        {
            "evidence_at_1": float(evidence[order_of(own, case.seed)[0]]),
            "evidence_share": float(shares[evidence].sum()) / total if total > 0 else None,
            "evidence_auprc": average_precision(own, evidence, case.seed),
        },
    )


def average_precision(scores: Floats, is_relevant: np.ndarray, seed: int) -> float:
    """Σ over the relevant units of the precision at their rank, over their number; ties in a seeded order."""
    ranked = is_relevant[list(order_of(scores, seed))]
    precision = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    return float(precision[ranked].mean())


METRIC = Metric(
    name="evidence",
    title="Evidence",
    protocol="Units that overlap the evidence against all that are scored, without the question and the tokenizer's "
    "own; of signed scores what speaks for the target.",
    measures=(
        Measure(
            name="evidence_at_1",
            title="Evidence@1",
            meaning="How often the highest unit is part of the evidence.",
            better="high",
        ),
        Measure(
            name="evidence_share",
            title="Share on the evidence",
            meaning="The part of the score that the evidence holds.",
            better="high",
        ),
        Measure(
            name="evidence_auprc",
            title="Evidence AUPRC",
            meaning="Average precision of the order, 1 where all evidence comes first.",
            better="high",
        ),
    ),
    measure=measure,
    needs=("evidence",),
    place=20,
)
