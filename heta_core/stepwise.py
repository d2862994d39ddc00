"""Why each token of a continuation was said: every step's components, with the work that they share done once.

1. Two forwards over the whole text give the predictions and the transitions of all steps.
2. One masked forward per token gives the KL information of all later steps: masking changes nothing before itself.
3. The Hessian sensitivity follows step by step; the step that is looked at comes first, whatever was begun before.

Every step's numbers are those of a run for that token alone on the same ids.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from itertools import repeat

from torch import Tensor

from heta_core.components import hessian, kl
from heta_core.components.prediction import prediction
from heta_core.components.transition import transitions
from heta_core.engine import more, n_captures
from heta_core.generated import GenerationAttribution, Step
from heta_core.groups import singles
from heta_core.language_model import LanguageModel
from heta_core.parts import Information, Sensitivity, Work
from heta_core.passes.capture import capture
from heta_core.passes.masked import Reading, n_forwards
from heta_core.targets import Choice, Line, Objective, Target, Term, next_token, resolve
from heta_core.timing import timed
from heta_core.tokens import Tokens

Growing = Generator[GenerationAttribution, None, None]
# Asked before every piece of work: which step is looked at.
Look = Callable[[], int]


def explained(lm: LanguageModel, grown: GenerationAttribution, look: Look | None) -> Growing:
    """Every step's components."""
    (((opened, log_probs), seconds),) = timed(_opened(lm, grown))
    grown = more(opened, Work(forwards=n_captures(lm)), "transition", seconds)
    yield grown
    for (work, found), seconds in timed(_informed(lm, grown, log_probs)):
        grown = more(grown, work, "kl", seconds)
        if found is not None:
            steps = zip(grown.steps, found, strict=True)
            grown = replace(grown, steps=tuple(replace(step, information=one) for step, one in steps))
        yield grown
    yield from _curved(lm, grown, look or (lambda: 0))


def _opened(lm: LanguageModel, grown: GenerationAttribution) -> Iterator[tuple[GenerationAttribution, Tensor]]:
    """The predictions and the transitions of all steps, with (S, V) log-probabilities."""
    tokens, settings = grown.tokens, grown.settings
    trace = capture(lm, tokens.ids[:-1], _rows(grown))
    steps = []
    flows = transitions(lm, trace) if lm.has_transition else repeat(None, len(trace.positions))
    for row, flow, log_p in zip(trace.positions, flows, trace.log_probs, strict=True):
        target = _target(lm, tokens, row + 1)
        planned = Work(planned=hessian.n_passes(lm, row + 1, settings))
        steps.append(Step(target, prediction(lm, log_p, target.token_id), flow, work=planned))
    work = Work(planned=n_captures(lm) + _n_maskings(lm, grown))
    yield replace(grown, steps=tuple(steps), work=work), trace.log_probs


def _rows(grown: GenerationAttribution) -> tuple[int, ...]:
    """Where the tokens of the continuation are predicted."""
    return tuple(range(grown.n_prompt - 1, len(grown.tokens) - 1))


def _target(lm: LanguageModel, tokens: Tokens, position: int) -> Target:
    return resolve(Choice(position), tokens, 0, lm.tokenizer, lm.vocabulary)


def _lines(grown: GenerationAttribution) -> tuple[Line, ...]:
    """What is masked: the text once for all steps, except where the mask depends on the context it is taken from."""
    ids, rows = grown.tokens.ids, _rows(grown)
    if grown.settings.mask == "mean":
        return tuple(next_token(ids[: row + 1], ids[row + 1]).lines[0] for row in rows)
    return (Line(ids[:-1], tuple(Term(row, ids[row + 1], 1) for row in rows)),)


def _n_maskings(lm: LanguageModel, grown: GenerationAttribution) -> int:
    readings = (Reading(line.ids, singles(len(line.ids)), line.rows) for line in _lines(grown))
    return sum(n_forwards(lm, reading, grown.settings) for reading in readings)


def _informed(
    lm: LanguageModel, grown: GenerationAttribution, log_probs: Tensor
) -> Iterator[tuple[Work, list[Information] | None]]:
    """The KL information of all steps, with the last of the work."""
    found: list[Information] = []
    done = 0
    for line in _lines(grown):
        n_rows = len(line.rows)
        for work, effects in kl.effects(lm, line, len(line.ids), log_probs[done : done + n_rows], grown.settings):
            if effects is not None:
                found += [_of_row(lm, line, effects, k) for k in range(n_rows)]
            yield work, None
        done += n_rows
    yield Work(), found


def _of_row(lm: LanguageModel, line: Line, effects: kl.Effects, k: int) -> Information:
    """The information of the step that is predicted at the k-th row."""
    row = line.rows[k]
    return kl.information(lm, next_token(line.ids[: row + 1], line.terms[k].token_id), [effects.at(k)])


def _curved(lm: LanguageModel, grown: GenerationAttribution, look: Look) -> Growing:
    """The Hessian sensitivity of every step; a step that is looked at goes before one that was begun."""
    ids = grown.tokens.ids
    runs = {
        k: timed(_sensitivity(lm, grown, k, next_token(ids[: row + 1], ids[row + 1])))
        for k, row in enumerate(_rows(grown))
    }
    while runs:
        wanted = look()
        k = min(runs, key=lambda k: (abs(k - wanted), -k))
        found = next(runs[k], None)
        if found is None:
            del runs[k]
            if grown.settings.probes == "auto":
                grown = grown.with_step(k, replace(grown.steps[k], work=grown.steps[k].work.finished()))
                yield grown
            continue
        (work, sensitivity), seconds = found
        step = more(grown.steps[k], work, "hessian", seconds)
        done = step.work.unfinished() if grown.settings.probes == "auto" else step.work
        grown = grown.with_step(k, replace(step, hessian=sensitivity or step.hessian, work=done))
        yield grown


def _sensitivity(
    lm: LanguageModel, grown: GenerationAttribution, k: int, objective: Objective
) -> Iterator[tuple[Work, Sensitivity | None]]:
    """Of one step; its score without it, known by then, tells adaptive probes what matters."""
    return hessian.sensitivity(lm, objective, grown.settings, score=grown.at(k).scored)
