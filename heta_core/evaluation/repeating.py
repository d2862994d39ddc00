"""A method once more, on the same question with its embeddings moved a little."""

from dataclasses import replace

from heta_core.methods import Asked, Method, Scoring
from heta_core.parts import Floats
from heta_core.passes.perturbed import perturbed


def again(method: Method, asked: Asked, draw: int, noise: Floats) -> Scoring:
    """The scores of a draw with (T, D) noise on the embeddings of the context. Nothing is taken from the first time.

    The model is held for one step at a time: what waits for it between two steps gets it as it is.
    """
    steps = method.score(replace(asked), draw)  # with components of its own
    context = asked.tokens.ids[: asked.objective.n_context]
    while True:
        with perturbed(asked.lm, context, noise):
            step = next(steps, None)
        if step is None:
            return
        yield step
