"""Whether a score stands out: the rule by hand, at its edges, and what the caption makes of it."""

from dataclasses import replace

import numpy as np
import pytest
import samples

from heta_core.attribution import Attribution
from heta_core.parts import Information, Transition
from heta_core.settings import Weights
from heta_core.views import caption
from heta_core.views.standing import errors, standing


def scored(scores: list[float], error: float = 0.0) -> Attribution:
    """A result whose raw scores, with β 0.5, are these: all of it from the Hessian, each with the same error."""
    n = len(scores)
    a = samples.result(["<s>", *(f" w{i}" for i in range(n - 1))], weights=Weights(scaling="raw"))
    assert a.hessian is not None and a.information is not None
    hessian = replace(
        a.hessian,
        scores=np.array(scores) * 2 * n,
        standard_error=np.full(n, error * 2 * n),
        n_probes=np.full(n, 1 if np.isnan(error) else 10),
    )
    flow = np.full((1, 1, n), 1.0)
    information = replace(a.information, kl=np.zeros(n))
    return replace(a, transition=Transition(flow, np.zeros(1)), hessian=hessian, information=information)


def test_the_numbers_by_hand() -> None:
    found = standing(scored([0.5, 0.25, 0.25], error=0.1))
    assert found is not None and found.unit == 0
    assert found.share == pytest.approx(0.5)
    assert found.lowered == pytest.approx(0.4 / 0.9)
    assert found.by_chance == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    assert found.spread == pytest.approx(2**1.5)  # entropy ½ ln 2 + 2 · ¼ ln 4


def test_the_largest_of_random_parts_is_on_average_what_it_is_held_against() -> None:
    parts = np.random.default_rng(0).dirichlet(np.ones(12), 20_000)  # a stick broken at eleven random places
    found = standing(scored([1.0] * 12))
    error = parts.max(1).std() / np.sqrt(20_000)
    assert found is not None and abs(parts.max(1).mean() - found.by_chance) < 4 * error


@pytest.mark.parametrize("n", [2, 3, 40])
def test_equal_scores_are_flat_and_a_single_one_stands_out(n: int) -> None:
    even, single = standing(scored([1.0] * n)), standing(scored([1.0] + [0.0] * (n - 1)))
    assert even is not None and even.is_flat and even.spread == pytest.approx(n)
    assert single is not None and not single.is_flat and single.spread == pytest.approx(1)


def test_what_only_its_error_lifts_does_not_stand_out() -> None:
    scores = [0.65, 0.2, 0.15]
    sure, unsure, unknown = (standing(scored(scores, error)) for error in (0.01, 0.2, float("nan")))
    assert sure is not None and unsure is not None and unknown is not None
    assert (sure.is_flat, unsure.is_flat) == (False, True)
    assert unknown.lowered == unknown.share


def test_one_unit_alone_stands_out_whatever_its_error() -> None:
    found = standing(scored([1.0], error=2.0))
    assert found is not None and not found.is_flat


def test_nothing_is_said_of_what_is_not_known_or_zero() -> None:
    a = scored([0.0, 0.0, 0.0])
    assert standing(a) is None and "Every score is zero" in caption.caption(a).text
    assert standing(replace(a, hessian=None)) is None


@pytest.mark.parametrize("scaling", ["raw", "unit"])
def test_the_error_of_a_score_is_what_an_error_of_its_hessian_does(scaling: str) -> None:
    a = samples.result(weights=Weights(beta=0.3, scaling=scaling))
    assert a.transition is not None and a.information is not None and a.hessian is not None
    sums = (a.hessian.scores.sum(), a.information.kl.sum()) if scaling == "unit" else (1.0, 1.0)

    def score(s: np.ndarray) -> np.ndarray:
        return a.transition.scores * (0.3 * s / sums[0] + 0.5 * a.information.kl / sums[1])

    moved = score(a.hessian.scores + a.hessian.standard_error) - score(a.hessian.scores)
    assert errors(a) == pytest.approx(moved, rel=1e-9)


def test_the_caption_says_so_by_the_weights() -> None:
    """The same components can be flat by one term and not by the other."""
    a = scored([1.0] * 6)
    assert a.information is not None
    kl = np.array([1.0, 0, 0, 0, 0, 0])
    a = replace(a, information=Information(kl, a.information.log_p, a.information.first_choices))
    flat, pointed = (a.with_weights(Weights(beta=b, gamma=g, scaling="unit")) for b, g in ((1, 0.05), (0.05, 1)))
    assert caption.caption(flat).text.startswith("No token stands out: the highest, “<s>”, carries 21\u00a0%")
    assert "stands out" not in caption.caption(pointed).text
