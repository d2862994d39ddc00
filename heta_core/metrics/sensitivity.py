"""How much scores change where the embeddings do by a hundredth: the method is run again."""

from zlib import crc32

import numpy as np

from heta_core.agreement import spearman
from heta_core.language_model import embed
from heta_core.metrics._contract import Case, Measure, Measuring, Metric
from heta_core.parts import Floats, Work

N_RUNS = 5
SIZE = 0.01  # of the noise, in root mean squares of the context's embeddings


def measure(case: Case, scores: Floats) -> Measuring:
    """Five times what the method costs. None where the method cannot be run again, or all scores of a run are 0."""
    runs: list[Floats] = []
    for run in range(N_RUNS if case.again is not None else 0):
        assert case.again is not None
        for work, found in case.again(noise_of(case, run)):
            yield work, None
            if found is not None:
                runs.append(found)
    totals = [float(np.abs(run).sum()) for run in runs]
    is_known = bool(runs) and min(totals) > 0
    spread = np.std([run / total for run, total in zip(runs, totals, strict=True)], axis=0).mean() if is_known else None
    orders = [spearman(scores, run) for run in runs]
    known = [order for order in orders if order is not None]
    yield (
        Work(),
        {
            "sensitivity": None if spread is None else float(spread),
            "sensitivity_order": 1 - float(np.mean(known)) if known and len(known) == len(orders) else None,
        },
    )


def noise_of(case: Case, run: int) -> Floats:
    """(T, D) normal numbers, a hundredth of the embeddings in size; the same for all methods."""
    objective = case.asked.objective
    context = embed(case.asked.lm, objective.lines[0].ids)[: objective.n_context].double()
    rng = np.random.default_rng((case.seed, crc32(b"sensitivity"), run))
    size = SIZE * float(context.square().mean().sqrt())
    return np.asarray(size * rng.standard_normal(tuple(context.shape)), np.float64)


METRIC = Metric(
    name="sensitivity",
    title="Sensitivity to noise",
    protocol="The method is run again 5 times with normal noise on the context's embeddings, 0.01 times their root "
    "mean square, seeded with the example's seed, CRC-32 of 'sensitivity' and the run; a token that comes again has "
    "the noise of its first time; the method's own probes and draws stay the same. Scores are divided by the sum of "
    "their absolute values; the standard deviation over the 5 runs, mean over the units; and 1 minus Spearman's "
    "correlation of each run with the scores without noise, mean over the runs.",
    measures=(
        Measure(
            name="sensitivity",
            title="Sensitivity",
            meaning="How much the share of a unit varies under noise that changes little of what is read.",
            better="low",
        ),
        Measure(
            name="sensitivity_order",
            title="Change of order",
            meaning="How much the order of the units changes under the same noise, 0 where it stays.",
            better="low",
        ),
    ),
    measure=measure,
    source="arXiv 2604.13258",
    place=70,
)
