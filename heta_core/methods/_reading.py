"""What is explained, read off before its place: how probable its tokens are after fewer tokens than precede them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from heta_core.errors import NotDifferentiableError
from heta_core.language_model import LanguageModel
from heta_core.parts import Floats
from heta_core.passes.sets import Line, Read, Sets, read_masked
from heta_core.settings import Settings
from heta_core.targets import Term

# Log-probabilities that one sequence gives at once: 128 MB in float32.
_MOST_CELLS = 2**25


def plainly(lm: LanguageModel, ids: tuple[int, ...], rows: Sequence[int], settings: Settings) -> Iterator[Read]:
    """Log-probabilities at some rows of a text with nothing masked. One forward, or one for each part of the rows."""
    nothing = np.zeros((1, len(ids)), bool)
    return read_in_parts(lm, ids, rows, nothing, replace(settings, mask="zero", mask_token=None))


def read_in_parts(
    lm: LanguageModel, ids: tuple[int, ...], rows: Sequence[int], sets: Sets, settings: Settings
) -> Iterator[Read]:
    """`read_masked` at many rows: as many at once as fit into a bounded part of the memory."""
    size = max(1, _MOST_CELLS // lm.vocabulary)
    for start in range(0, len(rows), size):
        part = tuple(rows[start : start + size])
        yield from read_masked(lm, Line(ids, sets.shape[1], part), sets, settings)


def probabilities(read: Read, terms: Sequence[Term]) -> Floats:
    """(n, R, K) of the token of each term, at every row that was read.

    Raises:
        NotDifferentiableError: one is NaN.
    """
    own = read.log_probs[:, :, [term.token_id for term in terms]].exp().double().cpu().numpy()
    if np.isnan(own).any():
        raise NotDifferentiableError("A run gave NaN: load the model in float32.")
    return np.asarray(own, np.float64)
