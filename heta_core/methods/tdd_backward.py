r"""Token distribution dynamics, backward: what each token adds in front of those after it (Feng et al. 2024).

q_i(y) is the probability of the explained token y after tokens i … T−1 alone, which stand at positions 0 … there;
r_i = q_i(y) − q_{i+1}(y), minus the same of a foil; after nothing q is 0. Of several explained tokens the scores add
up, each read at its own row. A unit has the sum of its tokens, so only its first has to be run.
"""

import numpy as np

from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.methods._reading import plainly, probabilities
from heta_core.parts import Work


def score(asked: Asked, _draw: int) -> Scoring:
    """(U,) probability, signed. One forward for each unit and line of f, each as long as what follows it."""
    starts = [start for start, _ in asked.groups]
    q = np.zeros(len(starts) + 1)  # from each unit on; in the end from nothing
    for line in asked.objective.lines:
        for unit, start in enumerate(starts):
            rows = tuple(row - start for row in line.rows if row >= start)
            for read in plainly(asked.lm, line.ids[start:], rows, asked.settings):
                p = probabilities(read, line.terms)[0]  # (R, K)
                for k, term in enumerate(line.terms):
                    if term.row - start in read.rows:
                        q[unit] += term.weight * p[read.rows.index(term.row - start), k]
                yield Work(forwards=1), None
    yield Work(), -np.diff(q)


METHOD = Method(
    name="tdd_backward",
    title="TDD backward",
    meaning="How much likelier the answer becomes when this is put before what follows it.",
    score=score,
    unit="probability",
    is_signed=True,
    source="Feng et al. 2024",
    place=75,
)
