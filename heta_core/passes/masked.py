"""The model with one group of context tokens masked at a time; a group of one is a token.

1. The context is cut into chunks of whole groups; each runs behind the cached prefix of what comes before it.
2. Each sequence of a chunk's batch has all tokens of one group masked at once, in one of four ways:
   - zero, mean, token: their embeddings are replaced;
   - attention: no later token may look at them. The mask is 2-D and the positions are stated: a gap in the positions
     without a mask would be read as packed sequences, and a hand-made 4-D mask would switch sliding windows off.
3. Only the logits at the predicting positions are computed; one pass serves all of them.

A row inside a group is predicted from that group's tokens up to the row's own, and those are what is masked for it.
Replaced tokens need nothing more. Under the attention mask the row's own token cannot be hidden: the prediction is made
there. So what is hidden from row r is the group before r; each such row is a sequence of its own, as what is hidden
from it is not what is hidden from the rows after it. Of a group that begins at r nothing is left to hide.
"""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from heta_core.errors import InputError, UnsupportedModelError
from heta_core.groups import Groups, spanned
from heta_core.language_model import LanguageModel, embed, log_probs, running
from heta_core.passes.batching import Room, in_batches
from heta_core.passes.cutting import masked_at_once, masked_runs
from heta_core.passes.prefix import Chunk, chunks_at, growths, logits_at
from heta_core.passes.room import Extent, masked_rows
from heta_core.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """Next-token log-probabilities with each of n neighbouring groups masked, where the line is read."""

    groups: range  # n of them, by their number
    rows: tuple[int, ...]  # R
    holds: Tensor  # (n, R) whether the row sees what is masked there; else nothing may be read off it
    log_probs: Tensor  # (n, R, V) nats
    n_forwards: int  # sequences run for it, a grown prefix counted


@dataclass(frozen=True, slots=True)
class Reading:
    """A sequence, which groups of its first tokens are masked one at a time, and where it is read."""

    ids: tuple[int, ...]
    groups: Groups
    rows: tuple[int, ...]  # in order; a row predicts the token after it


def masked(lm: LanguageModel, reading: Reading, settings: Settings) -> Iterator[Masked]:
    """Log-probabilities after masking, chunk by chunk in reading order. A batch that does not fit is halved.

    Raises:
        InputError: mask_token is not in the vocabulary.
        UnsupportedModelError: the family takes its positions from the mask, so hiding a token would move the others.
        OutOfMemoryError: a single sequence does not fit into memory.
    """
    embeddings = embed(lm, reading.ids)
    context = embeddings[: reading.groups[-1][1]]
    members = masked_runs(lm, _worked(reading, settings), len(reading.ids), settings)
    extent = Extent(len(reading.ids), len(reading.ids), len(reading.rows))
    room = Room(masked_rows(lm, extent, settings.memory, most=masked_at_once(lm, extent, members)))
    if settings.mask == "attention":
        check_positions(lm)
    else:
        substitute = substitute_of(lm, context, settings)
    cuts = [spanned(reading.groups, together) for together in members]
    for chunk, together in zip(chunks_at(lm, context, cuts), members, strict=True):
        part = _Part(lm, reading, embeddings, chunk, together)
        found = _hidden(part, room) if settings.mask == "attention" else _replaced(part, substitute, room)
        for n, run in enumerate(found):
            yield replace(run, n_forwards=run.n_forwards + chunk.n_grown) if n == 0 else run


def n_forwards(lm: LanguageModel, reading: Reading, settings: Settings) -> int:
    """How many forwards `masked` takes: one for each sequence and one for each grown prefix."""
    groups = _worked(reading, settings)
    n_runs = len(groups)
    if settings.mask == "attention":
        n_runs = sum(stop <= reading.rows[-1] for _, stop in groups)
        n_runs += sum(start < row < stop for start, stop in groups for row in reading.rows)
    cuts = [spanned(groups, together) for together in masked_runs(lm, groups, len(reading.ids), settings)]
    return n_runs + len(growths(lm, cuts))


def _worked(reading: Reading, settings: Settings) -> Groups:
    """The groups that take a run: from the last row itself nothing can be hidden."""
    if settings.mask != "attention":
        return reading.groups
    return tuple((start, stop) for start, stop in reading.groups if start < reading.rows[-1])


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """The groups of one chunk, and what their runs share."""

    lm: LanguageModel
    reading: Reading
    embeddings: Tensor  # (length, D) of the whole sequence
    chunk: Chunk
    members: range

    def rows_from(self, position: int) -> tuple[int, ...]:
        """The rows at or after a token."""
        return tuple(row for row in self.reading.rows if row >= position)


def _replaced(part: _Part, substitute: Tensor, room: Room) -> Iterator[Masked]:
    return in_batches(len(part.members), room, partial(_replaced_batch, part, substitute))


@torch.no_grad()
def _replaced_batch(part: _Part, substitute: Tensor, batch: slice) -> Masked:
    lm, chunk, members = part.lm, part.chunk, part.members[batch]
    groups = [part.reading.groups[k] for k in members]
    reached = part.rows_from(groups[0][0])
    at = [row - chunk.first for row in reached]
    with running(lm):
        rows = part.embeddings[chunk.first :].repeat(len(groups), 1, 1)  # (n, T', D)
        for row, (start, stop) in zip(rows, groups, strict=True):
            row[start - chunk.first : stop - chunk.first] = substitute
        found = log_probs(logits_at(lm, rows, chunk.copy_of_cache(len(groups)), at))
    holds = _at_or_after(reached, [start for start, _ in groups], found.device)
    return Masked(members, reached, holds, found, len(groups))


def _at_or_after(rows: tuple[int, ...], positions: list[int], device: torch.device) -> Tensor:
    """(n, R) which rows stand at or after each position."""
    return torch.tensor(rows, device=device) >= torch.tensor(positions, device=device)[:, None]


def substitute_of(lm: LanguageModel, context: Tensor, settings: Settings) -> Tensor:
    """(D,) what stands in a masked token's place."""
    if settings.mask == "zero":
        return torch.zeros_like(context[0])
    if settings.mask == "mean":
        return context.mean(0)
    token = settings.mask_token
    if token is None or token >= lm.vocabulary:
        raise InputError(f"mask_token must be an id from 0 to {lm.vocabulary - 1}, got {token}.")
    return embed(lm, (token,))[0]


def check_positions(lm: LanguageModel) -> None:
    """Refuse a family where a hole in the mask does more, or less, than it should.

    With ALiBi it would move the positions; what hands tokens on beside attention, as a state does, may not see it.
    """
    if not lm.has_transition:
        raise UnsupportedModelError(
            f"The attention mask hides a token from attention alone, but of {lm.source.model} it is not known that "
            f"nothing else hands tokens on ({lm.architecture.refusal}): use the zero, mean or token mask."
        )
    is_alibi = getattr(lm.model.config.get_text_config(), "alibi", False)
    if is_alibi or "position_ids" not in inspect.signature(lm.model.forward).parameters:
        raise UnsupportedModelError(
            f"The attention mask needs positions that do not move, but {lm.source.model} takes them from the mask "
            "(ALiBi): use the zero, mean or token mask."
        )


def _hidden(part: _Part, room: Room) -> Iterator[Masked]:
    """The rows after each group of a chunk together; the rows inside of one each alone."""
    groups, rows = part.reading.groups, part.reading.rows
    whole = [k for k in part.members if groups[k][1] <= rows[-1]]
    if whole[:1] == [0]:
        yield _without_beginning(part, 0, groups[0][1], len(part.embeddings))
        whole = whole[1:]
    if whole:
        members = range(whole[0], whole[-1] + 1)
        yield from in_batches(len(members), room, partial(_hidden_batch, part, members))
    for k in part.members:
        for row in rows:
            if groups[k][0] < row < groups[k][1]:
                yield _inside(part, k, row)


@torch.no_grad()
def _without_beginning(part: _Part, k: int, start: int, stop: int) -> Masked:
    """The tokens before `start` hidden, up to `stop`: the others run alone at their own positions.

    A hole that begins at 0 would leave the hidden tokens nothing to see.
    """
    lm = part.lm
    positions = torch.arange(start, stop, device=part.embeddings.device)[None]
    reached = tuple(row for row in part.rows_from(start) if row < stop)
    at = [row - start for row in reached]
    mask = torch.ones_like(positions)
    with running(lm):
        rows = part.embeddings[None, start:stop]
        found = log_probs(logits_at(lm, rows, None, at, attention_mask=mask, position_ids=positions))
    return Masked(range(k, k + 1), reached, mask.new_ones(1, len(reached)).bool(), found, 1)


@torch.no_grad()
def _hidden_batch(part: _Part, members: range, batch: slice) -> Masked:
    """The rows after each group, with all of the group hidden."""
    members = members[batch]
    groups = [part.reading.groups[k] for k in members]
    reached = part.rows_from(groups[0][1])
    found = _with_holes(part, groups, reached, len(part.embeddings))
    holds = _at_or_after(reached, [stop for _, stop in groups], found.device)
    return Masked(members, reached, holds, found, len(groups))


@torch.no_grad()
def _inside(part: _Part, k: int, row: int) -> Masked:
    """One row inside a group, with what precedes it there hidden."""
    start, _ = part.reading.groups[k]
    if start == 0:
        return _without_beginning(part, k, row, row + 1)
    found = _with_holes(part, [(start, row)], (row,), row + 1)
    return Masked(range(k, k + 1), (row,), torch.ones(1, 1, dtype=torch.bool, device=found.device), found, 1)


def _with_holes(part: _Part, holes: list[tuple[int, int]], rows: tuple[int, ...], length: int) -> Tensor:
    """(n, R, V) at some rows of the first `length` tokens, with one hole in the attention of each of n sequences."""
    lm, chunk, n = part.lm, part.chunk, len(holes)
    device = part.embeddings.device
    with running(lm):
        mask = torch.ones(n, length, dtype=torch.long, device=device)
        for row, (start, stop) in zip(mask, holes, strict=True):
            row[start:stop] = 0
        positions = torch.arange(chunk.first, length, device=device).expand(n, -1)
        sequence = part.embeddings[chunk.first : length].expand(n, -1, -1)
        at = [row - chunk.first for row in rows]
        cache = chunk.copy_of_cache(n)
        return log_probs(logits_at(lm, sequence, cache, at, attention_mask=mask, position_ids=positions))
