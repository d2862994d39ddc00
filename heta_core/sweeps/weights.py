"""What β and γ do: from the Hessian term alone to the KL term alone, in both scalings."""

from collections.abc import Iterator
from functools import partial

from heta_core.evaluation.reading import Question
from heta_core.metrics import measure_named
from heta_core.settings import SCALINGS, Weights
from heta_core.sweeps._asking import Rows, case, explained, judgements, of_each
from heta_core.sweeps._contract import Step, Study, Sweep

_N_STEPS = 10  # from (1, 0) to (0, 1)


def weightings() -> Iterator[tuple[str, Weights]]:
    """Every row's name and weights."""
    for scaling in SCALINGS:
        for k in range(_N_STEPS + 1):
            beta, gamma = (_N_STEPS - k) / _N_STEPS, k / _N_STEPS
            yield f"{scaling}, β {beta:g} : γ {gamma:g}", Weights(beta=beta, gamma=gamma, scaling=scaling)


def run(study: Study) -> Iterator[Step]:
    """One attribution an example, combined anew for each row; then the judge's forwards."""
    yield from of_each(study, partial(_rows, study))


def _rows(study: Study, asked: Question) -> Rows:
    own, result = case(study, asked), explained(asked.asked)
    for name, weights in weightings():
        yield name, judgements(own, result.with_weights(weights).scores, "evidence", "deletion")


SWEEP = Sweep(
    name="weights",
    title="What β and γ do",
    meaning="How well known evidence is found as weight moves from the Hessian term to the KL term.",
    protocol="M·(β·S + γ·I) of one run of the components, β + γ = 1. raw is the sum of the paper; unit divides S and I "
    "each by its sum over the context first. At both ends the scalings give the same order.",
    columns=tuple(map(measure_named, ("evidence_at_1", "evidence_share", "deletion"))),
    run=run,
)
