"""How much of HETA's highest scores is chance: the error of its Hessian estimate, of that map alone."""

import numpy as np

from heta_core.faithfulness.stability import TOP
from heta_core.metrics._contract import Case, Measure, Measuring, Metric
from heta_core.parts import Floats, Work
from heta_core.views.standing import errors


def measure(case: Case, scores: Floats) -> Measuring:
    """None of other scores than HETA's, and where the error is not known, as of a single probe. No run of the model."""
    yield Work(), {"probe_error": _relative(case, scores)}


def _relative(case: Case, scores: Floats) -> float | None:
    result = case.asked.shared.result
    if result is None or not result.is_complete or not np.array_equal(result.scores, scores):
        return None
    top = [unit for unit in result.top(TOP) if scores[unit] > 0]
    relative = errors(result)[top] / scores[top]
    return float(relative.mean()) if top and np.isfinite(relative).all() else None


METRIC = Metric(
    name="probe_variance",
    title="Error of the probes",
    protocol="Of HETA's own scores: the standard error of each of the five highest, M·β·SE(S), over its score; the "
    "mean of the five. Of other methods nothing, whatever is random in them.",
    measures=(
        Measure(
            name="probe_error",
            title="Relative error",
            meaning="How far the five highest scores of HETA would differ with other probes, as a part of themselves.",
            better="low",
        ),
    ),
    measure=measure,
    place=71,
)
