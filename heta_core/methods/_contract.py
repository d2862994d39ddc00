"""What a method is: a name, and scores of the units of a context, the most important highest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from heta_core.groups import Groups
from heta_core.language_model import LanguageModel
from heta_core.parts import Floats, Work
from heta_core.settings import Settings
from heta_core.targets import Objective


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What a method is asked to score."""

    lm: LanguageModel
    objective: Objective
    groups: Groups  # U units that cut the context; a single token is a group of one
    settings: Settings  # the mask under which the scores will be judged, and the seed


# The work of every step as it is done, and with the last (U,) scores.
Scoring = Iterator[tuple[Work, Floats | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way to say which units matter. Only the order of its scores is ever compared with another's."""

    name: str  # as in results
    title: str  # as on the page
    meaning: str  # one sentence
    score: Callable[[Asked, int], Scoring]  # of the n-th draw
    n_draws: int = 1  # of a method that is random: how many scores stand for it
    place: int = 0  # in lists, lowest first
