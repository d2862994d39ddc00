"""Attention rollout: attention multiplied through all layers (Abnar & Zuidema 2020, arXiv 2005.00928)."""

import torch
from torch import Tensor

from heta_core.components.transition import arrivals
from heta_core.methods._attending import once
from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.passes.capture import head_means
from heta_core.targets import Line


def score(asked: Asked, _draw: int) -> Scoring:
    """(U,) row T−1 of Ā⁽ᴸ⁾ ⋯ Ā⁽¹⁾, Ā = ½ · mean_h A + ½ · 1, over tokens of a unit summed, over rows averaged. A share.

    One forward for each line of f. Raises: as `capture`.
    """

    def of_line(line: Line) -> Tensor:
        means = head_means(asked.lm, line.ids, line.rows)
        at_first = arrivals(means, line.rows)[0]  # what leaves the first layer, (P, length)
        identity = torch.eye(len(line.ids), dtype=means.dtype, device=means.device)
        return at_first @ (0.5 * means[0] + 0.5 * identity)

    yield from once(asked, of_line)


METHOD = Method(
    name="attention_rollout",
    title="Attention rollout",
    meaning="How much of each token attention carries to the answer through all layers, if it carried tokens.",
    score=score,
    source="Abnar & Zuidema 2020",
    place=61,
)
