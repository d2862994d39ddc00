"""Methods: what each must do whoever wrote it, and the first of them against oracles."""

from dataclasses import replace

import numpy as np
import oracles_curvature as oracle
import pytest
import torch

from heta_core import methods
from heta_core.combine import combine
from heta_core.engine import attribute
from heta_core.errors import InputError
from heta_core.groups import Groups, singles
from heta_core.language_model import LanguageModel
from heta_core.methods import Asked, Method
from heta_core.parts import Floats, Work
from heta_core.settings import Settings, Weights
from heta_core.targets import Choice, objective, resolve
from heta_core.tokens import from_ids

IDS = (70, 3, 9, 41, 9, 120, 7, 33)
PAIRS: Groups = ((0, 1), (1, 3), (3, 8))
QUICK = Settings(probes=2)
CLOSE = 1e-5  # rounding of a log-probability where norms are float32
CHOICE = Choice(token_id=11)
CHOICES = {
    "token": CHOICE,
    "span": Choice(4, stop=7),
    "contrast": Choice(token_id=11, foil=(12,)),
    "strings": Choice(5, stop=7, foil=(20, 21)),
}
KNOWN = methods.known()


def asked(
    lm: LanguageModel,
    *,
    choice: Choice = CHOICE,
    groups: Groups | None = None,
    settings: Settings = QUICK,
    ids: tuple[int, ...] = IDS,
) -> Asked:
    tokens = from_ids(lm.tokenizer, ids)
    target = resolve(choice, tokens, 0, lm.tokenizer, lm.vocabulary)
    return Asked(lm, tokens, target, groups or singles(target.n_context), settings)


def scored(question: Asked, name: str, draw: int = 0) -> Floats:
    *_, (_, scores) = methods.named(name).score(question, draw)
    assert scores is not None
    return scores


def work_of(question: Asked, name: str) -> Work:
    """What a method takes."""
    total = Work()
    for work, _ in methods.named(name).score(question, 0):
        total = total.plus(work)
    return total


def of_all(test):
    return pytest.mark.parametrize("method", KNOWN, ids=[m.name for m in KNOWN])(test)


def checked(method: Method, scores: Floats, n: int) -> None:
    assert scores.shape == (n,) and scores.dtype == np.float64 and np.isfinite(scores).all()
    assert method.is_signed or (scores >= 0).all()


@of_all
def test_a_method_scores_every_token(lm: LanguageModel, method: Method) -> None:
    checked(method, scored(asked(lm), method.name), len(IDS))


@of_all
def test_a_method_scores_blocks_and_does_so_again(llama: LanguageModel, method: Method) -> None:
    one, again = (scored(asked(llama, groups=PAIRS), method.name) for _ in range(2))
    checked(method, one, len(PAIRS))
    assert (one == again).all()


@of_all
@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_a_method_takes_whatever_is_explained(llama: LanguageModel, method: Method, choice: Choice) -> None:
    question = asked(llama, choice=choice)
    scores = scored(question, method.name)
    assert scores.shape == (question.target.n_context,) and np.isfinite(scores).all()


@of_all
def test_a_method_does_not_see_what_follows_the_target(gpt2: LanguageModel, method: Method) -> None:
    standing = Choice(5)
    one, other = (scored(asked(gpt2, choice=standing, ids=(*IDS[:6], *end)), method.name) for end in ((7, 33), (8, 1)))
    assert one == pytest.approx(other, abs=1e-12)


@of_all
def test_a_method_leaves_the_model_as_it_was(llama: LanguageModel, method: Method) -> None:
    before = [p.requires_grad for p in llama.model.parameters()]
    weights = [p.detach().clone() for p in llama.model.parameters()]
    implementation = llama.model.config._attn_implementation
    scored(asked(llama), method.name)
    hooks = [m for m in llama.model.modules() if m._forward_hooks or m._forward_pre_hooks or m._backward_hooks]
    assert not hooks
    assert [p.requires_grad for p in llama.model.parameters()] == before
    assert all(p.grad is None for p in llama.model.parameters())
    assert all(torch.equal(p, w) for p, w in zip(llama.model.parameters(), weights, strict=True))
    assert llama.model.config._attn_implementation == implementation


@of_all
def test_a_method_tells_its_work_and_who_it_is(gpt2: LanguageModel, method: Method) -> None:
    looks = method.name not in ("random", "uniform", "recency")
    assert (work_of(asked(gpt2), method.name).done > 0) == looks
    assert method.title and method.meaning.endswith(".") and method.name.isidentifier() and method.name.islower()


@of_all
def test_only_a_random_method_has_draws_and_they_differ(gpt2: LanguageModel, method: Method) -> None:
    if method.n_draws == 1:
        return
    one, other = (scored(asked(gpt2), method.name, draw) for draw in (0, 1))
    assert not np.array_equal(one, other)


def test_names_are_told_apart_and_an_unknown_one_is_refused() -> None:
    assert len({m.name for m in KNOWN}) == len({m.title for m in KNOWN}) == len(KNOWN)
    assert [m.place for m in KNOWN] == sorted(m.place for m in KNOWN)
    with pytest.raises(InputError, match="no method 'attention please': take one of heta, "):
        methods.named("attention please")


def test_heta_and_its_parts_are_the_engine_s(llama: LanguageModel) -> None:
    question = asked(llama)
    result = attribute(llama, from_ids(llama.tokenizer, IDS), choice=CHOICE, settings=QUICK)
    assert (scored(question, "heta") == result.scores).all()
    assert result.transition is not None and result.information is not None and result.hessian is not None
    m, s, i = result.transition.scores, result.hessian.scores, result.information.kl
    twin = combine(m, result.hessian.gradient, i, Weights()).scores
    assert scored(question, "first_order") == pytest.approx(twin, rel=1e-9)
    for name, expected in {
        "transition": m,
        "hessian": s,
        "kl": i,
        "transition_hessian": m * s,
        "transition_kl": m * i,
        "ungated": 0.5 * s + 0.5 * i,
    }.items():
        assert (scored(question, name) == expected).all(), name


def test_components_are_computed_once_and_charged_to_everyone_who_looks(gpt2: LanguageModel) -> None:
    alone, shared = asked(gpt2), asked(gpt2)

    first = work_of(shared, "heta")
    spent = shared.shared.spent
    assert work_of(shared, "heta") == first and shared.shared.spent == spent
    assert shared.shared.charged == pytest.approx(2 * sum(dict(shared.shared.result.seconds).values()))
    for name in ("transition", "kl", "first_order", "hessian"):
        assert work_of(shared, name) == work_of(alone, name), name


def test_the_twin_takes_no_product(gpt2: LanguageModel) -> None:
    products = sum(work.products for work, _ in methods.named("first_order").score(asked(gpt2), 0))
    assert products == 0


def f_without(lm: LanguageModel, question: Asked, units: set[int]) -> float:
    """f of one token with the mean of the context in the place of some tokens, in a full run."""
    embeddings = oracle.embedded(lm.model, IDS).clone()
    embeddings[list(units)] = embeddings.mean(0)
    with torch.no_grad():
        return float(oracle.log_p(lm.model, embeddings)[question.target.token_id])


def test_occlusion_is_what_masking_one_unit_does(llama: LanguageModel) -> None:
    question = asked(llama, settings=Settings(mask="mean"))
    whole = f_without(llama, question, set())
    expected = [whole - f_without(llama, question, {i}) for i in range(8)]
    assert scored(question, "occlusion") == pytest.approx(expected, abs=2 * CLOSE)


def test_input_times_gradient_is_the_slope_of_fading_a_unit_out(gpt2: LanguageModel) -> None:
    embeddings = oracle.embedded(gpt2.model, IDS)
    step = 1e-5  # central differences: the error is of its square
    slopes = []
    for start, stop in PAIRS:
        moved = []
        for sign in (1, -1):
            rows = embeddings.clone()
            rows[start:stop] *= 1 + sign * step
            with torch.no_grad():
                moved.append(float(oracle.log_p(gpt2.model, rows)[11]))
        slopes.append((moved[0] - moved[1]) / (2 * step))
    assert scored(asked(gpt2, groups=PAIRS), "input_gradient") == pytest.approx(slopes, rel=1e-6)


def test_weights_reach_eq_5(gpt2: LanguageModel) -> None:
    plain = asked(gpt2)
    only_kl = replace(asked(gpt2), weights=Weights(beta=0, gamma=1))
    assert not np.allclose(scored(plain, "heta"), scored(only_kl, "heta"))
    assert objective(plain.target, plain.tokens) == plain.objective
