"""The result of a generation: every generated token with its attribution over all that precedes it.

A frozen value on CPU numpy. It grows while it is computed: first the text, then the transition and the KL information
of all steps, then the Hessian sensitivity step by step. What is not known yet is None, never a number.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from heta_core.attribution import Attribution
from heta_core.combine import UNGATED
from heta_core.errors import ReportError
from heta_core.parts import Floats, Information, Prediction, Sensitivity, Source, Transition, Work
from heta_core.settings import Decoding, Settings, Weights
from heta_core.targets import Target
from heta_core.tokens import Tokens

if TYPE_CHECKING:
    import pandas

# length: as many tokens as asked for. end: the model ended the text. stop: a stop text came. context: the model takes
# no more tokens. given: nothing was generated.
Ending = Literal["length", "end", "stop", "context", "given"]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What is known about one token of the continuation, beside what all steps share."""

    target: Target
    prediction: Prediction
    transition: Transition | None = None
    information: Information | None = None
    hessian: Sensitivity | None = None
    work: Work = Work()
    seconds: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class GenerationAttribution:
    """A continuation and why each of its tokens was said.

    Raises:
        ReportError: the parts contradict each other.
    """

    tokens: Tokens  # the prompt and, from n_prompt on, the continuation
    n_prompt: int
    n_given: int  # the first tokens of the continuation that were given or forced; the decoding chose the others
    decoding: Decoding | None  # None where everything was given
    ending: Ending | None  # None while the text still grows
    settings: Settings
    source: Source
    weights: Weights = Weights()
    steps: tuple[Step, ...] = ()  # one for each token of the continuation, once it is complete
    work: Work = Work()  # of what all steps share: the text, the transition, the KL information
    seconds: tuple[tuple[str, float], ...] = ()  # the same, (what, wall time)
    method: str = "heta"  # or `UNGATED`, as of an attribution

    def __post_init__(self) -> None:
        if not 1 <= self.n_prompt <= len(self.tokens):
            raise ReportError(f"The prompt must have 1 to {len(self.tokens)} tokens, found {self.n_prompt}.")
        if not 0 <= self.n_given <= self.n_new:
            raise ReportError(f"n_given must be 0 to {self.n_new}, found {self.n_given}.")
        if len(self.steps) not in (0, self.n_new):
            raise ReportError(f"Need a step for each of {self.n_new} tokens, found {len(self.steps)}.")
        for k in range(len(self.steps)):
            self.at(k)  # checks the step
            target = self.steps[k].target
            if target.kind != "token" or target.position != self.n_prompt + k or not target.is_observed:
                raise ReportError(f"Step {k} must explain the token at {self.n_prompt + k}, found another target.")

    @property
    def n_new(self) -> int:
        """The tokens of the continuation."""
        return len(self.tokens) - self.n_prompt

    @property
    def prompt(self) -> Tokens:
        """What the continuation follows on."""
        t, n = self.tokens, self.n_prompt
        text = t.text[: max(stop for _, stop in t.spans[:n])]
        segments = tuple(replace(s, stop=min(s.stop, n)) for s in t.segments if s.start < n)
        return Tokens(t.ids[:n], t.pieces[:n], t.spans[:n], t.is_special[:n], text, segments)

    @property
    def is_gated(self) -> bool:
        """The scores are Eq. 5 with its gate."""
        return self.method != UNGATED

    @property
    def is_complete(self) -> bool:
        """The text has ended and every component of every step is there."""
        return self.ending is not None and len(self.steps) == self.n_new and all(s.hessian for s in self.steps)

    @property
    def fraction(self) -> float:
        """The part of all planned passes that is done, 0 to 1."""
        works = [self.work, *(step.work for step in self.steps)]
        return sum(work.done for work in works) / sum(work.planned for work in works)

    def at(self, k: int) -> Attribution:
        """Step k as an attribution of its own; its text is the whole one."""
        step = self.steps[k]
        return Attribution(
            tokens=self.tokens,
            target=step.target,
            prediction=step.prediction,
            settings=self.settings,
            source=self.source,
            weights=self.weights,
            transition=step.transition,
            information=step.information,
            hessian=step.hessian,
            work=step.work,
            seconds=step.seconds,
            method=self.method,
        )

    def with_weights(self, weights: Weights) -> "GenerationAttribution":
        """The same components, combined otherwise. The model does not run."""
        return replace(self, weights=weights)

    def with_step(self, k: int, step: Step) -> "GenerationAttribution":
        """The same with more known of one step."""
        return replace(self, steps=(*self.steps[:k], step, *self.steps[k + 1 :]))

    def matrix(self, component: Literal["final", "transition", "hessian", "kl", "effect"]) -> Floats:
        """(N − 1, steps) of one component, a column for each step; NaN where it is not known or not in the context.

        `final` is each step's score over its sum, the others are raw.
        """
        found = np.full((len(self.tokens) - 1, len(self.steps)), np.nan)
        for k in range(len(self.steps)):
            a = self.at(k)
            values = {
                "final": a.combined.shares if a.combined else None,
                "transition": a.transition.scores if a.transition else None,
                "hessian": a.hessian.scores if a.hessian else None,
                "kl": a.information.kl if a.information else None,
                "effect": a.effect,
            }[component]
            if values is not None:
                found[: a.n_context, k] = values
        return found

    def to_dataframe(self) -> "pandas.DataFrame":
        """One row per step and context token with every number that is known about the two."""
        import pandas  # takes half a second that reading a result should not cost

        tables = []
        for k in range(len(self.steps)):
            a = self.at(k)
            table = a.to_dataframe()
            table.insert(0, "step", k)
            table.insert(1, "target_id", a.target.token_id)
            table.insert(2, "target", a.target.piece)
            table.insert(3, "target_log_p", a.log_p)
            tables.append(table)
        return pandas.concat(tables, ignore_index=True) if tables else pandas.DataFrame()
