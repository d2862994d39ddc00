"""The components of HETA, run once for all methods that look at them, and no further than they need."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from heta_core.attribution import Attribution
from heta_core.errors import UnsupportedModelError
from heta_core.parts import Work

Component = Literal["transition", "kl", "hessian"]
_ORDER: tuple[Component, ...] = ("transition", "kl", "hessian")


@dataclass(slots=True, eq=False)
class Shared:
    """The engine's run of one question, as far as it was needed until now.

    What a method costs is what its components cost, whether another has had them computed before or not: so whoever
    times a method takes what was `spent` in here off the clock and puts on what is `charged`.
    """

    begin: Callable[[], Iterator[Attribution]]  # the run
    result: Attribution | None = None
    spent: float = 0.0  # seconds that the engine really took
    charged: float = 0.0  # seconds of the components that methods looked at, each time that one did
    _steps: Iterator[Attribution] | None = None
    _done: list[Component] = field(default_factory=list)
    _work: dict[str, Work] = field(default_factory=dict)  # of each component

    def until(self, *used: Component) -> Iterator[Work]:
        """Compute what is still missing up to the last of the components used; yields the work of those used.

        Then `result` holds them. Components come in the order transition, KL, Hessian, each after the one before.

        Raises:
            UnsupportedModelError: the transition is used, and the model's attention cannot be read.
            HetaError: as `attribute`.
        """
        last = max(_ORDER.index(name) for name in used)
        for name in _ORDER[: last + 1]:
            if name not in self._done:
                for work in self._computed(name):
                    yield work if name in used else Work()
            elif name in used:
                yield self._work[name]
            if name == "transition" and name in used:
                self._check_gate()
        assert self.result is not None
        self.charged += sum(seconds for name, seconds in self.result.seconds if name in used)

    def _check_gate(self) -> None:
        if self.result is not None and not self.result.is_gated:
            raise UnsupportedModelError(
                f"This method needs the transition, but the attention of {self.result.source.model} cannot be read: "
                "take the method `ungated` (β·S + γ·I), or one that masks or differentiates."
            )

    def _computed(self, name: Component) -> Iterator[Work]:
        if self._steps is None:
            self._steps = self.begin()
        before = known = self.result.work if self.result is not None else Work()
        while not self._has(name):
            began = time.perf_counter()
            found = next(self._steps, None)
            self.spent += time.perf_counter() - began
            if found is None:  # the Hessian is there when nothing refines it any more
                break
            self.result = found
            yield _less(found.work, known)
            known = found.work
        self._done.append(name)
        self._work[name] = _less(known, before)

    def _has(self, name: Component) -> bool:
        if self.result is None or name == "hessian":
            return False
        return (self.result.gate if name == "transition" else self.result.information) is not None


def _less(work: Work, before: Work) -> Work:
    return Work(work.forwards - before.forwards, work.backwards - before.backwards, work.products - before.products)
