"""The result: why the model said one token, as a frozen value on CPU numpy.

An `Attribution` grows while it is computed: first the prediction and the transition are known, then the KL
information, then the Hessian sensitivity. What is not known yet is None, never a number.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from heta_core import markup
from heta_core.combine import Combined, combine
from heta_core.errors import ReportError
from heta_core.parts import Floats, Information, Prediction, Sensitivity, Source, Transition, Work
from heta_core.settings import Settings, Weights
from heta_core.targets import Target
from heta_core.tokens import Tokens

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """Why the model said the target: the components, the score they combine into and where it all came from.

    Raises:
        ReportError: a component's length is not the target's position, or a value is not finite.
    """

    tokens: Tokens  # the whole text; the context is its first T tokens
    target: Target
    prediction: Prediction
    settings: Settings
    source: Source
    weights: Weights = Weights()
    transition: Transition | None = None
    information: Information | None = None
    hessian: Sensitivity | None = None
    work: Work = Work()
    seconds: tuple[tuple[str, float], ...] = ()  # (component, wall time)
    method: str = "heta"

    def __post_init__(self) -> None:
        n_context = self.target.position
        if not 1 <= n_context <= len(self.tokens):
            raise ReportError(f"The target must stand at 1 to {len(self.tokens)}, found {n_context}.")
        lengths = {
            "transition": self.transition.scores if self.transition else None,
            "information": self.information.kl if self.information else None,
            "hessian": self.hessian.scores if self.hessian else None,
        }
        for name, values in lengths.items():
            if values is not None and len(values) != n_context:
                raise ReportError(f"The {name} needs one value for each of {n_context} tokens, found {len(values)}.")

    @property
    def n_context(self) -> int:
        """T, the tokens that the target is predicted from."""
        return self.target.position

    @property
    def is_complete(self) -> bool:
        """Every component is there."""
        return self.transition is not None and self.information is not None and self.hessian is not None

    @property
    def combined(self) -> Combined | None:
        """Eq. 5 on the components, or None until all three are there."""
        if self.transition is None or self.information is None or self.hessian is None:
            return None
        return combine(self.transition.scores, self.hessian.scores, self.information.kl, self.weights)

    @property
    def scores(self) -> Floats:
        """(T,) the final score.

        Raises:
            ReportError: a component is missing.
        """
        combined = self.combined
        if combined is None:
            raise ReportError("The score needs all three components; this result is partial: run it to the end.")
        return combined.scores

    @property
    def effect(self) -> Floats | None:
        """(T,) Δ_i = log p(y) − log p(y with token i masked), nats; positive where token i speaks for the target."""
        return None if self.information is None else self.prediction.log_p - self.information.log_p

    def with_weights(self, weights: Weights) -> "Attribution":
        """The same components, combined otherwise. The model does not run."""
        return replace(self, weights=weights)

    def top(self, k: int = 5) -> tuple[int, ...]:
        """The positions of the k highest scores, highest first; equal scores in reading order."""
        return tuple(int(i) for i in np.argsort(-self.scores, kind="stable")[:k])

    def to_dataframe(self) -> "pandas.DataFrame":
        """One row per context token with every number that is known about it."""
        import pandas  # takes half a second that reading a result should not cost

        columns: dict[str, object] = {
            "position": range(self.n_context),
            "token_id": self.tokens.ids[: self.n_context],
            "token": self.tokens.pieces[: self.n_context],
        }
        if self.is_complete:
            columns["score"] = self.scores
        if self.transition is not None:
            columns["transition"] = self.transition.scores
        if self.hessian is not None:
            columns["hessian"] = self.hessian.scores
            columns["hessian_error"] = self.hessian.standard_error
            columns["n_probes"] = self.hessian.n_probes
            columns["gradient"] = self.hessian.gradient
        if self.information is not None:
            columns["kl"] = self.information.kl
            columns["effect"] = self.effect
            columns["log_p_masked"] = self.information.log_p
            columns["first_choice"] = [c.piece for c in self.information.first_choices]
        return pandas.DataFrame(columns)

    def _repr_html_(self) -> str:
        """The strip, for notebooks."""
        combined = self.combined
        shares = combined.shares if combined else np.zeros(self.n_context)
        return markup.strip(self.tokens.pieces, shares, target=self.target.piece, position=self.n_context)
