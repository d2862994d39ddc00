"""Order and overlap of two scores, by hand."""

import math

import numpy as np
import pytest

from heta_core.agreement import overlap, spearman


def test_equal_entries_share_their_rank() -> None:
    assert spearman(np.array([1.0, 1, 2]), np.array([3.0, 4, 5])) == pytest.approx(math.sqrt(3) / 2)
    assert spearman(np.ones(3), np.arange(3.0)) is None


def test_what_is_highest_twice_is_counted() -> None:
    one, other = np.array([5.0, 4, 3, 2, 1]), np.array([5.0, 1, 2, 3, 4])
    assert [overlap(one, other, k) for k in (1, 2, 3, 5)] == [1, 1, 1, 5]


def test_of_equal_entries_the_first_are_highest() -> None:
    assert overlap(np.zeros(4), np.array([0.0, 0, 1, 1]), 2) == 0
