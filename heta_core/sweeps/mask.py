"""What the mask of the KL term does: whether evidence is found as well, and how far the scores are the same."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import combinations

from heta_core.agreement import spearman
from heta_core.attribution import Attribution
from heta_core.evaluation.reading import Question
from heta_core.evidence import RAW, UNIT
from heta_core.methods import Asked
from heta_core.metrics import Measure, measure_named
from heta_core.settings import Mask
from heta_core.sweeps._asking import Rows, case, explained, judgements, of_each
from heta_core.sweeps._contract import Step, Study, Sweep

COMPARED: tuple[Mask, ...] = ("zero", "mean", "attention")


def run(study: Study) -> Iterator[Step]:
    """One attribution an example, and the KL once more for each further mask: M and S know none."""
    yield from of_each(study, partial(_rows, study))


def _rows(study: Study, asked: Question) -> Rows:
    own, what = case(study, asked), asked.asked
    first = explained(replace(what, settings=replace(what.settings, mask=COMPARED[0])))
    found = {COMPARED[0]: first, **{mask: _under(mask, what, first) for mask in COMPARED[1:]}}
    for weights in (RAW, UNIT):
        scored = {mask: result.with_weights(weights) for mask, result in found.items()}
        for mask, result in scored.items():
            yield f"{weights.scaling}, {mask}", judgements(own, result.scores, "evidence")
        for one, other in combinations(COMPARED, 2):
            yield f"{weights.scaling}, {one} against {other}", agreement(scored[one], scored[other])


def _under(mask: Mask, asked: Asked, first: Attribution) -> Attribution:
    """The result with the KL of another mask."""
    other = replace(asked, settings=replace(asked.settings, mask=mask))
    for _ in other.shared.until("transition", "kl"):
        pass
    assert other.shared.result is not None
    return replace(first, settings=other.settings, information=other.shared.result.information)


def agreement(one: Attribution, other: Attribution) -> dict[str, float | None]:
    """How far the orders of two maps are the same, over all units."""
    here, there = one.information_scores, other.information_scores
    assert here is not None and there is not None
    return {"order": spearman(one.scores, other.scores), "kl_order": spearman(here, there)}


SWEEP = Sweep(
    name="mask",
    title="What the mask does",
    meaning="Whether HETA finds known evidence under every mask, and how far masks agree on the order.",
    protocol="M and S are those of one run, as they know no mask; I is run under each, β = γ = 0.5. Correlations are "
    "over all units of the context.",
    columns=(
        *map(measure_named, ("evidence_at_1", "evidence_share", "evidence_auprc")),
        Measure(
            name="order",
            title="Spearman of the score",
            meaning="Rank correlation of HETA's final scores under the two masks.",
            better="high",
        ),
        Measure(
            name="kl_order",
            title="Spearman of I",
            meaning="The same of the KL term alone.",
            better="high",
        ),
    ),
    run=run,
)
