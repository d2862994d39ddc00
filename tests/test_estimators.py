"""Every way to estimate the Hessian sensitivity, against the dense Hessian of tiny models.

Tolerances as in test_hessian.py: rounding on GPT-2, 1e-6 on families with float32 inside a float64 model.
"""

import copy
import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import oracles_curvature as oracle
import oracles_groups
import pytest
import torch
from narrow import narrow_model
from torch import Tensor
from transformers import PreTrainedModel

from heta_core.components.hessian import n_passes, sensitivity
from heta_core.errors import OutOfMemoryError, SettingsError
from heta_core.estimators import adaptive
from heta_core.estimators.probes import block_signs, signs
from heta_core.estimators.steadying import steadied
from heta_core.groups import Groups
from heta_core.language_model import LanguageModel
from heta_core.parts import Sensitivity, Work
from heta_core.passes import curvature
from heta_core.settings import Settings
from heta_core.targets import Line, Objective, Term, next_token

IDS = (70, 3, 9, 41, 9, 120, 7)
LONG = (70, 3, 9, 41, 9, 120, 7, 33, 8, 8, 91, 17, 64, 5, 102, 77, 2, 60, 31, 9, 44)
TARGET = 11
GROUPS: Groups = ((0, 2), (2, 3), (3, 7))
COLOURED = Settings(estimator="coloured", probes="auto")
AUTO = Settings(probes="auto")


@pytest.fixture(scope="module")
def narrow() -> LanguageModel:
    return narrow_model("gpt2")


def run(
    lm: LanguageModel, settings: Settings, ids: tuple[int, ...] = IDS, **options: object
) -> tuple[Sensitivity, Work]:
    done, found = Work(), None
    for work, result in sensitivity(lm, next_token(ids, TARGET), settings, **options):  # type: ignore[arg-type]
        done, found = done.plus(work), result or found
    assert found is not None
    return found, done


def last(lm: LanguageModel, settings: Settings, ids: tuple[int, ...] = IDS, **options: object) -> Sensitivity:
    return run(lm, settings, ids, **options)[0]


def tolerance(lm: LanguageModel, values: np.ndarray) -> float:
    return (1e-10 if lm.architecture.name == "gpt2" else 1e-6) * float(np.abs(values).max())


def whole(lm: LanguageModel, ids: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(T, D, T, D) the Hessian and (T, D) the gradient."""
    leaf = oracle.embedded(lm.model, ids).clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(oracle.log_p(lm.model, leaf)[TARGET], leaf)
    n, width = leaf.shape
    hessian = oracles_groups.whole_hessian(lm.model, ids, TARGET).reshape(n, width, n, width)
    return hessian.numpy(), gradient.numpy()


def eager(lm: LanguageModel) -> PreTrainedModel:
    """A copy of the model whose attention can be differentiated twice."""
    model = copy.deepcopy(lm.model)
    model.set_attn_implementation("eager")
    return model


# block probes of groups


def test_a_group_is_one_block(lm: LanguageModel) -> None:
    found = last(lm, Settings(probes=3, chunk=3, seed=5), blocks=GROUPS)
    hessian, gradient = whole(lm, IDS)
    width = gradient.shape[1]
    norms = np.stack(
        [
            np.abs(np.einsum("iajb,mjb->mia", hessian[a:b, :, a:b], block_signs(5, (a, b), range(3), width))).sum(
                (1, 2)
            )
            for a, b in GROUPS
        ]
    )
    np.testing.assert_allclose(found.scores, norms.mean(1), rtol=0, atol=tolerance(lm, norms))
    slopes = [np.abs(gradient[a:b]).sum() for a, b in GROUPS]
    np.testing.assert_allclose(found.gradient, slopes, rtol=0, atol=tolerance(lm, np.array(slopes)))


def test_a_group_of_one_token_is_that_token(lm: LanguageModel) -> None:
    alone = last(lm, Settings(probes=2))
    found = last(lm, Settings(probes=2), blocks=GROUPS)
    assert found.scores[1] == pytest.approx(alone.scores[2], rel=1e-6)


# coloured


def test_few_blocks_share_no_product(lm: LanguageModel) -> None:
    """With as many colours as blocks a single draw is the block's own product."""
    found = last(lm, replace(COLOURED, probes=1))
    own = last(lm, Settings(probes=1))
    np.testing.assert_allclose(found.scores, own.scores, rtol=0, atol=tolerance(lm, own.scores))
    assert found.bias == pytest.approx(0, abs=1e-5)
    assert set(found.estimators) == {"coloured"}


def coloured_by_definition(hessian: np.ndarray, gradient: np.ndarray, seed: int) -> np.ndarray:
    """(T,) one draw: eight colours in turn, each row of them shifted by one; scaled, and κ taken out."""
    n, width = gradient.shape
    colour = np.array([(k + k // 8) % 8 for k in range(n)])
    r = np.concatenate([signs(seed, i, range(1), width) for i in range(n)])
    scale = np.abs(gradient).sum(1) ** -0.5
    length = np.linalg.norm(gradient, axis=1)
    products = [np.einsum("iajb,jb->ia", hessian, (colour == c)[:, None] * scale[:, None] * r) for c in range(8)]
    push = scale * (gradient * r).sum(1)
    # Least squares of what the blocks that were not moved show along their unit gradient, weighted by 1 / ‖g‖.
    above = below = 0.0
    for c, product in enumerate(products):
        for i in range(n):
            if colour[i] != c:
                x = push[colour == c].sum() * length[i]
                above += x * (product[i] @ gradient[i]) / length[i] / length[i]
                below += x * x / length[i]
    found = np.empty(n)
    for i in range(n):
        theirs = above / below * (push[colour == colour[i]].sum() - push[i]) * gradient[i]
        found[i] = np.abs(products[colour[i]][i] - theirs).sum() / scale[i]
    return found


def test_a_draw_of_shared_products_is_the_definition(narrow: LanguageModel) -> None:
    found = last(narrow, replace(COLOURED, probes=1, seed=4), LONG)
    expected = coloured_by_definition(*whole(narrow, LONG), seed=4)
    np.testing.assert_allclose(found.scores, expected, rtol=0, atol=1e-8 * expected.max())


def test_the_number_of_coloured_products_does_not_grow(narrow: LanguageModel) -> None:
    for ids in (LONG, LONG * 3):
        _, done = run(narrow, COLOURED, ids)
        assert (done.forwards, done.backwards, done.products) == (1, 1, 40)
        assert done.done == n_passes(narrow, len(ids), COLOURED)


def test_the_bias_is_measured(narrow: LanguageModel) -> None:
    found = last(narrow, replace(COLOURED, probes=1), LONG)
    hessian, gradient = whole(narrow, LONG)
    shared = coloured_by_definition(hessian, gradient, seed=0)
    own = [np.abs(hessian[i, :, i] @ signs(0, i, range(1), gradient.shape[1])[0]).sum() for i in range(len(gradient))]
    order = np.argsort(-np.linalg.norm(gradient, axis=1), kind="stable")
    sampled = order[np.linspace(0, len(order) - 1, 8).round().astype(int)]
    excess = (shared / own - 1)[sampled]
    assert found.bias == pytest.approx(float(np.median(excess)), abs=1e-6)
    assert found.bias_error is not None and found.bias_error > 0


# control variates


def test_steadied_draws_have_the_same_mean_and_less_spread() -> None:
    generator = np.random.default_rng(3)
    axes = generator.standard_normal((2, 11))
    block = np.einsum("ka,k,kb->ab", axes, [3.0, -1.0], axes) + 0.05 * np.eye(11)
    drawn = generator.choice([-1, 1], (4000, 4, 11)).astype(np.int8)
    products = drawn @ block
    plain = np.abs(products).sum(2).mean(1)
    steady = np.array([steadied(p, r, axes[0]).mean() for p, r in zip(products, drawn, strict=True)])
    exact = oracle.expected_norm(torch.from_numpy(block))
    # A mean of 4000 is within five standard errors of its expectation, but for one case in a million.
    assert abs(steady.mean() - exact) < 5 * steady.std() / np.sqrt(4000)
    assert steady.var() < 0.7 * plain.var()


def test_one_draw_and_no_curvature_stay_as_they_are() -> None:
    r = np.ones((1, 4), np.int8)
    assert steadied(2.0 * r, r, np.zeros(4)).tolist() == [8.0]
    assert steadied(np.zeros((3, 4)), np.repeat(r, 3, 0), np.zeros(4)).tolist() == [0.0, 0.0, 0.0]


# adaptive


def test_adaptive_probes_agree_with_the_dense_hessian(narrow: LanguageModel) -> None:
    found = last(narrow, replace(AUTO, tolerance=0.05), LONG)
    exact = np.array([oracle.expected_norm(b) for b in oracle.dense_blocks(narrow.model, LONG, TARGET)])
    own = np.array([name == "block_probes" for name in found.estimators])
    assert own.any() and not own.all()
    assert (np.abs(found.scores - exact)[own] <= 5 * found.standard_error[own]).all()


def test_what_could_matter_is_as_certain_as_asked(narrow: LanguageModel) -> None:
    found = last(narrow, AUTO, LONG)
    top = np.argsort(-found.scores)[: adaptive.TOP]
    certain = found.standard_error[top] <= 0.1 * found.scores[top]
    assert (certain | (found.n_probes[top] >= 64)).all()
    rest = np.setdiff1d(np.arange(len(LONG)), top)
    assert found.n_probes[rest].sum() < found.n_probes[top].sum()


def test_a_token_that_the_score_ignores_gets_no_probes_of_its_own(narrow: LanguageModel) -> None:
    gate = np.arange(len(LONG)) % 2
    found = last(narrow, AUTO, LONG, score=lambda s: s * gate)
    assert {found.estimators[i] for i in range(0, len(LONG), 2)} == {"coloured"}
    assert "block_probes" in found.estimators


def test_a_score_that_hardly_rests_on_curvature_needs_no_more_than_the_preview(narrow: LanguageModel) -> None:
    preview, _ = run(narrow, COLOURED, LONG)
    found, done = run(narrow, AUTO, LONG, score=lambda s: 1000 * preview.scores.max() + s)
    assert done.products == 40
    np.testing.assert_array_equal(found.scores, preview.scores)


def test_a_smaller_error_takes_more_products(narrow: LanguageModel) -> None:
    counts = [run(narrow, replace(AUTO, tolerance=t), LONG)[1].products for t in (0.4, 0.1, 0.03)]
    assert counts == sorted(set(counts))


def test_the_clock_changes_no_number(narrow: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds of half a second are cut by time, decisions are not."""
    quick = last(narrow, AUTO, LONG)
    monkeypatch.setattr(adaptive, "_ROUND_SECONDS", 0.0)
    shown = [result for _, result in sensitivity(narrow, next_token(LONG, TARGET), AUTO) if result is not None]
    np.testing.assert_allclose(shown[-1].scores, quick.scores, rtol=1e-9)
    np.testing.assert_array_equal(shown[-1].n_probes, quick.n_probes)
    assert len(shown) > 5


@pytest.mark.parametrize("change", [{"chunk": 3}, {"batch": 5}])
@pytest.mark.parametrize("settings", [COLOURED, AUTO])
def test_how_the_work_is_cut_changes_no_number(
    narrow: LanguageModel, settings: Settings, change: dict[str, int]
) -> None:
    one, other = last(narrow, settings, LONG), last(narrow, replace(settings, **change), LONG)
    np.testing.assert_allclose(one.scores, other.scores, rtol=1e-8)
    np.testing.assert_array_equal(one.n_probes, other.n_probes)


@pytest.mark.parametrize("settings", [COLOURED, AUTO])
def test_groups_are_coloured_and_adapted_to_as_blocks(narrow: LanguageModel, settings: Settings) -> None:
    blocks: Groups = tuple((a, min(a + 2, len(LONG))) for a in range(0, len(LONG), 2))
    found = last(narrow, settings, LONG, blocks=blocks)
    exact = last(narrow, Settings(probes=400), LONG, blocks=blocks)
    assert len(found.scores) == len(blocks)
    assert np.median(np.abs(found.scores / exact.scores - 1)) < 0.3


def test_a_student_factor_is_that_of_the_table() -> None:
    """t at 0.8413 for 10, 20 and 100 degrees of freedom is 1.0526, 1.0256 and 1.0050."""
    free = np.array([10, 20, 100])
    factors = adaptive.student((free + 1 - adaptive._POOLED).astype(np.int64))
    np.testing.assert_allclose(factors, [1.0526, 1.0256, 1.0050], atol=2e-4)


# Gauss-Newton


def gauss_newton_blocks(lm: LanguageModel, ids: tuple[int, ...], at: list[int]) -> np.ndarray:
    """(T, D, D) the blocks of −Σ Jᵀ(diag p − ppᵀ)J over some rows, J written out."""
    leaf, model = oracle.embedded(lm.model, ids), eager(lm)

    def logits(e: Tensor) -> Tensor:
        return model(inputs_embeds=e[None]).logits[0, at]

    jacobian = torch.func.jacrev(logits)(leaf)  # (R, V, T, D)
    p = logits(leaf).detach().softmax(-1)
    kernel = torch.diag_embed(p) - p[:, :, None] * p[:, None]
    return -torch.einsum("rvia,rvw,rwib->iab", jacobian, kernel, jacobian).detach().numpy()


def test_gauss_newton_is_its_definition(lm: LanguageModel) -> None:
    found = last(lm, Settings(estimator="gauss_newton", probes=3, chunk=3))
    blocks = gauss_newton_blocks(lm, IDS, [len(IDS) - 1])
    drawn = np.stack([signs(0, i, range(3), blocks.shape[1]) for i in range(len(IDS))])
    norms = np.abs(np.einsum("iab,imb->ima", blocks, drawn)).sum(-1)
    np.testing.assert_allclose(found.scores, norms.mean(1), rtol=0, atol=max(1e-6 * norms.max(), tolerance(lm, norms)))
    plain = last(lm, Settings(probes=1))
    np.testing.assert_allclose(found.gradient, plain.gradient, rtol=1e-6)


def test_gauss_newton_of_a_span_is_a_sum_over_its_rows(narrow: LanguageModel) -> None:
    terms = (Term(4, 7, 1), Term(6, 9, 1))
    objective = Objective(len(IDS), (Line(IDS, terms),))
    settings = Settings(estimator="gauss_newton", probes=2, chunk=3)
    *_, (_, found) = sensitivity(narrow, objective, settings)
    assert found is not None
    blocks = gauss_newton_blocks(narrow, IDS, [4, 6])
    drawn = np.stack([signs(0, i, range(2), blocks.shape[1]) for i in range(len(IDS))])
    norms = np.abs(np.einsum("iab,imb->ima", blocks, drawn)).sum(-1)
    np.testing.assert_allclose(found.scores, norms.mean(1), rtol=0, atol=1e-8 * norms.max())


def test_gauss_newton_knows_the_position_and_not_the_word(narrow: LanguageModel) -> None:
    settings = Settings(estimator="gauss_newton", probes=2)
    found = [list(sensitivity(narrow, next_token(IDS, word), settings))[-1][1] for word in (3, 90)]
    assert found[0] is not None and found[1] is not None
    np.testing.assert_array_equal(found[0].scores, found[1].scores)


def test_gauss_newton_of_a_contrast_is_refused(narrow: LanguageModel) -> None:
    contrast = Objective(len(IDS), (Line(IDS, (Term(6, 3, 1), Term(6, 4, -1))),))
    with pytest.raises(SettingsError, match="0 for every contrast"):
        list(sensitivity(narrow, contrast, Settings(estimator="gauss_newton")))


# differences, low rank, later layers


@pytest.mark.parametrize(("step", "error"), [(0.03, 1e-2), (0.003, 1e-4)])
def test_differences_of_gradients_agree_with_products(narrow: LanguageModel, step: float, error: float) -> None:
    """A central difference errs by the square of its step."""
    exact = last(narrow, Settings(probes=3))
    found = last(narrow, Settings(estimator="finite_difference", probes=3, step=step))
    np.testing.assert_allclose(found.scores, exact.scores, rtol=error, atol=error * exact.scores.max())
    np.testing.assert_allclose(found.gradient, exact.gradient, rtol=1e-10)


def test_differences_need_no_second_derivative(narrow: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a second derivative")

    monkeypatch.setattr(curvature, "_through", refuse)
    assert last(narrow, Settings(estimator="finite_difference", probes=1)).scores.any()


def test_a_full_rank_is_the_hessian_itself(narrow: LanguageModel) -> None:
    exact = last(narrow, Settings(probes=5))
    size = len(IDS) * 8
    found, done = run(narrow, Settings(estimator="low_rank", probes=5, rank=size))
    np.testing.assert_allclose(found.scores, exact.scores, rtol=0, atol=1e-6 * exact.scores.max())
    assert done.products == 2 * size
    few = last(narrow, Settings(estimator="low_rank", probes=5, rank=3))
    assert few.scores.sum() < exact.scores.sum()


def test_all_layers_are_the_embeddings(lm: LanguageModel) -> None:
    n_layers = len(list(lm.architecture.sites(lm.model)))
    settings = Settings(probes=2, chunk=3)
    found, exact = last(lm, replace(settings, layers=n_layers)), last(lm, settings)
    np.testing.assert_allclose(found.scores, exact.scores, rtol=0, atol=tolerance(lm, exact.scores))
    np.testing.assert_allclose(found.gradient, exact.gradient, rtol=0, atol=tolerance(lm, exact.gradient))


def above_the_last_layer(lm: LanguageModel, ids: tuple[int, ...]) -> Callable[[object, Tensor], Tensor]:
    """GPT-2's last layer, norm and head written out as a function of what enters that layer."""
    model, n = eager(lm), len(ids)
    seen = torch.full((n, n), torch.finfo(torch.float64).min, dtype=torch.float64).triu(1)[None, None]

    def f(_: object, hidden: Tensor) -> Tensor:
        out = model.transformer.h[-1](hidden[None], attention_mask=seen)
        out = out[0] if isinstance(out, tuple) else out
        logits = model.lm_head(model.transformer.ln_f(out))[0, -1]
        return logits[TARGET] - logits.logsumexp(-1)

    return f


def test_the_last_layer_alone_is_its_own_function(narrow: LanguageModel) -> None:
    with torch.no_grad():
        hidden = narrow.model(torch.tensor([IDS]), output_hidden_states=True).hidden_states[-2][0]
    f = above_the_last_layer(narrow, IDS)
    leaf = hidden.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(f(None, leaf), leaf, create_graph=True)
    rows = [torch.autograd.grad(g, leaf, retain_graph=True)[0] for g in gradient.flatten()]
    n, width = leaf.shape
    hessian = torch.stack(rows).reshape(n, width, n, width)
    drawn = np.stack([signs(0, i, range(2), width) for i in range(n)])
    blocks = np.stack([hessian[i, :, i].numpy() for i in range(n)])
    norms = np.abs(np.einsum("iab,imb->ima", blocks, drawn)).sum(-1)
    found = last(narrow, Settings(probes=2, chunk=3, layers=1))
    np.testing.assert_allclose(found.scores, norms.mean(1), rtol=0, atol=1e-9 * norms.max())


def test_more_layers_than_there_are_is_an_error(narrow: LanguageModel) -> None:
    with pytest.raises(SettingsError, match="at most 2"):
        last(narrow, Settings(layers=3))


# settings


def test_every_setting_changes_the_output(narrow: LanguageModel) -> None:
    low_rank = Settings(estimator="low_rank")
    differences = Settings(estimator="finite_difference", probes=2)
    settings = (
        *(COLOURED, replace(COLOURED, probes=2), replace(COLOURED, seed=1), AUTO, replace(AUTO, tolerance=0.03)),
        *(low_rank, replace(low_rank, rank=2), differences, replace(differences, step=0.5)),
        *(Settings(layers=1), Settings(estimator="gauss_newton"), Settings()),
    )
    results = [last(narrow, s, LONG).scores for s in settings]
    assert all((a != b).any() for a, b in itertools.combinations(results, 2))


@pytest.mark.parametrize(
    "options",
    [
        {"estimator": "dense", "probes": "auto"},
        {"estimator": "gauss_newton", "probes": "auto"},
        {"tolerance": 0.1},
        {"estimator": "coloured", "probes": "auto", "tolerance": 0.1},
        {"rank": 4},
        {"step": 0.1},
        {"probes": "auto", "tolerance": 0},
        {"probes": "many"},
        {"estimator": "low_rank", "rank": 0},
        {"layers": 0},
        {"estimator": "finite_difference", "step": 2.0},
        {"memory": 0},
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        Settings(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", [COLOURED, AUTO, Settings(), Settings(estimator="low_rank")])
def test_a_batch_that_does_not_fit_is_halved(
    narrow: LanguageModel, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = last(narrow, settings, LONG)
    through = curvature._through
    tried = []

    def scarce(lm: LanguageModel, outputs: Tensor, leaf: Tensor, directions: Tensor) -> Tensor:
        tried.append(len(directions))
        if len(directions) > 3:
            raise OutOfMemoryError("full")
        return through(lm, outputs, leaf, directions)

    monkeypatch.setattr(curvature, "_through", scarce)
    found = last(narrow, settings, LONG)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-8)
    assert max(tried) > 3 and tried.count(max(tried)) == 1
