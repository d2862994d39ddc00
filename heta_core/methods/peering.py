"""Peering into hidden states: how alike what the model holds of a token and of its answer are at the end."""

import torch
from torch import Tensor, nn

from heta_core.methods._attending import once
from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.passes.stream import last_hidden
from heta_core.targets import Line


def score(asked: Asked, _draw: int) -> Scoring:
    """(U,) cos(h_i, h_{T−1}) of the last hidden states, after the last norm; −1 … 1 a token.

    Summed over the tokens of a unit; of a span the mean over its rows, where a token after a row counts 0. One forward
    for each line of f. The token at the predicting position has cosine 1 with itself.
    """

    def of_line(line: Line) -> Tensor:
        hidden = last_hidden(asked.lm, line.ids)
        wide = nn.functional.normalize(hidden.to(torch.promote_types(hidden.dtype, torch.float32)), dim=-1)
        return torch.stack([(wide @ wide[row]).index_fill(0, _after(row, wide), 0) for row in line.rows])

    yield from once(asked, of_line)


def _after(row: int, rows: Tensor) -> Tensor:
    """The places of the tokens after a row."""
    return torch.arange(row + 1, len(rows), device=rows.device)


METHOD = Method(
    name="peering",
    title="Peering",
    meaning="How alike the last hidden state of each token is to the one that the answer is read from.",
    score=score,
    is_signed=True,
    place=65,
)
