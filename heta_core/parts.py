"""The parts of a result: the prediction, the three components, the work and where it all came from.

Each checks itself where it is born; a number that is not finite never gets further.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from heta_core.errors import ReportError
from heta_core.settings import Estimator

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A token that the model could say, and how likely it was."""

    token_id: int
    piece: str
    probability: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says at one position, nothing masked, and how an explained token or a foil stands in it."""

    log_p: float  # nats, of that token
    rank: int  # of that token; 1 is the model's first choice
    entropy: float  # nats, of the whole next-token distribution
    candidates: tuple[Candidate, ...]  # the most probable tokens, most probable first


@dataclass(frozen=True, slots=True, eq=False)
class Transition:
    """Semantic transition M: how much of what token i holds flows to the prediction; blind to the word said."""

    # (L, H, T) raw Φ·n, the share of each layer and head before the division by Z; of several explained tokens the mean
    # of theirs, each divided by its own Z
    flow: Floats
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

    # (T,) nats ≥ 0, KL(p ‖ p with token i masked) over the whole vocabulary; of a span the sum along the text as it
    # stands, which is the divergence of the joint distributions only in expectation
    kl: Floats
    log_p: Floats  # (T,) nats, of the target with token i masked; of a span the sum
    # T, what the model says with token i masked: of a span, at the first place where that is not what it says unmasked
    first_choices: tuple[Candidate, ...]
    places: NDArray[np.int64] | None = None  # (T,) where those stand, for spans; else at the target
    log_p_foil: Floats | None = None  # (T,) nats, of the foil with token i masked

    def __post_init__(self) -> None:
        _check("kl", self.kl, 1)
        others = (self.log_p, self.first_choices, self.places, self.log_p_foil)
        if any(values is not None and len(values) != len(self.kl) for values in others):
            raise ReportError("kl, log_p, first_choices, places and log_p_foil must be equally long.")
        for log_p in (self.log_p, self.log_p_foil):
            if log_p is not None and not np.isfinite(log_p).all():
                raise ReportError("The log_p must be finite, found NaN or infinity.")

    def columns(self) -> dict[str, object]:
        """What a table says of it."""
        foil = {} if self.log_p_foil is None else {"log_p_foil_masked": self.log_p_foil}
        choices = [c.piece for c in self.first_choices]
        return {"kl": self.kl, "log_p_masked": self.log_p} | foil | {"first_choice": choices}


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivity:
    """Hessian sensitivity S: how strongly f bends when token i's embedding moves."""

    scores: Floats  # (T,) ≥ 0, nats per squared embedding unit
    standard_error: Floats  # (T,) of the estimate over probes; NaN exactly where a token had one probe
    n_probes: NDArray[np.int64]  # (T,) m, sign vectors of each token
    gradient: Floats  # (T,) ‖∇f‖₁ ≥ 0, nats per embedding unit: the first-order twin
    estimators: tuple[Estimator, ...]  # T, how each was estimated
    # What coloured estimates are too high by, as a part of what is right, measured on some tokens, and its standard
    # error; None where nothing was measured, because nothing is coloured or because one token says no error
    bias: float | None = None
    bias_error: float | None = None

    def __post_init__(self) -> None:
        _check("hessian", self.scores, 1)
        _check("gradient", self.gradient, 1)
        others = (self.standard_error, self.n_probes, self.gradient, self.estimators)
        if any(len(values) != len(self.scores) for values in others):
            raise ReportError("hessian, standard error, n_probes, gradient and estimators must be equally long.")
        if (self.bias is not None) != ("coloured" in self.estimators):
            raise ReportError("Coloured estimates need their bias, and nothing else has one.")
        known = self.n_probes > 1
        _check("standard error", self.standard_error[known], 1)
        if not (self.n_probes >= 1).all() or not np.isnan(self.standard_error[~known]).all():
            raise ReportError("Every token needs a probe, and a standard error exactly where it has two or more.")

    def columns(self) -> dict[str, object]:
        """What a table says of it."""
        estimate = {"hessian": self.scores, "hessian_error": self.standard_error, "n_probes": self.n_probes}
        return estimate | {"estimator": self.estimators, "gradient": self.gradient}


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
        return min(1.0, self.done / self.planned)

    def unfinished(self) -> "Work":
        """The same with something left to do: adaptive probes may take more than was planned."""
        return Work(self.forwards, self.backwards, self.products, max(self.planned, self.done + 1))

    def finished(self) -> "Work":
        """The same with nothing left to do: or less than was planned."""
        return Work(self.forwards, self.backwards, self.products, max(self.done, 1))

    def plus(self, more: "Work") -> "Work":
        """The work after `more` of it; the plan stays."""
        return Work(
            self.forwards + more.forwards,
            self.backwards + more.backwards,
            self.products + more.products,
            self.planned,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What another method than HETA says of the scored units. It has no components: those are not known of it."""

    scores: Floats  # (T,) as the method has them, the most important highest
    title: str  # of the method, as on the page
    unit: str = ""  # of the scores, such as nats; empty where they have none
    is_signed: bool = False  # above 0 a unit speaks for what is explained, below it against

    def __post_init__(self) -> None:
        _check("scores", self.scores if not self.is_signed else np.abs(self.scores), 1)
        if not self.title.strip():
            raise ReportError("The scores of a method need its title, found none.")

    @property
    def shares(self) -> Floats:
        """(T,) scores over the sum of their sizes, with their signs; all zero where nothing has a score."""
        total = float(np.abs(self.scores).sum())
        return self.scores / total if total > 0 else self.scores


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


def _check(name: str, values: Floats, ndim: int) -> None:
    if values.ndim != ndim:
        raise ReportError(f"The {name} needs {ndim} axes, found {values.ndim}.")
    if not np.isfinite(values).all():
        raise ReportError(f"The {name} must be finite, found NaN or infinity.")
    if (values < 0).any():
        raise ReportError(f"The {name} must not be negative, found {values.min()}.")
