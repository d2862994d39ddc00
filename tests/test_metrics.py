"""Metrics: what each must do whoever wrote it, and the first of them against oracles and by hand."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from heta_core import methods, metrics
from heta_core.engine import attribute
from heta_core.errors import InputError
from heta_core.evaluation.repeating import again
from heta_core.faithfulness.judging import Judge
from heta_core.faithfulness.running import curves
from heta_core.groups import singles
from heta_core.language_model import LanguageModel
from heta_core.methods import Asked
from heta_core.metrics import Case, Metric
from heta_core.metrics.evidence import average_precision
from heta_core.parts import Floats
from heta_core.passes.capture import capture
from heta_core.settings import Settings
from heta_core.targets import Choice, resolve
from heta_core.tokens import from_ids

KNOWN = metrics.known()
IDS = (256, 70, 3, 9, 41, 9, 120, 7, 33)
N = len(IDS)
CHOICES = {
    "token": Choice(token_id=11),
    "span": Choice(4, stop=7),
    "contrast": Choice(token_id=11, foil=(12,)),
    "strings": Choice(5, stop=7, foil=(20, 21)),
}


def which(*units: int, n: int = N) -> metrics.Which:
    found = np.zeros(n, bool)
    found[list(units)] = True
    return found


def case(lm: LanguageModel, *, choice: Choice = CHOICES["token"], seed: int = 0, knows: bool = True) -> Case:
    tokens = from_ids(lm.tokenizer, IDS, n_added=(1, 0))
    target = resolve(choice, tokens, 0, lm.tokenizer, lm.vocabulary)
    n = target.n_context
    asked = Asked(lm, tokens, target, singles(n))
    judge = Judge(lm, asked.objective, asked.groups, Settings(mask="mean", seed=seed))
    known = (which(1, 2, n=n), which(3, 4, n=n), which(2, n=n)) if knows else (None,) * 3
    once_more = partial(again, methods.named("occlusion"), asked, 0)
    # Of a method that promises a sum, so that every metric has something to say.
    return Case(asked, judge, ~which(0, n=n), *known, again=once_more, method=methods.named("shapley"))


def measured(name: str, asked: Case, scores: Floats) -> dict[str, float | None]:
    *_, (_, values) = metrics.named(name).measure(asked, np.asarray(scores, float))
    assert values is not None
    return dict(values)


def some(n: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).standard_normal(n)


def of_all(test):
    return pytest.mark.parametrize("metric", KNOWN, ids=[m.name for m in KNOWN])(test)


@of_all
@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_a_metric_gives_its_measures_whatever_is_explained(
    llama: LanguageModel, metric: Metric, choice: Choice
) -> None:
    asked = case(llama, choice=choice)
    for scores in (some(len(asked.competing)), np.ones(len(asked.competing)), -np.ones(len(asked.competing))):
        found = measured(metric.name, asked, scores)
        assert set(found) == {measure.name for measure in metric.measures}
        assert all(value is None or np.isfinite(value) for value in found.values())


@of_all
def test_a_metric_says_something_of_ordinary_scores(llama: LanguageModel, metric: Metric) -> None:
    likely = int(capture(llama, IDS).log_p.argmax())  # an empty context makes it less so, which some metrics ask for
    asked = case(llama, choice=Choice(token_id=likely))
    *_, (_, scores) = methods.named("heta").score(asked.asked, 0)
    assert scores is not None
    found = measured(metric.name, asked, scores)
    assert any(value is not None for value in found.values())


@of_all
def test_a_metric_gives_the_same_again_with_what_was_run_before_or_without(gpt2: LanguageModel, metric: Metric) -> None:
    scores, shared = np.abs(some(N)), case(gpt2)
    for other in range(3):
        measured(metric.name, shared, np.abs(some(N, other + 1)))
    # Sets that were run before leave other batches for the rest: rounding, in float64 with norms in float32.
    assert measured(metric.name, shared, scores) == pytest.approx(
        measured(metric.name, case(gpt2), scores), abs=1e-5, nan_ok=False
    )
    assert measured(metric.name, case(gpt2), scores) == measured(metric.name, case(gpt2), scores)


@of_all
def test_a_metric_that_needs_what_is_not_known_is_told_by_its_case(gpt2: LanguageModel, metric: Metric) -> None:
    knowing, ignorant = case(gpt2), case(gpt2, knows=False)
    assert all(knowing.knows(need) and not ignorant.knows(need) for need in metric.needs)
    assert not Case(knowing.asked, knowing.judge, which(8), evidence=which(1)).knows("evidence")


@of_all
def test_a_metric_tells_what_it_is(metric: Metric) -> None:
    assert metric.title and metric.protocol.endswith(".") and metric.name.isidentifier() and metric.name.islower()
    for measure in metric.measures:
        assert measure.name.isidentifier() and measure.title and measure.meaning.endswith(".")
        assert metrics.measure_named(measure.name) == measure


def test_names_are_told_apart_and_an_unknown_one_is_refused() -> None:
    every = [measure.name for metric in KNOWN for measure in metric.measures]
    assert len(set(every)) == len(every) and len({m.name for m in KNOWN}) == len(KNOWN)
    assert [m.place for m in KNOWN] == sorted(m.place for m in KNOWN)
    with pytest.raises(InputError, match="no metric 'truth': take one of deletion, "):
        metrics.named("truth")
    with pytest.raises(InputError, match="no measure 'truth'"):
        metrics.measure_named("truth")


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_areas_are_those_of_the_curves_of_the_same_order(llama: LanguageModel, choice: Choice) -> None:
    tokens = from_ids(llama.tokenizer, IDS, n_added=(1, 0))
    result = attribute(llama, tokens, choice=choice, settings=Settings(probes=2))
    drawn = curves(llama, result, mask="mean", seed=5)
    found = measured("deletion", case(llama, choice=choice, seed=5), result.scores)
    (own,) = drawn.of("heta")
    assert found["deletion"] == pytest.approx(drawn.area(own, "deletion"), abs=1e-6)
    assert found["insertion"] == pytest.approx(drawn.area(own, "insertion"), abs=1e-6)


def test_another_seed_breaks_ties_otherwise(llama: LanguageModel) -> None:
    found = {measured("deletion", case(llama, seed=seed), np.ones(N))["deletion"] for seed in range(5)}
    assert len(found) > 1


SCORES: Sequence[float] = (9.0, 4.0, 1.0, 2.0, 1.0, 0.0, 2.0, 0.0, -7.0)


def test_evidence_by_hand(llama: LanguageModel) -> None:
    """Unit 0 does not compete; of the other eight the evidence, 1 and 2, holds 5 of 10 and ranks first and fourth.

    The 1 of the evidence ties with the 1 of unit 4: without that tie its place is sure.
    """
    scores = [*SCORES]
    scores[4] = 0.5
    found = measured("evidence", case(llama), scores)
    assert found["evidence_at_1"] == 1.0
    assert found["evidence_share"] == pytest.approx(5 / 9.5)
    assert found["evidence_auprc"] == pytest.approx((1 / 1 + 2 / 4) / 2)
    away = measured("evidence", case(llama), [9, 0, 0, 1, 0, 0, 0, 0, 0])
    assert away["evidence_at_1"] == 0.0 and away["evidence_share"] == 0.0
    assert measured("evidence", case(llama), [9, 0, 0, -1, 0, 0, 0, 0, 0])["evidence_share"] is None


def test_dsa_by_hand(llama: LanguageModel) -> None:
    """Evidence 1 and 2 holds 5 of 19, the distractor 3 and 4 holds 3 of 19."""
    found = measured("dsa", case(llama), SCORES)
    assert found["dsa"] == pytest.approx(2 / 19)
    assert found["dsa_density"] == pytest.approx((2.5 - 1.5) / 19 * 9)
    assert found["dsa_log"] == pytest.approx(np.log((5 / 19 + 1e-4) / (3 / 19 + 1e-4)))
    assert found["dsa_win"] == 1.0
    swapped = case(llama)
    swapped = Case(swapped.asked, swapped.judge, swapped.competing, swapped.distractor, swapped.evidence)
    other = measured("dsa", swapped, SCORES)
    assert other["dsa"] == pytest.approx(-2 / 19) and other["dsa_win"] == 0.0
    assert other["dsa_log"] == pytest.approx(-found["dsa_log"])


def test_dsa_without_mass_is_missing_and_never_zero(llama: LanguageModel) -> None:
    assert set(measured("dsa", case(llama), np.zeros(N)).values()) == {None}
    assert set(measured("dsa", case(llama), -np.ones(N)).values()) == {None}


def test_dsa_of_a_longer_segment_is_even_by_the_token(llama: LanguageModel) -> None:
    base = case(llama)
    longer = Case(base.asked, base.judge, base.competing, which(1), which(3, 4, 5))
    found = measured("dsa", longer, np.ones(N))
    assert found["dsa"] == pytest.approx(-2 / 9) and found["dsa_density"] == pytest.approx(0)


def test_uniform_scores_give_the_level_of_chance(llama: LanguageModel) -> None:
    """Two of eight: the share exactly; first place and average precision over the seeds that break the ties."""
    found = [measured("evidence", case(llama, seed=seed), np.ones(N)) for seed in range(400)]
    assert {one["evidence_share"] for one in found} == {0.25}
    # Of a quarter over 400 seeds three standard errors are 0.065.
    assert np.mean([one["evidence_at_1"] for one in found]) == pytest.approx(0.25, abs=0.065)
    expected = np.mean([np.mean(np.arange(1, 3) / np.array([a + 1, b + 1])) for a in range(8) for b in range(a + 1, 8)])
    assert np.mean([one["evidence_auprc"] for one in found]) == pytest.approx(expected, abs=0.045)
    assert measured("dsa", case(llama), np.ones(N))["dsa"] == pytest.approx(0)


def test_average_precision_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        n = int(rng.integers(2, 40))
        scores, relevant = rng.standard_normal(n), rng.random(n) < 0.3
        relevant[rng.integers(n)] = True
        assert average_precision(scores, relevant, 0) == pytest.approx(average_precision_score(relevant, scores))
