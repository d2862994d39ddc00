"""The model with one context token masked at a time.

1. The context is cut into chunks; each runs behind the cached prefix of what comes before it.
2. Row i of a chunk's batch has token i masked, in one of four ways:
   - zero, mean, token: its embedding is replaced;
   - attention: no later token may look at it. The mask is 2-D and the positions are stated: a gap in the positions
     without a mask would be read as packed sequences, and a hand-made 4-D mask would switch sliding windows off.
3. Only the logits at the predicting position are computed.
"""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from heta_core.errors import InputError, UnsupportedModelError
from heta_core.language_model import LanguageModel, embed, log_probs, running
from heta_core.passes.prefix import Chunk, chunks, last_logits, n_growths
from heta_core.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """The next-token log-probabilities with each of some tokens masked."""

    positions: range  # n context tokens
    log_probs: Tensor  # (n, V) nats
    n_forwards: int  # sequences run for it, a grown prefix counted


def masked(lm: LanguageModel, ids: tuple[int, ...], settings: Settings) -> Iterator[Masked]:
    """Log-probabilities after masking, chunk by chunk in reading order.

    Under the attention mask the last token is left out: nothing after it could look at it, so masking it changes
    nothing by construction.

    Raises:
        InputError: mask_token is not in the vocabulary.
        UnsupportedModelError: the family takes its positions from the mask, so hiding a token would move the others.
    """
    if settings.mask == "attention":
        yield from _hidden(lm, ids, settings.chunk)
    else:
        yield from _replaced(lm, ids, settings)


def n_forwards(lm: LanguageModel, n_context: int, settings: Settings) -> int:
    """How many forwards `masked` takes: one for each masked token and one for each grown prefix."""
    n_masked = n_context - (settings.mask == "attention")
    return n_masked + n_growths(lm, n_masked, settings.chunk)


@torch.no_grad()
def _replaced_chunk(lm: LanguageModel, embeddings: Tensor, chunk: Chunk, substitute: Tensor) -> Masked:
    positions = range(chunk.start, chunk.stop)
    rows = embeddings[chunk.first :].repeat(len(positions), 1, 1)  # (n, T', D)
    diagonal = torch.arange(len(positions), device=rows.device)
    rows[diagonal, diagonal + chunk.start - chunk.first] = substitute
    with running(lm):
        logits = last_logits(lm, rows, chunk.copy_of_cache(len(positions)))
    return Masked(positions, log_probs(logits), len(positions) + chunk.n_grown)


def _replaced(lm: LanguageModel, ids: tuple[int, ...], settings: Settings) -> Iterator[Masked]:
    embeddings = embed(lm, ids)
    substitute = _substitute(lm, embeddings, settings)
    for chunk in chunks(lm, embeddings, settings.chunk):
        yield _replaced_chunk(lm, embeddings, chunk, substitute)


def _substitute(lm: LanguageModel, embeddings: Tensor, settings: Settings) -> Tensor:
    """(D,) what stands in a masked token's place."""
    if settings.mask == "zero":
        return torch.zeros_like(embeddings[0])
    if settings.mask == "mean":
        return embeddings.mean(0)
    token = settings.mask_token
    if token is None or token >= lm.vocabulary:
        raise InputError(f"mask_token must be an id from 0 to {lm.vocabulary - 1}, got {token}.")
    return embed(lm, (token,))[0]


def _hidden(lm: LanguageModel, ids: tuple[int, ...], size: int) -> Iterator[Masked]:
    if not _takes_positions(lm):
        raise UnsupportedModelError(
            f"The attention mask needs positions that do not move, but {lm.source.model} takes them from the mask "
            "(ALiBi): use the zero, mean or token mask."
        )
    embeddings = embed(lm, ids)
    for chunk in chunks(lm, embeddings[:-1], size):
        if chunk.start == 0:
            yield _without_first(lm, embeddings)
        start = max(chunk.start, 1)
        if start < chunk.stop:
            yield _hidden_chunk(lm, embeddings, chunk, range(start, chunk.stop))


def _takes_positions(lm: LanguageModel) -> bool:
    """Positions can be stated; with ALiBi they are counted along the mask instead, and a hole would move them."""
    is_alibi = getattr(lm.model.config.get_text_config(), "alibi", False)
    return not is_alibi and "position_ids" in inspect.signature(lm.model.forward).parameters


@torch.no_grad()
def _without_first(lm: LanguageModel, embeddings: Tensor) -> Masked:
    """Token 0 hidden: the others run alone at their own positions (a hole at 0 would leave token 0 nothing to see)."""
    positions = torch.arange(1, len(embeddings), device=embeddings.device)[None]
    with running(lm):
        logits = last_logits(
            lm, embeddings[None, 1:], None, attention_mask=torch.ones_like(positions), position_ids=positions
        )
    return Masked(range(1), log_probs(logits), 1)


@torch.no_grad()
def _hidden_chunk(lm: LanguageModel, embeddings: Tensor, chunk: Chunk, hidden: range) -> Masked:
    n, n_rows = len(embeddings), len(hidden)
    rows = embeddings[chunk.first :].expand(n_rows, -1, -1)
    mask = torch.ones(n_rows, n, dtype=torch.long, device=rows.device)
    diagonal = torch.arange(n_rows, device=rows.device)
    mask[diagonal, diagonal + hidden.start] = 0
    positions = torch.arange(chunk.first, n, device=rows.device).expand(n_rows, -1)
    with running(lm):
        logits = last_logits(lm, rows, chunk.copy_of_cache(n_rows), attention_mask=mask, position_ids=positions)
    return Masked(hidden, log_probs(logits), n_rows + chunk.n_grown)
