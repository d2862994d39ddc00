"""Whether scores add up to what subsets of the text do (linear datamodeling score, as in ContextCite)."""

import numpy as np

from heta_core.agreement import spearman
from heta_core.metrics._contract import Case, Measure, Measuring, Metric
from heta_core.parts import Floats, Work
from heta_core.passes.sets import Sets

N_SUBSETS = 64
KEPT = 0.5


def measure(case: Case, scores: Floats) -> Measuring:
    """None where all sums or all answers are equal. 64 forwards for each line of f, once for all methods."""
    kept = subsets(len(scores), case.seed)
    for work in case.judge.run(~kept):
        yield work, None
    # In a fixed number of digits: equal sums in another order of summing would else have different ranks.
    sums = np.round(kept @ (scores / max(np.abs(scores).max(), np.finfo(float).tiny)), 12)
    yield Work(), {"lds": spearman(sums, case.judge.values(~kept))}


def subsets(n: int, seed: int) -> Sets:
    """(64, U) which units are kept; equal seeds keep the same."""
    found: Sets = np.random.default_rng(seed).random((N_SUBSETS, n)) < KEPT
    return found


METRIC = Metric(
    name="lds",
    title="Linear datamodeling score",
    protocol="64 random subsets that keep each unit with probability 0.5, drawn with the seed, the same for all "
    "methods; the others are masked. Spearman's correlation of the sum of the kept scores, with their signs, with log "
    "p of the target. Another mask than made the scores.",
    measures=(
        Measure(
            name="lds",
            title="LDS",
            meaning="How well the sum of the scores of what is kept orders how probable the target then is.",
            better="high",
        ),
    ),
    measure=measure,
    source="Cohen-Wang et al. 2024 (ContextCite)",
    place=52,
)
