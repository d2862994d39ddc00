"""What masking one unit does to what is explained (leave-one-out, Zeiler & Fergus 2014).

Where it looks at the mask under which orders are judged, it has an advantage over whoever has not seen that mask.
"""

import numpy as np

from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.passes.valuing import of_tokens, values


def score(asked: Asked, _draw: int) -> Scoring:
    """(U,) Δ_i = f − f with unit i masked, nats. One forward for each unit and one with none masked."""
    n = len(asked.groups)
    sets = np.concatenate([np.zeros((1, n), bool), np.eye(n, dtype=bool)])
    for work, found in values(asked.lm, asked.objective, of_tokens(sets, asked.groups), asked.settings):
        yield work, None if found is None else found[0] - found[1:]


METHOD = Method(
    name="occlusion",
    title="Occlusion",
    meaning="How far the answer moves when this alone is masked.",
    score=score,
    unit="nats",
    is_signed=True,
    is_reference=True,
    source="Zeiler & Fergus 2014",
    place=20,
)
