"""Whether scores add up to what they promise to: the answer itself less the answer to nothing."""

from collections.abc import Iterator

import numpy as np
import torch

from heta_core.language_model import embed
from heta_core.methods import Asked
from heta_core.metrics._contract import Case, Measure, Measuring, Metric
from heta_core.parts import Floats, Work
from heta_core.passes.slopes import value_at
from heta_core.passes.valuing import of_tokens, values

_Rising = Iterator[tuple[Work, float | None]]


def measure(case: Case, scores: Floats) -> Measuring:
    """Two forwards for each line of f. None of a method that promises no sum."""
    if case.method is None or not case.method.adds_up:
        yield Work(), {"completeness_gap": None}
        return
    for work, rise in (_from_zero if case.method.adds_up == "zero" else _from_masked)(case.asked):
        yield work, None if rise is None else {"completeness_gap": abs(float(scores.sum()) - rise)}


def _from_zero(asked: Asked) -> _Rising:
    """f(x) − f(0), nats."""
    context = embed(asked.lm, asked.objective.lines[0].ids)[: asked.objective.n_context]  # (T, D)
    ends = [value_at(asked.lm, asked.objective, one) for one in (context, torch.zeros_like(context))]
    yield Work(forwards=2 * len(asked.objective.lines)), ends[0] - ends[1]


def _from_masked(asked: Asked) -> _Rising:
    """f(nothing masked) − f(everything masked), nats, under the mask that the scores were made with."""
    n = len(asked.groups)
    ends = of_tokens(np.array([[False] * n, [True] * n]), asked.groups)
    for work, found in values(asked.lm, asked.objective, ends, asked.settings):
        yield work, None if found is None else float(found[0] - found[1])


METRIC = Metric(
    name="completeness",
    title="Completeness",
    protocol="|Σ a − (f − f of nothing)|, f in nats. Nothing is every unit masked as the scores were made, not as the "
    "judge masks; of integrated gradients embeddings of zeros. Of methods that promise no sum nothing.",
    measures=(
        Measure(
            name="completeness_gap",
            title="Completeness gap",
            meaning="How far the scores are from adding up to what they explain, of methods that promise it.",
            better="low",
            unit="nats",
        ),
    ),
    measure=measure,
    source="Sundararajan et al. 2017",
    place=75,
)
