"""Made-up results on blocks of tokens. No number here comes from a model."""

from dataclasses import fields, replace

import numpy as np

from heta_core.attribution import Attribution
from heta_core.groups import Groups
from heta_core.parts import Information, Sensitivity, Transition

_SUMMED = ("flow", "scores", "standard_error", "gradient", "kl")


def in_blocks(a: Attribution, groups: Groups | None) -> Attribution:
    """A result with blocks in the place of its tokens: amounts summed, of all else what the first token has."""
    if groups is None:
        return a
    transition, information, hessian = (
        None if part is None else _of_blocks(part, groups) for part in (a.transition, a.information, a.hessian)
    )
    return replace(a, groups=groups, transition=transition, information=information, hessian=hessian)


def _of_blocks(part: Transition | Information | Sensitivity, groups: Groups) -> Transition | Information | Sensitivity:
    starts, stop = [start for start, _ in groups], groups[-1][1]
    found = {}
    for name in (field.name for field in fields(part) if field.init):
        values = getattr(part, name)
        if name in _SUMMED:
            found[name] = np.add.reduceat(values, starts, axis=-1)
        elif isinstance(values, tuple) and len(values) == stop:
            found[name] = tuple(values[start] for start in starts)
        elif isinstance(values, np.ndarray) and len(values) == stop:
            found[name] = values[starts]
    return replace(part, **found)
