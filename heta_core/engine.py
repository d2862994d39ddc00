"""The conductor: a prompt and a choice in, an `Attribution` out, in steps.

1. The text becomes ids once; the target's position cuts off the context.
2. Two forwards give the prediction and the semantic transition: the first result.
3. One masked forward per token gives the KL information: the second.
4. Rounds of Hessian-vector products give the Hessian sensitivity, coarse first: a finer result each round.

Closing the generator cancels; what it has yielded stays valid.
"""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from heta_core.attribution import Attribution, Candidate, Prediction
from heta_core.components import hessian, kl
from heta_core.components.transition import transition
from heta_core.errors import NotDifferentiableError, OutOfMemoryError
from heta_core.language_model import LanguageModel, check_length
from heta_core.passes.capture import capture
from heta_core.passes.masked import n_sequences
from heta_core.settings import Settings, Weights
from heta_core.targets import Choice, position_of, resolve
from heta_core.tokens import Tokens, from_ids, from_text

# How many of the tokens that the model could have said a result names.
_N_CANDIDATES = 10

_Part = TypeVar("_Part")


def attribute(
    lm: LanguageModel,
    text: str | Tokens,
    *,
    choice: Choice = Choice(),
    settings: Settings = Settings(),
    weights: Weights = Weights(),
) -> Attribution:
    """Why the model says the target: `attribute_steps` run to its end.

    Raises:
        InputError: the text or the target cannot be used.
        SettingsError: an option does not fit the model.
        UnsupportedModelError: the mask cannot be used on this family.
        NotDifferentiableError: the model has no finite second derivative.
        OutOfMemoryError: the work does not fit into memory.
    """
    *_, result = attribute_steps(lm, text, choice=choice, settings=settings, weights=weights)
    return result


def attribute_steps(
    lm: LanguageModel,
    text: str | Tokens,
    *,
    choice: Choice = Choice(),
    settings: Settings = Settings(),
    weights: Weights = Weights(),
) -> Generator[Attribution, None, None]:
    """The same, as it becomes known: after the transition, after the KL, after every round of probes.

    Between those, results repeat with more `work` done, so that a caller can show progress and stay responsive. Bad
    input is refused here, before anything runs; the rest of the errors of `attribute` come from the generator.
    """
    tokens = text if isinstance(text, Tokens) else from_text(lm.tokenizer, text)
    check_length(lm, tokens)
    context = tokens.ids[: position_of(choice, tokens)]
    planned = _planned(lm, len(context), settings)
    return _steps(_Request(lm, tokens, context, choice, settings, weights, planned))


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    lm: LanguageModel
    tokens: Tokens
    context: tuple[int, ...]
    choice: Choice
    settings: Settings
    weights: Weights
    planned: int


def _planned(lm: LanguageModel, n_context: int, settings: Settings) -> int:
    width = lm.model.get_input_embeddings().weight.shape[1]
    return 2 + n_sequences(n_context, settings) + hessian.n_passes(n_context, settings, width)
