"""Runs of the model on a suffix of the context, behind the cached keys and values of what comes before.

Changing token i changes nothing before i, so tokens start … stop−1 need only the positions from `start` on. The
cache grows chunk by chunk; every suffix run changes the cache it is given and therefore gets a copy (cropping instead
would be wrong: sliding-window layers keep only their window).
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import DynamicCache

from heta_core.language_model import LanguageModel, running


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Tokens start … stop−1, with the keys and values of everything before `first`.

    `first` is `start` where the model's cache can be trusted, and 0 where the full sequence has to run.
    """

    start: int
    stop: int
    first: int
    cache: DynamicCache | None  # None where first is 0

    @property
    def n_grown(self) -> int:
        """Forwards that growing the cache took since the chunk before."""
        return int(self.cache is not None)

    def copy_of_cache(self, n_rows: int) -> DynamicCache | None:
        """The cache for a batch of n_rows sequences, free to be changed."""
        if self.cache is None:
            return None
        cache = copy.deepcopy(self.cache)
        if n_rows > 1:
            cache.batch_repeat_interleave(n_rows)
        return cache


def bounds(n_tokens: int, size: int) -> list[tuple[int, int]]:
    """Tokens 0 … n_tokens−1 in runs of `size`."""
    return [(start, min(start + size, n_tokens)) for start in range(0, n_tokens, size)]


def chunks(lm: LanguageModel, embeddings: Tensor, size: int) -> Iterator[Chunk]:
    """Tokens in runs of `size`, each with its prefix. One forward over every token in all.

    Args:
        embeddings: (n, D) of the tokens to be cut up, from the first of the context on.
    """
    return chunks_at(lm, embeddings, bounds(len(embeddings), size))


def chunks_at(lm: LanguageModel, embeddings: Tensor, cuts: Sequence[tuple[int, int]]) -> Iterator[Chunk]:
    """Tokens in runs start … stop−1 that follow one another from 0 on, each with its prefix."""
    cache = None
    for start, stop in cuts:
        yield Chunk(start, stop, start if cache is not None else 0, cache)
        if lm.has_prefix and (start, stop) != cuts[-1]:
            cache = _grown(lm, embeddings[start:stop], cache)


def last_logits(lm: LanguageModel, rows: Tensor, cache: DynamicCache | None) -> Tensor:
    """(B, V) logits at the last position of B sequences.

    Args:
        rows: (B, T', D) embeddings of what follows the cache.
    """
    return logits_at(lm, rows, cache, (rows.shape[1] - 1,))[:, 0]


def logits_at(
    lm: LanguageModel,
    rows: Tensor,
    cache: DynamicCache | None,
    at: Sequence[int],
    *,
    attention_mask: Tensor | None = None,
    position_ids: Tensor | None = None,
) -> Tensor:
    """(B, R, V) logits at R positions of B sequences, each 0 … T'−1.

    Args:
        rows: (B, T', D) embeddings of what follows the cache.
        attention_mask: (B, length of cache + T') 2-D; a hand-made 4-D mask would switch sliding windows off.
        position_ids: (B, T').
    """
    is_last = tuple(at) == (rows.shape[1] - 1,)
    logits: Tensor = lm.model(
        inputs_embeds=rows,
        past_key_values=cache,
        use_cache=cache is not None,
        attention_mask=attention_mask,
        position_ids=position_ids,
        logits_to_keep=1 if is_last else torch.tensor(at, device=rows.device),
    ).logits
    return logits


@torch.no_grad()
def _grown(lm: LanguageModel, embeddings: Tensor, cache: DynamicCache | None) -> DynamicCache:
    """The cache with (n, D) more tokens in it; the one given stays as it is."""
    cache = DynamicCache(config=lm.model.config) if cache is None else copy.deepcopy(cache)
    with running(lm) as model:
        model(inputs_embeds=embeddings[None], past_key_values=cache, use_cache=True, logits_to_keep=1)
    return cache
