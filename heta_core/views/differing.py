"""What two analyses differ in beside their numbers: every possible cause of a difference between their maps."""

from dataclasses import dataclass

from heta_core.attribution import Attribution
from heta_core.settings import Settings, Weights
from heta_core.views import naming, words
from heta_core.views.comparing import Comparison


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that is not the same in both."""

    what: str
    left: str
    right: str


def causes(both: Comparison) -> tuple[Cause, ...]:
    """All that differ; none where the same was asked of the same model in the same way."""
    left, right = both.left, both.right
    found = [*_model(left, right), *_text(both), *_target(left, right), *_scored(left, right)]
    are_hetas = left.given is None and right.given is None  # of another method there are no terms that could differ
    terms = (
        ("information term", *("|Δ| of the two" if a.foil else "KL" for a in (left, right))),
        ("Hessian estimator", *(_estimator(a.settings) for a in (left, right))),
    )
    pairs = (
        ("method", *(naming.method(a) for a in (left, right))),
        ("mask", *(_mask(a) for a in (left, right))),
        *(terms if are_hetas else ()),
        ("random probes" if are_hetas else "random seed", *(f"seed {a.settings.seed}" for a in (left, right))),
    )
    return (*found, *(Cause(*pair) for pair in pairs if pair[1] != pair[2]))


def verdict(found: tuple[Cause, ...]) -> str:
    """What that means for a reader of the numbers."""
    if not found:
        return "Same model, text, target and settings."
    if len(found) == 1:
        return f"One thing differs, the {found[0].what}: what differs below comes from it."
    return f"{len(found)} things differ, so a difference below has more than one possible cause."


def weighing(weights: Weights) -> str:
    """How a score is put together."""
    return f"β {weights.beta:g}, γ {weights.gamma:g}, {words.SCALINGS[weights.scaling]}"


def _model(left: Attribution, right: Attribution) -> list[Cause]:
    one, other = left.source, right.source
    found = []
    if one.weights_id != other.weights_id:
        is_named = one.model != other.model
        names = (s.model if is_named else f"{s.model} (weights {s.weights_id[:8]})" for s in (one, other))
        found.append(Cause("model", *names))
    if one.tokenizer_id != other.tokenizer_id:
        found.append(Cause("tokenizer", *(f"that of {s.model}" for s in (one, other))))
    if one.dtype != other.dtype:
        found.append(Cause("precision", one.dtype, other.dtype))
    return found


def _text(both: Comparison) -> list[Cause]:
    """Of the same text cut otherwise, or explained at another place, that is the cause."""
    n_changed, *alone = (both.count(kind) for kind in ("changed", "left", "right"))
    if both.left.tokens.text == both.right.tokens.text or not (n_changed or any(alone)):
        return []
    unit = (words.UNITS[naming.scored(a)] for a in (both.left, both.right))
    return [Cause("text", *(_own(n_changed, n, *names) for n, names in zip(alone, unit, strict=True)))]


def _own(n_changed: int, n_alone: int, one: str, many: str) -> str:
    """What stands in a text that the other has not."""
    changed = f"{n_changed} changed {one if n_changed == 1 else many}" if n_changed else ""
    alone = f"{n_alone} {one if n_alone == 1 else many} that the other has not" if n_alone else ""
    return " and ".join(s for s in (changed, alone) if s) or f"no {one} of its own"


def _target(left: Attribution, right: Attribution) -> list[Cause]:
    one, other = left.target, right.target
    if (one.text, one.foil_text) != (other.text, other.foil_text):
        return [Cause("target", *(naming.target(a) for a in (left, right)))]
    if left.tokens.ids == right.tokens.ids and one.position != other.position:
        return [Cause("place of the target", *(f"token {t.position}" for t in (one, other)))]
    return []


def _scored(left: Attribution, right: Attribution) -> list[Cause]:
    names = [naming.units(a) for a in (left, right)]
    is_cut_otherwise = left.tokens.ids == right.tokens.ids and left.n_context == right.n_context
    if names[0] == names[1] and not (is_cut_otherwise and left.groups != right.groups):
        return []
    return [Cause("scored units", *(f"{a.n_units} {name}" for a, name in zip((left, right), names, strict=True)))]


def _mask(a: Attribution) -> str:
    told = words.masking(a.settings.mask, naming.scored(a))
    return told if a.settings.mask_token is None else f"{told} (token {a.settings.mask_token})"


def _estimator(settings: Settings) -> str:
    s = settings
    probes = "as many probes as needed" if s.probes == "auto" else f"{s.probes} probes"
    options = {"tolerance": s.tolerance, "rank": s.rank, "of the last layers": s.layers, "step": s.step}
    return ", ".join(
        (s.estimator, probes, *(f"{name} {value:g}" for name, value in options.items() if value is not None))
    )
