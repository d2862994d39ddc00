"""Hessian sensitivity S: how strongly what is explained bends at a token."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from heta_core.errors import NotDifferentiableError, SettingsError
from heta_core.language_model import LanguageModel, embed
from heta_core.parts import Sensitivity, Work
from heta_core.passes.curvature import Window, block_products, open_window
from heta_core.passes.prefix import bounds, chunks, n_growths
from heta_core.settings import Settings
from heta_core.targets import Objective

# 2^(D−1) sign vectors; beyond this width `dense` would take hours.
_WIDEST_DENSE = 14


def signs(seed: int, position: int, draws: range, width: int) -> NDArray[np.int8]:
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


def all_signs(width: int) -> NDArray[np.int8]:
    """(2^(D−1), D): every sign vector with +1 first; −r gives the same norm as r."""
    codes = np.arange(2 ** (width - 1))[:, None]
    bits = (codes >> np.arange(width)) & 1
    return np.roll(1 - 2 * bits, 1, axis=1).astype(np.int8)


def rounds(settings: Settings, width: int) -> list[range]:
    """The draws of every token in the rounds in which they are shown: two, which have an error, then four times more.

    Every round opens each chunk anew, which costs as much as some products do: few rounds are faster.

    Raises:
        SettingsError: the dense estimator is asked for on a model too wide for it.
    """
    if settings.estimator == "dense":
        if width > _WIDEST_DENSE:
            raise SettingsError(
                f"estimator='dense' takes all 2^(D−1) sign vectors and needs D ≤ {_WIDEST_DENSE}, this model has "
                f"D = {width}: use block_probes."
            )
        return [range(2 ** (width - 1))]
    starts, step = [0], 2
    while starts[-1] < settings.probes:
        starts.append(min(starts[-1] + step, settings.probes))
        step *= 4
    return [range(a, b) for a, b in pairwise(starts)]


def sensitivity(
    lm: LanguageModel, objective: Objective, settings: Settings
) -> Iterator[tuple[Work, Sensitivity | None]]:
    r"""S_i = E_r ‖ 𝓗_ii r ‖₁, r ∈ {±1}^D (Eq. 3), 𝓗_ii the D×D block of ∇²f at token i, f = log p(target) or a sum.

    Yields the work of every batch of products as it is done, and after every round a complete, finer estimate. Cost:
    m products per token, each a backward through the gradient of the suffix that the token can reach. Not the
    entrywise norm of the block; in units of the embeddings, so embeddings twice as long give a quarter of it.

    Raises:
        NotDifferentiableError: the model has no finite second derivative.
        SettingsError: the estimator does not fit the model.
    """
    embeddings = [embed(lm, line.ids) for line in objective.lines]
    context = embeddings[0][: objective.n_context]
    norms: list[NDArray[np.float64]] = []  # (T, draws of the round)
    gradient = np.empty(0)
    for draws in rounds(settings, context.shape[1]):
        parts: list[Tensor] = []
        slopes: list[Tensor] = []
        for chunk in chunks(lm, context, settings.chunk):
            window = open_window(lm, objective, embeddings, chunk)
            slopes.append(window.gradient.detach().abs().sum(-1))
            yield Work(forwards=len(embeddings) + chunk.n_grown, backwards=1), None
            for part in _norms(lm, window, draws, settings):
                parts.append(part)
                yield Work(products=len(part)), None
        norms.append(torch.cat(parts).reshape(len(context), len(draws)).double().cpu().numpy())
        if not norms[1:]:
            gradient = torch.cat(slopes).double().cpu().numpy()
        yield Work(), _estimate(np.concatenate(norms, 1), gradient, settings)


def n_passes(lm: LanguageModel, n_context: int, settings: Settings, *, n_lines: int = 1) -> int:
    """Forwards, backwards and products of a whole run.

    Raises:
        SettingsError: the estimator does not fit the model.
    """
    n_chunks = len(bounds(n_context, settings.chunk))
    each = (n_lines + 1) * n_chunks + n_growths(lm, n_context, settings.chunk)
    width = int(lm.model.get_input_embeddings().weight.shape[1])
    return sum(each + n_context * len(draws) for draws in rounds(settings, width))


def _norms(lm: LanguageModel, window: Window, draws: range, settings: Settings) -> Iterator[Tensor]:
    """‖𝓗_ii r‖₁ of every token of the window and every draw, token by token, in batches."""
    n_tokens, width = window.leaf.shape
    if settings.estimator == "dense":
        drawn = np.tile(all_signs(width), (n_tokens, 1))
    else:
        drawn = np.concatenate([signs(settings.seed, window.start + i, draws, width) for i in range(n_tokens)])
    probes = torch.from_numpy(drawn).to(window.leaf)
    rows = torch.arange(n_tokens, device=probes.device).repeat_interleave(len(draws))
    for start in range(0, len(rows), settings.batch):
        batch = slice(start, start + settings.batch)
        products = block_products(lm, window, rows[batch], probes[batch])
        yield products.to(torch.promote_types(products.dtype, torch.float32)).abs().sum(-1)


def _estimate(norms: NDArray[np.float64], gradient: NDArray[np.float64], settings: Settings) -> Sensitivity:
    """Mean and standard error s/√m over (T, m) norms; the dense estimator has no sampling error."""
    if not np.isfinite(norms).all() or not np.isfinite(gradient).all():
        raise NotDifferentiableError(
            "The Hessian needs finite second derivatives, found NaN or infinity: load the model in float32."
        )
    n_tokens, m = norms.shape
    if settings.estimator == "dense":
        error = np.zeros(n_tokens)
    elif m == 1:
        error = np.full(n_tokens, np.nan)
    else:
        error = norms.std(1, ddof=1) / np.sqrt(m)
    return Sensitivity(norms.mean(1), error, np.full(n_tokens, m), gradient)
