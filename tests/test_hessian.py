"""Hessian sensitivity against the dense Hessian, against closed forms and against differences of f alone.

Tolerances: GPT-2 computes in float64 throughout, so a product and a row of the dense Hessian differ by rounding
(1e-10). The other families take softmax or norms in float32 inside a float64 model, so each of the two ways rounds at
6e-8 and second derivatives sum many such terms: 1e-6 of the largest value for them.
"""

import itertools
from dataclasses import replace

import numpy as np
import oracles_curvature as oracle
import pytest
import torch
from conftest import TINY_CONFIGS
from narrow import narrow_model

from heta_core.components.hessian import sensitivity
from heta_core.errors import NotDifferentiableError, SettingsError
from heta_core.estimators.blockwise import n_draws
from heta_core.estimators.probes import all_signs, signs
from heta_core.groups import singles
from heta_core.language_model import LanguageModel
from heta_core.parts import Sensitivity
from heta_core.settings import Settings
from heta_core.targets import next_token

IDS = (70, 3, 9, 41, 9, 120, 7)
TARGET = 11


@pytest.fixture(scope="module")
def narrow() -> LanguageModel:
    return narrow_model("gpt2")


def last(lm: LanguageModel, settings: Settings, ids: tuple[int, ...] = IDS) -> Sensitivity:
    *_, (_, result) = sensitivity(lm, next_token(ids, TARGET), settings)
    assert result is not None
    return result


def tolerance(lm: LanguageModel, values: np.ndarray) -> float:
    return (1e-10 if lm.architecture.name == "gpt2" else 1e-6) * float(np.abs(values).max())


def test_given_probes_equal_the_dense_hessian(lm: LanguageModel) -> None:
    found = last(lm, Settings(probes=3, chunk=3, seed=5))
    blocks = oracle.dense_blocks(lm.model, IDS, TARGET).numpy()
    drawn = np.stack([signs(5, i, range(3), blocks.shape[1]) for i in range(len(IDS))])  # (T, m, D)
    norms = np.abs(np.einsum("iab,imb->ima", blocks, drawn)).sum(-1)
    np.testing.assert_allclose(found.scores, norms.mean(1), rtol=0, atol=tolerance(lm, norms))
    error = norms.std(1, ddof=1) / np.sqrt(3)
    np.testing.assert_allclose(found.standard_error, error, rtol=0, atol=tolerance(lm, norms))


@pytest.mark.parametrize("model_type", TINY_CONFIGS)
def test_dense_is_the_expectation_over_all_sign_vectors(model_type: str) -> None:
    narrow = narrow_model(model_type)
    found = last(narrow, Settings(estimator="dense", chunk=4))
    expected = [oracle.expected_norm(b) for b in oracle.dense_blocks(narrow.model, IDS, TARGET)]
    np.testing.assert_allclose(found.scores, expected, rtol=0, atol=tolerance(narrow, np.array(expected)))
    assert not found.standard_error.any()


def test_gpt2_agrees_with_differences_of_the_log_probability(narrow: LanguageModel) -> None:
    """Error of a central second difference: step² · f''''/12 + 4 ε |f| / step²; at 1e-3 both are near 1e-6 here."""
    embeddings = oracle.embedded(narrow.model, IDS)
    with torch.no_grad():
        blocks = [
            oracle.difference_block(lambda e: oracle.log_p(narrow.model, e)[TARGET], embeddings, i, 1e-3)
            for i in range(len(IDS))
        ]
    expected = np.array([oracle.expected_norm(block) for block in blocks])
    found = last(narrow, Settings(estimator="dense"))
    np.testing.assert_allclose(found.scores, expected, rtol=1e-4, atol=1e-4 * expected.max())


def test_probes_converge_to_dense(narrow: LanguageModel) -> None:
    exact = last(narrow, Settings(estimator="dense")).scores
    found = last(narrow, Settings(probes=200))
    # A mean of 200 is within five standard errors of its expectation, but for one case in a million.
    assert (np.abs(found.scores - exact) <= 5 * found.standard_error + 1e-12).all()


@pytest.mark.parametrize("change", [{"chunk": 2}, {"chunk": 64}, {"batch": 5}])
def test_how_the_work_is_cut_changes_no_number(lm: LanguageModel, change: dict[str, int]) -> None:
    one, other = last(lm, Settings(probes=3)), last(lm, replace(Settings(probes=3), **change))
    np.testing.assert_allclose(one.scores, other.scores, rtol=0, atol=tolerance(lm, one.scores))


def test_a_prefix_changes_no_number(lm: LanguageModel) -> None:
    assert lm.has_prefix
    whole = last(replace(lm, has_prefix=False), Settings(probes=2, chunk=3))
    behind = last(lm, Settings(probes=2, chunk=3))
    np.testing.assert_allclose(behind.scores, whole.scores, rtol=0, atol=tolerance(lm, whole.scores))
    np.testing.assert_allclose(behind.gradient, whole.gradient, rtol=0, atol=tolerance(lm, whole.gradient))


def test_more_probes_keep_the_ones_before(narrow: LanguageModel) -> None:
    """The third of five probes is the third of three: m only adds draws."""
    np.testing.assert_array_equal(signs(1, 4, range(3), 8), signs(1, 4, range(5), 8)[:3])
    two, three = last(narrow, Settings(probes=2)), last(narrow, Settings(probes=3))
    alone = last(narrow, Settings(probes=1))
    assert np.isnan(alone.standard_error).all()
    assert (3 * three.scores >= 2 * two.scores - 1e-9).all() and (2 * two.scores >= alone.scores - 1e-9).all()


def test_every_window_is_opened_once(narrow: LanguageModel) -> None:
    settings = Settings(probes=12, chunk=3)
    steps = list(sensitivity(narrow, next_token(IDS, TARGET), settings))
    assert [result is None for _, result in steps] == [True] * (len(steps) - 1) + [False]
    assert sum(work.backwards for work, _ in steps) == 3 and sum(work.products for work, _ in steps) == 12 * len(IDS)


def test_seed_and_probes_and_estimator_change_the_output(narrow: LanguageModel) -> None:
    settings = (Settings(), Settings(seed=1), Settings(probes=11), Settings(estimator="dense"))
    results = [last(narrow, s).scores for s in settings]
    assert all((a != b).any() for a, b in itertools.combinations(results, 2))


def test_a_fixed_seed_gives_the_same_bits_twice(lm: LanguageModel) -> None:
    one, two = last(lm, Settings(probes=3)), last(lm, Settings(probes=3))
    assert one.scores.tobytes() == two.scores.tobytes()
    assert one.gradient.tobytes() == two.gradient.tobytes()


def test_the_gradient_is_that_of_the_log_probability(lm: LanguageModel) -> None:
    leaf = oracle.embedded(lm.model, IDS).clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(oracle.log_p(lm.model, leaf)[TARGET], leaf)
    expected = gradient.abs().sum(-1).numpy()
    np.testing.assert_allclose(
        last(lm, Settings(probes=1)).gradient, expected, rtol=0, atol=3 * tolerance(lm, expected)
    )


def test_probes_do_not_depend_on_each_other() -> None:
    drawn = np.concatenate([signs(0, position, range(8), 64) for position in range(8)]).astype(float)
    overlap = np.abs(drawn @ drawn.T / 64 - np.eye(64))
    assert set(np.unique(drawn)) == {-1.0, 1.0}
    assert overlap.max() < 0.75  # six standard deviations of the mean of 64 coin tosses


def test_all_signs_are_every_vector_up_to_its_sign() -> None:
    drawn = all_signs(4)
    assert len(drawn) == 8 and (drawn[:, 0] == 1).all()
    assert len({tuple(r) for r in np.concatenate([drawn, -drawn]).tolist()}) == 16


def test_dense_is_refused_on_wide_models() -> None:
    with pytest.raises(SettingsError, match="w = 128"):
        n_draws(Settings(estimator="dense"), singles(3), 128)


def test_curvature_that_is_not_finite_is_an_error(narrow: LanguageModel) -> None:
    weight = narrow.model.get_input_embeddings().weight
    kept = weight.data[IDS[2]].clone()
    try:
        weight.data[IDS[2]] = float("inf")
        with pytest.raises(NotDifferentiableError, match="finite"):
            last(narrow, Settings(probes=1))
    finally:
        weight.data[IDS[2]] = kept
