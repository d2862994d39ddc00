"""Whether the words that a human marked are those with the highest scores."""

import numpy as np

from heta_core.faithfulness.curves import order_of
from heta_core.grouping import whole_words
from heta_core.groups import joined
from heta_core.metrics._contract import Case, Measure, Measuring, Metric, Which
from heta_core.metrics.evidence import average_precision
from heta_core.parts import Floats, Work

RANKS = (1, 3, 5, 10)


def measure(case: Case, scores: Floats) -> Measuring:
    """At k of the words; None where there are fewer than k of them, or no whole word that is marked competes."""
    own, is_gold = by_words(case, scores)
    if not is_gold.any():
        yield Work(), dict.fromkeys(measure.name for measure in METRIC.measures)
        return
    ranked = is_gold[list(order_of(own, case.seed))]
    n_gold = int(is_gold.sum())
    hit = int(ranked[:n_gold].sum())
    found: dict[str, float | None] = {
        "words_at_gold": hit / n_gold,
        "words_iou": hit / (2 * n_gold - hit),
        "words_auprc": average_precision(own, is_gold, case.seed),
    }
    for k in RANKS:
        hits = int(ranked[:k].sum()) if k <= len(ranked) else None
        for name, whole in (("p", k), ("r", n_gold), ("f1", (k + n_gold) / 2)):  # F1 = 2PR / (P + R)
            found[f"words_{name}_at_{k}"] = None if hits is None else hits / whole
    yield Work(), found


def by_words(case: Case, scores: Floats) -> tuple[Floats, Which]:
    """(W,) the summed scores of the words that compete, and which of them are marked.

    A word is what `grouping` cuts; where a unit is more than a word, the unit. It competes if all of it does. Marks of
    punctuation do not unless they are marked themselves.
    """
    assert case.gold_words is not None
    tokens, groups = case.asked.tokens, case.asked.groups
    blocks = whole_words(tokens, groups)
    first = np.searchsorted([start for start, _ in groups], [start for start, _ in blocks])
    is_gold = np.logical_or.reduceat(case.gold_words & case.competing, first)
    competing = np.logical_and.reduceat(case.competing, first)
    pieces = joined(tokens, blocks).pieces[: len(blocks)]
    is_word = np.array([any(c.isalnum() for c in piece) for piece in pieces])
    taken = competing & (is_word | is_gold)
    return np.add.reduceat(scores, first)[taken], is_gold[taken]


def _measures_at(k: int) -> tuple[Measure, ...]:
    words = "word is" if k == 1 else f"{k} words are"
    return (
        Measure(
            name=f"words_p_at_{k}",
            title=f"Precision@{k}",
            meaning=f"The part of the highest {k} that a human marked; where the text has so many words.",
            better="high",
        ),
        Measure(
            name=f"words_r_at_{k}",
            title=f"Recall@{k}",
            meaning=f"The part of the marked words that is found where the highest {words} taken.",
            better="high",
        ),
        Measure(
            name=f"words_f1_at_{k}",
            title=f"F1@{k}",
            meaning=f"The harmonic mean of both where the highest {words} taken.",
            better="high",
        ),
    )


METRIC = Metric(
    name="alignment",
    title="Alignment with marked words",
    protocol="Scores of the tokens of a word are summed, with their signs; a unit of several words stays one. Words of "
    "the question, the tokenizer's own tokens and punctuation do not compete. Ties in an order drawn with the seed.",
    measures=(
        Measure(
            name="words_at_gold",
            title="F1 at as many as marked",
            meaning="The part of the marked words among as many highest ones: there precision, recall and F1 are one.",
            better="high",
        ),
        Measure(
            name="words_iou",
            title="IoU",
            meaning="Marked words and as many highest ones: those in both over those in either.",
            better="high",
        ),
        Measure(
            name="words_auprc",
            title="AUPRC of words",
            meaning="Average precision of the order of words, 1 where all marked ones come first.",
            better="high",
        ),
        *(measure for k in RANKS for measure in _measures_at(k)),
    ),
    measure=measure,
    needs=("gold_words",),
    source="DeYoung et al. 2020",
    place=60,
)
