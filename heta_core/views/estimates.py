"""How the Hessian sensitivity was estimated, in words."""

from heta_core.attribution import Attribution
from heta_core.parts import Sensitivity
from heta_core.views import naming
from heta_core.views.words import percent

_OTHERS = {
    "gauss_newton": "Gauss-Newton part only, the same for every next token at this position",
    "low_rank": "low-rank approximation of the whole prompt: keeps the order, loses most of the size",
    "finite_difference": "differences of gradients",
}


def told(attribution: Attribution) -> str:
    """The estimator and what is known of its error; empty where there is no Hessian yet."""
    a, found = attribution, attribution.hessian
    if found is None:
        return ""
    of = "" if a.settings.layers is None else f", of what enters the last {a.settings.layers} layers"
    return f"Hessian: {_how(a, found)}{of}"


def _how(a: Attribution, found: Sensitivity) -> str:
    name, unit = a.settings.estimator, naming.unit(a)
    if name == "dense":
        return "exact, all sign vectors (dense)"
    shared = shares(found)
    n_shared, n = sum(shared), len(shared)
    if n_shared == 0:
        how = f"{_OTHERS[name]}, " if name in _OTHERS else "an estimate from "
        return f"{how}{_probes(found)} a {unit} ({name})"
    assert found.bias is not None
    high = max(found.bias, 0.0)
    spread = "" if found.bias_error is None else f" ± {percent(found.bias_error, 0)}"
    bias = f"typically {percent(high, 0)}{spread} too high (coloured)"
    if n_shared == n:
        return f"a preview, probes shared between {naming.units(a)}: {bias}"
    own = n - n_shared
    return f"{own} of {n} {naming.units(a)} with probes of their own (block_probes), the rest share theirs: {bias}"


def shares(found: Sensitivity) -> list[bool]:
    """For each unit, whether its probes were shared with others."""
    return [name == "coloured" for name in found.estimators]


def _probes(found: Sensitivity) -> str:
    low, high = int(found.n_probes.min()), int(found.n_probes.max())
    return "1 probe" if high == 1 else f"{low} probes" if low == high else f"{low} to {high} probes"
