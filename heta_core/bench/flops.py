"""Floating-point operations, counted as they are dispatched: those of matrix products, which are nearly all.

Element-wise work is in no count. A product of (a, b) and (b, c) counts 2·a·b·c.
"""

from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

from heta_core.language_model import LanguageModel, embed, running
from heta_core.passes.prefix import chunks, last_logits


def counted(run: Callable[[], object]) -> int:
    """The operations of one run, batched backwards among them."""
    with FlopCounterMode(display=False) as counter:
        run()
    return int(counter.get_total_flops())


def suffix_flops(lm: LanguageModel, ids: tuple[int, ...]) -> list[float] | None:
    """F of every token: one forward over the positions that it can reach, behind the prefix of the others.

    Counted for the first token and for the last; in between F is linear in the number of positions, since each
    attends to all T. None where the model has no prefix to run behind.
    """
    if not lm.has_prefix:
        return None
    embeddings, n = embed(lm, ids), len(ids)
    _, last = chunks(lm, embeddings, n - 1)
    with torch.no_grad(), running(lm):
        most = counted(lambda: last_logits(lm, embeddings[None], None))
        least = counted(lambda: last_logits(lm, embeddings[None, last.start :], last.copy_of_cache(1)))
    return [most + (least - most) * i / (n - 1) for i in range(n)]
