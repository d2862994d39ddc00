"""Soft metrics against their definitions, written out one version at a time, and what must hold at both ends."""

from dataclasses import replace
from itertools import pairwise
from zlib import crc32

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from scipy.special import softmax
from test_metrics import CHOICES, IDS, case, measured

from heta_core.errors import NotDifferentiableError
from heta_core.evaluation.summary import Estimate, estimate
from heta_core.faithfulness.judging import Judge
from heta_core.groups import singles
from heta_core.language_model import LanguageModel
from heta_core.methods import Asked
from heta_core.metrics import Case, soft_pi
from heta_core.metrics._soft import LEAST_DISTANCE, finite, normalised, over_tokens
from heta_core.parts import Floats
from heta_core.passes import softened
from heta_core.passes.sets import Line
from heta_core.passes.softened import Softening, read_softened
from heta_core.settings import Settings
from heta_core.targets import Choice, resolve
from heta_core.tokens import from_ids

N = len(IDS)
CLOSE = 1e-6
SCORES = np.array([0.3, -1.0, 2.0, 0.0, 0.7, 1.1, 0.2, -0.4, 0.9])
SIGNED, POSITIVE = SCORES, np.abs(SCORES)


def shares_of(scores: Floats) -> Floats:
    return np.maximum(scores, 0) / scores.max()


@torch.no_grad()
def predicted(lm: LanguageModel, ids: tuple[int, ...], factors: Floats) -> Floats:
    """(n, V) probabilities at every place of one text whose first embeddings are multiplied, by definition."""
    rows = lm.model.get_input_embeddings()(torch.tensor(ids)).clone()
    rows[: len(factors)] *= torch.from_numpy(factors)
    return lm.model(inputs_embeds=rows[None]).logits[0].softmax(-1).double().numpy()


def width(lm: LanguageModel) -> int:
    return lm.model.get_input_embeddings().weight.shape[1]


def drawn(lm: LanguageModel, asked: Case, keep: Floats, protocol: str, draw: int) -> Floats:
    """(T, D) ones and zeros."""
    rng = np.random.default_rng((asked.seed, crc32(protocol.encode()), draw))
    numbers = rng.random((len(keep), width(lm)), dtype=np.float32)
    return (numbers < keep.astype(np.float32)[:, None]).astype(float)


def distance(p: Floats, q: Floats) -> float:
    """The mean over places of Σ_v (√p_v − √q_v)² / √2."""
    return float(np.mean([((a**0.5 - b**0.5) ** 2).sum() / 2**0.5 for a, b in zip(p, q, strict=True)]))


def soft(lm: LanguageModel, asked: Case, keep: Floats, protocol: str, n_draws: int) -> tuple[float, float]:
    """Soft-NS and Soft-NC by definition."""
    line = asked.asked.objective.lines[0]
    rows, n = list(line.rows), asked.asked.objective.n_context
    plain, empty = (predicted(lm, line.ids, np.full((n, width(lm)), float(k)))[rows] for k in (1, 0))
    ground = distance(plain, empty)
    ns, nc = [], []
    for draw in range(n_draws):
        kept = predicted(lm, line.ids, drawn(lm, asked, keep, protocol, draw))[rows]
        taken = predicted(lm, line.ids, drawn(lm, asked, 1 - keep, protocol, draw))[rows]
        ns.append(max(0.0, 1 - distance(plain, kept) / ground))
        nc.append(distance(plain, taken) / ground)
    return float(np.mean(ns)), float(np.mean(nc))


def at_mass(shares: Floats, mass: float) -> Floats:
    raised = shares + 1e-3
    s = brentq(lambda s: np.clip(s * raised, 0, 1).mean() - mass, 0, 1 / raised.min(), xtol=1e-14)
    return np.clip(s * raised, 0, 1)


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_pi_is_its_definition(llama: LanguageModel, choice: Choice) -> None:
    asked = case(llama, choice=choice, seed=3)
    scores = SCORES[: len(asked.competing)]
    by_mass = [soft(llama, asked, at_mass(shares_of(scores), k / 10), "pi", 8) for k in range(1, 10)]
    found = measured("pi", asked, scores)
    for name, values in zip(("pi_soft_ns", "pi_soft_nc"), zip(*by_mass, strict=True), strict=True):
        area = sum((a + b) / 2 * 0.1 for a, b in pairwise(values)) / 0.8
        assert found[name] == pytest.approx(area, abs=CLOSE)


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_reagent_is_its_definition(gpt2: LanguageModel, choice: Choice) -> None:
    asked = case(gpt2, choice=choice, seed=4)
    scores = SCORES[: len(asked.competing)]
    ns, nc = soft(gpt2, asked, shares_of(scores), "reagent", 1)
    found = measured("reagent", asked, scores)
    assert found == {"reagent_soft_ns": pytest.approx(ns, abs=CLOSE), "reagent_soft_nc": pytest.approx(nc, abs=CLOSE)}


def likely(lm: LanguageModel) -> int:
    """What the model says after the text."""
    return int(predicted(lm, IDS, np.ones((N, width(lm))))[-1].argmax())


def test_zhao_is_its_definition(llama: LanguageModel) -> None:
    target = likely(llama)
    asked = case(llama, choice=Choice(token_id=target), seed=5)
    plain, empty = (predicted(llama, IDS, np.full((N, width(llama)), float(k)))[-1, target] for k in (1, 0))
    least = 1 - max(0.0, plain - empty)
    ns, nc = [], []
    for draw in range(8):
        keep = shares_of(SCORES)
        kept = predicted(llama, IDS, drawn(llama, asked, keep, "zhao2023", draw))[-1, target]
        taken = predicted(llama, IDS, drawn(llama, asked, 1 - keep, "zhao2023", draw))[-1, target]
        s, c = 1 - max(0.0, plain - kept), max(0.0, plain - taken)
        ns.append(float(np.clip(max(0.0, (s - least) / (1 - least)), 0, 1)))
        nc.append(float(np.clip(c / (1 - least), 0, 1)))
    assert 0 < np.mean(ns) < 1 and 0 < np.mean(nc) < 1
    found = measured("zhao2023", asked, SCORES)
    assert found["zhao_soft_ns"] == pytest.approx(np.mean(ns), abs=CLOSE)
    assert found["zhao_soft_nc"] == pytest.approx(np.mean(nc), abs=CLOSE)


def ended(asked: Case, keep: Floats) -> tuple[Floats, Floats]:
    steps = normalised(asked, keep, "pi", 2)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            assert stop.value is not None
            return stop.value


def test_keeping_all_is_one_of_both_and_keeping_nothing_is_none(lm: LanguageModel) -> None:
    (all_ns, no_ns), (all_nc, no_nc) = ended(case(lm), np.array([np.ones(N), np.zeros(N)]))
    assert (all_ns, all_nc) == pytest.approx((1, 1), abs=CLOSE)
    assert (no_ns, no_nc) == pytest.approx((0, 0), abs=CLOSE)


@pytest.mark.parametrize("name", ["reagent", "zhao2023"])
def test_equal_scores_keep_all(llama: LanguageModel, name: str) -> None:
    found = measured(name, case(llama, choice=Choice(token_id=likely(llama))), np.ones(N))
    assert list(found.values()) == pytest.approx([1, 1], abs=CLOSE)


def test_sufficiency_lies_between_0_and_1_whatever_the_scores(gpt2: LanguageModel) -> None:
    rng = np.random.default_rng(0)
    for seed in range(20):
        scores, asked = rng.standard_normal(N), case(gpt2, seed=seed)
        assert 0 <= measured("pi", asked, scores)["pi_soft_ns"] <= 1
        assert 0 <= measured("reagent", asked, scores)["reagent_soft_ns"] <= 1


@pytest.mark.parametrize("name", ["pi", "reagent", "zhao2023"])
def test_without_a_score_above_0_nothing_is_said(llama: LanguageModel, name: str) -> None:
    asked = case(llama, choice=Choice(token_id=likely(llama)))
    assert set(measured(name, asked, np.zeros(N)).values()) == {None}
    assert set(measured(name, asked, -POSITIVE).values()) == {None}
    assert None not in measured(name, asked, POSITIVE).values()


def test_where_an_empty_context_says_the_same_nothing_is_said(llama: LanguageModel) -> None:
    """The embeddings of the text are zero: so is D0."""
    weight = llama.model.get_input_embeddings().weight
    before = weight[list(IDS)].detach().clone()
    try:
        with torch.no_grad():
            weight[list(IDS)] = 0
        for name in ("pi", "reagent", "zhao2023"):
            assert set(measured(name, case(llama), POSITIVE).values()) == {None}
    finally:
        with torch.no_grad():
            weight[list(IDS)] = before
    assert LEAST_DISTANCE == 1e-6


def test_the_strength_is_pi_of_the_scores_without_signs(llama: LanguageModel) -> None:
    plain, strength = measured("pi", case(llama), POSITIVE), measured("pi_strength", case(llama), SIGNED)
    assert list(strength.values()) == list(plain.values())
    assert list(strength.values()) != list(measured("pi", case(llama), SIGNED).values())


def test_a_positive_factor_changes_nothing(gpt2: LanguageModel) -> None:
    for name in ("pi", "reagent", "zhao2023"):
        one, other = (measured(name, case(gpt2), k * POSITIVE) for k in (1.0, 4.0))
        assert one == other


@pytest.mark.parametrize("n_above", [0, 1, 4, 30])
def test_the_mass_is_matched_however_few_scores_are_above_0(n_above: int) -> None:
    shares = np.zeros(30)
    shares[0], shares[1:n_above] = 1, np.linspace(0.01, 0.9, 30)[1:n_above]
    keep = soft_pi.matched(shares)
    assert keep.mean(1) == pytest.approx(np.arange(1, 10) / 10, abs=1e-12)
    assert (keep > 0).all() and (keep <= 1).all()
    assert (np.diff(keep[:, np.argsort(shares)], axis=1) >= 0).all() and (np.diff(keep, axis=0) >= 0).all()


def test_a_unit_of_several_tokens_gives_each_its_score(llama: LanguageModel) -> None:
    asked = case(llama)
    groups = ((0, 1), (1, 4), (4, 5), (5, 9))
    grouped = Asked(llama, asked.asked.tokens, asked.asked.target, groups)
    assert over_tokens(replace(asked, asked=grouped), np.arange(4.0)).tolist() == [0, 1, 1, 1, 2, 3, 3, 3, 3]
    blocks = Case(grouped, asked.judge, np.ones(4, bool))
    for name in ("pi", "reagent"):
        scores = np.array([0.1, 0.9, 0.0, 0.4])
        assert measured(name, blocks, scores) == measured(name, asked, over_tokens(blocks, scores))


def test_all_methods_meet_the_same_draws_and_another_seed_others(llama: LanguageModel) -> None:
    one, other = softened.uniforms((1, 2, 0), N, 8), softened.uniforms((1, 2, 1), N, 8)
    assert torch.equal(one, softened.uniforms((1, 2, 0), N, 8)) and not torch.equal(one, other)
    assert measured("pi", case(llama, seed=1), POSITIVE) != measured("pi", case(llama, seed=2), POSITIVE)
    shared = case(llama, seed=1)
    measured("pi", shared, POSITIVE[::-1].copy())
    assert measured("pi", shared, POSITIVE) == measured("pi", case(llama, seed=1), POSITIVE)


def test_the_size_of_a_batch_changes_nothing(gpt2: LanguageModel) -> None:
    keep = np.random.default_rng(0).random((7, 6))
    asked = Softening(keep, ((1,), (1,), (2,), (1,), (2,), (2,), (3,)))
    line = Line(IDS, 6, (5, 8))

    def run(batch: int) -> torch.Tensor:
        found = list(read_softened(gpt2, line, asked, Settings(batch=batch)))
        assert [n for read in found for n in read.sets] == list(range(7)) and len(found) == -(-7 // batch)
        return torch.cat([read.log_probs for read in found])

    torch.testing.assert_close(run(3), run(100), atol=1e-6, rtol=0)


def test_what_is_not_finite_is_an_error() -> None:
    with pytest.raises(NotDifferentiableError, match="float32"):
        finite(torch.tensor([1.0, torch.nan]))


def noise_against_random(lm: LanguageModel, name: str, n_examples: int) -> dict[str, Estimate]:
    """Softmax of normal noise minus five draws of even noise, paired, over texts of twelve tokens."""
    rng = np.random.default_rng(0)
    gains: dict[str, list[tuple[str, float | None]]] = {}
    for k in range(n_examples):
        ids = tuple(int(i) for i in rng.integers(0, 256, 12))
        tokens = from_ids(lm.tokenizer, ids)
        asked = Asked(lm, tokens, resolve(Choice(token_id=11), tokens, 0, lm.tokenizer, lm.vocabulary), singles(12))
        judge = Judge(lm, asked.objective, asked.groups, Settings(mask="mean", seed=k))
        one = Case(asked, judge, np.ones(12, bool))
        own = measured(name, one, softmax(rng.standard_normal(12)))
        chance = [measured(name, one, rng.random(12)) for _ in range(5)]
        for measure, value in own.items():
            mean = np.mean([each[measure] for each in chance])
            gains.setdefault(measure, []).append((str(k), float(value - mean)))
    found = {measure: estimate(values, seed=0) for measure, values in gains.items()}
    assert all(one is not None and one.n == n_examples for one in found.values())
    return found


@pytest.mark.slow
def test_noise_wins_nothing_at_equal_mass_whatever_its_spread(llama: LanguageModel) -> None:
    """Without it, the same noise keeps less than even noise does, and so takes less away."""
    for one in noise_against_random(llama, "pi", 40).values():
        assert one.low < 0 < one.high
    assert noise_against_random(llama, "reagent", 40)["reagent_soft_nc"].high < 0
