"""The numbers of a token × step matrix: which rows are drawn, how deep each cell is, and what the other rows hold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heta_core.errors import ReportError
from heta_core.generated import GenerationAttribution
from heta_core.parts import Floats
from heta_core.views import words
from heta_core.views.scale import intensity
from heta_core.views.words import Component

# More rows than this cannot be told apart; what is left out is stated.
MOST_ROWS = 120


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """What is drawn: R of the rows, all S columns."""

    raw: Floats  # (R, S), NaN where nothing is known or the token is not in the context
    parts: Floats  # (R, S), of the highest value of the column
    ranks: Floats  # (R, S), 1 is the highest of its column
    positions: NDArray[np.int64]  # (R,) in reading order
    hidden: Floats  # (S or fewer) the part of each known column's sum that the rows not drawn hold
    n_rows: int  # with those that are not drawn
    step: int | None  # looked at
    token: int | None  # pinned


def laid(
    generation: GenerationAttribution, component: Component, step: int | None = None, token: int | None = None
) -> Grid:
    """One component of every step, a column for each; a pinned token is drawn whatever it holds.

    Raises:
        ReportError: the component is not known of any step, or the step or the token does not exist.
    """
    raw = generation.matrix(component)
    n_rows, n_steps = raw.shape
    for what, found, n in (("step", step, n_steps), ("token", token, n_rows)):
        if found is not None and not 0 <= found < n:
            raise ReportError(f"The {what} must be from 0 to {n - 1}, found {found}.")
    if np.isnan(raw).all():
        raise ReportError(f"A matrix needs the {words.BY_NAME[component].title} of a step, found none: wait for it.")
    values = np.nan_to_num(raw)
    sums = values.sum(0)
    shares = values / np.where(sums > 0, sums, 1)
    best = shares.max(1)
    if token is not None:
        best[token] = np.inf
    kept = np.sort(np.argsort(-best, kind="stable")[:MOST_ROWS])
    parts = np.stack([intensity(column) for column in values.T], 1)
    hidden = np.maximum(0, 1 - shares[kept].sum(0)[sums > 0])
    return Grid(raw[kept], parts[kept], _ranks(raw)[kept], kept, hidden, n_rows, step, token)


def rows_drawn(found: Grid) -> tuple[str, ...]:
    """Which rows are drawn, and what the others hold."""
    n_rows, n_shown = found.n_rows, len(found.positions)
    if n_shown == n_rows:
        return (f"all {n_rows} tokens",)
    mean = words.percent(float(found.hidden.mean() if len(found.hidden) else 0))
    most = words.percent(float(found.hidden.max(initial=0)))
    return (
        f"the {n_shown} highest of {n_rows} tokens in reading order",
        f"the other {n_rows - n_shown} hold {mean} of a column on average, {most} at most",
    )


def _ranks(raw: Floats) -> Floats:
    """The place of each value in its column; equal ones in reading order."""
    ranks = np.full(raw.shape, np.nan)
    for column, values in enumerate(raw.T):
        known = np.flatnonzero(~np.isnan(values))
        order = known[np.argsort(-values[known], kind="stable")]
        ranks[order, column] = np.arange(1, len(order) + 1)
    return ranks
