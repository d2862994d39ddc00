"""HETA with parts left out: each component alone, each pair, and no gate. What does each of them add?"""

from functools import partial

from heta_core.attribution import Attribution
from heta_core.combine import combine
from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.methods._shared import Component
from heta_core.parts import Floats, Work


def _score(used: tuple[Component, ...], asked: Asked, _draw: int) -> Scoring:
    """(U,) Eq. 5 with 1 in the place of a gate that is not used, and without a term that is not used.

    A single component and a product are not weighted: that would change their unit and nothing else.
    """
    for work in asked.shared.until(*used):
        yield work, None
    assert asked.shared.result is not None
    yield Work(), _product(asked.shared.result, used, asked)


def _product(found: Attribution, used: tuple[Component, ...], asked: Asked) -> Floats:
    gate = found.gate
    assert gate is not None
    if used == ("transition",):
        return gate
    terms = []
    if "hessian" in used:
        assert found.hessian is not None
        terms.append(found.hessian.scores)
    if "kl" in used:
        assert found.information_scores is not None
        terms.append(found.information_scores)
    strength = terms[0] if len(terms) == 1 else combine(0 * gate + 1, terms[0], terms[1], asked.weights).scores
    return gate * strength if "transition" in used else strength


def _method(place: int, name: str, title: str, meaning: str, *used: Component) -> Method:
    return Method(name=name, title=title, meaning=meaning, score=partial(_score, used), place=place)


TRANSITION = _method(50, "transition", "M alone", "Only what flows to the answer.", "transition")
HESSIAN = _method(51, "hessian", "S alone", "Only how strongly each unit bends the answer.", "hessian")
KL = _method(52, "kl", "I alone", "Only how far the prediction moves when each unit is masked.", "kl")
GATED_HESSIAN = _method(53, "transition_hessian", "M·S", "HETA without the KL term.", "transition", "hessian")
GATED_KL = _method(54, "transition_kl", "M·I", "HETA without the Hessian term.", "transition", "kl")
UNGATED = _method(55, "ungated", "β·S + γ·I", "HETA without its gate.", "hessian", "kl")
