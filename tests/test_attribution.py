"""The result checks itself where it is born."""

from dataclasses import replace

import made
import numpy as np
import pytest

from heta_core.attribution import Attribution
from heta_core.errors import ReportError
from heta_core.parts import Candidate, Information, Prediction, Sensitivity, Source, Transition, Work
from heta_core.settings import Settings, Weights
from heta_core.targets import Target
from heta_core.tokens import Tokens

TOKENS = Tokens((1, 2, 3), ("a", "b", "c"), ((0, 1), (1, 2), (2, 3)), (False, False, False), "abc")
SOURCE = Source("m", None, "w", "t", "llama", 1, "float32", "cpu", ())


def result(**parts: object) -> Attribution:
    candidate = Candidate(9, "z", 0.5)
    given = {
        "transition": Transition(np.array([[[1.0, 2.0, 1.0]]]), np.zeros(1)),
        "information": Information(np.array([0.0, 1.0, 2.0]), np.full(3, -1.0), (candidate,) * 3),
        "hessian": Sensitivity(
            np.array([4.0, 0.0, 4.0]), np.full(3, np.nan), np.ones(3, dtype=np.int64), np.ones(3), ("block_probes",) * 3
        ),
    } | parts
    return Attribution(
        tokens=TOKENS,
        target=Target(3, 9, "z", False),
        prediction=Prediction(-0.7, 1, 0.7, (candidate,)),
        settings=Settings(),
        source=SOURCE,
        **given,  # type: ignore[arg-type]
    )


def test_scores_follow_eq_5() -> None:
    np.testing.assert_allclose(result().scores, [0.25 * 2, 0.5 * 0.5, 0.25 * 3])
    np.testing.assert_allclose(
        result().with_weights(Weights(scaling="unit")).scores,
        [0.25 * 0.25, 0.5 * 0.5 / 3, 0.25 * (0.25 + 0.5 * 2 / 3)],
    )


def test_top_is_highest_first_and_ties_read_forward() -> None:
    assert result().top(2) == (2, 0)
    flat = Sensitivity(np.zeros(3), np.full(3, np.nan), np.ones(3, dtype=np.int64), np.ones(3), ("block_probes",) * 3)
    silent = Information(np.zeros(3), np.full(3, -1.0), (Candidate(9, "z", 0.5),) * 3)
    assert result(hessian=flat, information=silent).top(3) == (0, 1, 2)


def test_the_effect_is_before_minus_after() -> None:
    np.testing.assert_allclose(result().effect, [0.3] * 3)


def test_a_partial_result_has_no_score() -> None:
    partial = result(hessian=None)
    assert partial.combined is None and not partial.is_complete
    with pytest.raises(ReportError, match="partial"):
        _ = partial.scores
    assert "score" not in partial.to_dataframe() and "hessian" not in partial.to_dataframe()


def test_the_table_has_every_number() -> None:
    table = result().to_dataframe()
    assert list(table["token"]) == ["a", "b", "c"]
    np.testing.assert_allclose(table["score"], result().scores)
    assert table["hessian_error"].isna().all() and (table["n_probes"] == 1).all()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Transition(np.zeros((1, 1, 3)), np.zeros(1)),
        lambda: Transition(np.array([[[1.0, np.nan]]]), np.zeros(1)),
        lambda: Transition(np.array([[[1.0, -1.0]]]), np.zeros(1)),
        lambda: Transition(np.ones((2, 3)), np.zeros(1)),
        lambda: Information(np.array([-1.0]), np.zeros(1), (Candidate(0, "", 0.1),)),
        lambda: Information(np.zeros(2), np.zeros(2), (Candidate(0, "", 0.1),)),
        lambda: Information(np.zeros(1), np.array([-np.inf]), (Candidate(0, "", 0.1),)),
        lambda: Sensitivity(
            np.ones(2), np.full(1, np.nan), np.ones(1, dtype=np.int64), np.ones(2), ("block_probes",) * 2
        ),
        lambda: Sensitivity(
            np.array([np.inf]), np.array([np.nan]), np.ones(1, dtype=np.int64), np.ones(1), ("block_probes",)
        ),
        lambda: Sensitivity(np.ones(1), np.ones(1), np.ones(1, dtype=np.int64), np.ones(1), ("block_probes",)),
        lambda: Sensitivity(np.ones(1), np.ones(1), np.zeros(1, dtype=np.int64), np.ones(1), ("block_probes",)),
        lambda: Sensitivity(np.ones(1), np.array([np.nan]), np.full(1, 2), np.ones(1), ("block_probes",)),
        lambda: Sensitivity(np.ones(1), np.ones(1), np.full(1, 2), np.ones(1), ()),
        lambda: Sensitivity(np.ones(1), np.ones(1), np.full(1, 2), np.ones(1), ("coloured",)),
        lambda: Sensitivity(np.ones(1), np.ones(1), np.full(1, 2), np.ones(1), ("block_probes",), bias=0.1),
        lambda: result(transition=Transition(np.ones((1, 1, 2)), np.zeros(1))),
    ],
)
def test_what_cannot_be_is_refused(wrong: object) -> None:
    with pytest.raises(ReportError):
        wrong()  # type: ignore[operator]


def test_f_of_a_span_is_a_sum_and_of_a_contrast_a_difference() -> None:
    span, contrast = made.span(), made.contrast()
    assert span.f == span.log_p == pytest.approx(np.log(0.5 * 0.8 * 0.8))
    assert span.log_p_foil is None and len(span.predictions) == 3
    assert contrast.f == pytest.approx(np.log(0.6 / 0.2))
    assert contrast.f == contrast.log_p - contrast.log_p_foil


def test_of_a_contrast_the_size_of_the_effect_is_weighed_and_the_kl_kept() -> None:
    a = made.contrast()
    np.testing.assert_allclose(a.effect, [1.25, -0.5, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(a.information_scores, [1.25, 0.5, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(a.scores, a.transition.scores * (0.5 * a.hessian.scores + 0.5 * np.abs(a.effect)))
    np.testing.assert_array_equal(a.information.kl, 0.3)
    np.testing.assert_array_equal(made.span().information_scores, made.span().information.kl)


def test_a_foil_has_its_column_in_the_table() -> None:
    assert "log_p_foil_masked" in made.contrast().to_dataframe()
    assert "log_p_foil_masked" not in made.span().to_dataframe()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: replace(made.span(), later=()),
        lambda: replace(made.contrast(), foil=()),
        lambda: replace(made.span(), foil=made.span().later),
        lambda: replace(made.contrast(), information=replace(made.contrast().information, log_p_foil=None)),
        lambda: replace(made.span(), information=replace(made.span().information, log_p_foil=np.zeros(6))),
        lambda: replace(made.span(), information=replace(made.span().information, places=np.zeros(5, int))),
    ],
)
def test_parts_that_do_not_belong_to_what_is_explained_are_refused(wrong: object) -> None:
    with pytest.raises(ReportError):
        wrong()  # type: ignore[operator]


def test_work_adds_up_and_keeps_the_plan() -> None:
    work = Work(forwards=2, planned=10).plus(Work(backwards=1, products=2))
    assert (work.done, work.planned, work.fraction) == (5, 10, 0.5)


def test_a_notebook_shows_every_token_once_and_escaped() -> None:
    shown = result()._repr_html_()
    assert all(shown.count(f">{piece}<") == 1 for piece in "abc")
