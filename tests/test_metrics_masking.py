"""Metrics that mask units, against their definitions written out one run of the model at a time."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from test_metrics import CHOICES, IDS, case, measured

from heta_core.faithfulness.judging import Judge
from heta_core.groups import singles
from heta_core.language_model import LanguageModel
from heta_core.methods import Asked
from heta_core.metrics import Case, aopc, lds, morf
from heta_core.parts import Floats
from heta_core.settings import Settings
from heta_core.targets import Choice, resolve
from heta_core.tokens import from_ids

N = len(IDS)
CLOSE = 1e-6
SCORES = np.array([0.3, -1.0, 2.0, 0.05, 0.7, 1.1, 0.2, -0.4, 0.9])
ORDER = [int(i) for i in np.argsort(-SCORES)]


@torch.no_grad()
def f_without(lm: LanguageModel, asked: Case, hidden: list[int]) -> float:
    """Σ weight · log p with the mean embedding in the place of some tokens."""
    total = 0.0
    for line in asked.asked.objective.lines:
        rows = lm.model.get_input_embeddings()(torch.tensor(line.ids)).clone()
        rows[hidden] = rows[: asked.asked.objective.n_context].mean(0)
        log_p = lm.model(inputs_embeds=rows[None]).logits[0].log_softmax(-1)
        total += sum(term.weight * float(log_p[term.row, term.token_id]) for term in line.terms)
    return total


def p_without(lm: LanguageModel, asked: Case, hidden: list[int]) -> float:
    f = f_without(lm, asked, hidden)
    return float(np.exp(f) / (1 + np.exp(f)) if asked.asked.target.foil else np.exp(f))


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_comprehensiveness_and_sufficiency_are_their_definition(llama: LanguageModel, choice: Choice) -> None:
    """Of nine units 1, 5 and 10 % are one, 20 % two and 50 % five; fewer are explained of longer targets."""
    asked = case(llama, choice=choice)
    n = len(asked.competing)
    order = [i for i in ORDER if i < n]
    numbers = sorted({max(1, int(np.ceil(n * share - 1e-9))) for share in (0.01, 0.05, 0.1, 0.2, 0.5)})
    whole = p_without(llama, asked, [])
    comprehensiveness = np.mean([whole - p_without(llama, asked, order[:k]) for k in numbers])
    sufficiency = np.mean([whole - p_without(llama, asked, order[k:]) for k in numbers])
    found = measured("aopc", asked, SCORES[:n])
    assert found["aopc_comprehensiveness"] == pytest.approx(comprehensiveness, abs=CLOSE)
    assert found["aopc_sufficiency"] == pytest.approx(sufficiency, abs=CLOSE)


def test_percents_are_rounded_up_and_each_number_counts_once() -> None:
    assert aopc.ranks_of(1) == (1,)
    assert aopc.ranks_of(9) == (1, 2, 5)
    assert aopc.ranks_of(20) == (1, 2, 4, 10)
    assert aopc.ranks_of(100) == (1, 5, 10, 20, 50)
    assert aopc.ranks_of(101) == (2, 6, 11, 21, 51)


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_morf_and_lerf_are_their_definition(gpt2: LanguageModel, choice: Choice) -> None:
    asked = case(gpt2, choice=choice)
    n = len(asked.competing)
    order = [i for i in ORDER if i < n]
    most = [p_without(gpt2, asked, order[:k]) for k in range(n + 1)]
    least = [p_without(gpt2, asked, order[::-1][:k]) for k in range(n + 1)]
    found = measured("morf", asked, SCORES[:n])
    assert found["morf"] == pytest.approx(sum((a + b) / 2 for a, b in pairwise(most)) / n, abs=CLOSE)
    assert found["lerf"] == pytest.approx(sum((a + b) / 2 for a, b in pairwise(least)) / n, abs=CLOSE)
    # Both curves end alike, so the mean over k = 1 … n is the same as the area.
    assert found["abpc"] == pytest.approx(np.subtract(least, most)[1:].mean(), abs=CLOSE)


def test_turning_the_scores_round_turns_the_area_round(gpt2: LanguageModel) -> None:
    one, other = measured("morf", case(gpt2), SCORES), measured("morf", case(gpt2), -SCORES)
    assert one["abpc"] == pytest.approx(-other["abpc"], abs=CLOSE) and abs(one["abpc"]) > 100 * CLOSE
    assert (one["morf"], one["lerf"]) == pytest.approx((other["lerf"], other["morf"]), abs=CLOSE)


def test_most_relevant_first_is_deletion_and_least_its_insertion(llama: LanguageModel) -> None:
    """Masking the lowest n − k is keeping the highest k: the same curve from the other end, and no run of its own."""
    asked = case(llama)
    known = measured("deletion", asked, SCORES)
    before = len(asked.judge.known)
    found = measured("morf", asked, SCORES)
    assert len(asked.judge.known) == before
    assert (found["morf"], found["lerf"]) == pytest.approx((known["deletion"], known["insertion"]), abs=1e-12)


def test_many_units_are_masked_in_steps(llama: LanguageModel) -> None:
    ids = tuple(int(i) for i in np.random.default_rng(0).integers(0, 200, 40))
    tokens = from_ids(llama.tokenizer, ids)
    asked = Asked(llama, tokens, resolve(Choice(token_id=11), tokens, 0, llama.tokenizer, 257), singles(40))
    one = Case(asked, Judge(llama, asked.objective, asked.groups, Settings(mask="mean")), np.ones(40, bool))
    found = measured("morf", one, np.arange(40.0))
    assert found["abpc"] == pytest.approx(found["lerf"] - found["morf"], abs=CLOSE)
    assert len(one.judge.known) <= 2 * 33 and morf.ranks_of(40)[-1] == 40


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_lds_is_the_rank_correlation_of_sums_with_answers(llama: LanguageModel, choice: Choice) -> None:
    asked = case(llama, choice=choice, seed=2)
    n = len(asked.competing)
    kept = np.random.default_rng(2).random((64, n)) < 0.5
    answers = [f_without(llama, asked, [i for i in range(n) if not row[i]]) for row in kept]
    sums = [sum(SCORES[i] for i in range(n) if row[i]) for row in kept]
    expected = spearmanr(np.round(sums, 9), np.round(answers, 9)).statistic
    assert measured("lds", asked, SCORES[:n])["lds"] == pytest.approx(expected, abs=CLOSE)


def fitted(lm: LanguageModel, asked: Case) -> Floats:
    """Least squares of the answers on what is kept."""
    kept = lds.subsets(N, asked.seed)
    for _ in asked.judge.run(~kept):
        pass
    design = np.column_stack([kept, np.ones(len(kept))])
    return np.linalg.lstsq(design, asked.judge.values(~kept))[0][:-1]


def test_scores_fitted_to_the_answers_order_them_best(gpt2: LanguageModel) -> None:
    asked = case(gpt2)
    best = fitted(gpt2, asked)
    found = measured("lds", asked, best)["lds"]
    chance = [measured("lds", asked, np.random.default_rng(k).random(N))["lds"] for k in range(20)]
    assert found > max(chance) and found > 0.5
    assert measured("lds", asked, -best)["lds"] == pytest.approx(-found)
    assert measured("lds", asked, 1e-9 * best)["lds"] == pytest.approx(found)


def test_subsets_are_run_once_for_all_methods(gpt2: LanguageModel) -> None:
    asked = case(gpt2)
    measured("lds", asked, SCORES)
    before = dict(asked.judge.known)
    measured("lds", asked, -SCORES)
    assert asked.judge.known == before and len(before) <= 64


def test_without_a_score_there_is_no_order_to_compare(gpt2: LanguageModel) -> None:
    assert measured("lds", case(gpt2), np.zeros(N)) == {"lds": None}
    assert measured("lds", case(gpt2), np.ones(N))["lds"] is not None  # how much is kept is an order too
