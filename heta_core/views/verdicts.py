"""What the checks of a map come to, in words that do not say more than the numbers."""

import numpy as np

from heta_core.attribution import Attribution
from heta_core.faithfulness.curves import MAP, Curves, Direction, Scale
from heta_core.faithfulness.scrambled import TOP, Scrambled
from heta_core.faithfulness.stability import Stability
from heta_core.settings import Mask
from heta_core.views import naming
from heta_core.views.words import UNITS, masking, number, percent, quoted

_NAMES: dict[Direction, str] = {"deletion": "Deletion", "insertion": "Insertion"}
# Areas closer than this are written with the same digits.
_EQUAL = 0.0005
SURE = 0.95  # of a place among the highest


def quantity(attribution: Attribution, scale: Scale) -> str:
    """What a curve shows."""
    a, said, other = attribution, naming.said(attribution), naming.foil(attribution)
    if other is not None:
        return f"p of {said}, were it or {other}" if scale == "probability" else f"log-odds {said} : {other}, nats"
    of = "" if a.target.kind == "token" else "all of "
    return f"p of {of}{said}" if scale == "probability" else f"log p of {of}{said}, nats"


def check(attribution: Attribution, curves: Curves) -> str:
    """Under which mask, and in which unit an area is."""
    a = attribution
    how = f"Masked is a {naming.unit(a)} with {masking(curves.settings.mask, naming.scored(a))}"
    made = masking(curves.map_mask, naming.scored(a))
    if curves.is_circular:
        told = f"{how}: the mask that made this map. That is circular: the KL has looked at it, which flatters the map."
    else:
        told = f"{how}; the map was made with {made}."
    seed = f"random orders have the seed {curves.settings.seed}"
    return f"{told} An area is the mean height of its curve, not rescaled; {seed}."


def of_direction(curves: Curves, direction: Direction) -> str:
    """Whether the map's order beats random ones, by how much, and which other order does as well."""
    (own,) = curves.of(MAP)
    sign = -1 if direction == "deletion" else 1  # of what is better
    area = curves.area(own, direction)
    drawn = [curves.area(curve, direction) for curve in curves.of("random")]
    gain, n_beaten = sign * (area - float(np.mean(drawn))), sum(sign * (area - one) > 0 for one in drawn)
    numbers = (
        f"area {number(area)} against {number(float(np.mean(drawn)))}, {number(min(drawn))} to {number(max(drawn))}"
    )
    name, n = _NAMES[direction], len(drawn)
    if n_beaten == n:
        told = f"{name}: better than all {n} random orders, by {number(gain)} on average ({numbers})."
    elif gain > 0:
        one = "does" if n - n_beaten == 1 else "do"
        told = (
            f"{name}: better than random on average, by {number(gain)}, but {n - n_beaten} of {n} orders {one} as well"
        )
        told = f"{told} ({numbers})."
    else:
        told = f"{name}: no better than random ({numbers})."
    others = [curve for curve in curves.curves if curve.name not in (MAP, "random")]
    rivals = [curve.title for curve in others if sign * (curves.area(curve, direction) - area) > -_EQUAL]
    return f"{told} At least as good: {', '.join(rivals)}." if rivals else told


def masks(attribution: Attribution) -> dict[Mask, str]:
    """The masks that a map can be checked under, the best first; the one that made it is labelled."""
    scored = naming.scored(attribution)
    made = attribution.settings.mask
    order: tuple[Mask, ...] = ("mean", "zero", "attention")
    kept = sorted(order, key=lambda mask: mask == made)
    return {m: f"{masking(m, scored)}{' (made this map: circular)' if m == made else ''}" for m in kept}


def masked(attribution: Attribution, units: tuple[int, ...]) -> str:
    """Which units are masked, by name."""
    many = UNITS[naming.scored(attribution)][1]
    if not units:
        return "Nothing is masked."
    if len(units) == attribution.n_units:
        return f"All {len(units)} {many} are masked."
    pieces = attribution.units.pieces
    named = ", ".join(quoted(pieces[i]) for i in units[:12])
    return f"Masked: {named}{f' and {len(units) - 12} more' if len(units) > 12 else ''}."


def scrambled(attribution: Attribution, found: Scrambled) -> str:
    """What became of the map without the weights, and whether it is to be believed."""
    order = "no order to compare" if found.order is None else f"rank correlation {number(found.order)}"
    n = min(TOP, attribution.n_units)
    chance = n * n / attribution.n_units
    numbers = f"{order}; of the {n} highest {found.n_shared} shared, {number(chance)} expected by chance"
    match found.verdict:
        case "same":
            return f"The map hardly changed without the weights: do not believe it ({numbers})."
        case "partly":
            told = "The map changed only in part: some of it is the text or the network's shape, not what was learnt"
            return f"{told} ({numbers})."
        case "changed":
            return f"The map is another one without the weights, as it should be ({numbers})."


def redrawn(found: Scrambled) -> str:
    """What was done to the copy."""
    which = (
        "Every parameter of a copy"
        if found.n_last is None
        else f"The output and the last {found.n_last} layers of a copy"
        if found.n_last > 1
        else "The output and the last layer of a copy"
    )
    return (
        f"{which} was redrawn from a normal distribution of its own mean and standard deviation, seed {found.seed}. "
        "The model itself is untouched and the copy is gone."
    )


def stability(attribution: Attribution, found: Stability) -> tuple[str, str]:
    """A badge and a sentence: how sure the five highest are under the probes' error."""
    n_sure = sum(stays >= SURE for stays in found.stays)
    n, pieces = len(found.units), attribution.units.pieces
    redraws = f"{found.n_draws} redraws of the Hessian within its error"
    if n_sure == n:
        often = "all" if found.least == 1 else f"{percent(found.least, 0)} or more of"
        return f"Top {n} stable", f"Each of the {n} highest is among them again in {often} {redraws}."
    shaky = [
        f"{quoted(pieces[i])} in {percent(stays, 0)}"
        for i, stays in zip(found.units, found.stays, strict=True)
        if stays < SURE
    ]
    told = f"Of {redraws}, {', '.join(shaky)} {'is' if len(shaky) == 1 else 'are'} among the {n} highest again"
    return f"Top {n}: {n_sure} stable", f"{told}, the others in {percent(SURE, 0)} or more."
