"""Alignment with marked words, by hand and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, jaccard_score, precision_score, recall_score
from test_metrics import measured

from heta_core.faithfulness.judging import Judge
from heta_core.grouping import resolve as resolve_groups
from heta_core.grouping import whole_words
from heta_core.groups import Groups, singles
from heta_core.language_model import LanguageModel
from heta_core.methods import Asked
from heta_core.metrics import Case
from heta_core.metrics.alignment import RANKS, by_words
from heta_core.parts import Floats
from heta_core.settings import Settings
from heta_core.targets import Choice, resolve
from heta_core.tokens import from_text

TEXT = "The cat, an old one, saw 3.5 mice and don't ask how it was done."
WORDS = ["The", "cat", "an", "old", "one", "saw", "3.5", "mice", "and", "don't", "ask", "how", "it", "was", "done"]
GOLD = ["cat", "saw", "mice"]


def case(
    lm: LanguageModel, gold: list[str], *, groups: Groups | str | None = None, question: str = "", seed: int = 0
) -> Case:
    """Every byte is a token; words are marked and excluded by their characters."""
    tokens = from_text(lm.tokenizer, TEXT)
    target = resolve(Choice(token_id=11), tokens, 0, lm.tokenizer, lm.vocabulary)
    n = target.n_context
    units = resolve_groups(groups, tokens, n, target.position) or singles(n)
    asked = Asked(lm, tokens, target, units)

    def which(words: list[str]) -> np.ndarray:
        inside = {i for w in words for i in tokens.overlapping(TEXT.index(w), TEXT.index(w) + len(w))}
        return np.array([any(i in inside for i in range(*unit)) for unit in units])

    special = np.array([all(tokens.is_special[start:stop]) for start, stop in units])
    competing = ~special & ~which([question] if question else [])
    return Case(
        asked, Judge(lm, asked.objective, units, Settings(mask="mean", seed=seed)), competing, gold_words=which(gold)
    )


def spread(asked: Case, by_word: dict[str, float]) -> Floats:
    """(U,) scores whose sums over the characters of each word are given; a space goes with the word after it."""
    tokens, scores = asked.asked.tokens, np.zeros(len(asked.asked.groups))
    rng = np.random.default_rng(0)
    for word, total in by_word.items():
        at = TEXT.index(word)
        inside = set(tokens.overlapping(at, at + len(word)))
        units = [k for k, unit in enumerate(asked.asked.groups) if inside & set(range(*unit))]
        parts = rng.random(len(units))
        scores[units] += total * parts / parts.sum()
    return scores


def some(seed: int = 0) -> dict[str, float]:
    return dict(zip(WORDS, np.random.default_rng(seed).random(len(WORDS)).tolist(), strict=True))


@pytest.mark.parametrize("groups", [None, "words"], ids=["tokens", "words"])
@pytest.mark.parametrize("seed", range(4))
def test_alignment_is_that_of_scikit_learn(llama: LanguageModel, groups: str | None, seed: int) -> None:
    asked, by_word = case(llama, GOLD, groups=groups), some(seed)
    found = measured("alignment", asked, spread(asked, by_word))
    truth = np.array([word in GOLD for word in WORDS])
    scores = np.array(list(by_word.values()))
    for k in RANKS:
        taken = np.isin(np.arange(len(WORDS)), np.argsort(-scores)[:k])
        assert found[f"words_p_at_{k}"] == pytest.approx(precision_score(truth, taken))
        assert found[f"words_r_at_{k}"] == pytest.approx(recall_score(truth, taken))
        assert found[f"words_f1_at_{k}"] == pytest.approx(f1_score(truth, taken))
    taken = np.isin(np.arange(len(WORDS)), np.argsort(-scores)[: len(GOLD)])
    assert found["words_at_gold"] == pytest.approx(f1_score(truth, taken)) == pytest.approx(recall_score(truth, taken))
    assert found["words_iou"] == pytest.approx(jaccard_score(truth, taken))
    assert found["words_auprc"] == pytest.approx(average_precision_score(truth, scores))


def test_tokens_of_a_word_are_summed_and_punctuation_does_not_compete(llama: LanguageModel) -> None:
    asked = case(llama, GOLD)
    scores = spread(asked, some())
    for mark in (",", "."):
        scores[asked.asked.tokens.overlapping(TEXT.rindex(mark), TEXT.rindex(mark) + 1)[0]] = 100.0
    scores[0] = 100.0  # <s>
    found, is_gold = by_words(asked, scores)
    assert found == pytest.approx(list(some().values()))
    assert is_gold.tolist() == [word in GOLD for word in WORDS]


def test_a_mark_that_is_marked_competes(llama: LanguageModel) -> None:
    found, is_gold = by_words(case(llama, [","]), np.arange(len(TEXT) + 1.0))
    assert is_gold.sum() == 1 and len(found) == len(WORDS) + 1


def test_the_question_does_not_compete(llama: LanguageModel) -> None:
    asked = case(llama, GOLD, question="ask how")
    found, _ = by_words(asked, spread(asked, some()))
    assert len(found) == len(WORDS) - 2
    hidden = case(llama, ["cat", "ask"], question="ask how")
    assert by_words(hidden, spread(hidden, some()))[1].sum() == 1
    partly = case(llama, ["mice"], question="ice and")
    assert partly.knows("gold_words")
    assert set(measured("alignment", partly, spread(partly, some())).values()) == {None}


def test_part_of_a_word_that_is_marked_marks_the_word(llama: LanguageModel) -> None:
    _, is_gold = by_words(case(llama, ["ic"]), np.ones(len(TEXT) + 1))
    assert [word for word, marked in zip(WORDS, is_gold, strict=True) if marked] == ["mice"]


def test_a_unit_of_several_words_stays_one(llama: LanguageModel) -> None:
    tokens = from_text(llama.tokenizer, TEXT)
    n = len(tokens)
    assert whole_words(tokens, singles(n)) == resolve_groups("words", tokens, n, n)
    at = 1 + TEXT.index(" an")
    halves = ((0, 1), (1, at), (at, at + 5), (at + 5, n))  # the second cut is inside of "old"
    assert whole_words(tokens, halves) == ((0, 1), (1, at), (at, n))
    found, is_gold = by_words(case(llama, ["cat"], groups=halves), np.array([9.0, 1, 2, 4]))
    assert found.tolist() == [1, 6] and is_gold.tolist() == [True, False]


def test_with_fewer_words_than_k_nothing_is_said_at_k(llama: LanguageModel) -> None:
    asked = case(llama, ["cat"], groups="sentences")
    found = measured("alignment", asked, np.ones(len(asked.asked.groups)))
    assert found["words_p_at_1"] == 1 and found["words_iou"] == 1
    assert [found[f"words_{name}_at_{k}"] for name in ("p", "r", "f1") for k in (3, 5, 10)] == [None] * 9


def test_equal_scores_are_in_no_order_of_reading(llama: LanguageModel) -> None:
    """Three of fifteen words: over 300 seeds three standard errors are 0.04."""
    found = []
    for seed in range(300):
        asked = case(llama, GOLD, seed=seed)
        found.append(measured("alignment", asked, np.zeros(len(asked.asked.groups)))["words_at_gold"])
    assert np.mean(found) == pytest.approx(3 / 15, abs=0.04)
