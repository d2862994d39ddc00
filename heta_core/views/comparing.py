"""Two maps held against each other: which of their units are the same, what differs on those, and how far they agree.

1. `align` cuts both texts into units that are the same, that have taken each other's place, or that stand in one alone.
2. `compare` weighs both scores as the left one is weighed and subtracts: right minus left, at every place of both.
3. Agreement is told of the units that are the same, and only where they make up enough of both texts.

More than two maps are compared as pairs, each with the first; `together` is the one walk through all of them.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

import numpy as np

from heta_core.agreement import chance_overlap, overlap, spearman
from heta_core.attribution import Attribution
from heta_core.combine import share
from heta_core.parts import Floats
from heta_core.views import looking
from heta_core.views.words import COMPONENTS, Component

Kind = Literal["same", "changed", "left", "right"]

# One word for another is up to so many tokens; longer runs are another text, whose tokens stand for none of the first.
_LONGEST_CHANGE = 3
# An agreement needs so many units, and this part of the longer text.
FEWEST_SAME, LEAST_SAME = 5, 0.5
_TOPS = (5, 10)


@dataclass(frozen=True, slots=True)
class Place:
    """One step through both texts at once."""

    kind: Kind  # of "changed" the two took each other's place; "left" and "right" stand in that text alone
    left: int | None  # which unit
    right: int | None


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many of the k highest are the same units."""

    k: int
    n_common: int
    chance: float  # how many would be if one of the orders were random


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two scores of the same units agree."""

    spearman: float | None  # None where one of them is the same everywhere
    overlaps: tuple[Overlap, ...]  # none where there are no more units than the highest


@dataclass(frozen=True, slots=True)
class Mass:
    """Which part of one side's component lies on units that are the same, changed, or without a partner; 0 to 1."""

    same: float
    changed: float
    alone: float


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """One component of both: P places, T₁ and T₂ units."""

    component: Component
    left: Floats  # (T₁,) the final score and the transition as shares, others raw
    right: Floats  # (T₂,)
    difference: Floats  # (P,) right − left; NaN where a unit has no partner
    error: Floats | None  # (P,) standard error of the difference, of the Hessian only; NaN where it is not known
    masses: tuple[Mass, Mass]
    agreement: Agreement | None  # None where the texts are not alike enough


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two maps, the right one weighed as the left."""

    left: Attribution
    right: Attribution
    places: tuple[Place, ...]  # P, in reading order
    components: tuple[Compared, ...]  # those that both have got as far as

    def count(self, kind: Kind) -> int:
        """How many places are of a kind."""
        return sum(place.kind == kind for place in self.places)

    @property
    def is_alike(self) -> bool:
        """Enough units are the same for an agreement of scores to mean something."""
        n, longer = self.count("same"), max(self.left.n_units, self.right.n_units)
        return n >= max(FEWEST_SAME, LEAST_SAME * longer)

    def of(self, component: Component) -> Compared | None:
        """One component; None where one of the two does not know it."""
        return next((c for c in self.components if c.component == component), None)


@dataclass(frozen=True, slots=True)
class Together:
    """One walk through several texts: the units that stand beside one another."""

    spots: tuple[tuple[int | None, ...], ...]  # a unit of each text, the first one's first; None where it has none
    at: tuple[tuple[int, ...], ...]  # of each pair and each of its places, which spot it is


def together(pairs: Sequence[Comparison]) -> Together:
    """The pairs, all with the same left one, as one. What the left one has no partner for stands at a spot alone."""
    spots: list[tuple[int | None, ...]] = []
    at = [[0] * len(pair.places) for pair in pairs]
    follows = [_by_left(pair.places) for pair in pairs]
    for unit in range(-1, pairs[0].left.n_units):  # before the first stands only what others have alone
        n_own = int(unit >= 0)
        if n_own:
            for x, found in enumerate(follows):
                at[x][found[unit][0]] = len(spots)
            partners = (pair.places[found[unit][0]].right for pair, found in zip(pairs, follows, strict=True))
            spots.append((unit, *partners))
        for x, (pair, found) in enumerate(zip(pairs, follows, strict=True)):
            for k in found[unit][n_own:]:
                at[x][k] = len(spots)
                spots.append(tuple(pair.places[k].right if y == x + 1 else None for y in range(len(pairs) + 1)))
    return Together(tuple(spots), tuple(map(tuple, at)))


def _by_left(places: tuple[Place, ...]) -> defaultdict[int, list[int]]:
    """Unit of the left one → its place, and those after it where it has none; at −1 those before all."""
    found, unit = defaultdict[int, list[int]](list), -1
    for k, place in enumerate(places):
        unit = unit if place.left is None else place.left
        found[unit].append(k)
    return found


def compare(left: Attribution, right: Attribution) -> Comparison:
    """Both maps, the right one weighed as the left."""
    right = right.with_weights(left.weights)
    bare = Comparison(left, right, align(left, right), ())
    compared = (_compared(bare, words.name) for words in COMPONENTS)
    return Comparison(left, right, bare.places, tuple(c for c in compared if c is not None))


def align(left: Attribution, right: Attribution) -> tuple[Place, ...]:
    """A diff of what is scored: of ids where both count in the same ones, else of what units spell."""
    has_ids = left.source.tokenizer_id == right.source.tokenizer_id and left.groups is None and right.groups is None
    one, other = (_keys(a, has_ids) for a in (left, right))
    places: list[Place] = []
    # A word that stands often is no junk here.
    for tag, i, i_end, j, j_end in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        lefts, rights = range(i, i_end), range(j, j_end)
        if tag == "equal" or (tag == "replace" and len(lefts) == len(rights) <= _LONGEST_CHANGE):
            kind: Kind = "same" if tag == "equal" else "changed"
            places += (Place(kind, a, b) for a, b in zip(lefts, rights, strict=True))
        else:
            places += (Place("left", a, None) for a in lefts)
            places += (Place("right", None, b) for b in rights)
    return tuple(places)


def _keys(a: Attribution, has_ids: bool) -> list[int] | list[str]:
    """What two units have in common where they are the same; the space around a word is the tokenizer's affair."""
    if has_ids:
        return list(a.tokens.ids[: a.n_units])
    return [piece.strip() or piece for piece in a.units.pieces[: a.n_units]]


def _compared(both: Comparison, component: Component) -> Compared | None:
    left, right = (looking.raw(a, component) for a in (both.left, both.right))
    if left is None or right is None:
        return None
    return Compared(
        component,
        left,
        right,
        np.array([_minus(right, left, place) for place in both.places]),
        _error(both) if component == "hessian" else None,
        (_mass(left, both.places, is_left=True), _mass(right, both.places, is_left=False)),
        _agreement(left, right, both.places) if both.is_alike else None,
    )


def _minus(right: Floats, left: Floats, place: Place) -> float:
    if place.left is None or place.right is None:
        return float("nan")
    return float(right[place.right] - left[place.left])


def _error(both: Comparison) -> Floats | None:
    """As of independent probes; where both drew the same ones it is rather too large."""
    one, other = both.left.hessian, both.right.hessian
    if one is None or other is None:
        return None
    errors = one.standard_error, other.standard_error
    return np.array(
        [
            float("nan")
            if p.left is None or p.right is None
            else float(np.hypot(errors[0][p.left], errors[1][p.right]))
            for p in both.places
        ]
    )


def _mass(values: Floats, places: tuple[Place, ...], *, is_left: bool) -> Mass:
    parts, found = share(np.abs(values)), defaultdict[str, float](float)
    for place in places:
        unit = place.left if is_left else place.right
        if unit is not None:
            found[place.kind] += float(parts[unit])
    return Mass(found["same"], found["changed"], found["left"] + found["right"])


def _agreement(left: Floats, right: Floats, places: tuple[Place, ...]) -> Agreement:
    """Of the units that are the same alone."""
    same = [place for place in places if place.kind == "same"]
    one = left[[p.left for p in same if p.left is not None]]
    other = right[[p.right for p in same if p.right is not None]]
    overlaps = (Overlap(k, overlap(one, other, k), chance_overlap(k, len(same))) for k in _TOPS if k < len(same))
    return Agreement(spearman(one, other), tuple(overlaps))
