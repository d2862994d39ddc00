"""A low-rank approximation of the whole prompt's Hessian, as the paper proposes for large models.

Two passes (Halko, Martinsson & Tropp 2011): products with random directions over all tokens at once span its range, and
products with an orthonormal basis of that range give it there. It keeps the order of the blocks and loses most of their
size: what a few directions of the whole prompt do not hold is missing.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor

from heta_core.estimators.probes import Drawn, Floats, block_signs
from heta_core.parts import Work
from heta_core.passes.batching import Room, in_batches
from heta_core.passes.curvature import Surface, Window, open_window
from heta_core.passes.prefix import Chunk
from heta_core.settings import Settings

_RANK = 8
_SPARE = 4  # directions beyond the rank, which the range is then found better with


def n_products(settings: Settings, size: int) -> int:
    """Products of both passes, over a prompt of `size` = T·D numbers."""
    return 2 * min((settings.rank or _RANK) + _SPARE, size)


def low_rank(over: Surface, settings: Settings, room: Room) -> Iterator[tuple[Work, Drawn | None]]:
    """The work of each batch of products, and with the last the estimate. The draws themselves run no model.

    Raises:
        NotDifferentiableError: the model has no second derivative.
    """
    assert isinstance(settings.probes, int)
    window = open_window(over, Chunk(0, over.objective.n_context, 0, None))
    yield Work(forwards=len(over.embeddings), backwards=1), None
    n_tokens, width = window.gradient.shape
    generator = np.random.default_rng(settings.seed)
    directions = generator.standard_normal((n_products(settings, n_tokens * width) // 2, n_tokens * width))
    bases: list[Floats] = []
    for _ in range(2):
        products: list[Tensor] = []
        asked = torch.from_numpy(directions).to(window.gradient).reshape(-1, n_tokens, width)
        for found in in_batches(len(asked), room, partial(_pushed, window, asked)):
            products.append(found)
            yield Work(products=len(found)), None
        bases.append(torch.cat(products).double().cpu().numpy().reshape(len(asked), -1))
        directions = np.linalg.qr(bases[0].T)[0].T  # (k, T·D)
    yield Work(), _estimate(over, window, settings, directions, bases[1])


def _pushed(window: Window, directions: Tensor, batch: slice) -> Tensor:
    return window.products(directions[batch])


def _estimate(over: Surface, window: Window, settings: Settings, basis: Floats, images: Floats) -> Drawn:
    """The norms of the blocks of QᵀBQ, with B the Hessian on the basis, cut off at the rank."""
    small = basis @ images.T
    values, vectors = np.linalg.eigh((small + small.T) / 2)
    best = np.argsort(-np.abs(values))[: settings.rank or _RANK]
    n_tokens, width = window.gradient.shape
    axes = (vectors[:, best].T @ basis).reshape(len(best), n_tokens, width)
    slopes = window.gradient.abs().sum(-1).double().cpu().numpy()
    assert isinstance(settings.probes, int)
    rows = []
    for start, stop in over.blocks:
        own = axes[:, start:stop].reshape(len(best), -1)  # (k, w)
        drawn = block_signs(settings.seed, (start, stop), range(settings.probes), width)
        along = drawn.reshape(settings.probes, -1) @ own.T  # (m, k)
        rows.append(np.abs((along * values[best]) @ own).sum(1))
    return Drawn(np.stack(rows), np.add.reduceat(slopes, [start for start, _ in over.blocks]))
