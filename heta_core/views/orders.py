"""Several maps masked in their own orders: what each curve is called, and what its area comes to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heta_core.attribution import Attribution
from heta_core.faithfulness.curves import MAP, Curve, Curves, Direction, Scale
from heta_core.settings import Mask
from heta_core.views import naming, verdicts, words
from heta_core.views.words import number

_BETTER: dict[Direction, str] = {"deletion": "below", "insertion": "above"}
_MASKS: tuple[Mask, ...] = ("mean", "zero", "attention")


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """A column and its curves, as far as they are known; its own is."""

    letter: str
    result: Attribution
    curves: Curves

    @property
    def own(self) -> Curve:
        """The curve of the column's own order."""
        return self.curves.of(MAP)[0]


def is_one_question(columns: Sequence[Attribution]) -> bool:
    """All explain the same target of the same text, on the same weights and in the same units."""
    return len({(a.source.weights_id, a.tokens.ids, a.target, a.groups) for a in columns}) == 1


def unit(columns: Sequence[Attribution]) -> str:
    """One of what is masked."""
    found = {naming.unit(a) for a in columns}
    return found.pop() if len(found) == 1 else "unit"


def masks(columns: Sequence[Attribution], letters: Sequence[str]) -> dict[Mask, str]:
    """The masks that all columns can be masked with; first those that made none of them, and which each made."""
    made = {m: [name for name, a in zip(letters, columns, strict=True) if a.settings.mask == m] for m in _MASKS}
    kinds = {naming.scored(a) for a in columns}
    scored = kinds.pop() if len(kinds) == 1 else "tokens"
    return {m: _mask(words.masking(m, scored), made[m]) for m in sorted(_MASKS, key=lambda m: len(made[m]))}


def _mask(told: str, made: Sequence[str]) -> str:
    return f"{told} (made {', '.join(made)}: circular)" if made else told


def names(columns: Sequence[Masked]) -> list[str]:
    """Each by its letter and method, and by what else is not the same in all: the target, then the model."""
    parts = [[naming.method(c.result) for c in columns]]
    for told in ([naming.target(c.result) for c in columns], [c.result.source.model for c in columns]):
        if len(set(told)) > 1:
            parts.append(told)
    return [f"{c.letter}: {', '.join(part[k] for part in parts)}" for k, c in enumerate(columns)]


def areas(columns: Sequence[Masked], direction: Direction, scale: Scale = "probability") -> list[str]:
    """One line for each column: its area, of what, under which mask; beside random orders where the first has some."""
    drawn = _random(columns, direction, scale)
    return [
        f"{name}. Area {number(c.curves.area(c.own, direction, scale))} under {verdicts.quantity(c.result, scale)}"
        f"{_beside(c, drawn, direction, scale)}; masked is a {naming.unit(c.result)} with {_how(c)}."
        for c, name in zip(columns, names(columns), strict=True)
    ]


def chance(columns: Sequence[Masked], direction: Direction, scale: Scale = "probability") -> str | None:
    """What random orders come to; None where none were drawn, or the columns ask different questions."""
    drawn = _random(columns, direction, scale)
    if not drawn:
        return None
    span = f"{number(min(drawn))} to {number(max(drawn))}"
    seed = columns[0].curves.settings.seed
    return f"Random orders: mean area {number(float(np.mean(drawn)))}, {span} in {len(drawn)} draws, seed {seed}."


def reading(results: Sequence[Attribution], direction: Direction) -> str:
    """What an area is, and whether those of the columns can be held against each other."""
    low = "low" if direction == "deletion" else "high"
    told = f"An area is the mean height of its curve over the part, not rescaled; of {direction} {low} is good."
    if not any(a.given is not None and a.given.is_signed for a in results):
        signs = ""
    else:
        signs = " Of a method with signs what speaks for the answer goes first, and what speaks against it last."
    if is_one_question(results):
        return told + signs
    return (
        f"{told}{signs} The columns do not ask one question: a curve that begins higher has a larger area whatever its "
        "order, so compare shapes, not areas; and there are no random orders that would be those of all."
    )


def _random(columns: Sequence[Masked], direction: Direction, scale: Scale) -> list[float]:
    """The areas of random orders, drawn with the first column; none where they would not be those of all."""
    first = columns[0].curves
    if not is_one_question([c.result for c in columns]):
        return []
    return [first.area(curve, direction, scale) for curve in first.of("random")]


def _beside(column: Masked, drawn: Sequence[float], direction: Direction, scale: Scale) -> str:
    if not drawn:
        return ""
    sign = -1 if direction == "deletion" else 1
    own = column.curves.area(column.own, direction, scale)
    n = sum(sign * (own - one) > 0 for one in drawn)
    n_better = "all" if n == len(drawn) else f"{n or 'none'} of"
    return f", {_BETTER[direction]} {n_better} {len(drawn)} random orders"


def _how(column: Masked) -> str:
    told = words.masking(column.curves.settings.mask, naming.scored(column.result))
    return f"{told}, as when it was made: circular, which flatters it" if column.curves.is_circular else told
