"""The result: why the model said one token, as a frozen value on CPU numpy.

An `Attribution` grows while it is computed: first the prediction and the transition are known, then the KL
information, then the Hessian sensitivity. What is not known yet is None, never a number.
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heta_core import markup
from heta_core.combine import Combined, combine
from heta_core.errors import ReportError
from heta_core.settings import Settings, Weights
from heta_core.targets import Target
from heta_core.tokens import Tokens

if TYPE_CHECKING:
    import pandas

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A token that the model could say, and how likely it was."""

    token_id: int
    piece: str
    probability: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says at the target's position, nothing masked."""

    log_p: float  # nats, of the target
    rank: int  # of the target; 1 is the model's first choice
    entropy: float  # nats, of the whole next-token distribution
    candidates: tuple[Candidate, ...]  # the most probable tokens, most probable first


@dataclass(frozen=True, slots=True, eq=False)
class Transition:
    """Semantic transition M: how much of what token i holds flows to the prediction; blind to the word said."""

    flow: Floats  # (L, H, T) raw Φ·n, the share of each layer and head before the division by Z
    sink_share: Floats  # (L,) of the attention of the predicting position that goes to sink logits, to no token
    scores: Floats = field(init=False)  # (T,) ≥ 0, sums to 1

    def __post_init__(self) -> None:
        _check("flow", self.flow, 3)
        total = self.flow.sum()
        if not total > 0:
            raise ReportError(f"The transition needs some flow to divide by, found a sum of {total}.")
        object.__setattr__(self, "scores", self.flow.sum((0, 1)) / total)

    @property
    def total(self) -> float:
        """Z, the sum over layers, heads and tokens that M is divided by."""
        return float(self.flow.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Information:
    """What happens when a token is masked. I knows the position; the log-probabilities know the word."""

    kl: Floats  # (T,) nats ≥ 0, KL(p ‖ p with token i masked) over the whole vocabulary
    log_p: Floats  # (T,) nats, of the target with token i masked
    first_choices: tuple[Candidate, ...]  # T, what the model says instead with token i masked

    def __post_init__(self) -> None:
        _check("kl", self.kl, 1)
        if len(self.log_p) != len(self.kl) or len(self.first_choices) != len(self.kl):
            raise ReportError("kl, log_p and first_choices must be equally long.")


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivity:
    """Hessian sensitivity S: how strongly log p(target) bends when token i's embedding moves."""

    scores: Floats  # (T,) ≥ 0, nats per squared embedding unit
    standard_error: Floats  # (T,) of the estimate over probes; NaN exactly where a token had one probe
    n_probes: NDArray[np.int64]  # (T,) m, sign vectors of each token
    gradient: Floats  # (T,) ‖∇f‖₁ ≥ 0, nats per embedding unit: the first-order twin

    def __post_init__(self) -> None:
        _check("hessian", self.scores, 1)
        _check("gradient", self.gradient, 1)
        known = self.n_probes > 1
        _check("standard error", self.standard_error[known], 1)
        if not len(self.scores) == len(self.standard_error) == len(self.n_probes) == len(self.gradient):
            raise ReportError("hessian, standard error, n_probes and gradient must be equally long.")
        if not (self.n_probes >= 1).all() or not np.isnan(self.standard_error[~known]).all():
            raise ReportError("Every token needs a probe, and a standard error exactly where it has two or more.")


@dataclass(frozen=True, slots=True)
class Work:
    """What has been run, and how much is planned in all."""

    forwards: int = 0  # passes over the model, one for each sequence of a batch
    backwards: int = 0  # first gradients
    products: int = 0  # Hessian-vector products
    planned: int = 1  # forwards + backwards + products of the finished run

    @property
    def done(self) -> int:
        """All passes that have been run."""
        return self.forwards + self.backwards + self.products

    @property
    def fraction(self) -> float:
        """The part of the planned passes that is done, 0 to 1."""
        return self.done / self.planned

    def plus(self, more: "Work") -> "Work":
        """The work after `more` of it; the plan stays."""
        return Work(
            self.forwards + more.forwards,
            self.backwards + more.backwards,
            self.products + more.products,
            self.planned,
        )


@dataclass(frozen=True, slots=True)
class Source:
    """Which model computed it, and on what."""

    model: str  # id or path as asked for
    revision: str | None  # commit of the model repository, where it is known
    weights_id: str  # fingerprint of the weights
    tokenizer_id: str  # fingerprint of the vocabulary
    family: str  # the architecture file that read the model
    n_parameters: int
    dtype: str
    device: str
    versions: tuple[tuple[str, str], ...]  # (library, version)


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


def _check(name: str, values: Floats, ndim: int) -> None:
    if values.ndim != ndim:
        raise ReportError(f"The {name} needs {ndim} axes, found {values.ndim}.")
    if not np.isfinite(values).all():
        raise ReportError(f"The {name} must be finite, found NaN or infinity.")
    if (values < 0).any():
        raise ReportError(f"The {name} must not be negative, found {values.min()}.")
