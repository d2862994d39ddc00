"""What a method is: a name, and scores of the units of a context, the most important highest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from heta_core.attribution import Attribution
from heta_core.engine import attribute_steps
from heta_core.groups import Groups, singles
from heta_core.language_model import LanguageModel
from heta_core.methods._shared import Shared
from heta_core.parts import Floats, Work
from heta_core.settings import Settings, Weights
from heta_core.targets import Objective, Target, as_asked, objective
from heta_core.tokens import Tokens


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What a method is asked to score."""

    lm: LanguageModel
    tokens: Tokens  # the whole text; its first T tokens are the context
    target: Target
    groups: Groups  # U units that cut the context; a single token is a group of one
    settings: Settings = Settings()  # the mask, the probes and the seed that scores are made with
    weights: Weights = Weights()  # β, γ and the scaling of Eq. 5
    shared: Shared = field(init=False)  # the components of Eq. 5, for whatever methods look at them

    def __post_init__(self) -> None:
        object.__setattr__(self, "shared", Shared(self._run))

    def _run(self) -> Iterator[Attribution]:
        is_by_token = self.groups == singles(self.target.n_context)
        return attribute_steps(
            self.lm,
            self.tokens,
            choice=as_asked(self.target),
            settings=self.settings,
            weights=self.weights,
            groups=None if is_by_token else self.groups,
        )

    @property
    def objective(self) -> Objective:
        """f, what is explained, as a function of the context."""
        return objective(self.target, self.tokens)

    def summed(self, values: Floats) -> Floats:
        """(U,) of every unit what (T,) values of its tokens come to."""
        found: Floats = np.add.reduceat(values, [start for start, _ in self.groups])
        return found


# The work of every step as it is done, and with the last (U,) scores.
Scoring = Iterator[tuple[Work, Floats | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way to say which units matter.

    Scores of different methods have different units: only their orders, and shares of their sums, are compared.
    """

    name: str  # as in results: small letters and _
    title: str  # as on the page
    meaning: str  # one sentence
    score: Callable[[Asked, int], Scoring]  # of the n-th draw
    n_draws: int = 1  # of a method that is random: how many scores stand for it
    unit: str = ""  # of the scores; empty where they have none
    is_signed: bool = False  # above 0 a unit speaks for what is explained, below it against
    # The scores promise to sum to f less f of nothing: every unit masked as the settings say, or embeddings of zeros.
    adds_up: Literal["", "mask", "zero"] = ""
    is_reference: bool = False  # drawn beside every map that is checked
    source: str = ""  # paper, where it is not a matter of course
    place: int = 0  # in lists, lowest first
