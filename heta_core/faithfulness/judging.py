"""f under sets of masked units, each set run once however many orders ask for it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from heta_core.groups import Groups
from heta_core.language_model import LanguageModel
from heta_core.parts import Floats, Work
from heta_core.passes.sets import Sets
from heta_core.passes.valuing import of_tokens, values
from heta_core.settings import Settings
from heta_core.targets import Objective

Order = tuple[int, ...]  # U units, the most important first


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """f under every set that has been run."""

    lm: LanguageModel
    objective: Objective
    groups: Groups  # U units
    settings: Settings  # the mask
    known: dict[bytes, float] = field(default_factory=dict)  # packed (U,) set → nats

    def run(self, sets: Sets) -> Iterator[Work]:
        """Run what is not known yet of (K, U) sets.

        Raises: as `values`.
        """
        new = {np.packbits(row).tobytes(): row for row in sets}
        missing = {key: row for key, row in new.items() if key not in self.known}
        if not missing:
            return
        masks = of_tokens(np.stack(list(missing.values())), self.groups)
        for work, found in values(self.lm, self.objective, masks, self.settings):
            if found is not None:
                self.known.update(zip(missing, found.tolist(), strict=True))
            yield work

    def values(self, sets: Sets) -> Floats:
        """(K,) f in nats under sets that have been run."""
        return np.array([self.known[np.packbits(row).tobytes()] for row in sets])


def first_of(order: Order, ranks: tuple[int, ...]) -> Sets:
    """(K, U) the first k units of an order, for each rank."""
    place = np.empty(len(order), int)
    place[list(order)] = np.arange(len(order))
    found: Sets = place < np.array(ranks)[:, None]
    return found
