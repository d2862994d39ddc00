"""How many sign vectors the Hessian term needs: few against very many, drawn with another seed."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from heta_core.agreement import overlap, spearman
from heta_core.attribution import Attribution
from heta_core.evaluation.reading import Question
from heta_core.metrics import Measure
from heta_core.parts import Floats
from heta_core.settings import Settings
from heta_core.sweeps._asking import Rows, explained, of_each
from heta_core.sweeps._contract import Step, Study, Sweep

N_PROBES = (1, 2, 4, 10, 32)
REFERENCE = 256
TOP = 5


def run(study: Study) -> Iterator[Step]:
    """Per example, 305 products a token, and those of the two estimates that share products."""
    yield from of_each(study, partial(_rows, study))


def _rows(study: Study, asked: Question) -> Rows:
    base = study.settings
    drawn_anew = replace(base, probes=REFERENCE, seed=base.seed + 1)
    exact = _with(drawn_anew, asked)
    for name, settings in conditions(base):
        found = _with(settings, asked)
        yield name, {**closeness(_curvature(found), _curvature(exact), found.scores, exact.scores), **cost(found)}
    yield f"{REFERENCE}, the reference", cost(exact)


def conditions(base: Settings) -> Iterator[tuple[str, Settings]]:
    """Every row's name and settings."""
    for m in N_PROBES:
        yield f"{m}", replace(base, probes=m)
    yield "auto", replace(base, probes="auto")
    yield "coloured", replace(base, estimator="coloured", probes="auto")


def _with(settings: Settings, asked: Question) -> Attribution:
    return explained(replace(asked.asked, settings=settings))


def _curvature(found: Attribution) -> Floats:
    assert found.hessian is not None
    return found.hessian.scores


def closeness(hessian: Floats, exact: Floats, scores: Floats, exact_scores: Floats) -> dict[str, float | None]:
    """How near (T,) estimates of S and the (T,) final scores made with them come to those of the reference."""
    k, curved = min(TOP, len(scores)), exact > 0
    return {
        "hessian_order": spearman(hessian, exact),
        "order": spearman(scores, exact_scores),
        "top": overlap(scores, exact_scores, k) / k,
        "hessian_error": _median(np.abs(hessian - exact)[curved] / exact[curved]),
    }


def cost(found: Attribution) -> dict[str, float | None]:
    """What the Hessian term took, and the error that it states of itself."""
    assert found.hessian is not None
    known = np.isfinite(found.hessian.standard_error) & (found.hessian.scores > 0)
    return {
        "told_error": _median(found.hessian.standard_error[known] / found.hessian.scores[known]),
        "products": float(found.work.products),
        "seconds": dict(found.seconds)["hessian"],
    }


def _median(values: Floats) -> float | None:
    return float(np.median(values)) if len(values) else None


SWEEP = Sweep(
    name="probes",
    title="How many probes are enough",
    meaning=f"How near the Hessian term and the score come to {REFERENCE} probes a token, and what they take.",
    protocol=f"Each row is one run an example with so many sign vectors a token, or with the estimate named. The "
    f"reference has {REFERENCE} a token, drawn with the seed after that of the rows. Scores with β = γ = 0.5 as in the "
    "paper; correlations and medians are over all tokens of the context.",
    columns=(
        Measure(
            name="hessian_order",
            title="Spearman of S",
            meaning="Rank correlation of S with the reference's.",
            better="high",
        ),
        Measure(
            name="order",
            title="Spearman of the score",
            meaning="The same of HETA's final score.",
            better="high",
        ),
        Measure(
            name="top",
            title="Top five",
            meaning="The part of the reference's five highest scores that are among the five highest.",
            better="high",
        ),
        Measure(
            name="hessian_error",
            title="Error of S",
            meaning="|S − S of the reference| over the latter, median over tokens.",
            better="low",
        ),
        Measure(
            name="told_error",
            title="Error stated",
            meaning="Standard error over S, as the result itself states it, median over tokens; none from one probe.",
            better="low",
        ),
        Measure(name="products", title="Products", meaning="Hessian-vector products of an example.", better="low"),
        Measure(
            name="seconds",
            title="Time of S",
            meaning="What the Hessian term takes on this computer.",
            better="low",
            unit="s",
        ),
    ),
    run=run,
)
