"""How good the quick estimates are on ten named prompts of the embedded model, against many probes of every token."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from named_prompts import NAMES, Measured, known, prompt

from heta_core.attribution import Attribution
from heta_core.engine import attribute
from heta_core.language_model import LanguageModel
from heta_core.loading import load
from heta_core.settings import Settings, Weights

pytestmark = pytest.mark.slow

COLOURED, ADAPTIVE = Settings(estimator="coloured", probes="auto"), Settings(probes="auto")


@pytest.fixture(scope="module")
def town() -> LanguageModel:
    return load("littletown")


@dataclass(frozen=True)
class Row:
    """One prompt under one way and scaling, beside its reference."""

    products: int
    error: float  # median over tokens of |S / S_ref − 1|
    top: float  # median over the ten highest scores of |score / score_ref − 1|
    spearman: float  # of the final score


def compared(found: Attribution, reference: Measured) -> Row:
    assert found.hessian is not None
    right = np.array(reference.scores)
    scores, wanted = found.scores, found.scored(right)
    best = np.argsort(-wanted)[:10]
    ranks = [pd.Series(values).rank() for values in (scores, wanted)]
    return Row(
        found.work.products,
        float(np.median(np.abs(found.hessian.scores / right - 1))),
        float(np.median(np.abs(scores[best] / wanted[best] - 1))),
        float(ranks[0].corr(ranks[1])),
    )


def references(length: int) -> Iterator[Measured]:
    rows = [row for row in known() if row.length == length]
    assert len(rows) == len(NAMES), f"curvature.json lacks prompts of {length} tokens: run tests/named_prompts.py"
    yield from rows


def table(town: LanguageModel, length: int, settings: Settings, weights: Weights = Weights()) -> pd.DataFrame:
    rows = {
        reference.name: compared(
            attribute(town, prompt(town, reference.name, length), settings=settings, weights=weights), reference
        )
        for reference in references(length)
    }
    found = pd.DataFrame([vars(row) for row in rows.values()], index=list(rows))
    print(f"\n{length} tokens, {settings.estimator}, probes {settings.probes}, {weights.scaling}\n{found.round(3)}")
    return found


def test_the_references_are_of_these_weights_and_can_be_measured_again(town: LanguageModel) -> None:
    first = next(references(64))
    assert {row.weights_id for row in known()} == {town.source.weights_id}
    again = attribute(town, prompt(town, first.name, 64), settings=Settings(probes=12, seed=3)).hessian
    assert again is not None
    apart = np.abs(again.scores - np.array(first.scores))
    # A dozen draws say their own error to a fifth; five of it is far outside of chance for 64 tokens.
    assert (apart <= 5 * np.hypot(again.standard_error, first.errors)).mean() > 0.95


@pytest.mark.parametrize("length", [64, 128, pytest.param(256, marks=pytest.mark.figures)])
def test_forty_shared_products_at_any_length(town: LanguageModel, length: int) -> None:
    found = table(town, length, COLOURED)
    assert (found.products <= 40).all()
    assert found.error.median() <= 0.2
    assert (found.spearman >= 0.95).all()


@pytest.mark.parametrize(
    ("length", "scaling"),
    [
        *((64, "raw"), (64, "unit"), pytest.param(128, "unit", marks=pytest.mark.figures)),
        *(pytest.param(length, "raw", marks=pytest.mark.figures) for length in (128, 256)),
    ],
)
def test_probes_where_the_score_is_decided(town: LanguageModel, length: int, scaling: str) -> None:
    found = table(town, length, ADAPTIVE, Weights(scaling=scaling))  # type: ignore[arg-type]
    assert (found.products / length).mean() <= 2.5
    assert found.top.median() <= 0.1
    assert (found.spearman >= 0.97).all()
