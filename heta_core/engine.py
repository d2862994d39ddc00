"""The conductor: a prompt and a choice in, an `Attribution` out, in steps.

1. The text becomes ids once; the target's position cuts off the context.
2. Two forwards give the prediction and the semantic transition: the first result. Of a model whose attention cannot be
   read one forward gives the prediction; all that follows is the same, and the score has no gate and says so.
3. One masked forward per token gives the KL information: the second.
4. Rounds of Hessian-vector products give the Hessian sensitivity, coarse first: a finer result each round. Adaptive
   probes go where the final score, which is known by then but for them, is decided.

Closing the generator cancels; what it has yielded stays valid.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from heta_core.attribution import Attribution
from heta_core.combine import UNGATED
from heta_core.components import hessian, kl
from heta_core.components.prediction import prediction
from heta_core.components.transition import grouped, mean_transition, transitions
from heta_core.generated import GenerationAttribution, Step
from heta_core.grouping import Grouping
from heta_core.grouping import resolve as resolve_groups
from heta_core.groups import Groups, singles
from heta_core.language_model import LanguageModel, check_length
from heta_core.parts import Prediction, Transition, Work
from heta_core.passes.capture import Trace, capture
from heta_core.passes.masked import Reading, n_forwards
from heta_core.settings import Settings, Weights
from heta_core.targets import Choice, Objective, next_token, objective, position_of, resolve
from heta_core.timing import timed
from heta_core.tokens import Tokens, from_text

_Result = TypeVar("_Result", Attribution, GenerationAttribution, Step)


def attribute(
    lm: LanguageModel,
    text: str | Tokens,
    *,
    choice: Choice = Choice(),
    settings: Settings = Settings(),
    weights: Weights = Weights(),
    groups: Grouping | Groups | None = None,
) -> Attribution:
    """Why the model says the target: `attribute_steps` run to its end.

    With `groups` words, sentences or stretches (start, stop) of tokens that cut the context are scored in the place of
    tokens: all tokens of a group are masked at once, and its curvature is that of its block. Not the sum of scores of
    tokens.

    Raises:
        InputError: the text, the target or the groups cannot be used.
        SettingsError: an option does not fit the model.
        UnsupportedModelError: the mask cannot be used on this family.
        NotDifferentiableError: the model has no finite second derivative.
        OutOfMemoryError: the work does not fit into memory.
    """
    *_, result = attribute_steps(lm, text, choice=choice, settings=settings, weights=weights, groups=groups)
    return result


def attribute_steps(
    lm: LanguageModel,
    text: str | Tokens,
    *,
    choice: Choice = Choice(),
    settings: Settings = Settings(),
    weights: Weights = Weights(),
    groups: Grouping | Groups | None = None,
) -> Generator[Attribution, None, None]:
    """The same, as it becomes known: after the transition, after the KL, after every round of probes.

    Between those, results repeat with more `work` done, so that a caller can show progress and stay responsive. Bad
    input is refused here, before anything runs; the rest of the errors of `attribute` come from the generator.
    """
    question = asked(lm, text, choice, groups)
    request = _Request(lm, question.tokens, choice, settings, weights, question.groups)
    return _steps(request, planned(lm, question, settings))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is about, as far as it is known before anything runs."""

    tokens: Tokens
    objective: Objective  # of the model's own choice, which is not known yet, some token in its place
    groups: Groups | None


def asked(lm: LanguageModel, text: str | Tokens, choice: Choice, groups: Grouping | Groups | None) -> Asked:
    """The text as ids, and the function and groups that a choice comes to.

    Raises:
        InputError: the text, the target or the groups cannot be used.
    """
    tokens = text if isinstance(text, Tokens) else from_text(lm.tokenizer, text)
    position = position_of(choice, tokens)
    n_whole = position + len(choice.foil) if choice.stop is not None else position
    check_length(lm, max(len(tokens), n_whole))
    shape = next_token(tokens.ids, 0)
    if choice.token_id is not None or position < len(tokens):
        # Refuses what does not fit; the own choice, here 0, is not looked at.
        shape = objective(resolve(choice, tokens, 0, lm.tokenizer, lm.vocabulary), tokens)
    return Asked(tokens, shape, resolve_groups(groups, tokens, shape.n_context, position))


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    lm: LanguageModel
    tokens: Tokens
    choice: Choice
    settings: Settings
    weights: Weights
    groups: Groups | None


def planned(lm: LanguageModel, question: Asked, settings: Settings) -> int:
    """The passes of the whole run, counted before it starts; which tokens are explained does not matter."""
    shape, groups = question.objective, question.groups
    n_context, n_lines = shape.n_context, len(shape.lines)
    units = groups or singles(n_context)
    masking = sum(n_forwards(lm, Reading(line.ids, units, line.rows), settings) for line in shape.lines)
    return (
        n_captures(lm) * n_lines + masking + hessian.n_passes(lm, n_context, settings, n_lines=n_lines, blocks=groups)
    )


def n_captures(lm: LanguageModel) -> int:
    """The forwards over the whole context: one for the predictions and head means, another for each head's flow."""
    return 2 if lm.has_transition else 1


def method_of(lm: LanguageModel) -> str:
    """HETA, or on a model whose attention cannot be read its score without a gate."""
    return "heta" if lm.has_transition else UNGATED


def _steps(request: _Request, planned: int) -> Generator[Attribution, None, None]:
    """The components one after another; each result is the one before with more known."""
    lm, settings = request.lm, request.settings
    (((opening, result), seconds),) = timed(_opened(request))
    result = replace(result, work=replace(result.work, planned=planned), seconds=(("transition", seconds),))
    yield result
    units = request.groups or opening.objective.n_context
    found: list[kl.Effects] = []
    for line, trace in zip(opening.objective.lines, opening.traces, strict=True):
        masking = kl.effects(lm, line, units, trace.log_probs, settings)
        for (work, effects), seconds in timed(masking):
            result = more(result, work, "kl", seconds)
            if effects is not None:
                found.append(effects)
            if len(found) == len(opening.traces):
                result = replace(result, information=kl.information(lm, opening.objective, found))
            yield result
    curving = hessian.sensitivity(lm, opening.objective, settings, blocks=request.groups, score=result.scored)
    for (work, sensitivity), seconds in timed(curving):
        result = more(result, work, "hessian", seconds)
        done = result.work.unfinished() if settings.probes == "auto" else result.work
        result = replace(result, hessian=sensitivity or result.hessian, work=done)
        yield result
    if settings.probes == "auto":
        yield replace(result, work=result.work.finished())


@dataclass(frozen=True, slots=True, eq=False)
class _Opening:
    objective: Objective
    traces: tuple[Trace, ...]  # one for each line


def _opened(request: _Request) -> Iterator[tuple[_Opening, Attribution]]:
    """The target, its predictions and the transition."""
    lm, tokens, choice = request.lm, request.tokens, request.choice
    known: tuple[Trace, ...] = ()
    own_choice = 0
    if choice.stop is None:
        known = (capture(lm, tokens.ids[: position_of(choice, tokens)]),)
        own_choice = int(known[0].log_p.argmax())
    target = resolve(choice, tokens, own_choice, lm.tokenizer, lm.vocabulary)
    explained = objective(target, tokens)
    traces = known or tuple(capture(lm, line.ids, line.rows) for line in explained.lines)
    predictions = _predictions(lm, explained, traces)
    n_said = len(target.said)
    yield (
        _Opening(explained, traces),
        Attribution(
            tokens=tokens,
            target=target,
            prediction=predictions[0],
            settings=request.settings,
            source=lm.source,
            weights=request.weights,
            transition=_transition(request, explained, traces) if lm.has_transition else None,
            method=method_of(lm),
            groups=request.groups,
            work=Work(forwards=n_captures(lm) * len(traces)),
            later=predictions[1:n_said],
            foil=predictions[n_said:],
        ),
    )


def _transition(request: _Request, explained: Objective, traces: tuple[Trace, ...]) -> Transition:
    """M of the units."""
    flows = [flow for trace in traces for flow in transitions(request.lm, trace)]
    found = mean_transition(flows, explained.n_context)
    return grouped(found, request.groups) if request.groups else found


def _predictions(lm: LanguageModel, explained: Objective, traces: tuple[Trace, ...]) -> tuple[Prediction, ...]:
    """One for every term: those of what is said, then the foil's."""
    return tuple(
        prediction(lm, trace.log_probs[line.rows.index(term.row)], term.token_id)
        for line, trace in zip(explained.lines, traces, strict=True)
        for term in line.terms
    )


def more(result: _Result, work: Work, component: str, seconds: float) -> _Result:
    """The result after a step of one component."""
    spent = dict(result.seconds)
    spent[component] = spent.get(component, 0.0) + seconds
    return replace(result, work=result.work.plus(work), seconds=tuple(spent.items()))
