"""Methods that read the answer off before its place, or after other words, against their papers' equations."""

from collections.abc import Generator
from dataclasses import replace

import numpy as np
import oracles_curvature as oracle
import pytest
import torch
from test_methods import IDS, scored, work_of

from heta_core.groups import Groups, singles
from heta_core.language_model import LanguageModel
from heta_core.methods import Asked, progressive_inference, reagent
from heta_core.parts import Floats, Work
from heta_core.settings import Mask, Settings
from heta_core.targets import Choice, resolve
from heta_core.tokens import from_ids

WORD = 11
BLOCKS: Groups = ((0, 1), (1, 3), (3, 4), (4, 8))
CLOSE = 1e-5  # rounding of a probability where norms are float32


def asked(
    lm: LanguageModel,
    *,
    choice: Choice = Choice(token_id=WORD),
    groups: Groups | None = None,
    mask: Mask = "mean",
) -> Asked:
    tokens = from_ids(lm.tokenizer, IDS)
    target = resolve(choice, tokens, 0, lm.tokenizer, lm.vocabulary)
    return Asked(lm, tokens, target, groups or singles(target.n_context), Settings(mask=mask))


@torch.no_grad()
def p(lm: LanguageModel, ids: tuple[int, ...], token: int) -> float:
    """The probability of a token after some others, in a run of its own; 0 after none."""
    return float(oracle.log_p(lm.model, oracle.embedded(lm.model, ids))[token].exp()) if ids else 0.0


def test_forward_is_what_each_token_adds_to_the_text_before_it(lm: LanguageModel) -> None:
    expected = [p(lm, IDS[: i + 1], WORD) - p(lm, IDS[:i], WORD) for i in range(8)]
    found = scored(asked(lm), "tdd_forward")
    assert found == pytest.approx(expected, abs=CLOSE)
    assert found.sum() == pytest.approx(p(lm, IDS, WORD), abs=CLOSE)
    assert work_of(asked(lm), "tdd_forward").forwards == 1


def test_backward_is_what_each_token_adds_to_the_text_after_it(lm: LanguageModel) -> None:
    expected = [p(lm, IDS[i:], WORD) - p(lm, IDS[i + 1 :], WORD) for i in range(8)]
    assert scored(asked(lm), "tdd_backward") == pytest.approx(expected, abs=CLOSE)
    assert work_of(asked(lm), "tdd_backward").forwards == 8


@pytest.mark.parametrize("name", ["tdd_forward", "tdd_backward"])
def test_a_foil_is_taken_off_and_a_block_has_the_sum_of_its_tokens(llama: LanguageModel, name: str) -> None:
    one, other = (scored(asked(llama, choice=Choice(token_id=word)), name) for word in (WORD, 12))
    against = Choice(token_id=WORD, foil=(12,))
    assert scored(asked(llama, choice=against), name) == pytest.approx(one - other, abs=1e-9)
    in_blocks = scored(asked(llama, choice=against, groups=BLOCKS), name)
    assert in_blocks == pytest.approx([(one - other)[a:b].sum() for a, b in BLOCKS], abs=1e-9)


@pytest.mark.parametrize("name", ["tdd_forward", "tdd_backward"])
def test_of_a_span_every_token_is_read_up_to_its_own_row(gpt2: LanguageModel, name: str) -> None:
    expected = np.zeros(6)
    for at in (4, 5, 6):
        one = scored(asked(gpt2, choice=Choice(at)), name)
        expected[:at] += one
    assert scored(asked(gpt2, choice=Choice(4, stop=7)), name) == pytest.approx(expected, abs=1e-9)


def test_backward_of_strings_reads_each_behind_its_own_words(gpt2: LanguageModel) -> None:
    def q(i: int) -> float:
        said = p(gpt2, IDS[i:5], IDS[5]) + p(gpt2, IDS[i:6], IDS[6])
        return said - p(gpt2, IDS[i:5], 20) - p(gpt2, (*IDS[i:5], 20), 21)

    found = scored(asked(gpt2, choice=Choice(5, stop=7, foil=(20, 21))), "tdd_backward")
    assert found[:4] == pytest.approx([q(i) - q(i + 1) for i in range(4)], abs=CLOSE)
    assert found[4] == pytest.approx(q(4), abs=CLOSE)  # what is after the last unit was said, and is not scored


@torch.no_grad()
def masked_p(lm: LanguageModel, groups: Groups, kept: list[bool], upto: int, mask: Mask, token: int) -> float:
    """The probability of a token at the end of unit `upto`, all later tokens cut off and some units masked."""
    end = groups[upto][1]
    gone = [i for (a, b), stays in zip(groups, kept, strict=True) if not stays for i in range(a, b)]
    if mask == "mean":
        embeddings = oracle.embedded(lm.model, IDS).clone()
        embeddings[gone] = embeddings.mean(0)
        return float(oracle.log_p(lm.model, embeddings[:end])[token].exp())
    seen = [i for i in range(end) if i == end - 1 or i not in gone]
    given = torch.tensor([[IDS[i] for i in seen]])
    logits = lm.model(given, attention_mask=torch.ones_like(given), position_ids=torch.tensor([seen])).logits[0, -1]
    return float(logits.softmax(-1)[token])


def weighted_fit(coalitions: list[list[bool]], values: list[float], weights: list[float], total: float) -> Floats:
    """Least squares under Σ φ = total, by Lagrange's conditions."""
    x, w = np.array(coalitions, float), np.array(weights)
    n = x.shape[1]
    system = np.ones((n + 1, n + 1))
    system[:n, :n], system[n, n] = 2 * x.T @ (w[:, None] * x), 0
    return np.linalg.solve(system, [*(2 * x.T @ (w * np.array(values))), total])[:n]


@pytest.mark.parametrize("mask", ["mean", "attention"])
@pytest.mark.parametrize("groups", [singles(8), BLOCKS], ids=["tokens", "blocks"])
def test_progressive_inference_fits_every_reading_on_the_way(llama: LanguageModel, groups: Groups, mask: Mask) -> None:
    n = len(groups)
    none = masked_p(llama, groups, [False] * n, n - 1, mask, WORD)
    whole = masked_p(llama, groups, [True] * n, n - 1, mask, WORD)
    coalitions, values = [], []
    for kept in progressive_inference.sequences(n, (0, 0)).tolist():
        for j in range(n):
            seen = [stays and k <= j for k, stays in enumerate(kept)]
            if (kept[j] or j == n - 1) and 0 < sum(seen) < n:
                coalitions.append(seen)
                values.append(masked_p(llama, groups, kept, j, mask, WORD) - none)
    sizes = [sum(seen) for seen in coalitions]
    weights = [1 / (s * (n - s) * sizes.count(s)) for s in sizes]
    expected = weighted_fit(coalitions, values, weights, whole - none)
    found = scored(asked(llama, groups=groups, mask=mask), "progressive_inference")
    assert found == pytest.approx(expected, abs=CLOSE)
    assert found.sum() == pytest.approx(whole - none, abs=CLOSE)


def test_progressive_inference_takes_two_forwards_for_each_pair_and_two(gpt2: LanguageModel) -> None:
    assert work_of(asked(gpt2), "progressive_inference").forwards == 2 * 32 + 2


def test_a_single_unit_has_all_that_masking_it_changes(gpt2: LanguageModel) -> None:
    groups: Groups = ((0, 8),)
    expected = masked_p(gpt2, groups, [True], 0, "mean", WORD) - masked_p(gpt2, groups, [False], 0, "mean", WORD)
    assert scored(asked(gpt2, groups=groups), "progressive_inference") == pytest.approx([expected], abs=CLOSE)


def test_progressive_inference_of_a_span_shares_out_what_masking_everything_changes(gpt2: LanguageModel) -> None:
    whole = sum(p(gpt2, IDS[:k], IDS[k]) for k in (4, 5, 6))
    mean = oracle.embedded(gpt2.model, IDS[:6]).mean(0)
    none = 0.0
    for k in (4, 5, 6):
        with torch.no_grad():
            none += float(oracle.log_p(gpt2.model, mean.expand(k, -1))[IDS[k]].exp())
    found = scored(asked(gpt2, choice=Choice(4, stop=7)), "progressive_inference")
    assert found.sum() == pytest.approx(whole - none, abs=3 * CLOSE)


def test_reading_in_parts_changes_nothing(gpt2: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("tdd_forward", "tdd_backward", "progressive_inference")
    span = Choice(4, stop=7)
    whole = {name: scored(asked(gpt2, choice=span), name) for name in names}
    monkeypatch.setattr("heta_core.methods._reading._MOST_CELLS", 2 * gpt2.vocabulary)
    for name in names:
        assert scored(asked(gpt2, choice=span), name) == pytest.approx(whole[name], abs=1e-12), name
    assert work_of(asked(gpt2, choice=span), "tdd_forward").forwards == 3


def replacing(lm: LanguageModel, groups: Groups, question: Choice, seed: int) -> tuple[Floats, int]:
    """ReAGent of one token or a contrast, one run and one text at a time, with the same chance; and its forwards."""
    n, n_tokens = len(groups), len(IDS)
    chance = reagent.drawn(n, n_tokens, (seed, 0))
    with torch.no_grad():
        before = [oracle.log_p(lm.model, oracle.embedded(lm.model, IDS[:i])).exp().numpy() for i in range(1, 9)]
    said = [np.mean(before, 0), *before[:-1]]  # where each token stands
    n_kept = max(1, round(0.3 * n))

    def answer(ids: list[int]) -> tuple[float, bool]:
        with torch.no_grad():
            q = oracle.log_p(lm.model, oracle.embedded(lm.model, tuple(ids))).exp()
        mine = float(q[question.token_id])
        value = (mine - float(q[question.foil[0]])) / 2 if question.foil else mine
        return value, mine in q.topk(3).values.tolist()

    def rewritten(units: list[bool], uniforms: Floats) -> list[int]:
        ids = list(IDS)
        for replaced, (start, stop) in zip(units, groups, strict=True):
            for i in range(start, stop) if replaced else ():
                total, ids[i] = 0.0, -1
                while total <= uniforms[i] * said[i].sum():
                    ids[i] += 1
                    total += said[i][ids[i]]
        return ids

    whole, n_run = answer(list(IDS))[0], 2
    found = np.zeros(n)
    for run in range(8):
        s = chance.scores[run].copy()
        for step in range(32):
            units = chance.replaced[step, run].tolist()
            change = (1 + whole - answer(rewritten(units, chance.uniforms[0, step, run]))[0]) / 2
            s += [(1 if replaced else -1) * np.log(change / (1 - change)) for replaced in units]
            kept = sorted(range(n), key=lambda i: -s[i])[:n_kept]
            n_run += 2
            if answer(rewritten([i not in kept for i in range(n)], chance.uniforms[1, step, run]))[1]:
                break
        found += np.exp(s) / np.exp(s).sum() / 8
    return found, n_run


@pytest.mark.parametrize("foil", [(), (12,)], ids=["token", "contrast"])
@pytest.mark.parametrize("groups", [singles(8), BLOCKS], ids=["tokens", "blocks"])
def test_reagent_is_its_paper_s_loop(gpt2: LanguageModel, groups: Groups, foil: tuple[int, ...]) -> None:
    with torch.no_grad():
        own_choice = int(oracle.log_p(gpt2.model, oracle.embedded(gpt2.model, IDS)).topk(4).indices[3])
    choice = Choice(token_id=own_choice, foil=foil)
    expected, n_run = replacing(gpt2, groups, choice, 0)
    question = asked(gpt2, choice=choice, groups=groups)
    found = scored(question, "reagent")
    assert found == pytest.approx(expected, abs=CLOSE)
    assert found.sum() == pytest.approx(1)
    assert work_of(question, "reagent").forwards == n_run


def test_reagent_ends_early_where_few_words_keep_the_answer(gpt2: LanguageModel) -> None:
    lots = work_of(asked(gpt2, choice=Choice(token_id=WORD)), "reagent").forwards
    with torch.no_grad():
        first = int(oracle.log_p(gpt2.model, oracle.embedded(gpt2.model, IDS)).argmax())
    assert work_of(asked(gpt2, choice=Choice(token_id=first)), "reagent").forwards < lots <= 2 + 2 * 8 * 32


def test_reagent_replaces_three_of_ten_and_draws_what_the_model_expects(gpt2: LanguageModel) -> None:
    chance = reagent.drawn(10, 10, (0, 0))
    assert (chance.replaced.sum(-1) == 3).all() and chance.replaced.mean((0, 1)) == pytest.approx([0.3] * 10, abs=0.1)
    assert (reagent.drawn(1, 4, (0, 0)).replaced).all()
    assert reagent._chosen(np.array([0.2, 0.0, 0.8]), np.array([0.0, 0.19, 0.2, 0.99, 1.0])).tolist() == [0, 0, 2, 2, 2]


def test_reagent_of_another_seed_differs_and_a_certain_answer_stays_finite(
    gpt2: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = (scored(replace(asked(gpt2), settings=Settings(seed=seed)), "reagent") for seed in (0, 1))
    assert not np.array_equal(one, other)
    monkeypatch.setattr(reagent, "_answers", certain)
    assert np.isfinite(scored(asked(gpt2), "reagent")).all()


def test_reagent_answers_with_the_mean_of_a_span_and_half_the_difference_from_a_foil(llama: LanguageModel) -> None:
    def answer(choice: Choice) -> float:
        question = asked(llama, choice=choice)
        answering = reagent._answers(question, np.array([IDS[: question.target.n_context]]))
        while True:
            try:
                next(answering)
            except StopIteration as end:
                return float(end.value[0][0])

    span = [p(llama, IDS[:k], IDS[k]) for k in (5, 6)]
    foil = [p(llama, IDS[:5], 20), p(llama, (*IDS[:5], 20), 21)]
    assert answer(Choice(5, stop=7)) == pytest.approx(np.mean(span), abs=CLOSE)
    strings = Choice(5, stop=7, foil=(20, 21))
    assert answer(strings) == pytest.approx((np.mean(span) - np.mean(foil)) / 2, abs=CLOSE)


def certain(_asked: Asked, texts: np.ndarray) -> Generator[tuple[Work, None], None, tuple[Floats, np.ndarray]]:
    """p falls from 1 to 0 when any word is another."""
    yield Work(forwards=len(texts)), None
    return (texts == np.array(IDS)).all(1).astype(float), np.zeros(len(texts), bool)
