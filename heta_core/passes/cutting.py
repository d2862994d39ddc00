"""How much goes through the model together, where the settings leave it open.

A run of the model takes a fixed time beside its operations. On a small model that is most of it, unless as much goes
together as the constants here say; on a large one more only costs memory, and of masked tokens work, since all of a
chunk run from its first one on. Measured on a CPU: with fewer masked tokens together the embedded model took a quarter
longer. Products come in batches of a few tenths of a second, which is how soon a stop is obeyed: batches twice as large
were no faster.

On a processor no piece of a batch may be larger than what the allocator keeps when it is freed: mapped and zeroed anew
for every batch, eight products of GPT-2 over 512 tokens took twice as long each as one or two.
"""

import sys
from collections.abc import Sequence
from math import ceil

from heta_core.allocator import LARGEST
from heta_core.groups import Groups, runs
from heta_core.language_model import LanguageModel
from heta_core.passes.room import Extent, piece_bytes, shape_of
from heta_core.settings import Settings

_CHUNK = 8  # tokens of a large model
_ROWS = 384  # of a matrix: with fewer, products of a large model take turns at reading its weights
_MASKED_FLOPS = 2e9
_PRODUCT_FLOPS = 5e9
_WHOLE_FLOPS = 4e9  # of a batch of whole sequences: on the embedded model some hundred milliseconds


def masked_runs(lm: LanguageModel, groups: Groups, n_tokens: int, settings: Settings) -> list[range]:
    """Which groups of a sequence are masked behind one prefix."""
    if settings.chunk is not None:
        return runs(groups, settings.chunk)
    positions = _MASKED_FLOPS / (2 * shape_of(lm).n_weights)
    found: list[range] = []
    done = 0
    while done < len(groups):
        size = max(_CHUNK, ceil(positions / (n_tokens - groups[done][0])))
        together = len(runs(groups[done : done + size], size)[0])
        found.append(range(done, done + together))
        done += together
    return found


def masked_at_once(lm: LanguageModel, extent: Extent, together: Sequence[range]) -> int:
    """How many masked sequences share a forward at most."""
    return min(max(map(len, together)), _kept_rows(lm, [extent], is_product=False))


def whole_at_once(lm: LanguageModel, n_tokens: int, settings: Settings, *, is_gradient: bool = False) -> int:
    """How many whole sequences share a forward at most, or a forward and its backward."""
    flops = (6 if is_gradient else 2) * shape_of(lm).n_weights * n_tokens  # a backward is two forwards
    return settings.batch or max(1, int(_WHOLE_FLOPS / flops))


def curvature_chunk(settings: Settings) -> int:
    """About how many tokens share a graph."""
    return settings.chunk or _CHUNK


def products_at_once(lm: LanguageModel, extents: Sequence[Extent], settings: Settings) -> int:
    """How many products share a backward pass at most."""
    if settings.batch is not None:
        return settings.batch
    n_weights = shape_of(lm).last(settings.layers).n_weights
    n_run = sum(extent.n_run for extent in extents)
    at_least = ceil(_ROWS / n_run)
    return min(max(at_least, int(_PRODUCT_FLOPS / (4 * n_weights * n_run))), _kept_rows(lm, extents, is_product=True))


def _kept_rows(lm: LanguageModel, extents: Sequence[Extent], *, is_product: bool) -> int:
    """How many rows have no piece that is too large to be kept; a GPU's allocator keeps all."""
    if lm.device.type != "cpu":
        return sys.maxsize
    shape = shape_of(lm)
    return max(1, int(LARGEST / max(piece_bytes(shape, extent, is_product=is_product) for extent in extents)))
