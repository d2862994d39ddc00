"""What any method says of a text, as the same kind of result as HETA's.

1. The engine's first step reads the question: the target, how likely it is, the units.
2. The method scores the units. Its scores stand in the result as they are, in its own unit, without components.
"""

from collections.abc import Generator
from dataclasses import replace

import numpy as np

from heta_core.attribution import Attribution
from heta_core.engine import attribute_steps
from heta_core.grouping import Grouping
from heta_core.groups import Groups, singles
from heta_core.language_model import LanguageModel
from heta_core.methods import Asked, Method, named
from heta_core.parts import Given
from heta_core.settings import Settings, Weights
from heta_core.targets import Choice
from heta_core.timing import timed
from heta_core.tokens import Tokens


def explain_by(
    lm: LanguageModel,
    text: str | Tokens,
    method: str,
    *,
    choice: Choice = Choice(),
    settings: Settings = Settings(),
    weights: Weights = Weights(),
    groups: Grouping | Groups | None = None,
) -> Attribution:
    """Why the model says the target, as a method has it: `explain_by_steps` run to its end.

    Of a method that draws at random its first draw; equal seeds give equal ones.

    Raises:
        InputError: there is no such method, or the text, the target or the groups cannot be used.
        HetaError: as `attribute`.
    """
    *_, result = explain_by_steps(lm, text, method, choice=choice, settings=settings, weights=weights, groups=groups)
    return result


def explain_by_steps(
    lm: LanguageModel,
    text: str | Tokens,
    method: str,
    *,
    choice: Choice = Choice(),
    settings: Settings = Settings(),
    weights: Weights = Weights(),
    groups: Grouping | Groups | None = None,
) -> Generator[Attribution, None, None]:
    """The same, as it becomes known: first the question without scores, again with more `work` done, last with all.

    What a method is going to cost is known of HETA only: of another the work is unfinished until its last step. Closing
    the generator cancels. Bad input is refused here, before anything runs.
    """
    asking = named(method)
    steps = attribute_steps(lm, text, choice=choice, settings=settings, weights=weights, groups=groups)
    return steps if asking.name == "heta" else _steps(lm, asking, steps)


def _steps(
    lm: LanguageModel, method: Method, engine: Generator[Attribution, None, None]
) -> Generator[Attribution, None, None]:
    question = next(engine)
    engine.close()
    result = replace(question, transition=None, method=method.name, work=question.work.unfinished(), seconds=())
    yield result
    units = result.groups or singles(result.n_context)
    asked = Asked(lm, result.tokens, result.target, units, result.settings, result.weights)
    spent = 0.0
    for (work, scores), seconds in timed(method.score(asked, 0)):
        spent += seconds
        result = replace(result, work=result.work.plus(work).unfinished(), seconds=((method.name, spent),))
        if scores is not None:
            given = Given(np.asarray(scores, np.float64), method.title, method.unit, method.is_signed)
            result = replace(result, given=given, work=result.work.finished())
        yield result
