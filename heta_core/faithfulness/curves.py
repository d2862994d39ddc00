r"""Deletion and insertion curves: what is left of an answer as units are masked in the order of a score.

1. An order puts the units of a context from the highest score to the lowest.
2. Deletion masks the first k of it, insertion all but the first k (Petsiuk et al. 2018, RISE; Samek et al. 2017).
3. The area under a curve is its mean over the part that is masked, or kept, 0 to 1, by trapezoids. It is in the unit of
   the curve and is not divided by anything. A good order has a small area of deletion and a large one of insertion.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from heta_core.errors import ReportError
from heta_core.parts import Floats, Prediction, Work
from heta_core.settings import Mask, Settings
from heta_core.targets import Kind

Direction = Literal["deletion", "insertion"]
Scale = Literal["probability", "nats"]

MAP, MAP_TITLE = "heta", "This map"  # the name of the map's own curve
# More ranks cost more forwards and show nothing more; the first are never left out, since most happens there.
MOST_RANKS = 33
_FIRST_RANKS = 9


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """f along one order."""

    name: str  # of the method, or MAP
    title: str  # what it is called beside the others
    draw: int  # which of a random method's
    order: tuple[int, ...]  # U units, the most important first
    deletion: Floats  # (K,) nats, f with the first k masked
    insertion: Floats  # (K,) nats, f with all but the first k masked


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """The curves of a map and of what it is held against, all under one mask.

    Raises:
        ReportError: a curve has not one value for each rank, or the ranks do not go from none to all.
    """

    kind: Kind  # of what is explained
    n_units: int  # U
    ranks: tuple[int, ...]  # K numbers of units, 0 … U
    settings: Settings  # the mask, and the seed of what is random
    map_mask: Mask  # that the map was made with
    is_circular: bool  # both are the same mask: the KL has already seen what the curve looks at
    work: Work
    curves: tuple[Curve, ...] = ()  # that of the map first
    said: tuple[Prediction, ...] = ()  # K, what the model says with the map's first k units masked

    def __post_init__(self) -> None:
        if self.ranks[:1] != (0,) or self.ranks[-1] != self.n_units or sorted(set(self.ranks)) != list(self.ranks):
            raise ReportError(f"Ranks must rise from 0 to {self.n_units}, found {self.ranks}.")
        for curve in self.curves:
            for values in (curve.deletion, curve.insertion):
                if values.shape != (len(self.ranks),) or not np.isfinite(values).all():
                    raise ReportError(f"The curve of {curve.name} needs one finite value for each rank.")

    @property
    def is_complete(self) -> bool:
        """Nothing is left to do."""
        return self.work.fraction >= 1

    def of(self, name: str) -> tuple[Curve, ...]:
        """The curves of a method, one for each draw; none where it has not been run yet."""
        return tuple(curve for curve in self.curves if curve.name == name)

    def with_curve(self, curve: Curve) -> "Curves":
        """The same with one more."""
        return replace(self, curves=(*self.curves, curve))

    def values(self, curve: Curve, direction: Direction, scale: Scale) -> Floats:
        """(K,) f in nats, or as a probability: of a contrast that of the target where only the two could be said."""
        f = curve.deletion if direction == "deletion" else curve.insertion
        if scale == "nats":
            return f
        return np.exp(-np.logaddexp(0.0, -f)) if self.kind.endswith("contrast") else np.exp(f)

    def area(self, curve: Curve, direction: Direction, scale: Scale = "probability") -> float:
        """The mean of a curve over the part that is masked or kept, 0 to 1."""
        return area(self.ranks, self.values(curve, direction, scale))


def area(ranks: Sequence[int], values: Floats) -> float:
    """∫ v dx over x = k / U, by trapezoids."""
    return float(np.trapezoid(values, np.array(ranks) / ranks[-1]))


def ranks_of(n_units: int) -> tuple[int, ...]:
    """How many units are masked at each point: every number, or of many units the first few and then even steps."""
    if n_units < MOST_RANKS:
        return tuple(range(n_units + 1))
    rest = np.linspace(_FIRST_RANKS, n_units, MOST_RANKS - _FIRST_RANKS).round().astype(int)
    return (*range(_FIRST_RANKS), *(int(k) for k in rest))


def order_of(scores: Floats, seed: int) -> tuple[int, ...]:
    """The units from the highest score to the lowest; equal ones in an order drawn with the seed.

    In reading order, equal scores would favour whatever stands early.
    """
    drawn = np.random.default_rng(seed).permutation(len(scores))
    return tuple(int(i) for i in np.lexsort((drawn, -scores)))


def check_mask(made_with: Mask) -> Mask:
    """The mask that a map is judged under if no other is named: not the one that made it."""
    return "zero" if made_with == "mean" else "mean"
