"""What a copy of the model with meaningless weights says of the same question, and how far the maps agree."""

from dataclasses import dataclass
from typing import Literal

from heta_core.parts import Floats, Work

TOP = 5
# Rank correlations of a map with its scrambled twin. Below the first nothing that could be read off the map is left,
# above the second hardly anything has changed; both are conventions, so the number always stands beside the word.
_DIFFERENT, _SAME = 0.5, 0.8

Verdict = Literal["changed", "partly", "same"]


@dataclass(frozen=True, slots=True, eq=False)
class Scrambled:
    """The map of a scrambled copy beside the model's own."""

    n_last: int | None  # the output and so many last layers were redrawn; everything where None
    seed: int
    work: Work
    scores: Floats | None = None  # (U,) of the copy; None until it is known
    f: float | None = None  # what is explained, on the copy, nats
    order: float | None = None  # Spearman's rank correlation of the two; None where one has no order
    n_shared: int = 0  # of the highest five of one, how many are among those of the other

    @property
    def is_complete(self) -> bool:
        """Both maps are there."""
        return self.scores is not None

    @property
    def verdict(self) -> Verdict:
        """Whether the map needed the weights; without an order of its own the copy's map says nothing, so it did."""
        if self.order is None or self.order < _DIFFERENT:
            return "changed"
        return "same" if self.order >= _SAME else "partly"
