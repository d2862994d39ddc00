"""Block probes: every block has products of its own, the same number for each."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor

from heta_core.errors import SettingsError
from heta_core.estimators.probes import Drawn, Probe, Signs, all_signs, block_signs, cover, own_norms
from heta_core.groups import Groups
from heta_core.parts import Work
from heta_core.passes.batching import Room, in_batches
from heta_core.passes.curvature import Surface, Window
from heta_core.passes.cutting import curvature_chunk
from heta_core.passes.prefix import Chunk
from heta_core.settings import Settings

# 2^(w−1) sign vectors; beyond this width `dense` would take hours.
_WIDEST_DENSE = 14

Opening = Callable[[Surface, Chunk], Window]


def n_draws(settings: Settings, blocks: Groups, width: int) -> int:
    """The probes of every block.

    Raises:
        SettingsError: the dense estimator is asked for on blocks too wide for it.
    """
    if settings.estimator == "dense":
        return int(2 ** (_dense_width(blocks, width) - 1))
    assert isinstance(settings.probes, int)
    return settings.probes


def _dense_width(blocks: Groups, width: int) -> int:
    widths = {(stop - start) * width for start, stop in blocks}
    if len(widths) > 1 or max(widths) > _WIDEST_DENSE:
        raise SettingsError(
            f"estimator='dense' takes all 2^(w−1) sign vectors of every block and needs blocks of one width w ≤ "
            f"{_WIDEST_DENSE}, this model and text have w = {max(widths)}: use block_probes."
        )
    return max(widths)


def blockwise(over: Surface, settings: Settings, opening: Opening, room: Room) -> Iterator[tuple[Work, Drawn | None]]:
    """The work of each batch of products, and with the last the estimate. Every window is opened once.

    Raises:
        NotDifferentiableError: the model lacks the derivatives that the window needs.
        SettingsError: the estimator does not fit the model.
    """
    draws = range(n_draws(settings, over.blocks, over.context.shape[1]))
    parts: list[Tensor] = []
    slopes: list[Tensor] = []
    for chunk, members in cover(over, range(len(over.blocks)), curvature_chunk(settings)):
        window = opening(over, chunk)
        slopes.append(window.gradient.abs().sum(-1))
        yield Work(forwards=len(over.embeddings) + chunk.n_grown, backwards=1), None
        probes = [Probe(over.blocks[k], r) for k in members for r in _drawn(over, k, draws, settings)]
        for part in in_batches(len(probes), room, partial(own_norms, window, probes)):
            parts.append(part)
            yield Work(products=len(part)), None
    norms = torch.cat(parts).reshape(len(over.blocks), len(draws)).double().cpu().numpy()
    starts = [start for start, _ in over.blocks]
    yield Work(), Drawn(norms, np.add.reduceat(torch.cat(slopes).double().cpu().numpy(), starts))


def _drawn(over: Surface, k: int, draws: range, settings: Settings) -> Signs:
    """(m, n, D) the probes of a block."""
    (start, stop), width = over.blocks[k], over.context.shape[1]
    if settings.estimator == "dense":
        return all_signs((stop - start) * width).reshape(-1, stop - start, width)
    return block_signs(settings.seed, (start, stop), draws, width)
