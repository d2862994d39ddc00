"""Most relevant first against least relevant first: the area between both curves (ABPC, as in GiLOT, ICML 2024)."""

from heta_core.faithfulness.curves import area, order_of, ranks_of
from heta_core.faithfulness.judging import first_of
from heta_core.metrics._contract import Case, Measure, Measuring, Metric, probability
from heta_core.parts import Floats, Work


def measure(case: Case, scores: Floats) -> Measuring:
    """In probability. At most 2 (U + 1) forwards for each line of f; of fewer than 33 units the sets of `deletion`."""
    ranks, order = ranks_of(len(scores)), order_of(scores, case.seed)
    most, least = first_of(order, ranks), first_of(order[::-1], ranks)
    for sets in (most, least):  # both hide nothing first and everything last
        for work in case.judge.run(sets):
            yield work, None
    morf, lerf = (probability(case, case.judge.values(sets)) for sets in (most, least))
    yield Work(), {"morf": area(ranks, morf), "lerf": area(ranks, lerf), "abpc": area(ranks, lerf - morf)}


METRIC = Metric(
    name="morf",
    title="Most or least relevant first",
    protocol="The target's probability as units are masked from the highest score down (MoRF), and from the lowest up "
    "(LeRF); ties in an order drawn with the seed, for LeRF the same backwards; ABPC is the mean of LeRF − MoRF over "
    "the part masked, by trapezoids, at most 33 ranks. Another mask than made the scores.",
    measures=(
        Measure(
            name="morf",
            title="MoRF",
            meaning="Mean probability of the target while its most important units are masked.",
            better="low",
        ),
        Measure(
            name="lerf",
            title="LeRF",
            meaning="Mean probability of the target while its least important units are masked.",
            better="high",
        ),
        Measure(
            name="abpc",
            title="ABPC",
            meaning="The area between both curves: what the order tells apart.",
            better="high",
        ),
    ),
    measure=measure,
    source="GiLOT, ICML 2024",
    place=51,
)
