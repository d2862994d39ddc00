"""What attention methods share: a number for each token that a prediction is made from, over all that is explained."""

from collections.abc import Callable, Iterator

import numpy as np
from torch import Tensor

from heta_core.methods._contract import Asked
from heta_core.parts import Floats, Work
from heta_core.targets import Line

OfLine = Callable[[Line], Tensor]  # (P, length) of a line: for each row that is read, of each token up to it


def mean_over_rows(asked: Asked, of_line: OfLine) -> Floats:
    """(U,) the mean over every row of every line, as of the transition, summed over the tokens of each unit."""
    n_context = asked.objective.n_context
    rows = [row for line in asked.objective.lines for row in of_line(line)[:, :n_context].double().cpu().numpy()]
    return asked.summed(np.mean(rows, axis=0))


def once(asked: Asked, of_line: OfLine) -> Iterator[tuple[Work, Floats | None]]:
    """The same as the one step of a method that runs each line once."""
    scores = mean_over_rows(asked, of_line)
    yield Work(forwards=len(asked.objective.lines)), scores
