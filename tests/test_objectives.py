"""Spans and contrasts against their definitions: f in full runs, the dense Hessian of f, one mask at a time.

Tolerances are those of test_hessian.py and test_kl.py: GPT-2 is float64 throughout, the other families take softmax or
norms in float32 inside a float64 model.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import oracles_curvature as oracle
import pytest
import torch
from narrow import narrow_model
from torch import Tensor

from heta_core.attribution import Attribution
from heta_core.components.transition import transitions
from heta_core.engine import attribute
from heta_core.errors import InputError
from heta_core.estimators.probes import signs
from heta_core.language_model import LanguageModel
from heta_core.passes.capture import capture
from heta_core.settings import MASKS, Mask, Settings
from heta_core.targets import Choice, Kind
from heta_core.tokens import Tokens, from_ids

IDS = (70, 3, 9, 41, 9, 120, 7, 33)
# Sums of up to five log-probabilities of some 7 nats, each rounded at 6e-8 where norms are float32.
SUM = 1e-5
QUICK = Settings(probes=2, chunk=3)


@dataclass(frozen=True)
class Case:
    """What is asked for on IDS, and f written down by hand."""

    kind: Kind
    choice: Choice
    n_context: int
    # (weight, ids of the run, (position, token) of every log p that is added)
    sums: tuple[tuple[int, tuple[int, ...], tuple[tuple[int, int], ...]], ...]

    def f(self, model: object, context: Tensor, weight: int | None = None) -> Tensor:
        total = torch.zeros((), dtype=context.dtype)
        for sign, ids, words in self.sums:
            if weight in (None, sign):
                rest = oracle.embedded(model, ids)[len(context) :]
                run = torch.cat([context, rest])
                total = total + (sign if weight is None else 1) * oracle.value(model, run, list(words))
        return total


CASES = (
    Case("span", Choice(5, stop=8), 7, ((1, IDS[:7], ((5, 120), (6, 7), (7, 33))),)),
    Case("contrast", Choice(6, foil=(11,)), 6, ((1, IDS[:6], ((6, 7),)), (-1, IDS[:6], ((6, 11),)))),
    Case(
        "string contrast",
        Choice(5, stop=7, foil=(11, 12, 13)),
        5,
        ((1, IDS[:6], ((5, 120), (6, 7))), (-1, (*IDS[:5], 11, 12), ((5, 11), (6, 12), (7, 13)))),
    ),
)


@pytest.fixture(params=CASES, ids=lambda case: case.kind)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


def text(lm: LanguageModel) -> Tokens:
    return from_ids(lm.tokenizer, IDS)


def found(lm: LanguageModel, case: Case, settings: Settings = QUICK) -> Attribution:
    return attribute(lm, text(lm), choice=case.choice, settings=settings)


def tolerance(lm: LanguageModel, values: np.ndarray) -> float:
    return (1e-10 if lm.architecture.name == "gpt2" else 1e-6) * float(np.abs(values).max())


def test_f_is_the_sum_of_log_probabilities(lm: LanguageModel, case: Case) -> None:
    result = found(lm, case)
    with torch.no_grad():
        expected = case.f(lm.model, oracle.embedded(lm.model, IDS[: case.n_context]))
    assert result.target.kind == case.kind and result.n_context == case.n_context
    # Models of several families round inside at float32, and a span adds as many log p as it has tokens.
    assert result.f == pytest.approx(float(expected), abs=3e-6)


def test_the_hessian_is_that_of_f(lm: LanguageModel, case: Case) -> None:
    result = found(lm, case)
    blocks = oracle.blocks_of(lm.model, IDS[: case.n_context], case.f).numpy()
    drawn = np.stack([signs(0, i, range(2), blocks.shape[1]) for i in range(case.n_context)])
    norms = np.abs(np.einsum("iab,imb->ima", blocks, drawn)).sum(-1)
    assert result.hessian is not None
    np.testing.assert_allclose(result.hessian.scores, norms.mean(1), rtol=0, atol=tolerance(lm, norms))


def test_dense_is_the_expectation_over_all_sign_vectors(case: Case) -> None:
    narrow = narrow_model("llama")
    result = found(narrow, case, Settings(estimator="dense"))
    blocks = oracle.blocks_of(narrow.model, IDS[: case.n_context], case.f)
    expected = [oracle.expected_norm(block) for block in blocks]
    assert result.hessian is not None
    np.testing.assert_allclose(result.hessian.scores, expected, rtol=0, atol=tolerance(narrow, np.array(expected)))


def test_gpt2_agrees_with_differences_of_f(case: Case) -> None:
    """Error of a central second difference at 1e-3: about 1e-6 (test_hessian.py)."""
    narrow = narrow_model("gpt2")
    context = oracle.embedded(narrow.model, IDS[: case.n_context])
    with torch.no_grad():
        blocks = [
            oracle.difference_block(lambda e: case.f(narrow.model, e), context, i, 1e-3) for i in range(case.n_context)
        ]
    expected = np.array([oracle.expected_norm(block) for block in blocks])
    result = found(narrow, case, Settings(estimator="dense"))
    assert result.hessian is not None
    np.testing.assert_allclose(result.hessian.scores, expected, rtol=1e-4, atol=1e-4 * expected.max())


@pytest.mark.parametrize("mask", ["zero", "mean", "token"])
@torch.no_grad()
def test_masking_equals_one_mask_at_a_time(lm: LanguageModel, case: Case, mask: Mask) -> None:
    result = found(lm, case, replace(QUICK, mask=mask, mask_token=5 if mask == "token" else None))
    context = oracle.embedded(lm.model, IDS[: case.n_context])
    substitute = {
        "zero": torch.zeros_like(context[0]),
        "mean": context.mean(0),
        "token": oracle.embedded(lm.model, (5,))[0],
    }[mask]
    said, foil, effect = [], [], []
    for i in range(case.n_context):
        masked = context.clone()
        masked[i] = substitute
        said.append(float(case.f(lm.model, masked, 1)))
        foil.append(float(case.f(lm.model, masked, -1)))
        effect.append(float(case.f(lm.model, context) - case.f(lm.model, masked)))
    assert result.information is not None and result.effect is not None
    np.testing.assert_allclose(result.information.log_p, said, rtol=0, atol=SUM)
    np.testing.assert_allclose(result.effect, effect, rtol=0, atol=SUM)
    if result.information.log_p_foil is not None:
        np.testing.assert_allclose(result.information.log_p_foil, foil, rtol=0, atol=SUM)


@torch.no_grad()
def test_the_kl_of_a_span_is_the_sum_over_its_tokens(lm: LanguageModel) -> None:
    span, context = found(lm, CASES[0]), oracle.embedded(lm.model, IDS[:7])
    assert span.information is not None and span.information.places is not None
    for i in range(7):
        masked = context.clone()
        masked[i] = 0
        pairs = [(_row(lm, context, row), _row(lm, masked, row)) for row in (4, 5, 6)]
        assert span.information.kl[i] == pytest.approx(sum(oracle.divergence(p, q) for p, q in pairs), abs=SUM)
        differs = [k for k, (p, q) in enumerate(pairs) if p.argmax() != q.argmax()]
        place = differs[0] if differs else next(k for k, row in enumerate((4, 5, 6)) if row >= i)
        assert span.information.places[i] == 5 + place
        assert span.information.first_choices[i].token_id == int(pairs[place][1].argmax())


def _row(lm: LanguageModel, embeddings: Tensor, row: int) -> Tensor:
    return oracle.log_p(lm.model, embeddings[: row + 1])


def test_the_transition_of_a_span_is_the_mean_of_its_rows_padded_with_zeros(lm: LanguageModel) -> None:
    result = found(lm, CASES[0])
    rows = np.zeros((3, 7))
    for k in range(3):
        rows[k, : 5 + k] = transitions(lm, capture(lm, IDS[: 5 + k]))[-1].scores
    assert result.transition is not None
    # Both sides see the same attention up to rounding at float32 in most families.
    np.testing.assert_allclose(result.transition.scores, rows.mean(0), rtol=1e-5, atol=1e-7)


def test_strings_share_the_transition_of_what_precedes_both(gpt2: LanguageModel) -> None:
    result = found(gpt2, CASES[2])
    rows = [
        transitions(gpt2, capture(gpt2, ids))[-1].scores[:5]
        for ids in (IDS[:5], IDS[:6], IDS[:5], (*IDS[:5], 11), (*IDS[:5], 11, 12))
    ]
    mean = np.mean(rows, axis=0)
    assert result.transition is not None
    np.testing.assert_allclose(result.transition.scores, mean / mean.sum(), rtol=1e-9)


@pytest.mark.parametrize("mask", MASKS)
def test_a_span_of_one_token_is_the_token(lm: LanguageModel, mask: Mask) -> None:
    settings = replace(QUICK, mask=mask, mask_token=5 if mask == "token" else None)
    one = attribute(lm, text(lm), choice=Choice(6), settings=settings)
    span = attribute(lm, text(lm), choice=Choice(6, stop=7), settings=settings)
    assert bits(one) == bits(span) and one.target == span.target


@pytest.mark.parametrize("mask", MASKS)
def test_strings_of_one_token_are_a_contrast_of_tokens(lm: LanguageModel, mask: Mask) -> None:
    settings = replace(QUICK, mask=mask, mask_token=5 if mask == "token" else None)
    one = attribute(lm, text(lm), choice=Choice(6, foil=(11,)), settings=settings)
    strings = attribute(lm, text(lm), choice=Choice(6, stop=7, foil=(11,)), settings=settings)
    assert bits(one) == bits(strings) and strings.target.kind == "contrast"


def bits(result: Attribution) -> bytes:
    assert result.transition and result.information and result.hessian
    arrays = (result.transition.flow, result.information_scores, result.effect, result.hessian.scores)
    return b"".join(a.tobytes() for a in arrays if a is not None)


def swapped(lm: LanguageModel) -> tuple[Attribution, Attribution]:
    one = attribute(lm, text(lm), choice=Choice(8, 11, foil=(12,)), settings=QUICK)
    return one, attribute(lm, text(lm), choice=Choice(8, 12, foil=(11,)), settings=QUICK)


def test_a_contrast_flips_its_sign_when_it_is_swapped(lm: LanguageModel) -> None:
    one, other = swapped(lm)
    assert one.f == -other.f != 0
    assert one.effect is not None and other.effect is not None and one.hessian and other.hessian
    np.testing.assert_array_equal(one.effect, -other.effect)
    np.testing.assert_allclose(one.hessian.scores, other.hessian.scores, rtol=1e-9)
    np.testing.assert_array_equal(one.information_scores, other.information_scores)


def test_the_information_term_of_a_contrast_is_the_size_of_its_effect(lm: LanguageModel) -> None:
    one, _ = swapped(lm)
    assert one.transition and one.hessian and one.information and one.effect is not None
    expected = one.transition.scores * (0.5 * one.hessian.scores + 0.5 * np.abs(one.effect))
    np.testing.assert_allclose(one.scores, expected)
    assert (one.information.kl != np.abs(one.effect)).all()


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("has_prefix", [True, False])
def test_the_plan_counts_every_pass(llama: LanguageModel, case: Case, mask: Mask, has_prefix: bool) -> None:
    settings = replace(QUICK, mask=mask, mask_token=5 if mask == "token" else None)
    result = found(replace(llama, has_prefix=has_prefix), case, settings)
    assert result.work.done == result.work.planned


BAD: dict[str, tuple[Callable[[LanguageModel], object], str]] = {
    "empty span": (lambda lm: attribute(lm, text(lm), choice=Choice(5, stop=5)), "begin before it ends"),
    "reversed span": (lambda lm: attribute(lm, text(lm), choice=Choice(5, stop=3)), "begin before it ends"),
    "span beyond the text": (lambda lm: attribute(lm, text(lm), choice=Choice(5, stop=9)), "inside the text of 8"),
    "foil is the target": (lambda lm: attribute(lm, text(lm), choice=Choice(6, foil=(7,))), "two different things"),
    "foil goes on from it": (
        lambda lm: attribute(lm, text(lm), choice=Choice(6, foil=(7, 8))),
        "beginning of the other",
    ),
    "foil outside": (lambda lm: attribute(lm, text(lm), choice=Choice(6, foil=(10**6,))), "from 0 to"),
    "typed span": (lambda lm: attribute(lm, text(lm), choice=Choice(5, 11, stop=7)), "leave out token_id"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_explained_is_refused_before_anything_runs(
    gpt2: LanguageModel, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heta_core.engine.capture", lambda *_: pytest.fail("the model was run"))
    ask, says = BAD[name]
    with pytest.raises(InputError, match=says):
        ask(gpt2)


def test_the_models_own_choice_cannot_be_its_own_foil(gpt2: LanguageModel) -> None:
    own = attribute(gpt2, text(gpt2), settings=QUICK).target.token_id
    with pytest.raises(InputError, match="two different things"):
        attribute(gpt2, text(gpt2), choice=Choice(foil=(own,)), settings=QUICK)
