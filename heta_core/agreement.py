"""How far two scores of the same tokens agree: in the order of all, and in which are the highest."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def spearman(a: Floats, b: Floats) -> float | None:
    """Rank correlation, equal entries sharing their mean rank; None where all entries of one are equal."""
    ranks = _ranks(a), _ranks(b)
    if any(r.std() == 0 for r in ranks):
        return None
    return float(np.corrcoef(*ranks)[0, 1])


def _ranks(values: Floats) -> Floats:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(count)
    return np.asarray((ends - (count - 1) / 2)[place])


def overlap(a: Floats, b: Floats, k: int) -> int:
    """How many of the k highest entries of one are among the k highest of the other; equal ones in reading order."""
    highest = (np.argsort(-values, kind="stable")[:k].tolist() for values in (a, b))
    return len(set(next(highest)) & set(next(highest)))


def chance_overlap(k: int, n: int) -> float:
    """What `overlap` comes to on average over n entries where one of the two orders is random: k²/n."""
    return k * k / n
