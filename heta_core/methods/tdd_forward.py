r"""Token distribution dynamics, forward: what each token adds as the text grows (Feng et al. 2024).

p_i(y) is the probability of the explained token y after tokens 0 … i, read by the model's head from the last hidden
state at i; r_i = p_i(y) − p_{i−1}(y), minus the same of a foil; before the first token p is 0. Of several explained
tokens the scores add up, each read up to its own row. A unit has the sum of its tokens.

The first scores say how likely y is at other places of the text, not at its own.
"""

import numpy as np

from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.methods._reading import plainly, probabilities
from heta_core.parts import Work


def score(asked: Asked, _draw: int) -> Scoring:
    """(U,) probability, signed. One forward for each line of f."""
    n = asked.objective.n_context
    change = np.zeros(n)
    for line in asked.objective.lines:
        p = np.zeros((n, len(line.terms)))
        for read in plainly(asked.lm, line.ids, range(n), asked.settings):
            p[list(read.rows)] = probabilities(read, line.terms)[0]
            yield Work(forwards=1), None
        for k, term in enumerate(line.terms):
            end = min(n, term.row + 1)
            change[:end] += term.weight * np.diff(p[:end, k], prepend=0.0)
    yield Work(), asked.summed(change)


METHOD = Method(
    name="tdd_forward",
    title="TDD forward",
    meaning="How much likelier the answer becomes with each further word of the text.",
    score=score,
    unit="probability",
    is_signed=True,
    source="Feng et al. 2024",
    place=74,
)
