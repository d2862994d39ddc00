"""Sign vectors, the probes of a block, and the windows that serve some blocks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heta_core.groups import Groups, runs, spanned
from heta_core.passes.curvature import Surface, Window
from heta_core.passes.prefix import Chunk, chunks_at

Signs = NDArray[np.int8]
Floats = NDArray[np.float64]


def signs(seed: int, position: int, draws: range, width: int) -> Signs:
    """(n, D) of ±1: probe number `draw` of a position.

    A counter-based generator keyed by (seed, position, draw): how the work is cut never changes a probe.
    """
    bits = [
        np.random.Generator(np.random.Philox(key=[seed, position], counter=[0, 0, 0, draw])).integers(
            0, 2, width, dtype=np.int8
        )
        for draw in draws
    ]
    return (2 * np.stack(bits) - 1).astype(np.int8)


def all_signs(width: int) -> Signs:
    """(2^(D−1), D): every sign vector with +1 first; −r gives the same norm as r."""
    codes = np.arange(2 ** (width - 1))[:, None]
    bits = (codes >> np.arange(width)) & 1
    return np.roll(1 - 2 * bits, 1, axis=1).astype(np.int8)


def block_signs(seed: int, block: tuple[int, int], draws: range, width: int) -> Signs:
    """(m, n, D) of ±1: the probes of the n tokens of a block, each token with its own."""
    return np.stack([signs(seed, i, draws, width) for i in range(*block)], 1)


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A direction on the tokens of one block, zero elsewhere."""

    block: tuple[int, int]
    signs: Signs  # (n, D)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What as many draws of every block say."""

    norms: Floats  # (B, m) ‖𝓗_bb r‖₁ of each draw
    gradient: Floats  # (B,) ‖∇f‖₁


def directions(window: Window, probes: Sequence[Probe]) -> Tensor:
    """(B, n, D) one direction of a window for each probe."""
    n_tokens, width = window.gradient.shape
    found = np.zeros((len(probes), n_tokens, width), np.int8)
    for row, probe in zip(found, probes, strict=True):
        row[probe.block[0] - window.start : probe.block[1] - window.start] = probe.signs
    return torch.from_numpy(found).to(window.gradient)


def own_rows(window: Window, probes: Sequence[Probe], batch: slice) -> list[Tensor]:
    """B of (w,): 𝓗_bb r of some probes, the rows of each one's own block flattened."""
    products = window.products(directions(window, probes[batch]))
    pairs = zip(products, probes[batch], strict=True)
    return [rows[p.block[0] - window.start : p.block[1] - window.start].flatten() for rows, p in pairs]


def own_norms(window: Window, probes: Sequence[Probe], batch: slice) -> Tensor:
    """(B,) ‖𝓗_bb r‖₁ of some probes, summed in float32 at least."""
    along = directions(window, probes[batch])
    products = window.products(along) * along.abs()  # other blocks' rows are not asked for
    return products.to(torch.promote_types(products.dtype, torch.float32)).abs().sum((-2, -1))


def cover(over: Surface, wanted: Iterable[int], size: int) -> Iterator[tuple[Chunk, list[int]]]:
    """Windows of about `size` tokens that hold some blocks, each with the numbers of those in it.

    Blocks that are not wanted are passed over: they only make the prefix grow.
    """
    blocks, members = over.blocks, set(wanted)
    cuts: list[tuple[int, int]] = []
    held: list[list[int]] = []
    for together in _stretches(blocks, members, size):
        inside = [k for k in together if k in members]
        cuts.append(spanned(blocks, together))
        held.append(inside)
    for chunk, inside in zip(chunks_at(over.lm, over.inputs, cuts), held, strict=True):
        if inside:
            yield chunk, inside


def _stretches(blocks: Groups, members: set[int], size: int) -> Iterator[range]:
    """Neighbouring blocks that share a window, and in between those that none of it needs."""
    done = 0
    last = max(members) + 1
    for together in runs(blocks, size) if len(members) == len(blocks) else _tight(blocks, sorted(members), size):
        if together.start > done:
            yield range(done, together.start)
        yield together
        done = together.stop
        if done >= last:
            return


def _tight(blocks: Groups, members: list[int], size: int) -> Iterator[range]:
    """Windows that begin and end with a wanted block."""
    first = previous = members[0]
    for k in members[1:]:
        if blocks[k][1] - blocks[first][0] > size:
            yield range(first, previous + 1)
            first = k
        previous = k
    yield range(first, previous + 1)
