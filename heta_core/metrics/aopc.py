"""Comprehensiveness and sufficiency of the highest few, averaged over how many (ERASER, DeYoung et al. 2020)."""

import numpy as np

from heta_core.faithfulness.curves import order_of
from heta_core.faithfulness.judging import first_of
from heta_core.metrics._contract import Case, Measure, Measuring, Metric, probability
from heta_core.parts import Floats, Work

PERCENTS = (1, 5, 10, 20, 50)


def measure(case: Case, scores: Floats) -> Measuring:
    """Means over the numbers of units. At most 11 forwards for each line of f."""
    n = len(scores)
    first = first_of(order_of(scores, case.seed), ranks_of(n))
    nothing = np.zeros((1, n), bool)
    for work in case.judge.run(np.concatenate([nothing, first, ~first])):
        yield work, None
    whole, without, alone = (probability(case, case.judge.values(sets)) for sets in (nothing, first, ~first))
    yield (
        Work(),
        {
            "aopc_comprehensiveness": float((whole - without).mean()),
            "aopc_sufficiency": float((whole - alone).mean()),
        },
    )


def ranks_of(n: int) -> tuple[int, ...]:
    """The different numbers of units that 1, 5, 10, 20 and 50 % are, rounded up; in whole numbers, so exactly."""
    return tuple(sorted({max(1, -(-percent * n // 100)) for percent in PERCENTS}))


METRIC = Metric(
    name="aopc",
    title="Comprehensiveness and sufficiency",
    protocol="The highest 1, 5, 10, 20 and 50 % of the units, rounded up, each number of units once: the target's "
    "probability with all units minus that with these masked, and minus that with all others masked; means over the "
    "numbers. Ties in an order drawn with the seed. Another mask than made the scores.",
    measures=(
        Measure(
            name="aopc_comprehensiveness",
            title="Comprehensiveness",
            meaning="How much of the target's probability is lost without the highest units.",
            better="high",
        ),
        Measure(
            name="aopc_sufficiency",
            title="Sufficiency",
            meaning="How much of the target's probability is lost with nothing but the highest units.",
            better="low",
        ),
    ),
    measure=measure,
    source="DeYoung et al. 2020",
    place=50,
)
