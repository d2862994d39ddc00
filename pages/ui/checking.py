"""Whether the map on the screen tells the truth: the checks that were asked for, and how far they are."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from heta_core.attribution import Attribution
from heta_core.faithfulness.stability import Stability, stability
from heta_core.parts import Sensitivity
from heta_core.settings import Mask, Weights
from pages.ui import engine_cache, state
from pages.ui.engine_cache import Step
from pages.ui.runs import Run

PANEL = "heta.panel.truth"
MASK, SCALE, RANK = "heta.truth.mask", "heta.truth.scale", "heta.truth.rank"
CHART = "heta.truth.deletion"
LAYERS = "heta.truth.layers"


@dataclass(slots=True, eq=False)
class Checks:
    """The checks of one map. Another target, or other weights, make another map with none yet."""

    hessian: Sensitivity | None
    weights: Weights
    stability: Stability | None
    curves: Run | None = None
    scramble: Run | None = None

    def is_of(self, result: Attribution) -> bool:
        """These are the checks of this map."""
        return self.hessian is result.hessian and self.weights == result.weights

    @property
    def runs(self) -> tuple[Run, ...]:
        """What was asked for."""
        return tuple(run for run in (self.curves, self.scramble) if run is not None)


def of(result: Attribution) -> Checks:
    """The checks of a finished map; those of another one end."""
    checks: Checks | None = state.get("checks")
    if checks is None or not checks.is_of(result):
        stop()
        checks = Checks(result.hessian, result.weights, stability(result))
        state.put("checks", checks)
    return checks


def ask_curves(result: Attribution, mask: Mask) -> None:
    """Draw the curves under a mask; those of another mask go."""
    checks = of(result)
    _end(checks.curves)
    checks.curves = Run(curve_work(result, mask), model=result.source.model)


def ask_scramble(result: Attribution, n_last: int | None) -> None:
    """Put the question to a copy with meaningless weights."""
    checks = of(result)
    _end(checks.scramble)
    checks.scramble = Run(scramble_work(result, n_last), model=result.source.model)


def curve_work(result: Attribution, mask: Mask) -> Iterator[Step]:
    """The curves as they become known.

    Raises:
        HetaError: the model cannot be loaded or is another one, or the mask cannot be used on it.
    """
    lm, result = yield from engine_cache.loaded_for(result)
    running = importlib.import_module("heta_core.faithfulness.running")
    for found in running.curve_steps(lm, result, mask=mask):
        yield Step(f"Masking: {len(found.curves)} orders drawn", found.work.fraction, found)


def scramble_work(result: Attribution, n_last: int | None) -> Iterator[Step]:
    """The map of a scrambled copy.

    Raises:
        HetaError: the model cannot be loaded or is another one, or the copy does not fit into memory.
    """
    lm, result = yield from engine_cache.loaded_for(result)
    scrambling = importlib.import_module("heta_core.faithfulness.scrambling")
    for found in scrambling.scramble_steps(lm, result, n_last=n_last):
        yield Step("Asking the scrambled copy", found.work.fraction, found)


def advance() -> bool:
    """Work on what was asked for a moment. False when there is nothing to do."""
    checks: Checks | None = state.get("checks")
    return checks is not None and any([run.advance() for run in checks.runs])


def stop() -> None:
    """End what runs; what it has found stays."""
    checks: Checks | None = state.get("checks")
    for run in checks.runs if checks is not None else ():
        run.stop()


def _end(run: Run | None) -> None:
    if run is not None:
        run.stop()


def keep_rank(ranks: tuple[int, ...]) -> None:
    """The slider begins with one unit masked; only before it is drawn."""
    if state.widget(RANK) not in ranks:
        state.set_widget(RANK, ranks[1])


def clicked(ranks: tuple[int, ...]) -> None:
    """A point of a deletion curve was clicked: mask as many of the map's highest."""
    event: Any = state.widget(CHART)
    points = event["selection"]["points"] if event else []
    rank = points[0].get("x") if points else None
    if rank in ranks:
        state.set_widget(RANK, int(rank))
