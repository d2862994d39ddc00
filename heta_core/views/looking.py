"""One component of a result as it is looked at: what every unit's ground, number and mark are."""

from dataclasses import dataclass

import numpy as np

from heta_core.attribution import Attribution
from heta_core.errors import ReportError
from heta_core.parts import Floats
from heta_core.views import naming, ranking, words
from heta_core.views.scale import Hue, intensity
from heta_core.views.words import Component

# What is shown where the wanted component is not known yet.
_INSTEAD: tuple[Component, ...] = ("final", "kl", "transition")
_MARKS = {1: "▲", -1: "▼", 0: ""}


@dataclass(frozen=True, slots=True)
class Look:
    """What is drawn of T units."""

    component: Component
    title: str  # of the component, with its scaling where it has one
    parts: tuple[float, ...]  # T, of the highest value, 0 to 1
    numbers: tuple[str, ...]  # T, "…" where nothing is known
    hues: tuple[Hue, ...]  # T
    signs: tuple[int, ...]  # T, the side of a contrast that each speaks for: 1, −1, or 0 for neither
    highest: str  # the highest value with its unit
    sides: tuple[tuple[Hue, str], ...]  # what the hues of a contrast mean; empty where nothing is compared
    is_known: bool

    def marked(self, unit: int) -> str:
        """The number of a unit, with the mark of its side."""
        return f"{_MARKS[self.signs[unit]]} {self.numbers[unit]}".strip()


def look(attribution: Attribution, component: Component) -> Look:
    """A component, or where it is not known yet the best that is."""
    a = attribution
    wanted = instead(component)
    name, values = next(((n, v) for n in wanted if (v := raw(a, n)) is not None), (component, np.zeros(a.n_units)))
    is_known = raw(a, name) is not None
    signs = _signs(a)
    is_sided = a.given.is_signed if a.given else bool(a.foil)
    hues: dict[int, Hue] = {1: "heat", -1: "against", 0: "neutral"}
    return Look(
        name,
        title(a, name),
        tuple(intensity(np.abs(values)).tolist()),
        tuple(said(name, v) if is_known else "…" for v in values.tolist()),
        tuple(hues[s] if is_sided else "heat" for s in signs),
        signs,
        f"{said(name, float(np.abs(values).max(initial=0)))} {_component(a, name).unit}",
        _sides(a) if a.foil and (a.information is not None or (a.given is not None and is_sided)) else (),
        is_known,
    )


def instead(component: Component) -> tuple[Component, ...]:
    """What may be shown for a component, the best first."""
    return _INSTEAD if component == "final" else (component,)


def raw(a: Attribution, component: Component) -> Floats | None:
    """(T,) the values of a component as they are drawn, the final score as shares; None where it is not known.

    Of another method than HETA only the final score is, with its signs.
    """
    if component == "final":
        return a.shares
    if component == "transition":
        return None if a.transition is None else a.transition.scores
    if component == "hessian":
        return None if a.hessian is None else a.hessian.scores
    return a.information_scores


def title(a: Attribution, name: Component) -> str:
    """The name of a component, with the scaling where it has one."""
    if name == "final" and a.given is not None:
        return a.given.title
    known, w = _component(a, name).title, a.weights
    return f"{known} score ({words.SCALINGS[w.scaling]}, β {w.beta:g}, γ {w.gamma:g})" if name == "final" else known


def said(component: Component, value: float) -> str:
    """A value as every view writes it."""
    if component == "final":
        return words.percent(value, 0)
    return words.percent(value) if component == "transition" else words.number(value)


def heads(a: Attribution, unit: int) -> Floats:
    """(L, H) where the transition of one unit comes from, in percent of the flow; the cells sum to its M.

    Raises:
        ReportError: the transition is not known yet, or there is no such unit.
    """
    if a.transition is None:
        never = "which cannot be read from this model: look at the Hessian and the KL"
        why = "which is not known yet: wait for it" if a.is_gated else never
        raise ReportError(f"Layers and heads need the transition, {why}.")
    if not 0 <= unit < a.n_units:
        raise ReportError(f"The {naming.unit(a)} must stand at 0 to {a.n_units - 1}, found {unit}.")
    flow: Floats = 100 * a.transition.flow[:, :, unit] / a.transition.total
    return flow


def all_heads(a: Attribution, unit: int) -> str:
    """What the cells of one unit sum to."""
    assert a.transition is not None
    return f"{words.percent(float(a.transition.scores[unit]))} of the flow in all"


def _component(a: Attribution, name: Component) -> words.ComponentWords:
    return words.named(name, a.target.kind, is_gated=a.is_gated)


def _signs(a: Attribution) -> tuple[int, ...]:
    if a.given is not None and a.given.is_signed:
        return tuple(int(sign) for sign in np.sign(a.given.scores).tolist())
    if not a.foil or a.effect is None:
        return (0,) * a.n_units
    return tuple(0 if abs(e) < ranking.LEAST_EFFECT else 1 if e > 0 else -1 for e in a.effect.tolist())


def _sides(a: Attribution) -> tuple[tuple[Hue, str], ...]:
    return (
        ("heat", f"▲ speaks for {naming.said(a)}"),
        ("against", f"▼ speaks for {naming.foil(a)}"),
        ("neutral", f"speaks for neither: |Δ| < {ranking.LEAST_EFFECT:g} nats"),
    )
