r"""Coloured probes: several blocks share one product, so the number of products does not grow with the prompt.

1. One window over the whole context gives ∇f and serves every product.
2. In each draw the blocks are dealt out to a few colours, neighbours to different ones, others together in every draw
   (after Curtis, Powell & Reid 1974). A product along v = Σ_{b of one colour} s_b r_b gives in block b
   s_b 𝓗_bb r_b + Σ_c s_c 𝓗_bc r_c, the blocks c of the same colour adding what they should not.
3. s_b = ‖∇_b f‖₁^(−½). A block with a steep gradient bends and couples most; moving it less makes what any two blocks
   add to one another about the same part of their own, instead of drowning the small ones.
4. Much of the coupling runs along the gradient, 𝓗_bc ≈ κ ∇_b f ∇_c fᵀ: κ is read off the blocks that were not moved,
   and its part of the sum taken out again.
5. What is left biases the estimate upward. Some blocks, spread over the order of the gradients, are moved alone with
   the signs of the first draw: the median excess over them is the bias.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heta_core.estimators.probes import Floats, Probe, Signs, block_signs, own_norms
from heta_core.estimators.steadying import steadied
from heta_core.groups import Groups
from heta_core.parts import Work
from heta_core.passes.batching import Room, in_batches
from heta_core.passes.curvature import Surface, Window, open_window
from heta_core.passes.prefix import Chunk
from heta_core.settings import Settings

AUTO_DRAWS = 4
_COLOURS = 8
_SAMPLES = 8


@dataclass(frozen=True, slots=True, eq=False)
class Coloured:
    """What the coloured products say of each of B blocks."""

    draws: Floats  # (B, m) ‖𝓗_bb r‖₁ of each draw, biased upward and steadied
    gradient: Floats  # (B,) ‖∇f‖₁
    gradients: tuple[Floats, ...]  # B of (w,) ∇f of each block, flattened
    bias: float  # the median excess over the sampled blocks, as a part of what is right
    bias_error: float | None  # its standard error; None from one sample


def n_products(n_blocks: int, draws: int) -> int:
    """Products of a coloured estimate, the samples of its bias among them."""
    return draws * min(_COLOURS, n_blocks) + min(_SAMPLES, n_blocks)


def coloured(over: Surface, settings: Settings, draws: int, room: Room) -> Iterator[tuple[Work, Coloured | None]]:
    """The work of each batch of products, and with the last the estimate.

    Raises:
        NotDifferentiableError: the model has no second derivative.
        OutOfMemoryError: the graph of the whole context does not fit.
    """
    window = open_window(over, Chunk(0, over.objective.n_context, 0, None))
    yield Work(forwards=len(over.embeddings), backwards=1), None
    deal = _dealt(over, window, settings, draws)
    parts: list[Tensor] = []
    for found in in_batches(len(deal.members), room, partial(_moved, window, deal)):
        parts.append(found)
        yield Work(products=len(found)), None
    samples = _samples(deal)
    alone: list[Tensor] = []
    probes = [Probe(over.blocks[k], deal.signs[k][0]) for k in samples]
    for found in in_batches(len(probes), room, partial(own_norms, window, probes)):
        alone.append(found)
        yield Work(products=len(found)), None
    products = torch.cat(parts).double().cpu().numpy()  # (P, T, D)
    right = torch.cat(alone).double().cpu().numpy()
    yield Work(), _estimate(deal, products, dict(zip(samples, right, strict=True)))


@dataclass(frozen=True, slots=True, eq=False)
class _Deal:
    """Which blocks are moved in each product, and how."""

    blocks: Groups
    gradient: Floats  # (T, D)
    signs: list[Signs]  # B of (m, n, D)
    scale: Floats  # (B,) s
    slopes: Floats  # (B,) ‖∇_b f‖₂
    pushes: Floats  # (B, m) s · ∇_b f · r: how far a block's move goes along the gradient
    members: list[tuple[int, NDArray[np.int64]]]  # for each product its draw and its blocks


def _dealt(over: Surface, window: Window, settings: Settings, draws: int) -> _Deal:
    gradient = window.gradient.double().cpu().numpy()
    parts = [gradient[a:b] for a, b in over.blocks]
    steep = np.array([np.abs(part).sum() for part in parts])
    # A block without a gradient is moved like the flattest that has one; only ratios of scales count.
    least = steep[steep > 0].min() if steep.any() else 1.0
    scale = np.maximum(steep, least) ** -0.5
    scale /= np.median(scale)
    signs = [block_signs(settings.seed, block, range(draws), gradient.shape[1]) for block in over.blocks]
    along = [np.einsum("nd,mnd->m", part, drawn) for part, drawn in zip(parts, signs, strict=True)]
    slopes = np.array([np.linalg.norm(part) for part in parts])
    members = [(draw, group) for draw in range(draws) for group in _groups(len(parts), draw)]
    return _Deal(over.blocks, gradient, signs, scale, slopes, scale[:, None] * np.stack(along), members)


def _groups(n_blocks: int, draw: int) -> list[NDArray[np.int64]]:
    """The blocks of each colour: every row of blocks is turned against the one before, in each draw by another step."""
    n_colours = min(_COLOURS, n_blocks)
    number = np.arange(n_blocks)
    colour = (number + (number // n_colours) * (2 * draw + 1)) % n_colours
    return [np.flatnonzero(colour == c) for c in range(n_colours)]


def _moved(window: Window, deal: _Deal, batch: slice) -> Tensor:
    """(B, T, D) some products, each along what its blocks are moved by."""
    found = np.zeros((batch.stop - batch.start, *deal.gradient.shape))
    for row, (draw, members) in zip(found, deal.members[batch], strict=True):
        for k in members:
            start, stop = deal.blocks[k]
            row[start:stop] = deal.scale[k] * deal.signs[k][draw]
    return window.products(torch.from_numpy(found).to(window.gradient))


def _samples(deal: _Deal) -> list[int]:
    """Blocks spread over the order of their gradients."""
    order = np.argsort(-deal.slopes, kind="stable")
    places = np.linspace(0, len(order) - 1, min(_SAMPLES, len(order))).round().astype(int)
    return [int(order[place]) for place in dict.fromkeys(places.tolist())]


def _estimate(deal: _Deal, products: Floats, alone: dict[int, float]) -> Coloured:
    """Every block's own part of the products that moved it.

    Args:
        products: (P, T, D).
        alone: ‖𝓗_bb r‖₁ of the first draw of some blocks.
    """
    own: list[list[Floats]] = [[] for _ in deal.blocks]
    coupling = _coupling(deal, products)
    for (draw, members), product in zip(deal.members, products, strict=True):
        together = deal.pushes[members, draw].sum()
        for k in members:
            start, stop = deal.blocks[k]
            theirs = coupling * (together - deal.pushes[k, draw]) * deal.gradient[start:stop]
            own[k].append(((product[start:stop] - theirs) / deal.scale[k]).ravel())
    gradients = tuple(deal.gradient[a:b].ravel() for a, b in deal.blocks)
    rows = [
        steadied(np.stack(drawn), signs.reshape(len(drawn), -1), gradient)
        for drawn, signs, gradient in zip(own, deal.signs, gradients, strict=True)
    ]
    excess = np.array([np.abs(own[k][0]).sum() / norm - 1 for k, norm in alone.items() if norm > 0])
    # The middle one: a block that hardly bends can be too high by any factor, and matters to no one.
    bias = float(np.median(excess)) if excess.size else 0.0
    spread = 1.4826 * np.median(np.abs(excess - bias)) if excess.size > 1 else None  # a deviation, if they are normal
    error = None if spread is None else float(1.2533 * spread / np.sqrt(excess.size))
    return Coloured(np.stack(rows), np.array([np.abs(g).sum() for g in gradients]), gradients, bias, error)


def _coupling(deal: _Deal, products: Floats) -> float:
    """κ, by least squares over the blocks that a product did not move: along ∇_b f they show κ · push · ‖∇_b f‖."""
    starts = [start for start, _ in deal.blocks]
    along = np.add.reduceat((products * deal.gradient).sum(-1), starts, axis=1)  # (P, B)
    shown = np.divide(along, deal.slopes, out=np.zeros_like(along), where=deal.slopes > 0)
    above = below = 0.0
    for (draw, members), row in zip(deal.members, shown, strict=True):
        push = deal.pushes[members, draw].sum()
        still = np.ones(len(row), bool)
        still[members] = False
        above += push * row[still].sum()
        below += push**2 * deal.slopes[still].sum()
    return above / below if below > 0 else 0.0
