"""Deletion and insertion: the target's probability as units are masked in the order of the scores."""

import numpy as np

from heta_core.faithfulness.curves import area, order_of, ranks_of
from heta_core.faithfulness.judging import first_of
from heta_core.metrics._contract import Case, Measure, Measuring, Metric, probability
from heta_core.parts import Floats, Work


def measure(case: Case, scores: Floats) -> Measuring:
    """The areas under both curves, in probability; of a contrast that of the target where only the two could be said.

    At most 2 (U + 1) forwards for each line of f, fewer where other methods began with the same units.
    """
    n = len(scores)
    ranks = ranks_of(n)
    first = first_of(order_of(scores, case.seed), ranks)
    for work in case.judge.run(np.concatenate([first, ~first])):
        yield work, None
    found = {
        name: area(ranks, probability(case, case.judge.values(sets)))
        for name, sets in (("deletion", first), ("insertion", ~first))
    }
    yield Work(), found


METRIC = Metric(
    name="deletion",
    title="Deletion and insertion",
    protocol="Units are masked from the highest score down, and all but those; ties in an order drawn with the seed; "
    "area by trapezoids over the part masked, at most 33 ranks. Another mask than made the scores.",
    measures=(
        Measure(
            name="deletion",
            title="Deletion area",
            meaning="Mean probability of the target while its most important units are masked.",
            better="low",
        ),
        Measure(
            name="insertion",
            title="Insertion area",
            meaning="Mean probability of the target with all masked but its most important units.",
            better="high",
        ),
    ),
    measure=measure,
    source="Samek et al. 2017; Petsiuk et al. 2018",
    place=10,
)
