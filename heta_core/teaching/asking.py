"""What lessons ask the model: what follows a text, and what follows it without one of its words."""

from collections.abc import Mapping, Sequence

import numpy as np
from torch import from_numpy

from heta_core.answers import next_log_probs
from heta_core.attribution import Attribution
from heta_core.components.prediction import prediction
from heta_core.engine import attribute_steps
from heta_core.errors import InputError
from heta_core.faithfulness.masking import predictions
from heta_core.groups import Groups, singles
from heta_core.language_model import LanguageModel
from heta_core.littletown import lexicon
from heta_core.methods import Asked, named
from heta_core.parts import Floats, Prediction
from heta_core.settings import Settings
from heta_core.targets import Choice
from heta_core.teaching import spelling
from heta_core.teaching.contract import Data, Limits
from heta_core.tokens import Tokens, from_text
from heta_core.views import strip, words

_SHOWN = 5  # next tokens with their chances, where the text has its own row of words


def text_of(event: Mapping[str, object]) -> str:
    """The text of an event, without white space at its end.

    Raises:
        InputError: there is none.
    """
    text = event.get("text")
    if not isinstance(text, str) or not text.strip():
        raise InputError("A text is needed, found none: write a few words.")
    return spelling.trimmed(text)


def tokens_of(lm: LanguageModel, text: str, most: int) -> Tokens:
    """A text as tokens, where they are few enough to be asked while a reader waits.

    Raises:
        InputError: it is too long, or cannot be read.
    """
    tokens = from_text(lm.tokenizer, text)
    if len(tokens) > most:
        raise InputError(f"A lesson takes at most {most} tokens here, this text has {len(tokens)}: shorten it.")
    return tokens


def strangers(text: str) -> list[str]:
    """The words of a text that Littletown never saw, each once: what the model says of them means little."""
    return list(dict.fromkeys(lexicon.strangers(text)))


def next_of(lm: LanguageModel, text: str, limits: Limits = Limits()) -> Data:
    """The likeliest words after a text, and how unsure the model is in all. One forward pass.

    Raises:
        InputError: the text is too long, or cannot be read.
    """
    tokens = tokens_of(lm, text, limits.longest)
    said = prediction(lm, from_numpy(next_log_probs(lm, [tokens])[0]).double(), 0)
    return {"chances": chances(said), "entropy": strip.short(said.entropy)}


def looked(
    lm: LanguageModel,
    text: str | Tokens,
    *,
    choice: Choice = Choice(),
    settings: Settings = Settings(),
    groups: Groups | None = None,
) -> Attribution:
    """A text with M and I, and without S: a few forward passes for each token or group, none backward.

    Raises:
        HetaError: as `engine.attribute`.
    """
    for result in attribute_steps(lm, text, choice=choice, settings=settings, groups=groups):
        if result.information is not None:
            return result
    raise AssertionError("the engine ended without the KL")  # it never does


def by_method(lm: LanguageModel, result: Attribution, name: str, draw: int = 0) -> Floats:
    """(T,) scores of another method for what a result explains, each token by itself, with the result's settings."""
    asked = Asked(lm, result.tokens, result.target, singles(result.n_context), result.settings)
    *_, (_, found) = named(name).score(asked, draw)
    assert found is not None
    return found


def without_each(lm: LanguageModel, result: Attribution) -> tuple[Prediction, ...]:
    """T, what the model says with each unit masked, under the mask of the result."""
    return without(lm, result, [[unit] for unit in range(result.n_units)])


def without(lm: LanguageModel, result: Attribution, sets: Sequence[Sequence[int]]) -> tuple[Prediction, ...]:
    """What the model says with each set of units masked at once, under the mask of the result."""
    masked = np.zeros((len(sets), result.n_units), bool)
    for row, units in zip(masked, sets, strict=True):
        row[list(units)] = True
    *_, (_, said) = predictions(lm, result, masked, result.settings)
    assert said is not None
    return said


def chances(said: Prediction) -> list[Data]:
    """The likeliest next tokens with their probabilities."""
    return [{"label": words.label(c.piece), "p": strip.short(min(1.0, c.probability))} for c in said.candidates]


def words_of(result: Attribution) -> Data:
    """What a row of words needs of a result with M and I: what is seen, both, what is said with each unit masked."""
    assert result.transition is not None and result.information is not None
    n, first = result.n_units, result.information.first_choices
    return {
        "parts": strip.token_parts(result.units)[:n],
        "transition": strip.numbers(result.transition.scores),
        "kl": strip.numbers(result.information.kl),
        "says": [words.label(c.piece) for c in first],
        "says_p": [strip.short(min(1.0, c.probability)) for c in first],
        "chances": chances(result.prediction)[:_SHOWN],
    }
