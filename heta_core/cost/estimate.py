"""What a run will cost, before it starts."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from heta_core.components import hessian
from heta_core.cost.calls import (
    Call,
    curvature_calls,
    flops,
    growing_calls,
    masking_calls,
    most_bytes,
    opening_calls,
)
from heta_core.cost.pace import pace_of
from heta_core.engine import asked, n_captures, planned
from heta_core.errors import InputError
from heta_core.grouping import Grouping
from heta_core.groups import Groups, singles
from heta_core.language_model import LanguageModel, check_length
from heta_core.memory import in_words
from heta_core.passes.masked import Reading, n_forwards
from heta_core.passes.room import shape_of
from heta_core.settings import Settings
from heta_core.targets import Choice, Line, Objective, Term, next_token
from heta_core.tokens import Tokens, from_text

# A device that is slower than this is none that a model of language is run on.
SLOWEST = 2e10  # operations a second


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run takes, about."""

    passes: int  # forwards, backwards and products; exact unless probes='auto'
    flops: float
    seconds: float
    bytes: int  # at the worst moment, beside the model

    @property
    def words(self) -> str:
        """About 40 s, 1.2 GB beside the model, 5,900 passes."""
        return f"about {duration(self.seconds)}, {in_words(self.bytes)} beside the model, {self.passes:,} passes"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will ask of the model. Making one runs nothing."""

    lm: LanguageModel
    ids: tuple[int, ...]  # a text as long as the one that is run
    calls: tuple[Call, ...]
    passes: int

    @property
    def flops(self) -> float:
        """Of all calls."""
        shape = shape_of(self.lm)
        return sum(flops(shape, call) for call in self.calls)

    def may_take(self, seconds: float) -> bool:
        """Whether it could be that long, on whatever device: what cannot need not be measured."""
        return self.flops > seconds * SLOWEST

    def cost(self, clock: Callable[[], float] = time.perf_counter) -> Cost:
        """The cost, at the pace that is measured here if it has not been before: a few seconds for a large model."""
        shape, pace = shape_of(self.lm), pace_of(self.lm, self.ids, clock)
        seconds = sum(pace.seconds(shape, call) for call in self.calls)
        return Cost(self.passes, self.flops, seconds, round(most_bytes(self.lm, self.calls, len(self.ids))))


def estimate(
    lm: LanguageModel,
    text: str | Tokens,
    *,
    choice: Choice = Choice(),
    settings: Settings = Settings(),
    groups: Grouping | Groups | None = None,
) -> Cost:
    """What `attribute` will cost. Its pace is measured on pieces of the text, once for a model and a length.

    Raises:
        InputError: the text, the target or the groups cannot be used.
        SettingsError: an option does not fit the model.
        OutOfMemoryError: the smallest batch does not fit into the memory that is allowed.
    """
    return plan(lm, text, choice=choice, settings=settings, groups=groups).cost()


def plan(
    lm: LanguageModel,
    text: str | Tokens,
    *,
    choice: Choice = Choice(),
    settings: Settings = Settings(),
    groups: Grouping | Groups | None = None,
) -> Plan:
    """What `attribute` will ask of the model.

    Raises: as `estimate`.
    """
    question = asked(lm, text, choice, groups)
    calls = tuple(_calls(lm, question.objective, settings, question.groups))
    longest = max((line.ids for line in question.objective.lines), key=len)
    return Plan(lm, longest, calls, planned(lm, question, settings))


def _calls(lm: LanguageModel, shape: Objective, settings: Settings, groups: Groups | None) -> Iterator[Call]:
    yield from opening_calls(lm, shape.lines)
    for line in shape.lines:
        yield from masking_calls(lm, line, groups or singles(shape.n_context), settings)
    yield from curvature_calls(lm, shape, settings, groups)


def plan_steps(lm: LanguageModel, prompt: str | Tokens, *, steps: int, settings: Settings = Settings()) -> Plan:
    """What `generate` will ask of the model for so many tokens; the text may end before.

    Raises: as `estimate`.
    """
    tokens = prompt if isinstance(prompt, Tokens) else from_text(lm.tokenizer, prompt)
    if not len(tokens):
        raise InputError("A prompt is needed, got an empty text: write at least one word.")
    if lm.max_context is not None:
        steps = min(steps, lm.max_context - len(tokens))
    check_length(lm, len(tokens) + max(1, steps))
    # The words that will be said are not known, and change no cost.
    ids = (*tokens.ids, *[tokens.ids[-1]] * (steps - 1))
    rows = range(len(tokens) - 1, len(ids))
    line = Line(ids, tuple(Term(row, 0, 1) for row in rows))
    calls = [*growing_calls(lm, len(tokens), steps), *opening_calls(lm, [line])]
    n_passes = n_captures(lm)
    # The mean is that of each step's own context; other masks serve all steps at once.
    for one in [next_token(ids[: row + 1], 0).lines[0] for row in rows] if settings.mask == "mean" else [line]:
        units = singles(len(one.ids))
        calls += masking_calls(lm, one, units, settings)
        n_passes += n_forwards(lm, Reading(one.ids, units, one.rows), settings)
    for row in rows:
        calls += curvature_calls(lm, next_token(ids[: row + 1], 0), settings, None)
        n_passes += hessian.n_passes(lm, row + 1, settings)
    return Plan(lm, ids, tuple(calls), n_passes)


def duration(seconds: float) -> str:
    """A time with two digits at most: 40 s, 7 min, 3 h."""
    if seconds < 0.95:
        return "a second" if seconds > 0.5 else "half a second or less"
    sizes = (("d", 86400.0), ("h", 3600.0), ("min", 60.0))
    unit, size = next(((u, s) for u, s in sizes if seconds >= 1.5 * s), ("s", 1.0))
    return f"{float(f'{seconds / size:.2g}'):,g} {unit}"
