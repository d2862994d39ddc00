"""Runs of the model on a suffix of the context, behind the cached keys and values of what comes before.

Changing token i changes nothing before i, so tokens start … stop−1 need only the positions from `start` on. Where every
layer keeps what it has seen, one forward gives the prefixes of all chunks and each takes its beginning; a layer that
keeps a window or a state cannot go back, and there the cache grows chunk by chunk. A suffix run changes the cache it is
given and therefore gets one of its own.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from heta_core.language_model import LanguageModel, running
from heta_core.passes.feeding import fed_at


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Tokens start … stop−1, with the keys and values of everything before `first`, or of more.

    `first` is `start` where the model's cache can be trusted, and 0 where the full sequence has to run.
    """

    start: int
    stop: int
    first: int
    cache: DynamicCache | None  # None where first is 0
    n_grown: int = 0  # forwards that the cache took since the chunk before

    def copy_of_cache(self, n_rows: int) -> DynamicCache | None:
        """What comes before `first` for a batch of n_rows sequences, free to be changed."""
        if self.cache is None:
            return None
        if _keeps_all(self.cache):
            return _beginning(self.cache, self.first, n_rows)
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
    due = dict(enumerate(growths(lm, cuts)))
    for n, (start, stop) in enumerate(cuts):
        yield Chunk(start, stop, start if cache is not None else 0, cache, n_grown=int(n - 1 in due))
        if n in due:
            cache = _grown(lm, embeddings[slice(*due[n])], cache)


def growths(lm: LanguageModel, cuts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The tokens start … stop−1 of every forward that the prefixes of some chunks take, in order.

    The first is due before the second chunk, and so on.
    """
    if not lm.has_prefix or len(cuts) == 1:
        return []
    return [(0, cuts[-1][0])] if _keeps_all(_empty(lm)) else list(cuts[:-1])


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
    with fed_at(lm.feed_forward, at):
        logits: Tensor = lm.model(
            inputs_embeds=rows,
            past_key_values=cache,
            use_cache=cache is not None,
            attention_mask=attention_mask,
            position_ids=position_ids,
            logits_to_keep=1 if is_last else torch.tensor(at, device=rows.device),
        ).logits
    return kept_at(logits, at)


def kept_at(logits: Tensor, at: Sequence[int]) -> Tensor:
    """(B, R, V) of what a model gave when it was asked for R positions: some give all, whatever they are asked."""
    return logits if logits.shape[1] == len(at) else logits[:, list(at)]


@torch.no_grad()
def _grown(lm: LanguageModel, embeddings: Tensor, cache: DynamicCache | None) -> DynamicCache:
    """The cache with (n, D) more tokens in it; the one given stays as it is."""
    cache = _empty(lm) if cache is None else copy.deepcopy(cache)
    with running(lm) as model:
        model(inputs_embeds=embeddings[None], past_key_values=cache, use_cache=True, logits_to_keep=1)
    return cache


def _empty(lm: LanguageModel) -> DynamicCache:
    return DynamicCache(config=lm.model.config)


def _keeps_all(cache: DynamicCache) -> bool:
    """Every layer holds the keys and values of all tokens, whatever came after them; no other kind is known to."""
    return all(type(layer) is DynamicLayer for layer in cache.layers)


def _beginning(cache: DynamicCache, n_tokens: int, n_rows: int) -> DynamicCache:
    """The first tokens of a cache for each sequence of a batch: views, since such a layer never writes into its own."""
    found = copy.copy(cache)
    found.layers = [copy.copy(layer) for layer in cache.layers]
    for layer in found.layers:
        layer.keys = layer.keys[..., :n_tokens, :].expand(n_rows, -1, -1, -1)
        layer.values = layer.values[..., :n_tokens, :].expand(n_rows, -1, -1, -1)
    return found
