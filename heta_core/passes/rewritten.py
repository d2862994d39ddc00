"""The model on texts whose context is written anew: as many tokens as before, some of them others."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from heta_core.language_model import LanguageModel, embed, log_probs, running
from heta_core.passes.batching import Room, in_batches
from heta_core.passes.prefix import logits_at
from heta_core.passes.room import Extent, masked_rows
from heta_core.passes.sets import Line, Read
from heta_core.settings import Settings

Texts = NDArray[np.int64]  # (N, T) ids in the place of the context's


def read_rewritten(lm: LanguageModel, line: Line, texts: Texts, settings: Settings) -> Iterator[Read]:
    """Log-probabilities at the line's rows with each of N texts as its context. A batch that does not fit is halved.

    Raises:
        InputError: an id is not in the vocabulary.
        OutOfMemoryError: a single sequence does not fit into memory.
    """
    extent = Extent(len(line.ids), len(line.ids), len(line.rows))
    room = Room(masked_rows(lm, extent, settings.memory, most=settings.batch or len(texts)))
    yield from in_batches(len(texts), room, partial(_read, lm, line, texts))


@torch.no_grad()
def _read(lm: LanguageModel, line: Line, texts: Texts, batch: slice) -> Read:
    rest = line.ids[line.n_context :]
    with running(lm):
        sequences = torch.stack([embed(lm, (*text, *rest)) for text in texts[batch].tolist()])
        found = log_probs(logits_at(lm, sequences, None, line.rows))
    return Read(tuple(range(batch.start, batch.stop)), line.rows, found)
