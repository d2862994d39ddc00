"""The model with one context token masked at a time.

1. The context is cut into chunks; each runs behind the cached prefix of what comes before it.
2. Row i of a chunk's batch has token i masked, in one of four ways:
   - zero, mean, token: its embedding is replaced;
   - attention: no later token may look at it. The mask is 2-D and the positions are stated: a gap in the positions
     without a mask would be read as packed sequences, and a hand-made 4-D mask would switch sliding windows off.
3. Only the logits at the predicting positions are computed; one pass serves all of them.
"""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from heta_core.errors import InputError, UnsupportedModelError
from heta_core.language_model import LanguageModel, embed, log_probs, running
from heta_core.passes.prefix import Chunk, chunks, logits_at, n_growths
from heta_core.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """Next-token log-probabilities with each of some tokens masked, at those rows that they can reach."""

    positions: range  # n context tokens
    rows: tuple[int, ...]  # R, where the line is read; row j is not reached by a token after j
    log_probs: Tensor  # (n, R, V) nats
    n_forwards: int  # sequences run for it, a grown prefix counted


@dataclass(frozen=True, slots=True)
class Reading:
    """A sequence, which of its tokens are masked one at a time, and where it is read."""

    ids: tuple[int, ...]
    n_masked: int  # the first tokens
    rows: tuple[int, ...]  # in order; a row predicts the token after it


def masked(lm: LanguageModel, reading: Reading, settings: Settings) -> Iterator[Masked]:
    """Log-probabilities after masking, chunk by chunk in reading order.

    Under the attention mask a row's own token is never hidden: nothing could look at it, so masking it changes nothing
    by construction.

    Raises:
        InputError: mask_token is not in the vocabulary.
        UnsupportedModelError: the family takes its positions from the mask, so hiding a token would move the others.
    """
    if settings.mask == "attention":
        yield from _hidden(lm, reading, settings.chunk)
    else:
        yield from _replaced(lm, reading, settings)


def n_forwards(lm: LanguageModel, n_masked: int, last_row: int, settings: Settings) -> int:
    """How many forwards `masked` takes: one for each masked token and one for each grown prefix."""
    n_runs = min(n_masked, last_row) if settings.mask == "attention" else n_masked
    return n_runs + n_growths(lm, n_runs, settings.chunk)


@torch.no_grad()
def _replaced_chunk(
    lm: LanguageModel, reading: Reading, embeddings: Tensor, chunk: Chunk, substitute: Tensor
) -> Masked:
    positions = range(chunk.start, chunk.stop)
    rows = embeddings[chunk.first :].repeat(len(positions), 1, 1)  # (n, T', D)
    diagonal = torch.arange(len(positions), device=rows.device)
    rows[diagonal, diagonal + chunk.start - chunk.first] = substitute
    reached = _reached(reading, chunk.start)
    at = [row - chunk.first for row in reached]
    with running(lm):
        logits = logits_at(lm, rows, chunk.copy_of_cache(len(positions)), at)
    return Masked(positions, reached, log_probs(logits), len(positions) + chunk.n_grown)


def _reached(reading: Reading, first: int) -> tuple[int, ...]:
    """The rows at or after a token."""
    return tuple(row for row in reading.rows if row >= first)


def _replaced(lm: LanguageModel, reading: Reading, settings: Settings) -> Iterator[Masked]:
    embeddings = embed(lm, reading.ids)
    context = embeddings[: reading.n_masked]
    substitute = _substitute(lm, context, settings)
    for chunk in chunks(lm, context, settings.chunk):
        yield _replaced_chunk(lm, reading, embeddings, chunk, substitute)


def _substitute(lm: LanguageModel, context: Tensor, settings: Settings) -> Tensor:
    """(D,) what stands in a masked token's place."""
    if settings.mask == "zero":
        return torch.zeros_like(context[0])
    if settings.mask == "mean":
        return context.mean(0)
    token = settings.mask_token
    if token is None or token >= lm.vocabulary:
        raise InputError(f"mask_token must be an id from 0 to {lm.vocabulary - 1}, got {token}.")
    return embed(lm, (token,))[0]


def _hidden(lm: LanguageModel, reading: Reading, size: int) -> Iterator[Masked]:
    if not _takes_positions(lm):
        raise UnsupportedModelError(
            f"The attention mask needs positions that do not move, but {lm.source.model} takes them from the mask "
            "(ALiBi): use the zero, mean or token mask."
        )
    embeddings = embed(lm, reading.ids)
    for chunk in chunks(lm, embeddings[: min(reading.n_masked, reading.rows[-1])], size):
        if chunk.start == 0:
            yield _without_first(lm, reading, embeddings)
        start = max(chunk.start, 1)
        if start < chunk.stop:
            yield _hidden_chunk(lm, reading, embeddings, chunk, range(start, chunk.stop))


def _takes_positions(lm: LanguageModel) -> bool:
    """Positions can be stated; with ALiBi they are counted along the mask instead, and a hole would move them."""
    is_alibi = getattr(lm.model.config.get_text_config(), "alibi", False)
    return not is_alibi and "position_ids" in inspect.signature(lm.model.forward).parameters


@torch.no_grad()
def _without_first(lm: LanguageModel, reading: Reading, embeddings: Tensor) -> Masked:
    """Token 0 hidden: the others run alone at their own positions (a hole at 0 would leave token 0 nothing to see)."""
    positions = torch.arange(1, len(embeddings), device=embeddings.device)[None]
    reached = _reached(reading, 1)
    at = [row - 1 for row in reached]
    mask = torch.ones_like(positions)
    with running(lm):
        logits = logits_at(lm, embeddings[None, 1:], None, at, attention_mask=mask, position_ids=positions)
    return Masked(range(1), reached, log_probs(logits), 1)


@torch.no_grad()
def _hidden_chunk(lm: LanguageModel, reading: Reading, embeddings: Tensor, chunk: Chunk, hidden: range) -> Masked:
    n, n_rows = len(embeddings), len(hidden)
    rows = embeddings[chunk.first :].expand(n_rows, -1, -1)
    mask = torch.ones(n_rows, n, dtype=torch.long, device=rows.device)
    diagonal = torch.arange(n_rows, device=rows.device)
    mask[diagonal, diagonal + hidden.start] = 0
    positions = torch.arange(chunk.first, n, device=rows.device).expand(n_rows, -1)
    reached = _reached(reading, hidden.start)
    at = [row - chunk.first for row in reached]
    with running(lm):
        logits = logits_at(lm, rows, chunk.copy_of_cache(n_rows), at, attention_mask=mask, position_ids=positions)
    return Masked(hidden, reached, log_probs(logits), n_rows + chunk.n_grown)
