"""How far scores that promise to add up do so, against the gap that integrated gradients tell and exact sums."""

from dataclasses import replace

import numpy as np
import pytest
from test_metrics import CHOICES, case, measured

from heta_core import methods
from heta_core.datasets import Example
from heta_core.evaluation.plan import Plan
from heta_core.evaluation.running import example_steps
from heta_core.language_model import LanguageModel
from heta_core.methods import Method
from heta_core.methods.integrated_gradients import integrated
from heta_core.methods.occlusion import METHOD as OCCLUSION
from heta_core.targets import Choice

KNOWN = methods.known()
GAP = "completeness_gap"
# Sums of some ten numbers around 1 in float64, from batches of other sizes with norms in float32.
ROUNDING = 1e-5


def gap(lm: LanguageModel, method: Method, choice: Choice = CHOICES["token"]) -> tuple[float | None, float | None]:
    """Of the method's own scores, and of the same with 0.25 added to one."""
    asked = replace(case(lm, choice=choice), method=method)
    *_, (_, scores) = method.score(asked.asked, 0)
    assert scores is not None
    more = np.append(scores[:-1], scores[-1] + 0.25)
    return measured("completeness", asked, scores)[GAP], measured("completeness", asked, more)[GAP]


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_of_integrated_gradients_it_is_the_gap_that_they_tell(lm: LanguageModel, choice: Choice) -> None:
    found, _ = gap(lm, methods.named("integrated_gradients"), choice)
    told = integrated(case(lm, choice=choice).asked).gap
    assert found == pytest.approx(told, abs=ROUNDING)


@pytest.mark.parametrize("name", ["shapley", "kernel_shap"])
@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_shapley_values_add_up_and_what_is_added_is_missed(lm: LanguageModel, name: str, choice: Choice) -> None:
    found, more = gap(lm, methods.named(name), choice)
    assert found == pytest.approx(0, abs=ROUNDING) and more == pytest.approx(0.25, abs=ROUNDING)


def test_the_mask_is_that_of_the_scores_and_not_the_judges(gpt2: LanguageModel) -> None:
    one = case(gpt2)
    assert one.asked.settings.mask != one.judge.settings.mask
    masked = np.ones((1, len(one.competing)), bool)
    for _ in one.judge.run(np.concatenate([masked, ~masked])):
        pass
    nothing, whole = one.judge.values(np.concatenate([masked, ~masked]))
    found, _ = gap(gpt2, methods.named("shapley"))
    *_, (_, scores) = methods.named("shapley").score(one.asked, 0)
    assert scores is not None and found is not None
    assert abs(scores.sum() - (whole - nothing)) > 100 * found


def test_of_others_nothing_is_known(gpt2: LanguageModel) -> None:
    assert gap(gpt2, OCCLUSION) == (None, None)
    assert measured("completeness", replace(case(gpt2), method=None), np.ones(9)) == {GAP: None}
    assert {m.name for m in KNOWN if m.adds_up} == {"integrated_gradients", "shapley", "kernel_shap"}
    assert all(m.is_signed and m.unit == "nats" for m in KNOWN if m.adds_up)


def test_a_run_says_whose_scores_they_are(llama: LanguageModel) -> None:
    plan = Plan(methods=("shapley", "integrated_gradients", "occlusion"), metrics=("completeness",))
    *_, last = example_steps(llama, Example(id="a", prompt="Al ran. ", target="A"), plan, "mine")
    assert last.outcome is not None
    found = {scored.method: scored.value(GAP) for scored in last.outcome.scored}
    assert found["shapley"] == pytest.approx(0, abs=ROUNDING) and found["integrated_gradients"] is not None
    assert found["occlusion"] is None and found["random"] is None
