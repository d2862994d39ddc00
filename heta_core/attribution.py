"""The result: why the model said its target, as a frozen value on CPU numpy.

An `Attribution` grows while it is computed: first the prediction and the transition are known, then the KL
information, then the Hessian sensitivity. What is not known yet is None, never a number. Of another
method than HETA the scores alone are known, as they were given.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heta_core import markup
from heta_core.combine import UNGATED, Combined, combine
from heta_core.errors import ReportError
from heta_core.groups import Groups, check, joined, singles
from heta_core.parts import Floats, Given, Information, Prediction, Sensitivity, Source, Transition, Work
from heta_core.settings import Settings, Weights
from heta_core.targets import Target
from heta_core.tokens import Tokens

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """Why the model said the target: the components, the score they combine into and where it all came from.

    T stands for the tokens of the context, or where groups of them are scored for the groups.

    Raises:
        ReportError: a component's length is not the number of scored units, or a value is not finite.
        InputError: the groups do not cut the context.
    """

    tokens: Tokens  # the whole text; the context is its first T tokens
    target: Target
    prediction: Prediction  # of the target, of a span its first token
    settings: Settings
    source: Source
    weights: Weights = Weights()
    transition: Transition | None = None
    information: Information | None = None
    hessian: Sensitivity | None = None
    work: Work = Work()
    seconds: tuple[tuple[str, float], ...] = ()  # (component, wall time)
    method: str = "heta"  # `UNGATED` of a model whose transition cannot be known: β·S + γ·I, no gate
    later: tuple[Prediction, ...] = ()  # of the further tokens of a span
    foil: tuple[Prediction, ...] = ()  # of the foil's tokens
    groups: Groups | None = None  # blocks of tokens that are scored, each as one; None where every token is
    given: Given | None = None  # the scores of another method, in the place of all components

    def __post_init__(self) -> None:
        n_context = self.target.n_context
        if not 1 <= n_context <= len(self.tokens):
            raise ReportError(f"The target must stand at 1 to {len(self.tokens)}, found {n_context}.")
        for what, found, needed in (("later", self.later, self.target.rest), ("foil", self.foil, self.target.foil)):
            if len(found) != len(needed):
                raise ReportError(f"{what} needs one prediction for each of {len(needed)} tokens, found {len(found)}.")
        if self.information is not None and (self.information.log_p_foil is None) != (not self.foil):
            raise ReportError("A contrast needs the foil's log-probabilities, and nothing else has them.")
        if self.groups is not None:
            check(self.groups, n_context)
        n, unit = (n_context, "tokens") if self.groups is None else (len(self.groups), "groups")
        parts = {"transition": self.transition, "hessian": self.hessian, "given": self.given}
        lengths = {name: len(part.scores) for name, part in parts.items() if part is not None}
        lengths |= {} if self.information is None else {"information": len(self.information.kl)}
        for name, length in lengths.items():
            if length != n:
                raise ReportError(f"The {name} needs one value for each of {n} {unit}, found {length}.")
        if self.given is not None and (self.method == "heta" or self.transition or self.information or self.hessian):
            raise ReportError("Scores that are given are of another method than HETA, and stand without components.")
        if not self.is_gated and self.transition is not None:
            raise ReportError("A score without a gate needs a result without a transition, found one.")

    @property
    def n_context(self) -> int:
        """The tokens that the target is predicted from."""
        return self.target.n_context

    @property
    def places(self) -> Groups:
        """Tokens start … stop−1 of every unit that is scored, then those that follow the context one by one."""
        after = ((i, i + 1) for i in range(self.n_context, len(self.tokens)))
        return (*(self.groups or singles(self.n_context)), *after)

    @property
    def n_units(self) -> int:
        """T, how many tokens or groups of tokens are scored."""
        return self.n_context if self.groups is None else len(self.groups)

    @property
    def units(self) -> Tokens:
        """The text in the pieces that are scored: each group as one, then the tokens that follow the context."""
        return self.tokens if self.groups is None else joined(self.tokens, self.groups)

    def unit_of(self, token: int) -> int:
        """Which unit a token is in, counted on through the tokens that follow the context."""
        if self.groups is None or token >= self.n_context:
            return token - self.n_context + self.n_units
        return bisect_right([start for start, _ in self.groups], token) - 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(T,) the tokens of each unit."""
        return np.array([stop - start for start, stop in self.places[: self.n_units]])

    @property
    def density(self) -> Floats | None:
        """(T,) S of each unit for each of its tokens: the S of a group grows faster than its length."""
        return None if self.hessian is None else self.hessian.scores / self.sizes

    @property
    def predictions(self) -> tuple[Prediction, ...]:
        """One for each explained token, in order."""
        return (self.prediction, *self.later)

    @property
    def log_p(self) -> float:
        """log p of the target, of a span the sum over its tokens; nats."""
        return sum(p.log_p for p in self.predictions)

    @property
    def log_p_foil(self) -> float | None:
        """log p of the foil, nats; None where nothing is compared."""
        return sum(p.log_p for p in self.foil) if self.foil else None

    @property
    def f(self) -> float:
        """What is explained, nats: log p of the target, or of a contrast the target's minus the foil's."""
        return self.log_p - (self.log_p_foil or 0.0)

    @property
    def is_gated(self) -> bool:
        """The score is Eq. 5 with its gate M; without, the model's attention cannot be read, and M is not known."""
        return self.method != UNGATED

    @property
    def gate(self) -> Floats | None:
        """(T,) what stands before the bracket of Eq. 5: M, or 1 where the score has no gate; None until it is known."""
        if self.is_gated:
            return None if self.transition is None else self.transition.scores
        return np.ones(self.n_units)

    @property
    def is_complete(self) -> bool:
        """The scores are known: every component is there, or they were given."""
        has_all = self.gate is not None and self.information is not None and self.hessian is not None
        return has_all or self.given is not None

    @property
    def combined(self) -> Combined | None:
        """Eq. 5 on the components, or None until all are there, and of another method."""
        return self._combined(self.hessian.scores) if self.hessian is not None else None

    def scored(self, hessian: Floats) -> Floats:
        """(T,) the final score, if the Hessian sensitivity were this.

        Raises:
            ReportError: the transition or the information is missing.
        """
        combined = self._combined(hessian)
        if combined is None:
            raise ReportError("The score needs the information, and its gate; this result has not got as far.")
        return combined.scores

    def _combined(self, hessian: Floats) -> Combined | None:
        gate, information = self.gate, self.information_scores
        if gate is None or information is None:
            return None
        return combine(gate, hessian, information, self.weights)

    @property
    def scores(self) -> Floats:
        """(T,) the final score.

        Raises:
            ReportError: a component is missing.
        """
        if self.given is not None:
            return self.given.scores
        combined = self.combined
        if combined is None:
            raise ReportError("The score needs every component; this result is partial: run it to the end.")
        return combined.scores

    @property
    def shares(self) -> Floats | None:
        """(T,) the scores over the sum of their sizes, with their signs; None until they are known."""
        if self.given is not None:
            return self.given.shares
        return None if self.combined is None else self.combined.shares

    @property
    def effect(self) -> Floats | None:
        """(T,) Δ_i = f − f with token i masked, nats; positive where token i speaks for the target, not its foil."""
        if self.information is None:
            return None
        masked = self.information.log_p
        if self.information.log_p_foil is not None:
            masked = masked - self.information.log_p_foil
        return self.f - masked

    @property
    def information_scores(self) -> Floats | None:
        """(T,) the information term of Eq. 5, nats ≥ 0: the KL divergence, of a contrast |Δ|, as both words count."""
        if self.information is None or self.effect is None:
            return None
        return np.abs(self.effect) if self.foil else self.information.kl

    def with_weights(self, weights: Weights) -> "Attribution":
        """The same components, combined otherwise; scores that were given stay. The model does not run."""
        return self if self.given is not None else replace(self, weights=weights)

    def top(self, k: int = 5) -> tuple[int, ...]:
        """The units of the k highest scores, highest first; equal scores in reading order."""
        return tuple(int(i) for i in np.argsort(-self.scores, kind="stable")[:k])

    def to_dataframe(self) -> "pandas.DataFrame":
        """One row per unit, token or group, with every number that is known about it."""
        import pandas  # takes half a second that reading a result should not cost

        pieces, starts = self.units.pieces[: self.n_units], [start for start, _ in self.places[: self.n_units]]
        columns: dict[str, object] = {"position": starts}
        if self.groups is None:
            columns["token_id"] = self.tokens.ids[: self.n_context]
        else:
            columns["n_tokens"] = self.sizes
        columns["token" if self.groups is None else "group"] = pieces
        if self.is_complete:
            columns["score"] = self.scores
        if self.transition is not None:
            columns["transition"] = self.transition.scores
        if self.hessian is not None:
            columns |= self.hessian.columns()
            if self.groups is not None:
                columns["hessian_density"] = self.density
        if self.information is not None:
            columns |= self.information.columns() | {"effect": self.effect}
        return pandas.DataFrame(columns)

    def _repr_html_(self) -> str:
        """The strip, for notebooks."""
        shares = np.zeros(self.n_units) if self.shares is None else np.maximum(self.shares, 0.0)
        position = self.unit_of(self.target.position)
        return markup.strip(self.units.pieces, shares, target=self.target.text, position=position)
