"""Training batches: rows turned into ids and loss weights, rows of like length together."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import torch
from tokenizers import Tokenizer

from heta_core.littletown.rows import Piece, row
from heta_core.littletown.syllabus import Stage

ANSWER_WEIGHT = 8.0
QUESTION_WEIGHT = 0.3
POOL = 32  # batches drawn at once and sorted by length, so that little is padding


@dataclass(frozen=True, slots=True)
class Batch:
    """Right-padded ids; a padded position has weight 0."""

    ids: torch.Tensor  # (B, T)
    weights: torch.Tensor  # (B, T) of the token at that position, as a target


class Reader:
    """Pieces to ids, each piece tokenised once: the world repeats itself. Every piece brings its own space."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, list[int]] = {}
        self.start = self._known_id("<s>")
        self.end = self._known_id("</s>")

    def _known_id(self, token: str) -> int:
        found = self._tokenizer.token_to_id(token)
        if found is None:
            raise ValueError(
                f"Need a tokenizer that knows {token}, this one does not: build it with `tokenizer.build`."
            )
        return found

    def _sentence(self, text: str) -> list[int]:
        if (ids := self._known.get(text)) is None:
            ids = self._tokenizer.encode(text, add_special_tokens=False).ids
            self._known[text] = ids
        return ids

    def ids(self, text: str) -> list[int]:
        """Ids of a piece, read sentence by sentence; a sentence ends before a space."""
        head, *rest = text.split(". ")
        if not rest:
            return self._sentence(text)
        parts = [head + ".", *(f" {p}." for p in rest[:-1]), f" {rest[-1]}"]
        return [i for part in parts for i in self._sentence(part)]

    def row(self, pieces: list[Piece], story_weight: float) -> tuple[list[int], list[float]]:
        """Ids and weights of a row, from <s> to </s>."""
        by_kind = {"story": story_weight, "question": QUESTION_WEIGHT * story_weight, "answer": ANSWER_WEIGHT}
        ids, weights = [self.start], [0.0]
        for text, kind in pieces:
            piece = self.ids(text)
            ids += piece
            weights += [by_kind[kind]] * len(piece)
        return [*ids, self.end], [*weights, story_weight]


def _padded(rows: list[tuple[list[int], list[float]]]) -> Batch:
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([r + [0] * (longest - len(r)) for r, _ in rows])
    weights = torch.tensor([w + [0.0] * (longest - len(w)) for _, w in rows])
    return Batch(ids, weights)


def batches(stage: Stage, reader: Reader, rng: Random, *, n_tokens: int) -> Iterator[Batch]:
    """Batches of about `n_tokens` tokens, without end."""
    while True:
        rows, size = [], 0
        while size < POOL * n_tokens:
            (first, kind), *rest = row(stage.rows, rng)
            rows.append(reader.row([(" " + first, kind), *rest], stage.story_weight))
            size += len(rows[-1][0])
        yield from _packed(rows, n_tokens, rng)


def _packed(rows: list[tuple[list[int], list[float]]], n_tokens: int, rng: Random) -> list[Batch]:
    """Batches of rows of like length, in random order."""
    ready: list[Batch] = []
    chunk: list[tuple[list[int], list[float]]] = []
    for r in sorted(rows, key=lambda r: len(r[0])):
        if chunk and len(r[0]) * (len(chunk) + 1) > n_tokens:
            ready.append(_padded(chunk))
            chunk = []
        chunk.append(r)
    ready.append(_padded(chunk))
    rng.shuffle(ready)
    return ready
