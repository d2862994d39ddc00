"""The same as π-Soft of the strength of a score, whichever way it points: a second row for signed methods."""

import numpy as np

from heta_core.metrics import soft_pi
from heta_core.metrics._contract import Case, Measure, Measuring, Metric
from heta_core.parts import Floats


def measure(case: Case, scores: Floats) -> Measuring:
    """Equal to `pi` where no score is below 0."""
    yield from soft_pi.measure(case, np.abs(scores), "pi_strength")


METRIC = Metric(
    name="pi_strength",
    title="Soft faithfulness at equal mass, either sign",
    protocol=soft_pi.PROTOCOL.format(start="The score without its sign"),
    measures=(
        Measure(
            name="pi_strength_soft_ns",
            title="π-Soft-NS of |score|",
            meaning="How much of the prediction stays where units are kept as the strength of their scores says.",
            better="high",
        ),
        Measure(
            name="pi_strength_soft_nc",
            title="π-Soft-NC of |score|",
            meaning="How much of the prediction goes where units are taken away as the strength of their scores says.",
            better="high",
        ),
    ),
    measure=measure,
    source="arXiv 2601.03089",
    place=41,
)
