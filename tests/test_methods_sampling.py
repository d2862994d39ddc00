"""Methods that mask sets of units: against every coalition, against captum and against their papers' equations."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from math import factorial

import numpy as np
import oracles_curvature as oracle
import pytest
import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import LimeBase, ShapleyValues
from test_methods import IDS, scored, work_of
from torch import Tensor

from heta_core.groups import Groups, singles
from heta_core.language_model import LanguageModel
from heta_core.methods import Asked, context_cite, kernel_shap, lime, shapley
from heta_core.methods._coalitions import additive
from heta_core.parts import Floats
from heta_core.passes.valuing import values
from heta_core.settings import Mask, Settings
from heta_core.targets import Choice, resolve
from heta_core.tokens import from_ids

WORD = 11
BLOCKS: dict[int, Groups] = {
    1: ((0, 8),),
    4: ((0, 1), (1, 3), (3, 4), (4, 8)),
    6: ((0, 1), (1, 2), (2, 4), (4, 5), (5, 7), (7, 8)),
    8: singles(8),
}
CLOSE = 1e-5  # rounding of a log-probability where norms are float32


def asked(
    lm: LanguageModel, n: int, *, choice: Choice = Choice(token_id=WORD), mask: Mask = "mean", seed: int = 0
) -> Asked:
    tokens = from_ids(lm.tokenizer, IDS)
    target = resolve(choice, tokens, 0, lm.tokenizer, lm.vocabulary)
    return Asked(lm, tokens, target, BLOCKS[n], Settings(mask=mask, seed=seed))


def whole_vocabulary(lm: LanguageModel, groups: Groups, kept: tuple[bool, ...]) -> Tensor:
    """(V,) with the mean embedding in the place of every unit that is not kept, in a full run of its own."""
    embeddings = oracle.embedded(lm.model, IDS).clone()
    mean = embeddings.mean(0)
    for stays, (start, stop) in zip(kept, groups, strict=True):
        if not stays:
            embeddings[start:stop] = mean
    with torch.no_grad():
        return oracle.log_p(lm.model, embeddings)


def every_value(lm: LanguageModel, groups: Groups) -> dict[tuple[bool, ...], float]:
    """log p of all 2^U coalitions."""
    return {
        kept: float(whole_vocabulary(lm, groups, kept)[WORD]) for kept in product((False, True), repeat=len(groups))
    }


def exact_shapley(value: dict[tuple[bool, ...], float], n: int) -> list[float]:
    """Shapley's sum over all coalitions without a unit."""
    found = []
    for i in range(n):
        total = 0.0
        for kept, without in value.items():
            if not kept[i]:
                s = sum(kept)
                joined = value[(*kept[:i], True, *kept[i + 1 :])]
                total += factorial(s) * factorial(n - s - 1) / factorial(n) * (joined - without)
        found.append(total)
    return found


@pytest.mark.parametrize("n", [1, 4])
def test_few_units_have_their_exact_shapley_values(llama: LanguageModel, n: int) -> None:
    exact = exact_shapley(every_value(llama, BLOCKS[n]), n)
    for name in ("shapley", "kernel_shap"):
        assert scored(asked(llama, n), name) == pytest.approx(exact, abs=2 * CLOSE), name


@pytest.mark.parametrize("n", [6, 8])
def test_kernel_shap_of_all_coalitions_is_shapley(gpt2: LanguageModel, n: int) -> None:
    exact = exact_shapley(every_value(gpt2, BLOCKS[n]), n)
    assert scored(asked(gpt2, n), "kernel_shap") == pytest.approx(exact, abs=2 * CLOSE)
    assert work_of(asked(gpt2, n), "kernel_shap").forwards == 2**n


def test_sampled_shapley_is_within_its_error_of_the_exact(gpt2: LanguageModel) -> None:
    value = every_value(gpt2, BLOCKS[8])
    exact = np.array(exact_shapley(value, 8))
    found = np.array([scored(asked(gpt2, 8, seed=seed), "shapley") for seed in range(20)])
    # Twenty answers each a mean over 25 orders: their own spread says how far their mean may be off.
    error = found.std(0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(found.mean(0) - exact) < 5 * error + CLOSE).all()
    assert (found.std(0) > 0).all()


def test_captum_finds_the_same_shapley_values(llama: LanguageModel) -> None:
    def f(kept: Tensor) -> Tensor:
        return torch.stack([whole_vocabulary(llama, BLOCKS[4], tuple(row.bool().tolist()))[WORD] for row in kept])

    expected = ShapleyValues(f).attribute(torch.ones(1, 4, dtype=torch.float64))[0]
    assert scored(asked(llama, 4), "shapley") == pytest.approx(expected.tolist(), abs=2 * CLOSE)


@pytest.mark.parametrize("name", ["shapley", "kernel_shap"])
@pytest.mark.parametrize("mask", ["zero", "mean", "attention"])
@pytest.mark.parametrize("choice", [Choice(4, stop=7), Choice(5, stop=7, foil=(20, 21))], ids=["span", "strings"])
def test_what_is_shared_out_is_what_masking_everything_changes(
    llama: LanguageModel, name: str, mask: Mask, choice: Choice
) -> None:
    tokens = from_ids(llama.tokenizer, IDS)
    target = resolve(choice, tokens, 0, llama.tokenizer, llama.vocabulary)
    n = target.n_context
    question = Asked(llama, tokens, target, singles(n), Settings(mask=mask))
    *_, (_, f) = values(llama, question.objective, np.array([[False] * n, [True] * n]), question.settings)
    assert f is not None
    assert scored(question, name).sum() == pytest.approx(f[0] - f[1], abs=1e-10)


def test_orders_come_with_their_reverses_and_no_set_runs_twice(gpt2: LanguageModel) -> None:
    orders = shapley.orders_of(8, (0, 0))
    assert orders.shape == (25, 8) and (np.sort(orders, 1) == np.arange(8)).all()
    assert (orders[13:] == orders[:12, ::-1]).all()
    joined = {frozenset(order[:k]) for order in orders.tolist() for k in range(9)}
    assert work_of(asked(gpt2, 8), "shapley").forwards == len(joined)


def test_reverses_bring_the_estimate_closer(gpt2: LanguageModel) -> None:
    value = every_value(gpt2, BLOCKS[8])
    exact = np.array(exact_shapley(value, 8))

    def estimate(orders: np.ndarray) -> Floats:
        found = np.zeros(8)
        for order in orders:
            kept = [False] * 8
            for i in order:
                before = value[tuple(kept)]
                kept[i] = True
                found[i] += (value[tuple(kept)] - before) / len(orders)
        return found

    paired = [estimate(shapley.orders_of(8, (seed, 0))) for seed in range(200)]
    rng = np.random.default_rng(0)
    blind = [estimate(np.array([rng.permutation(8) for _ in range(25)])) for _ in range(200)]
    error = [float(np.mean((np.array(found) - exact) ** 2)) for found in (paired, blind)]
    assert error[0] < error[1]


@pytest.mark.parametrize("n", [2, 3, 9, 12, 40, 128])
def test_drawn_coalitions_are_pairs_and_weigh_what_the_kernel_gives_their_sizes(n: int) -> None:
    kept, weights = kernel_shap.coalitions(n, 2 * n + 256, (3, 0))
    assert len(kept) == len(weights) <= 2 * n + 256
    rows = sorted(map(tuple, kept.tolist()))
    assert rows == sorted(map(tuple, (~kept).tolist()))  # a multiset: complements come equally often
    sizes = kept.sum(1)
    assert ((sizes > 0) & (sizes < n)).all() and weights.sum() == pytest.approx(1)
    # The kernel gives size s the part (1/s + 1/(n − s)) / 2H, H = 1 + … + 1/(n − 1), which sizes taken whole have.
    harmonic = sum(1 / k for k in range(1, n))
    assert weights[sizes == 1].sum() == pytest.approx((1 + 1 / (n - 1)) / (2 * harmonic))


@pytest.mark.parametrize("n", [3, 12, 40])
def test_the_fit_to_pairs_of_coalitions_is_exact_where_units_act_two_by_two(n: int) -> None:
    """Of v = Σ_S a + Σ_{i<j in S} b_ij Shapley's values are a_i + ½ Σ_j b_ij (Covert & Lee 2021 on pairing)."""
    rng = np.random.default_rng(n)
    alone, together = rng.standard_normal(n), np.triu(rng.standard_normal((n, n)), 1)
    kept, weights = kernel_shap.coalitions(n, 2 * n + 256, (0, 0))
    found = np.array([3.0 + alone[row].sum() + together[np.ix_(row, row)].sum() for row in kept])
    fitted = additive(kept, found, weights, none=3.0, total=alone.sum() + together.sum())
    assert fitted == pytest.approx(alone + (together.sum(0) + together.sum(1)) / 2, abs=1e-9)


def test_lime_is_captum_s_ridge_on_the_same_sets(gpt2: LanguageModel) -> None:
    groups = BLOCKS[6]
    sets = lime.neighbours(6, (0, 0))

    def shown(*_args: object, **_named: object) -> Iterator[Tensor]:
        yield from torch.from_numpy(sets)[:, None].double()

    def cosine(_input: Tensor, _moved: Tensor, left: Tensor, **_named: object) -> Tensor:
        near = torch.nn.functional.cosine_similarity(left, torch.ones_like(left))
        return torch.sqrt(torch.exp(-((100 * (1 - near)) ** 2) / 25**2))

    explainer = LimeBase(
        lambda kept: torch.stack([whole_vocabulary(gpt2, groups, tuple(r.bool().tolist()))[WORD] for r in kept]),
        SkLearnRidge(alpha=1.0),
        similarity_func=cosine,
        perturb_func=shown,
        perturb_interpretable_space=True,
        from_interp_rep_transform=lambda left, *_args, **_named: left,
        to_interp_rep_transform=None,
    )
    expected = explainer.attribute(torch.ones(1, 6, dtype=torch.float64), n_samples=len(sets))[0]
    # captum fits in float32: log-probabilities near 7 nats, rounded at 4e-7 each
    assert scored(asked(gpt2, 6), "lime") == pytest.approx(expected.tolist(), abs=5 * CLOSE)


def test_lime_draws_the_whole_text_and_sets_of_every_size_evenly() -> None:
    sets = lime.neighbours(5, (0, 0))
    assert sets[0].all() and not sets[1:].all(1).any()
    many = np.concatenate([lime.neighbours(5, (seed, 0))[1:] for seed in range(40)])
    assert np.bincount(many.sum(1), minlength=5) / len(many) == pytest.approx([0.2] * 5, abs=0.02)
    assert many.mean(0) == pytest.approx([0.4] * 5, abs=0.02)


@pytest.mark.parametrize("n", [1, 4, 8])
def test_context_cite_meets_the_conditions_of_its_lasso(gpt2: LanguageModel, n: int) -> None:
    """Karush, Kuhn, Tucker: each column leans on what is left over with exactly α, or with less and is not used."""
    groups, alpha = BLOCKS[n], 0.01
    kept = context_cite.ablations(n, (0, 0))
    p = [whole_vocabulary(gpt2, groups, tuple(row))[WORD].exp().item() for row in kept.tolist()]
    odds = np.log(p) - np.log1p(-np.array(p))
    columns = (kept - kept.mean(0)) / kept.std(0)
    slopes = scored(asked(gpt2, n), "context_cite") * kept.std(0)
    left = odds - odds.mean() - columns @ slopes
    leans = columns.T @ left / len(kept)
    assert (np.abs(leans) <= alpha + CLOSE).all()
    assert leans[slopes != 0] == pytest.approx(alpha * np.sign(slopes[slopes != 0]), abs=CLOSE)


def test_context_cite_of_a_span_takes_the_odds_of_all_of_it(llama: LanguageModel) -> None:
    question = replace(asked(llama, 8, choice=Choice(4, stop=7)), groups=singles(6))
    kept = context_cite.ablations(6, (0, 0))
    *_, (_, log_p) = values(llama, question.objective, ~kept, question.settings)
    odds = log_p - np.log1p(-np.exp(log_p))
    assert scored(question, "context_cite") == pytest.approx(3 * context_cite.lasso(kept, odds / 3), abs=CLOSE)


def test_context_cite_of_a_contrast_takes_f(llama: LanguageModel) -> None:
    question = asked(llama, 8, choice=Choice(token_id=WORD, foil=(12,)))
    kept = context_cite.ablations(8, (0, 0))
    *_, (_, f) = values(llama, question.objective, ~kept, question.settings)
    assert scored(question, "context_cite") == pytest.approx(context_cite.lasso(kept, f), abs=1e-9)


def test_log_odds_stay_finite_where_the_answer_is_certain() -> None:
    # p = 1 − 1e-30 for both tokens: in any float their product is 1, and 1 − p₁p₂ = 2e-30.
    said, other = np.full((1, 2), -1e-30), np.full((1, 2), np.log(1e-30))
    assert context_cite.log_odds(said, other) == pytest.approx([-np.log(2e-30)])
    assert context_cite.log_odds(np.log([[0.5, 0.4]]), np.log([[0.5, 0.6]])) == pytest.approx([np.log(0.2 / 0.8)])


def test_what_never_changes_has_no_slope() -> None:
    kept = context_cite.ablations(5, (0, 0))
    kept[:, 2] = True
    found = context_cite.lasso(kept, np.arange(64.0))
    assert found[2] == 0 and np.isfinite(found).all()


@pytest.mark.parametrize("name", ["shapley", "lime", "context_cite"])
def test_another_seed_draws_other_sets(gpt2: LanguageModel, name: str) -> None:
    one, other = (scored(asked(gpt2, 8, seed=seed), name) for seed in (0, 1))
    assert not np.array_equal(one, other)
