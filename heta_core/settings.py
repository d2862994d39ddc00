"""What can be chosen about a run (`Settings`), about reading it (`Weights`) and about a continuation (`Decoding`)."""

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from heta_core.errors import SettingsError

Mask = Literal["zero", "mean", "token", "attention"]
Estimator = Literal["block_probes", "coloured", "dense", "gauss_newton", "low_rank", "finite_difference"]
Probes = int | Literal["auto"]
Scaling = Literal["raw", "unit"]
DecodingMethod = Literal["greedy", "sample"]

MASKS: tuple[Mask, ...] = get_args(Mask)
ESTIMATORS: tuple[Estimator, ...] = get_args(Estimator)
SCALINGS: tuple[Scaling, ...] = get_args(Scaling)
DECODINGS: tuple[DecodingMethod, ...] = get_args(DecodingMethod)

# The settings that say how the work is cut up; what suits another computer, and changes no number beyond rounding.
OF_THE_WORK = ("chunk", "batch", "memory")
_SEEDS = 2**64  # of a draw, which is keyed by the seed and the position


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the model is asked to compute. Two runs with equal settings give the same bits.

    `chunk` and `batch` trade memory for speed and change no number beyond rounding.

    Raises:
        SettingsError: an option has a value it cannot have.
    """

    mask: Mask = "zero"  # how token i is taken away for the KL term
    mask_token: int | None = None  # the id put in its place, for mask="token" only
    estimator: Estimator = "block_probes"
    probes: Probes = 10  # m, sign vectors per token; auto: as many as the token's part in the score needs
    tolerance: float | None = None  # relative error of a score that auto stops at; 0.1 if not given
    rank: int | None = None  # of the approximation that low_rank makes; 8 if not given
    layers: int | None = None  # the Hessian of what enters the last so many, not of the embeddings
    step: float | None = None  # of finite_difference, in standard deviations of the embeddings; 0.01 if not given
    seed: int = 0  # of the sign vectors
    chunk: int | None = None  # tokens that share one prefix and one graph; as suits the model if not given
    batch: int | None = None  # products that share one backward pass, at most; as suits the model if not given
    memory: int | None = None  # bytes that the passes may take; a safe part of what is free if not given

    def __post_init__(self) -> None:
        _one_of("mask", self.mask, MASKS)
        _one_of("estimator", self.estimator, ESTIMATORS)
        self._check_estimator()
        _whole("seed", self.seed, 0)
        for name in OF_THE_WORK:
            if getattr(self, name) is not None:
                _whole(name, getattr(self, name), 1)
        if (self.mask == "token") != (self.mask_token is not None):
            raise SettingsError(
                "mask_token goes with mask='token' and only with it, got "
                f"mask={self.mask!r} and mask_token={self.mask_token!r}: give both or neither."
            )
        if self.mask_token is not None:
            _whole("mask_token", self.mask_token, 0)

    @property
    def asked(self) -> "Settings":
        """What is asked for, however the work is cut up."""
        unset: dict[str, Any] = dict.fromkeys(OF_THE_WORK)
        return replace(self, **unset)

    def _check_estimator(self) -> None:
        """What goes with which estimator: an option that would change nothing is refused."""
        is_auto = self.probes == "auto"
        if not is_auto:
            _whole("probes", self.probes, 1, or_else="'auto'")
        elif self.estimator not in ("block_probes", "coloured"):
            raise SettingsError(
                f"probes='auto' goes with block_probes and coloured, got {self.estimator}: give a number."
            )
        used = {
            "tolerance": is_auto and self.estimator == "block_probes",
            "rank": self.estimator == "low_rank",
            "step": self.estimator == "finite_difference",
        }
        places = {"tolerance": "probes='auto'", "rank": "estimator='low_rank'", "step": "estimator='finite_difference'"}
        for name, is_used in used.items():
            if getattr(self, name) is not None and not is_used:
                raise SettingsError(f"{name} goes with {places[name]} and only with it: leave it out.")
        if self.tolerance is not None:
            _positive("tolerance", self.tolerance, 1)
        if self.step is not None:
            _positive("step", self.step, 1)
        for name in ("rank", "layers"):
            if getattr(self, name) is not None:
                _whole(name, getattr(self, name), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How the components are combined: Attr_i = M_i · (β·S_i + γ·I_i). Changing them never runs the model.

    Raises:
        SettingsError: β or γ is negative or not finite, or both are zero.
    """

    beta: float = 0.5  # weight of the Hessian sensitivity S
    gamma: float = 0.5  # weight of the KL information I
    scaling: Scaling = "raw"

    def __post_init__(self) -> None:
        _one_of("scaling", self.scaling, SCALINGS)
        for name in ("beta", "gamma"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
                raise SettingsError(f"{name} must be a finite number ≥ 0, got {value!r}.")
        if self.beta == 0 and self.gamma == 0:
            raise SettingsError("β and γ are both 0, so every score would be 0: make one positive.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How a continuation is chosen token by token. Equal decodings of equal ids give equal ids.

    `greedy` takes the most probable token. `sample` draws one: logits over the temperature, then the top_k highest,
    then the fewest that hold top_p of the probability (Holtzman et al. 2020). The draw for a position depends on the
    seed and the position alone, so a branch that is forced back to the same ids goes on in the same way.

    Raises:
        SettingsError: an option has a value it cannot have, or goes with sampling and the decoding is greedy.
    """

    method: DecodingMethod = "greedy"
    steps: int = 16  # tokens of the continuation at most, given ones included
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    seed: int = 0
    stop: tuple[str, ...] = ()  # texts; the token that completes one of them is the last

    def __post_init__(self) -> None:
        _one_of("method", self.method, DECODINGS)
        _whole("steps", self.steps, 1)
        _whole("seed", self.seed, 0)
        if self.top_k is not None:
            _whole("top_k", self.top_k, 1)
        _positive("temperature", self.temperature, math.inf)
        if self.top_p is not None:
            _positive("top_p", self.top_p, 1)
        if self.seed >= _SEEDS:
            raise SettingsError(f"seed must be less than 2^64, got {self.seed!r}: the generator's key has 64 bits.")
        if isinstance(self.stop, str) or not all(isinstance(text, str) for text in self.stop):
            raise SettingsError(f"stop must be a tuple of texts, got {self.stop!r}: write (text,) for a single one.")
        if not all(self.stop):
            raise SettingsError("A stop text must not be empty, it would end every text at once: leave it out.")
        if self.method == "greedy" and (self.temperature, self.top_k, self.top_p) != (1.0, None, None):
            raise SettingsError("temperature, top_k and top_p shape sampling, greedy has no use for them: sample.")


def _positive(name: str, value: object, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= high or math.isinf(value):
        bound = "" if math.isinf(high) else f" and ≤ {high:g}"
        raise SettingsError(f"{name} must be a finite number > 0{bound}, got {value!r}.")


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise SettingsError(f"{name} must be one of {', '.join(allowed)}, got {value!r}.")


def _whole(name: str, value: object, low: int, *, or_else: str | None = None) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        other = f" or {or_else}" if or_else else ""
        raise SettingsError(f"{name} must be a whole number ≥ {low}{other}, got {value!r}.")
