"""How much goes through the model together, where the settings leave it open.

A run of the model takes a fixed time beside its operations. On a small model that is most of it, unless as much goes
together as the constants here say; on a large one more only costs memory, and of masked tokens work, since all of a
chunk run from its first one on. Measured on a CPU: with fewer masked tokens together the embedded model took a quarter
longer, with fewer products a tenth.
"""

from collections.abc import Sequence
from math import ceil

from heta_core.groups import Groups, runs
from heta_core.language_model import LanguageModel
from heta_core.passes.room import Extent, shape_of
from heta_core.settings import Settings

_CHUNK = 8  # tokens of a large model
_BATCH = 8  # products of a large model; more only make pieces that are too large to be kept when they are freed
_MASKED_FLOPS = 2e9
_PRODUCT_FLOPS = 12e9


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


def curvature_chunk(settings: Settings) -> int:
    """About how many tokens share a graph."""
    return settings.chunk or _CHUNK


def products_at_once(lm: LanguageModel, extents: Sequence[Extent], settings: Settings) -> int:
    """How many products share a backward pass at most."""
    if settings.batch is not None:
        return settings.batch
    n_weights = shape_of(lm).last(settings.layers).n_weights
    each = sum(4 * n_weights * extent.n_run for extent in extents)
    return max(_BATCH, int(_PRODUCT_FLOPS / each))
