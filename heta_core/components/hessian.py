"""Hessian sensitivity S: how strongly what is explained bends at a token, or at a block of tokens."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from heta_core.combine import Array
from heta_core.errors import NotDifferentiableError, SettingsError
from heta_core.estimators.adaptive import Adaptive, Score, adaptive, pooled_errors
from heta_core.estimators.blockwise import Opening, blockwise, n_draws
from heta_core.estimators.coloured import AUTO_DRAWS, Coloured, coloured, n_products
from heta_core.estimators.low_rank import low_rank
from heta_core.estimators.low_rank import n_products as n_low_rank
from heta_core.estimators.probes import Drawn
from heta_core.groups import Groups, runs, singles, spanned
from heta_core.language_model import LanguageModel
from heta_core.parts import Sensitivity, Work
from heta_core.passes.batching import Room
from heta_core.passes.curvature import (
    STEP,
    Surface,
    open_differences,
    open_gauss_newton,
    open_window,
    surface,
)
from heta_core.passes.cutting import curvature_chunk, products_at_once
from heta_core.passes.prefix import growths
from heta_core.passes.room import Extent, product_rows
from heta_core.settings import Estimator, Settings
from heta_core.targets import Objective

Found = Iterator[tuple[Work, Sensitivity | None]]
# What adaptive probes were found to take on the embedded model, suffix products for each block beside the preview's.
USUAL = 1.5


def sensitivity(
    lm: LanguageModel,
    objective: Objective,
    settings: Settings,
    *,
    blocks: Groups | None = None,
    score: Score | None = None,
) -> Found:
    r"""S_b = E_r ‖ 𝓗_bb r ‖₁, r ∈ {±1}^w (Eq. 3), 𝓗_bb the block of ∇²f at a token or group, f = log p or a sum.

    Yields the work of every batch of products as it is done, and a complete estimate at the end; of adaptive probes
    also after the preview and every round. Not the entrywise norm of the block; in units of the embeddings, so
    embeddings twice as long give a quarter of it. The S of a group grows faster than its length.

    Args:
        blocks: groups that are probed as one; single tokens if not given.
        score: the final score as a function of (B,) S, which tells adaptive probes what matters; S itself if not given.

    Raises:
        NotDifferentiableError: the model has no finite second derivative.
        SettingsError: the estimator does not fit the model or what is explained.
    """
    over = surface(lm, objective, blocks, layers=settings.layers)
    if settings.layers is not None:
        yield Work(forwards=len(objective.lines)), None  # that read what enters them
    for work, found in _estimated(over, settings, score or (lambda s: s)):
        if found is not None and lm.dtype == torch.float16:
            _check_range(found)
        yield work, found


def _check_range(found: Sensitivity) -> None:
    """Refuse what vanished: float16 holds nothing smaller than 6e-8, and at a sure prediction nearly all of S is."""
    n_lost = int((found.scores == 0).sum())
    if n_lost:
        raise NotDifferentiableError(
            "The Hessian needs second derivatives that the numbers of the model can hold; in float16 those of "
            f"{n_lost} of {len(found.scores)} units are too small and became 0: load the model in bfloat16 or float32."
        )


def _estimated(over: Surface, settings: Settings, score: Score) -> Found:
    """By the estimator asked for, in batches of as many products as fit through the graph of the whole context."""
    extents = [Extent(len(line.ids), len(line.ids), len(line.rows)) for line in over.objective.lines]
    most = products_at_once(over.lm, extents, settings)
    room = Room(product_rows(over.lm, extents, settings.memory, most=most, layers=settings.layers))
    if settings.estimator == "low_rank":
        yield from _drawn(low_rank(over, settings, room), "low_rank")
    elif settings.estimator == "coloured":
        yield from _coloured(over, settings, room)
    elif settings.probes == "auto":
        yield from _adaptive(over, settings, score, room)
    else:
        yield from _drawn(blockwise(over, settings, _opening(over, settings), room), settings.estimator)


def n_passes(
    lm: LanguageModel, n_context: int, settings: Settings, *, n_lines: int = 1, blocks: Groups | None = None
) -> int:
    """Forwards, backwards and products of a whole run; of adaptive probes about as many as they usually take.

    Raises:
        SettingsError: the estimator does not fit the model or the blocks.
    """
    blocks = blocks or singles(n_context)
    width = int(lm.model.get_input_embeddings().weight.shape[1])
    once = n_lines + 1  # a window
    read = n_lines if settings.layers is not None else 0
    if settings.estimator == "low_rank":
        return read + once + n_low_rank(settings, n_context * width)
    if settings.estimator == "coloured":
        return read + once + n_products(len(blocks), _draws(settings))
    cuts = [spanned(blocks, members) for members in runs(blocks, curvature_chunk(settings))]
    opened = once * len(cuts) + len(growths(lm, cuts))
    if settings.probes == "auto":
        return read + once + n_products(len(blocks), AUTO_DRAWS) + opened + round(USUAL * len(blocks))
    return read + opened + len(blocks) * n_draws(settings, blocks, width)


def _draws(settings: Settings) -> int:
    return AUTO_DRAWS if settings.probes == "auto" else settings.probes


def _opening(over: Surface, settings: Settings) -> Opening:
    """How the estimator opens a window."""
    if settings.estimator == "finite_difference":
        return lambda over, chunk: open_differences(over, chunk, settings.step or STEP)
    if settings.estimator != "gauss_newton":
        return open_window
    if any(term.weight < 0 for line in over.objective.lines for term in line.terms):
        raise SettingsError(
            "estimator='gauss_newton' does not know which word is said, so it is 0 for every contrast: take "
            "block_probes or coloured."
        )
    return open_gauss_newton


def _all(estimator: Estimator, values: Array) -> tuple[Estimator, ...]:
    """The same for every block."""
    return (estimator,) * len(values)


def _each(draws: Array) -> NDArray[np.int64]:
    """(B,) m, the same for each of (B, m) draws."""
    return np.full(len(draws), draws.shape[1])


def _errors(norms: Array) -> Array:
    """(B,) s/√m over (B, m) draws; NaN for one draw."""
    m = norms.shape[1]
    return norms.std(1, ddof=1) / np.sqrt(m) if m > 1 else np.full(len(norms), np.nan)


def _drawn(steps: Iterator[tuple[Work, Drawn | None]], estimator: Estimator) -> Found:
    """Of estimators that draw as many probes for every block."""
    for work, known in steps:
        yield work, None if known is None else _of_draws(known, estimator)


def _of_draws(known: Drawn, estimator: Estimator) -> Sensitivity:
    error = _errors(known.norms) * (estimator != "dense")
    return _checked(known.norms.mean(1), error, _each(known.norms), known.gradient, _all(estimator, error))


def _coloured(over: Surface, settings: Settings, room: Room) -> Found:
    for work, known in coloured(over, settings, _draws(settings), room):
        yield work, None if known is None else _of_colours(known)


def _of_colours(known: Coloured) -> Sensitivity:
    rows, m = list(known.draws), known.draws.shape[1]
    error = pooled_errors(rows) if m > 1 else np.full(len(rows), np.nan)
    scores = known.draws.mean(1).clip(min=0)
    return _checked(scores, error, _each(known.draws), known.gradient, _all("coloured", scores), known)


def _adaptive(over: Surface, settings: Settings, score: Score, room: Room) -> Found:
    for work, known in adaptive(over, settings, score, room):
        yield work, None if known is None else _of_both(known)


def _of_both(known: Adaptive) -> Sensitivity:
    names: tuple[Estimator, ...] = ("coloured", "block_probes")
    estimators = tuple(names[own] for own in known.has_own.astype(int))
    return _checked(known.scores, known.errors, known.n_draws, known.preview.gradient, estimators, known.preview)


def _checked(
    scores: Array,
    error: Array,
    m: NDArray[np.int64],
    gradient: Array,
    estimators: tuple[Estimator, ...],
    preview: Coloured | None = None,
) -> Sensitivity:
    """A result of finite numbers."""
    if not np.isfinite(scores).all() or not np.isfinite(gradient).all():
        raise NotDifferentiableError(
            "The Hessian needs finite second derivatives, found NaN or infinity: load the model in float32, or in "
            "bfloat16, whose numbers reach as far (those of float16 end at 65504)."
        )
    if preview is None or "coloured" not in estimators:
        return Sensitivity(scores, error, m, gradient, estimators)
    return Sensitivity(scores, error, m, gradient, estimators, preview.bias, preview.bias_error)
