"""What each part of Eq. 5 adds: the components, their products and the whole, on the same examples."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from heta_core import methods
from heta_core.attribution import Attribution
from heta_core.combine import combine
from heta_core.evaluation.reading import Question
from heta_core.evidence import RANDOM, RAW, SCORES, UNIT
from heta_core.metrics import averaged, measure_named
from heta_core.parts import Floats
from heta_core.settings import Weights
from heta_core.sweeps._asking import Rows, case, explained, judgements, of_each
from heta_core.sweeps._contract import Step, Study, Sweep


def ungated(result: Attribution, weights: Weights) -> Floats:
    """β·S + γ·I: Eq. 5 with 1 in the place of M."""
    assert result.hessian is not None and result.information_scores is not None
    hessian = result.hessian.scores
    return combine(np.ones_like(hessian), hessian, result.information_scores, weights).scores


ROWS: dict[str, Callable[[Attribution], Floats]] = {
    **{name: SCORES[name] for name in ("M", "S", "I", "M·S", "M·I")},
    "β·S + γ·I, raw": partial(ungated, weights=RAW),
    "β·S + γ·I, unit": partial(ungated, weights=UNIT),
    **{name: SCORES[name] for name in ("HETA, raw", "HETA, unit", "first-order twin, raw", "first-order twin, unit")},
}


def run(study: Study) -> Iterator[Step]:
    """One attribution an example; then the judge's forwards for each row, and for five draws of random scores."""
    yield from of_each(study, partial(_rows, study))


def _rows(study: Study, asked: Question) -> Rows:
    own, result = case(study, asked), explained(asked.asked)
    for name, score in ROWS.items():
        yield name, judgements(own, score(result), "evidence", "deletion")
    chance = methods.named("random")
    drawn = []
    for n in range(chance.n_draws):
        *_, (_, scores) = chance.score(asked.asked, own.seed + n)
        assert scores is not None
        drawn.append(judgements(own, scores, "evidence", "deletion"))
    yield RANDOM, averaged(drawn)


SWEEP = Sweep(
    name="ablation",
    title="What each part of the score adds",
    meaning="How well known evidence is found by each component alone, by pairs, without the gate, and by the whole.",
    protocol="All rows of an example are made from one run of the components, with β = γ = 0.5 where both terms are in "
    "a row. The twin has the length of the gradient in the place of S. Random scores are the mean of five draws.",
    columns=tuple(map(measure_named, ("evidence_at_1", "evidence_share", "evidence_auprc", "deletion"))),
    run=run,
)
