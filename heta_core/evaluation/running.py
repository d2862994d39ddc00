"""The work of a run, example by example.

1. An example's prompt and target become tokens once; what is known of it by characters becomes units.
2. Transition and KL say what the model answers, and which single units change that when they are masked.
3. Every method scores the units, and every metric judges every scores; a set of masked units that one method has had
   run is not run again for another.
4. What is drawn at random is drawn anew for each example, from the plan's seed and the example's id, and is the same
   for every method.
5. What fails is recorded with its reason, for the example or for the one method, and the run goes on.
"""

import math
import time
import zlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from heta_core import methods, metrics
from heta_core.attribution import Attribution
from heta_core.datasets import Example, Span
from heta_core.errors import HetaError, ReportError
from heta_core.evaluation.outcome import Answer, Outcome, Scored, units_in
from heta_core.evaluation.plan import Plan
from heta_core.evaluation.reading import Question, question
from heta_core.evaluation.repeating import again
from heta_core.faithfulness.judging import Judge
from heta_core.faithfulness.stability import stability
from heta_core.language_model import LanguageModel
from heta_core.methods import Asked, Method
from heta_core.metrics import Case, Metric, Which
from heta_core.parts import Floats, Work
from heta_core.settings import Settings
from heta_core.views.ranking import answer_of

_DIGITS = 6  # of a score that is kept


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an example is, and with the last of it what became of it."""

    doing: str
    fraction: float  # of the example, about: methods count alike
    outcome: Outcome | None = None


def example_steps(lm: LanguageModel, example: Example, plan: Plan, dataset: str) -> Generator[Progress, None, None]:
    """One example; the last progress has its outcome. Closing the generator cancels.

    Raises:
        InputError: the plan names a method or metric that there is not.
    """
    asked_for = [methods.named(name) for name in plan.methods], [metrics.named(name) for name in plan.metrics]
    base = Outcome(lm.source.model, dataset, example)
    try:
        yield from _steps(base, question(lm, example, plan), plan, *asked_for)
    except HetaError as error:
        yield Progress("skipped", 1.0, replace(base, problem=str(error)))
    except Exception as error:  # noqa: BLE001 - one example's bug must not end a run of hours; it is listed with its name
        yield Progress("skipped", 1.0, replace(base, problem=f"{type(error).__name__}: {error}"))


def seed_of(plan: Plan, example: Example) -> int:
    """Of whatever is drawn for an example: with one seed for all, those of a length would share five random orders."""
    return zlib.crc32(f"{plan.seed} {example.id}".encode())


def _steps(
    base: Outcome, asked: Question, plan: Plan, chosen: list[Method], judging: list[Metric]
) -> Iterator[Progress]:
    what = asked.asked
    for _ in what.shared.until("transition", "kl"):
        yield Progress("asking the model", 0.0)
    known = what.shared.result
    assert known is not None
    base = replace(
        base, tokens=what.tokens, target=what.target, groups=asked.groups, answer=_answer(known, base.example)
    )
    case = case_of(asked, plan)
    found: list[Scored] = []
    for n, method in enumerate(chosen):
        running = _Run(method, what, first=case.seed)
        for doing in _scored(running, case, judging):
            yield Progress(f"{method.title}: {doing}", n / len(chosen))
        found.append(running.found())
    finished = what.shared.result
    sure = stability(finished, seed=case.seed) if finished is not None else None
    yield Progress("done", 1.0, replace(base, stays=sure.least if sure else None, scored=tuple(found)))


def _answer(known: Attribution, example: Example) -> Answer:
    said = known.information
    assert said is not None
    flips = tuple(i for i, c in enumerate(said.first_choices) if c.token_id != answer_of(known, i))
    is_right = None if example.target is None else all(p.rank == 1 for p in known.predictions)
    return Answer(known.prediction.candidates[0].piece, known.log_p, known.prediction.rank, is_right, flips)


def case_of(asked: Question, plan: Plan) -> Case:
    """The question as metrics look at it, with one judge for whatever is judged."""
    what, example = asked.asked, asked.example
    settings = Settings(mask=plan.check_mask, seed=seed_of(plan, example), memory=plan.settings.memory)
    special = np.array([all(what.tokens.is_special[start:stop]) for start, stop in what.groups])
    return Case(
        what,
        Judge(what.lm, what.objective, what.groups, settings),
        competing=~(special | _which(what, example.question)),
        evidence=_known(what, example.evidence),
        distractor=_known(what, example.distractor),
        gold_words=_known(what, example.gold_words),
    )


def _known(asked: Asked, spans: tuple[Span, ...]) -> Which | None:
    return _which(asked, spans) if spans else None


def _which(asked: Asked, spans: tuple[Span, ...]) -> Which:
    """(U,) which units spell a character of a span."""
    found = np.zeros(len(asked.groups), bool)
    found[list(units_in(asked.tokens, asked.groups, spans))] = True
    return found


@dataclass(slots=True, eq=False)
class _Run:
    """One method on one example, as it goes."""

    method: Method
    asked: Asked
    first: int  # number of the first draw: each example has draws of its own
    scores: Floats | None = None  # of the first draw
    drawn: list[dict[str, float | None]] = field(default_factory=list)  # measures of each draw
    seconds: float = 0.0
    work: Work = Work()
    problem: str | None = None

    def draw(self, n: int) -> Generator[str, None, Floats]:
        """The scores of the n-th draw. What the metrics take is not the method's time."""
        shared = self.asked.shared
        steps = self.method.score(self.asked, self.first + n)
        scores = None
        while scores is None:
            began, spent, charged = time.perf_counter(), shared.spent, shared.charged
            work, scores = next(steps)
            # What the engine took for components is taken off, and what they cost alone is put on.
            self.seconds += time.perf_counter() - began - (shared.spent - spent) + shared.charged - charged
            self.work = self.work.plus(work)
            yield "scoring"
        if scores.shape != (len(self.asked.groups),) or not np.isfinite(scores).all():
            raise ReportError(f"Need a finite score for each of {len(self.asked.groups)} units, found another thing.")
        if n == 0:
            self.scores = scores
        return scores

    def found(self) -> Scored:
        """What is kept of it."""
        if self.problem is not None or self.scores is None:
            return Scored(self.method.name, seconds=self.seconds, work=self.work, problem=self.problem)
        values = tuple(metrics.averaged(self.drawn).items())
        scores = tuple(float(f"{score:.{_DIGITS}g}") for score in self.scores)
        return Scored(self.method.name, scores, values, self.seconds, self.work)


def _scored(run: _Run, case: Case, judging: list[Metric]) -> Iterator[str]:
    """All draws of a method, each judged by every metric; what goes wrong is kept with it."""
    doing = "scoring"
    try:
        for n in range(run.method.n_draws):
            doing = "scoring"
            scores = yield from run.draw(n)
            values: dict[str, float | None] = {}
            own = replace(case, again=partial(again, run.method, run.asked, run.first + n), method=run.method)
            for metric in judging:
                doing = metric.title
                yield doing
                yield from judged(metric, own, scores, values)
            run.drawn.append(values)
    except HetaError as error:
        run.problem = f"{doing}: {error}"
    except Exception as error:  # noqa: BLE001 - a method's bug must not end a run of hours; it is listed with its name
        run.problem = f"{doing}: {type(error).__name__}: {error}"


def judged(metric: Metric, case: Case, scores: Floats, values: dict[str, float | None]) -> Iterator[str]:
    """The measures of one metric, put into `values`; None where the data do not say what it needs.

    Raises:
        ReportError: a number is not finite.
    """
    values.update(dict.fromkeys((measure.name for measure in metric.measures), None))
    if not all(case.knows(need) for need in metric.needs):
        return
    for _, found in metric.measure(case, scores):
        yield metric.title
        if found is not None:
            if not all(value is None or math.isfinite(value) for value in found.values()):
                raise ReportError(f"Need finite numbers, found {dict(found)}.")
            values.update(found)
