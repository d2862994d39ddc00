"""Methods and measures as the pages list them; none before the engine is there, whose import takes seconds."""

import importlib
from typing import TYPE_CHECKING

from pages.ui import engine_cache

if TYPE_CHECKING:
    from heta_core.methods import Method
    from heta_core.metrics import Measure, Metric


def methods() -> "tuple[Method, ...]":
    """All that can be asked, random orders among them."""
    return _all("methods")  # type: ignore[return-value]


def metrics() -> "tuple[Metric, ...]":
    """All ways to judge."""
    return _all("metrics")  # type: ignore[return-value]


def title(name: str) -> str:
    """What a method is called; of one that is not known its name in plain letters."""
    return next((method.title for method in methods() if method.name == name), name.replace("_", " ").capitalize())


def measures() -> "dict[str, Measure]":
    """What every metric comes to, by its name."""
    return {measure.name: measure for metric in metrics() for measure in metric.measures}


def _all(room: str) -> tuple[object, ...]:
    if not engine_cache.is_warm():
        return ()
    return importlib.import_module(f"heta_core.{room}").known()  # type: ignore[no-any-return]
