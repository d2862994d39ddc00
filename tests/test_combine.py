"""Eq. 5 by hand."""

import numpy as np
import pytest

from heta_core.combine import combine, share
from heta_core.settings import Weights

M = np.array([0.5, 0.3, 0.2])
S = np.array([4.0, 0.0, 12.0])
I = np.array([1.0, 3.0, 0.0])  # noqa: E741 - the paper's letter


def test_raw_is_the_papers_sum() -> None:
    combined = combine(M, S, I, Weights(beta=0.25, gamma=0.75))
    np.testing.assert_allclose(combined.scores, [0.5 * (1.0 + 0.75), 0.3 * 2.25, 0.2 * 3.0])
    np.testing.assert_allclose(combined.scores, combined.hessian + combined.kl)


def test_unit_weighs_two_distributions() -> None:
    combined = combine(M, S, I, Weights(beta=1, gamma=1, scaling="unit"))
    np.testing.assert_allclose(combined.scores, M * (S / 16 + I / 4))


def test_unit_does_not_depend_on_the_units() -> None:
    weights = Weights(scaling="unit")
    np.testing.assert_allclose(combine(M, S, I, weights).scores, combine(M, 1e6 * S, 1e-3 * I, weights).scores)


def test_shares_sum_to_one_and_name_the_terms() -> None:
    combined = combine(M, S, I, Weights())
    assert combined.shares.sum() == pytest.approx(1)
    assert combined.hessian_share == pytest.approx(combined.hessian.sum() / combined.scores.sum())


def test_a_term_that_is_zero_everywhere_contributes_nothing_and_says_so() -> None:
    combined = combine(M, np.zeros(3), I, Weights(scaling="unit"))
    assert combined.is_zero_term == (True, False)
    np.testing.assert_allclose(combined.scores, 0.5 * M * I / 4)


def test_nothing_scored_has_no_shares() -> None:
    combined = combine(M, np.zeros(3), np.zeros(3), Weights())
    assert combined.hessian_share is None
    assert not combined.shares.any()
    assert not share(np.zeros(2)).any()
