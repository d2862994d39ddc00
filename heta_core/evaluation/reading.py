"""An example as a question to a model: its text and target as tokens, and the units that are scored."""

from dataclasses import dataclass

from heta_core.datasets import Example
from heta_core.errors import InputError
from heta_core.evaluation.plan import Plan
from heta_core.grouping import resolve as resolve_groups
from heta_core.groups import Groups, singles
from heta_core.language_model import LanguageModel, check_length
from heta_core.methods import Asked
from heta_core.passes.capture import capture
from heta_core.targets import Choice, resolve
from heta_core.tokens import Tokens, extended, from_text, n_common
from heta_core.typed import ids_of, token_of


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What the methods are asked about an example."""

    example: Example
    asked: Asked
    groups: Groups | None  # None where every token is scored


def question(lm: LanguageModel, example: Example, plan: Plan) -> Question:
    """The question of an example, one forward where the model chooses the target itself.

    Raises:
        InputError: the text is too short, too long or is spelled otherwise by this tokenizer, or the target is not one
            token where one is asked for.
    """
    tokens = from_text(lm.tokenizer, example.prompt)
    if (example.evidence or example.distractor or example.gold_words or example.question) and (
        tokens.text != example.prompt
    ):
        raise InputError(
            "Evidence is known by characters, but this tokenizer spells the prompt otherwise: "
            f"{_first_difference(example.prompt, tokens.text)}. Take a model that keeps the text as it is."
        )
    tokens, choice = _targeted(lm, tokens, example)
    check_length(lm, len(tokens))
    own = 0
    if choice.token_id is None and choice.stop is None:
        own = int(capture(lm, tokens.ids).log_p.argmax())
    target = resolve(choice, tokens, own, lm.tokenizer, lm.vocabulary)
    groups = resolve_groups(plan.grouping, tokens, target.n_context, target.position)
    asked = Asked(lm, tokens, target, groups or singles(target.n_context), plan.settings, plan.weights)
    return Question(example, asked, groups)


def _targeted(lm: LanguageModel, tokens: Tokens, example: Example) -> tuple[Tokens, Choice]:
    """The text, with all of a longer target after it, and what of it is explained."""
    if example.target is None:
        return tokens, Choice()
    text = example.target
    if not text[:1].isspace() and not example.prompt[-1:].isspace():
        text = f" {text}"  # words stand apart; a data file seldom writes the space
    if example.takes == "one":
        return tokens, Choice(token_id=token_of(lm.tokenizer, text))
    ids = ids_of(lm.tokenizer, text)
    if example.takes == "first" or len(ids) == 1:
        return tokens, Choice(token_id=ids[0])
    n = len(tokens)
    return extended(lm.tokenizer, tokens, ids), Choice(n, stop=n + len(ids))


def _first_difference(one: str, other: str) -> str:
    at = n_common(one, other)
    return f"{one[at : at + 20]!r} has become {other[at : at + 20]!r} at character {at}"
