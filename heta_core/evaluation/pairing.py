"""Two examples that ask the same in another way: how much of what a method says of them is the same.

1. Of two phrasings, active and passive, the scores of the content words that stand in both are correlated.
2. Of two orders of evidence and distractor, DSA is taken in both: who scores by place wins one and loses the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from heta_core.agreement import spearman
from heta_core.evaluation.outcome import Key, Outcome
from heta_core.grouping import whole_words

FEWEST_WORDS = 4  # of fewer pairs a rank correlation is chance
# What changes place or is put in when a sentence is turned round, and carries little of what it says.
_FUNCTION_WORDS = """
a about after all also am an and any are as at be been before being but by can could did do does doing for from had has
have having he her hers him his how i if in into is it its may me might must my no nor not of on or our ours shall she
should so some such than that the their theirs them then there these they this those to too us very was we were what
when where which while who whom whose why will with would you your yours
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())


def robustness(one: Outcome, other: Outcome, method: str) -> float | None:
    """Spearman's correlation of a method's scores over the content words of both texts, −1 to 1.

    The k-th time that a word stands in one is paired with the k-th time in the other; capitals do not count. None where
    a method failed, the targets are not the same, fewer than four words pair up, or all scores of one are equal.
    """
    if _explained(one) is None or _explained(one) != _explained(other):
        return None
    scores = content_words(one, method), content_words(other, method)
    shared = [word for word in scores[0] if word in scores[1]]
    if len(shared) < FEWEST_WORDS:
        return None
    here, there = (np.array([found[word] for word in shared]) for found in scores)
    return spearman(here, there)


def content_words(outcome: Outcome, method: str) -> dict[tuple[str, int], float]:
    """The summed score of each word that is no function word, by the word and how often it stood before."""
    scored, tokens = outcome.of(method), outcome.tokens
    if scored is None or not scored.scores or tokens is None:
        return {}
    blocks, groups = whole_words(tokens, outcome.places), outcome.places
    first = np.searchsorted([start for start, _ in groups], [start for start, _ in blocks])
    found: dict[tuple[str, int], float] = {}
    for (start, stop), score in zip(blocks, np.add.reduceat(scored.scores, first).tolist(), strict=True):
        word = tokens.text[tokens.spans[start][0] : tokens.spans[stop - 1][1]].strip().casefold()
        if word in FUNCTION_WORDS or not any(c.isalnum() for c in word) or all(tokens.is_special[start:stop]):
            continue
        times = sum(1 for known, _ in found if known == word)
        found[word, times] = score
    return found


def _explained(outcome: Outcome) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The ids of the target and of its foil."""
    target = outcome.target
    if target is None:
        return None
    return tuple(said.token_id for said in target.said), tuple(said.token_id for said in target.foil)


@dataclass(frozen=True, slots=True)
class Swapped:
    """DSA of one question with its segments in both orders."""

    cluster: str
    evidence_first: float
    evidence_last: float

    @property
    def mean(self) -> float:
        """What is left of DSA when place can help neither segment."""
        return (self.evidence_first + self.evidence_last) / 2

    @property
    def by_place(self) -> float:
        """How much of it the place makes: above 0 the later segment is favoured."""
        return (self.evidence_last - self.evidence_first) / 2


def swapped(outcomes: Iterable[Outcome], method: str) -> tuple[Swapped, ...]:
    """Every pair of examples once; without those where DSA could not be computed or the order is the same in both.

    The run must have asked for the metric `dsa`.
    """
    by_key = {outcome.key: outcome for outcome in outcomes}
    found: list[Swapped] = []
    done: set[Key] = set()
    for key, outcome in by_key.items():
        partner = by_key.get((outcome.model, outcome.dataset, outcome.example.pair))
        if partner is None or key in done:
            continue
        done |= {key, partner.key}
        values = {_is_last(one): _dsa(one, method) for one in (outcome, partner)}
        first, last = values.get(False), values.get(True)
        if first is not None and last is not None:
            found.append(Swapped(outcome.cluster, first, last))
    return tuple(found)


def _is_last(outcome: Outcome) -> bool | None:
    """The evidence begins after the distractor; None where one of them is not known."""
    evidence, distractor = outcome.example.evidence, outcome.example.distractor
    return evidence[0] > distractor[0] if evidence and distractor else None


def _dsa(outcome: Outcome, method: str) -> float | None:
    scored = outcome.of(method)
    return scored.value("dsa") if scored is not None else None
