"""The conductor: a prompt and a choice in, an `Attribution` out, in steps.

1. The text becomes ids once; the target's position cuts off the context.
2. Two forwards give the prediction and the semantic transition: the first result.
3. One masked forward per token gives the KL information: the second.
4. Rounds of Hessian-vector products give the Hessian sensitivity, coarse first: a finer result each round.

Closing the generator cancels; what it has yielded stays valid.
"""

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from heta_core.attribution import Attribution
from heta_core.components import hessian, kl
from heta_core.components.transition import transition
from heta_core.errors import NotDifferentiableError
from heta_core.language_model import LanguageModel, check_length
from heta_core.parts import Candidate, Prediction, Work
from heta_core.passes.capture import capture
from heta_core.passes.masked import n_forwards
from heta_core.settings import Settings, Weights
from heta_core.targets import Choice, position_of, resolve
from heta_core.tokens import Tokens, from_text, piece_of

# The transition reads the context twice: for the head means and for each head.
_N_CAPTURES = 2
# How many of the tokens that the model could have said a result names.
_N_CANDIDATES = 10

_Step = TypeVar("_Step")


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
    """The passes of the whole run, counted before it starts."""
    return _N_CAPTURES + n_forwards(lm, n_context, settings) + hessian.n_passes(lm, n_context, settings)


def _steps(request: _Request) -> Generator[Attribution, None, None]:
    """The components one after another; each result is the one before with more known."""
    lm, context, settings = request.lm, request.context, request.settings
    (((result, log_p), seconds),) = _timed(_opening(request))
    result = replace(result, seconds=(("transition", seconds),))
    yield result
    target_id = result.target.token_id
    for (work, information), seconds in _timed(kl.information(lm, context, log_p, target_id, settings)):
        result = _more(result, work, "kl", seconds)
        result = replace(result, information=information)
        yield result
    for (work, sensitivity), seconds in _timed(hessian.sensitivity(lm, context, target_id, settings)):
        result = _more(result, work, "hessian", seconds)
        result = replace(result, hessian=sensitivity or result.hessian)
        yield result


def _opening(request: _Request) -> Iterator[tuple[Attribution, Tensor]]:
    """The prediction and the transition, with (V,) log-probabilities."""
    lm, tokens = request.lm, request.tokens
    trace = capture(lm, request.context)
    log_p = trace.log_p
    own_choice = int(log_p.argmax())
    target = resolve(request.choice, tokens, own_choice, lm.tokenizer, lm.vocabulary)
    yield (
        Attribution(
            tokens=tokens,
            target=target,
            prediction=_prediction(lm, log_p, target.token_id),
            settings=request.settings,
            source=lm.source,
            weights=request.weights,
            transition=transition(lm, trace),
            work=Work(forwards=_N_CAPTURES, planned=request.planned),
        ),
        log_p,
    )


def _prediction(lm: LanguageModel, log_p: Tensor, target_id: int) -> Prediction:
    """What the model says, from (V,) log-probabilities.

    Raises:
        NotDifferentiableError: they are not finite.
    """
    if not torch.isfinite(log_p).all():
        raise NotDifferentiableError("The model's logits must be finite, found NaN or infinity: load it in float32.")
    best = log_p.topk(min(_N_CANDIDATES, len(log_p)))
    rank = int((log_p > log_p[target_id]).sum()) + 1
    entropy = float(-(log_p.exp() * log_p).sum())
    candidates = tuple(
        Candidate(token, piece_of(lm.tokenizer, token), probability)
        for token, probability in zip(best.indices.tolist(), best.values.exp().tolist(), strict=True)
    )
    return Prediction(float(log_p[target_id]), rank, entropy, candidates)


def _more(result: Attribution, work: Work, component: str, seconds: float) -> Attribution:
    """The result after a step of one component."""
    spent = dict(result.seconds)
    spent[component] = spent.get(component, 0.0) + seconds
    return replace(result, work=result.work.plus(work), seconds=tuple(spent.items()))


def _timed(steps: Iterator[_Step]) -> Iterator[tuple[_Step, float]]:
    """Every step with the seconds it took; waiting for the caller is not counted."""
    start = time.perf_counter()
    for step in steps:
        yield step, time.perf_counter() - start
        start = time.perf_counter()
