"""How far two results for the same tokens are apart, and how far rounding alone may take them."""

from collections.abc import Sequence

import numpy as np
import torch

from heta_core.agreement import spearman
from heta_core.bench.results import Difference
from heta_core.parts import Floats

# What two orders of the same sums may differ by, as a part of the largest entry. GPT-2 computes all of it in its own
# precision; most other families take softmax and norms in float32 also inside a float64 model.
_SAME = {torch.float32: 1e-4, torch.float64: 1e-6}
_SAME_GPT2 = {torch.float32: 1e-4, torch.float64: 1e-10}


def allowed(family: str, dtype: torch.dtype) -> float | None:
    """The part of the largest entry that rounding explains; None for half precision, where it explains anything."""
    return (_SAME_GPT2 if family == "gpt2" else _SAME).get(dtype)


def difference(
    values: Sequence[Floats], reference: Sequence[Floats], *, part: float | None, least: float
) -> Difference:
    """Of several results the worst of each measure.

    Args:
        part: what the greatest difference may be, as a part of the largest entry; None where there is no such bound.
        least: what it may be beside that, in the unit of the values.
    """
    pairs = list(zip(values, reference, strict=True))
    scales = [float(np.abs(b).max()) or 1.0 for _, b in pairs]
    ranks = [r for a, b in pairs if (r := spearman(a, b)) is not None]
    return Difference(
        greatest=max(float(np.abs(a - b).max()) / scale for (a, b), scale in zip(pairs, scales, strict=True)),
        median=max(_median(a, b) for a, b in pairs),
        spearman=min(ranks, default=None),
        allowed=None if part is None else part + least / max(scales),
    )


def _median(values: Floats, reference: Floats) -> float:
    known = reference != 0
    return float(np.median(np.abs(values - reference)[known] / np.abs(reference[known]))) if known.any() else 0.0
