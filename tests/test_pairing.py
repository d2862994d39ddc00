"""Pairs of examples that ask the same: phrasings by hand and against scipy, and orders of the segments."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import byte_tokenizer
from scipy.stats import spearmanr

from heta_core.datasets import Example
from heta_core.evaluation.outcome import Outcome, Scored
from heta_core.evaluation.pairing import content_words, robustness, swapped
from heta_core.grouping import Grouping
from heta_core.grouping import resolve as resolve_groups
from heta_core.targets import Choice, resolve
from heta_core.tokens import from_text

TOKENIZER = byte_tokenizer()
ACTIVE = "The old cat chased the grey mouse through our garden"
PASSIVE = "The grey mouse was chased through our garden by the old cat"
SHARED = ["old", "cat", "chased", "grey", "mouse", "through", "garden"]


def outcome(text: str, by_word: dict[str, float], *, target: int = 11, grouping: Grouping | None = None) -> Outcome:
    """Every byte is a token; a word's score is spread over its characters."""
    tokens = from_text(TOKENIZER, text)
    chosen = resolve(Choice(token_id=target), tokens, 0, TOKENIZER, 257)
    groups = resolve_groups(grouping, tokens, len(tokens), len(tokens))
    found = Outcome("m", "d", Example(id=text, prompt=text), tokens=tokens, target=chosen, groups=groups)
    scores = np.zeros(len(found.places))
    for word, score in by_word.items():
        at = text.index(word)
        units = sorted(found.units_in(((at, at + len(word)),)))
        scores[units] += score / len(units)
    return replace(found, scored=(Scored("heta", tuple(scores.tolist())),))


def some(seed: int) -> dict[str, float]:
    """Of the function words too, where they stand in both."""
    words = [*SHARED, "The", "the", "our"]
    return dict(zip(words, np.random.default_rng(seed).standard_normal(len(words)).tolist(), strict=True))


@pytest.mark.parametrize("grouping", [None, "words"], ids=["tokens", "words"])
@pytest.mark.parametrize("seed", range(3))
def test_robustness_is_the_rank_correlation_over_shared_content_words(seed: int, grouping: Grouping | None) -> None:
    here, there = some(seed), some(seed + 10)
    found = robustness(outcome(ACTIVE, here, grouping=grouping), outcome(PASSIVE, there, grouping=grouping), "heta")
    expected = spearmanr([here[w] for w in SHARED], [there[w] for w in SHARED]).statistic
    assert found == pytest.approx(expected)


def test_the_same_scores_in_another_phrasing_agree() -> None:
    same, turned = some(0), {word: -score for word, score in some(0).items()}
    assert robustness(outcome(ACTIVE, same), outcome(PASSIVE, same), "heta") == pytest.approx(1)
    assert robustness(outcome(ACTIVE, same), outcome(PASSIVE, turned), "heta") == pytest.approx(-1)


def test_words_are_told_apart_by_how_often_they_stood_and_capitals_do_not_count() -> None:
    text = "Dogs saw Cats, and cats saw dogs."
    tokens = from_text(TOKENIZER, text)
    scores = [0.0] * len(tokens)
    for start, score in ((0, 1.0), (9, 2.0), (19, 4.0), (28, 8.0)):
        scores[tokens.overlapping(start, start + 1)[0]] = score
    one = replace(outcome(text, {}), scored=(Scored("heta", tuple(scores)),))
    assert content_words(one, "heta") == {
        ("dogs", 0): 1,
        ("saw", 0): 0,
        ("cats", 0): 2,
        ("cats", 1): 4,
        ("saw", 1): 0,
        ("dogs", 1): 8,
    }


def test_what_cannot_be_compared_is_missing() -> None:
    one, other = outcome(ACTIVE, some(0)), outcome(PASSIVE, some(1))
    assert robustness(one, other, "heta") is not None
    assert robustness(one, outcome(PASSIVE, some(1), target=12), "heta") is None
    assert robustness(one, outcome("A cat chased a mouse", {"cat": 1.0}), "heta") is None  # three words
    assert robustness(one, outcome(PASSIVE, {}), "heta") is None  # all scores equal
    assert robustness(one, other, "occlusion") is None
    assert robustness(one, replace(other, scored=(Scored("heta", problem="failed"),)), "heta") is None
    skipped = Outcome("m", "d", Example(id="x", prompt="x"), problem="skipped")
    assert robustness(skipped, skipped, "heta") is None


def asked(name: str, pair: str, dsa: float | None, *, is_last: bool, model: str = "m") -> Outcome:
    early, late = ((0, 3),), ((5, 8),)
    evidence, distractor = (late, early) if is_last else (early, late)
    example = Example(id=name, prompt="abc, def", evidence=evidence, distractor=distractor, pair=pair, cluster="k")
    return Outcome(model, "d", example, scored=(Scored("heta", values=(("dsa", dsa),)),))


def test_recency_wins_one_order_and_loses_the_other() -> None:
    (found,) = swapped([asked("a", "b", 0.6, is_last=True), asked("b", "a", -0.4, is_last=False)], "heta")
    assert (found.evidence_first, found.evidence_last, found.cluster) == (-0.4, 0.6, "k")
    assert found.mean == pytest.approx(0.1) and found.by_place == pytest.approx(0.5)
    assert swapped([asked("b", "a", -0.4, is_last=False), asked("a", "b", 0.6, is_last=True)], "heta") == (found,)


def test_pairs_are_of_one_model_and_named_by_one_of_both() -> None:
    one, other = asked("a", "b", 0.6, is_last=True), asked("b", "", -0.4, is_last=False)
    assert len(swapped([one, other], "heta")) == 1
    assert swapped([one, asked("b", "a", -0.4, is_last=False, model="n")], "heta") == ()
    both = [one, other, replace(one, model="n"), replace(other, model="n")]
    assert len(swapped(both, "heta")) == 2


def test_a_pair_without_both_numbers_or_both_orders_is_left_out() -> None:
    one = asked("a", "b", 0.6, is_last=True)
    assert swapped([one], "heta") == ()
    assert swapped([one, asked("b", "a", None, is_last=False)], "heta") == ()
    assert swapped([one, asked("b", "a", 0.2, is_last=True)], "heta") == ()
    assert swapped([one, asked("b", "a", 0.2, is_last=False)], "occlusion") == ()
