"""The model with its context softened: each dimension of a token's embedding stays with some probability, or is zero.

Uniform numbers decide, u < keep, and whoever names the same seed meets the same ones: nothing but the probabilities
then tells two versions apart. Kept with 1 is the context as it stands, with 0 an empty one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from heta_core.language_model import LanguageModel, embed, log_probs, running
from heta_core.parts import Floats
from heta_core.passes.batching import Room, in_batches
from heta_core.passes.cutting import whole_at_once
from heta_core.passes.prefix import logits_at
from heta_core.passes.room import Extent, masked_rows
from heta_core.passes.sets import Line, Read
from heta_core.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Softening:
    """N versions of a context of T tokens."""

    keep: Floats  # (N, T) 0 to 1, how probable it is that a dimension of a token stays
    seeds: tuple[tuple[int, ...], ...]  # N, of the uniform numbers that decide


def read_softened(lm: LanguageModel, line: Line, softening: Softening, settings: Settings) -> Iterator[Read]:
    """Log-probabilities at the line's rows of each version, in order. A batch that does not fit is halved.

    One forward for each version; equal seeds cost least where they stand together.

    Raises:
        OutOfMemoryError: a single sequence does not fit into memory.
    """
    embeddings = embed(lm, line.ids)
    extent = Extent(len(line.ids), len(line.ids), len(line.rows))
    room = Room(masked_rows(lm, extent, settings.memory, most=whole_at_once(lm, len(line.ids), settings)))
    yield from in_batches(len(softening.seeds), room, partial(_read, lm, line, embeddings, softening))


@torch.no_grad()
def _read(lm: LanguageModel, line: Line, embeddings: Tensor, softening: Softening, batch: slice) -> Read:
    seeds = softening.seeds[batch]
    keep = torch.from_numpy(softening.keep[batch].astype(np.float32)).to(embeddings.device)[..., None]  # (n, T, 1)
    with running(lm):
        sequences = embeddings.repeat(len(seeds), 1, 1)  # (n, length, D)
        for first, stop in _alike(seeds):
            drawn = uniforms(seeds[first], line.n_context, embeddings.shape[1]).to(embeddings.device)
            sequences[first:stop, : line.n_context] *= drawn < keep[first:stop]
        found = log_probs(logits_at(lm, sequences, None, line.rows))
    return Read(tuple(range(batch.start, batch.stop)), line.rows, found)


def uniforms(seed: Sequence[int], n_tokens: int, width: int) -> Tensor:
    """(T, D) numbers from 0 to below 1, the same on every device."""
    return torch.from_numpy(np.random.default_rng(seed).random((n_tokens, width), dtype=np.float32))


def _alike(seeds: Sequence[tuple[int, ...]]) -> list[tuple[int, int]]:
    """Runs start … stop−1 of neighbours with one seed."""
    starts = [k for k, seed in enumerate(seeds) if k == 0 or seed != seeds[k - 1]]
    return list(zip(starts, [*starts[1:], len(seeds)], strict=True))
