"""Where the last layer looks when the prediction is made."""

from torch import Tensor

from heta_core.methods._attending import once
from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.passes.capture import head_means
from heta_core.targets import Line


def score(asked: Asked, _draw: int) -> Scoring:
    """(U,) mean_h A⁽ᴸʰ⁾[T−1, i], summed over the tokens of each unit; of a span the mean over its rows. A share.

    One forward for each line of f. Raises: as `capture`.
    """

    def of_line(line: Line) -> Tensor:
        return head_means(asked.lm, line.ids, line.rows)[-1, list(line.rows)]

    yield from once(asked, of_line)


METHOD = Method(
    name="last_attention",
    title="Last attention",
    meaning="Where the heads of the last layer look, on average, when the answer is made.",
    score=score,
    place=60,
)
