"""What is explained, f, with sets of context tokens masked: one number for each set."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from heta_core.errors import NotDifferentiableError
from heta_core.groups import Groups
from heta_core.language_model import LanguageModel
from heta_core.parts import Floats, Work
from heta_core.passes.sets import Line, Sets, read_masked
from heta_core.settings import Settings
from heta_core.targets import Objective


def of_tokens(units: Sets, groups: Groups) -> Sets:
    """(N, T) which tokens are masked where (N, U) units are."""
    return np.repeat(units, [stop - start for start, stop in groups], axis=1)


def values(
    lm: LanguageModel, objective: Objective, sets: Sets, settings: Settings
) -> Iterator[tuple[Work, Floats | None]]:
    """(N,) f in nats with each of N sets of tokens masked: Σ weight · log p over every term of every line.

    Yields the work of every batch as it is done, and with the last of it the values.

    Raises: as `read_masked`, and
        NotDifferentiableError: a masked run gives NaN or infinity.
    """
    found: NDArray[np.float64] = np.zeros(len(sets))
    for line in objective.lines:
        for read in read_masked(lm, Line(line.ids, objective.n_context, line.rows), sets, settings):
            terms = [term for term in line.terms if term.row in read.rows]
            places = [read.rows.index(term.row) for term in terms]
            own = read.log_probs[:, places, [term.token_id for term in terms]].double().cpu().numpy()  # (n, K)
            found[list(read.sets)] += own @ np.array([float(term.weight) for term in terms])
            yield Work(forwards=len(read.sets)), None
    if not np.isfinite(found).all():
        raise NotDifferentiableError("A masked run gave NaN or infinity: load the model in float32.")
    yield Work(), found
