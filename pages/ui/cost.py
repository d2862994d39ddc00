"""What a question will cost, where it is long, and a cheaper way to ask it."""

import importlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from heta_core.errors import OutOfMemoryError
from heta_core.settings import Settings
from heta_core.tokens import Tokens
from pages.ui.question import Question

if TYPE_CHECKING:
    from heta_core.cost.estimate import Plan
    from heta_core.language_model import LanguageModel
    from heta_core.targets import Choice

# A question that is answered sooner needs no word about it.
_LONG = 10.0  # seconds
_WORTH_IT = 0.5  # of the time


@dataclass(frozen=True, slots=True)
class Told:
    """The cost of a long question."""

    words: str
    cheaper: Question | None = None  # the same with shared probes, where that takes much less
    cheaper_words: str = ""


def told(lm: "LanguageModel", question: Question, text: str | Tokens, choice: "Choice") -> Told | None:
    """The cost of a question as it was read; None where it is short, or where the run itself says what is wrong."""
    seconds = importlib.import_module("heta_core.cost.estimate").duration
    try:
        plan = _plan(lm, question, text, choice)
        if not plan.may_take(_LONG):
            return None
        cost = plan.cost()
        if cost.seconds <= _LONG:
            return None
        settings = replace(question.settings, estimator="coloured", probes="auto", tolerance=None, rank=None, step=None)
        cheaper = replace(question, settings=settings)
        taken = _plan(lm, cheaper, text, choice).cost().seconds
    except OutOfMemoryError:  # what fits is still worth showing
        return None
    if taken > _WORTH_IT * cost.seconds:
        return Told(cost.words)
    return Told(cost.words, cheaper, f"about {seconds(taken)}")


def told_steps(lm: "LanguageModel", prompt: str | Tokens, steps: int, settings: Settings) -> Told | None:
    """The same for a continuation of so many tokens.

    Raises:
        InputError: the prompt cannot be used, or leaves no room for a token.
    """
    try:
        plan = importlib.import_module("heta_core.cost.estimate").plan_steps(lm, prompt, steps=steps, settings=settings)
        cost = plan.cost() if plan.may_take(_LONG) else None
    except OutOfMemoryError:  # what fits is still worth showing
        return None
    return Told(cost.words) if cost is not None and cost.seconds > _LONG else None


def _plan(lm: "LanguageModel", question: Question, text: str | Tokens, choice: "Choice") -> "Plan":
    plan: Plan = importlib.import_module("heta_core.cost.estimate").plan(
        lm, text, choice=choice, settings=question.settings, groups=question.blocks(text, choice)
    )
    return plan
