"""How the curvature was estimated, in words."""

from dataclasses import replace

import numpy as np
import pytest
import samples

from heta_core.attribution import Attribution
from heta_core.parts import Sensitivity
from heta_core.settings import Estimator, Settings
from heta_core.views import estimates, strip
from heta_core.views.words import percent

HIGH = f"{percent(0.094, 0)} ± {percent(0.031, 0)}"


def result(names: tuple[Estimator, ...], **options: object) -> Attribution:
    """A made-up result whose tokens take turns in how they were estimated."""
    base = samples.result()
    n = base.n_context
    own = tuple(names[i % len(names)] for i in range(n))
    bias = (0.094, 0.031) if "coloured" in names else (None, None)
    hessian = Sensitivity(np.ones(n), np.full(n, 0.1), np.full(n, 4), np.ones(n), own, *bias)
    return replace(base, hessian=hessian, settings=Settings(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("names", "options", "told"),
    [
        (("block_probes",), {}, "Hessian: an estimate from 4 probes a token (block_probes)"),
        (
            ("coloured",),
            {"estimator": "coloured"},
            f"Hessian: a preview, probes shared between tokens: typically {HIGH} too high (coloured)",
        ),
        (
            ("gauss_newton",),
            {"estimator": "gauss_newton"},
            "Hessian: Gauss-Newton part only, the same for every next token at this position, 4 probes a token "
            "(gauss_newton)",
        ),
        (
            ("low_rank",),
            {"estimator": "low_rank", "layers": 2},
            "Hessian: low-rank approximation of the whole prompt: keeps the order, loses most of the size, 4 probes a "
            "token (low_rank), of what enters the last 2 layers",
        ),
    ],
)
def test_the_estimator_is_told(names: tuple[Estimator, ...], options: dict[str, object], told: str) -> None:
    assert estimates.told(result(names, **options)) == told


def test_adaptive_probes_say_which_tokens_share() -> None:
    adapted = result(("block_probes", "coloured"), probes="auto")
    n = adapted.n_context
    assert estimates.told(adapted) == (
        f"Hessian: {(n + 1) // 2} of {n} tokens with probes of their own (block_probes), the rest share theirs: "
        f"typically {HIGH} too high (coloured)"
    )
    assert strip.payload(adapted)["shared"] == [i % 2 == 1 for i in range(n)]
    assert adapted.to_dataframe()["estimator"].tolist()[:2] == ["block_probes", "coloured"]


def test_nothing_is_told_of_what_is_not_there() -> None:
    assert estimates.told(replace(samples.result(), hessian=None)) == ""
