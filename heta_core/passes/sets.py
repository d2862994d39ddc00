"""The model with any set of context tokens masked at once, set by set.

`masked` takes neighbours away and runs behind a prefix; a set can begin anywhere, so here every sequence is whole.

1. Under the masks zero, mean and token the embeddings of a set are replaced; one run serves all rows.
2. Under the attention mask the prediction at a row is made from that row's own token, which cannot be hidden from it: a
   row whose token is in the set gets a run of its own, in which its token stays.
3. Hidden tokens at the very beginning are cut off, and the others keep their positions: those tokens would be left
   with nothing to look at. Sets with equally long beginnings share a batch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heta_core.language_model import LanguageModel, embed, log_probs, running
from heta_core.passes.batching import Room, in_batches
from heta_core.passes.cutting import whole_at_once
from heta_core.passes.masked import check_positions, substitute_of
from heta_core.passes.prefix import logits_at
from heta_core.passes.room import Extent, masked_rows
from heta_core.settings import Settings

Sets = NDArray[np.bool_]  # (N, T) which context tokens each of N sets masks


@dataclass(frozen=True, slots=True)
class Line:
    """A sequence, how many of its first tokens can be masked, and where it is read."""

    ids: tuple[int, ...]
    n_context: int  # T
    rows: tuple[int, ...]  # in order; a row predicts the token after it


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """Next-token log-probabilities of n of the sets at some of the line's rows."""

    sets: tuple[int, ...]  # n, by their number
    rows: tuple[int, ...]  # R
    log_probs: Tensor  # (n, R, V) nats


@dataclass(frozen=True, slots=True)
class _Run:
    """One sequence: what is hidden in it, and where it is read."""

    number: int  # of its set
    hidden: Sets  # (T,)
    rows: tuple[int, ...]
    first: int = 0  # tokens before it are cut off


def read_masked(lm: LanguageModel, line: Line, sets: Sets, settings: Settings) -> Iterator[Read]:
    """Log-probabilities with each set masked; every set is read once at every row. A batch that does not fit is halved.

    Raises:
        InputError: mask_token is not in the vocabulary.
        UnsupportedModelError: the family takes its positions from the mask, so hiding a token would move the others.
        OutOfMemoryError: a single sequence does not fit into memory.
    """
    embeddings = embed(lm, line.ids)
    extent = Extent(len(line.ids), len(line.ids), len(line.rows))
    room = Room(masked_rows(lm, extent, settings.memory, most=whole_at_once(lm, len(line.ids), settings)))
    if settings.mask == "attention":
        check_positions(lm)
        for runs in _alike(_runs(line, sets)):
            yield from in_batches(len(runs), room, partial(_hidden, lm, embeddings, runs))
        return
    substitute = substitute_of(lm, embeddings[: line.n_context], settings)
    whole = [_Run(number, hidden, line.rows) for number, hidden in enumerate(sets)]
    yield from in_batches(len(whole), room, partial(_replaced, lm, embeddings, substitute, whole))


@torch.no_grad()
def _replaced(lm: LanguageModel, embeddings: Tensor, substitute: Tensor, runs: Sequence[_Run], batch: slice) -> Read:
    runs = runs[batch]
    with running(lm):
        sequences = embeddings.repeat(len(runs), 1, 1)  # (n, length, D)
        sequences[_masks(runs, len(embeddings), embeddings.device)] = substitute
        found = log_probs(logits_at(lm, sequences, None, runs[0].rows))
    return Read(tuple(run.number for run in runs), runs[0].rows, found)


def _runs(line: Line, sets: Sets) -> list[_Run]:
    """What the attention mask hides in which run: the rows outside of a set share one, each row inside has its own."""
    runs: list[_Run] = []
    for number, hidden in enumerate(sets):
        inside = [row for row in line.rows if row < line.n_context and hidden[row]]
        outside = tuple(row for row in line.rows if row not in inside)
        if outside:
            runs.append(_Run(number, hidden, outside, _beginning(hidden)))
        for row in inside:
            seen = hidden.copy()
            seen[row] = False
            runs.append(_Run(number, seen, (row,), _beginning(seen)))
    return runs


def _beginning(hidden: Sets) -> int:
    """How many tokens are hidden before the first that is not; all of them where every one is."""
    return int(np.argmin(hidden)) if not hidden.all() else len(hidden)


def _alike(runs: Sequence[_Run]) -> list[list[_Run]]:
    """The runs that can share a batch."""
    found: dict[tuple[int, tuple[int, ...]], list[_Run]] = {}
    for run in runs:
        found.setdefault((run.first, run.rows), []).append(run)
    return list(found.values())


@torch.no_grad()
def _hidden(lm: LanguageModel, embeddings: Tensor, runs: Sequence[_Run], batch: slice) -> Read:
    runs = runs[batch]
    first, rows, device = runs[0].first, runs[0].rows, embeddings.device
    with running(lm):
        seen = (~_masks(runs, len(embeddings), device)).long()[:, first:]
        positions = torch.arange(first, len(embeddings), device=device).expand(len(runs), -1)
        sequences = embeddings[first:].expand(len(runs), -1, -1)
        at = [row - first for row in rows]
        found = log_probs(logits_at(lm, sequences, None, at, attention_mask=seen, position_ids=positions))
    return Read(tuple(run.number for run in runs), rows, found)


def _masks(runs: Sequence[_Run], length: int, device: torch.device) -> Tensor:
    """(n, length) which tokens of each sequence are masked; those after the context never are."""
    found = np.zeros((len(runs), length), bool)
    for row, run in zip(found, runs, strict=True):
        row[: len(run.hidden)] = run.hidden
    return torch.from_numpy(found).to(device)
