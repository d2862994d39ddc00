"""What can be chosen about a run (`Settings`) and about reading it (`Weights`)."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from heta_core.errors import SettingsError

Mask = Literal["zero", "mean", "token", "attention"]
Estimator = Literal["block_probes", "dense"]
Scaling = Literal["raw", "unit"]

MASKS: tuple[Mask, ...] = get_args(Mask)
ESTIMATORS: tuple[Estimator, ...] = get_args(Estimator)
SCALINGS: tuple[Scaling, ...] = get_args(Scaling)


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
    probes: int = 10  # m, sign vectors per token
    seed: int = 0  # of the sign vectors
    chunk: int = 8  # tokens that share one prefix and one graph
    batch: int = 16  # probes that share one backward pass

    def __post_init__(self) -> None:
        _one_of("mask", self.mask, MASKS)
        _one_of("estimator", self.estimator, ESTIMATORS)
        for name, low in (("probes", 1), ("seed", 0), ("chunk", 1), ("batch", 1)):
            _whole(name, getattr(self, name), low)
        if (self.mask == "token") != (self.mask_token is not None):
            raise SettingsError(
                "mask_token goes with mask='token' and only with it, got "
                f"mask={self.mask!r} and mask_token={self.mask_token!r}: give both or neither."
            )
        if self.mask_token is not None:
            _whole("mask_token", self.mask_token, 0)


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


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise SettingsError(f"{name} must be one of {', '.join(allowed)}, got {value!r}.")


def _whole(name: str, value: object, low: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        raise SettingsError(f"{name} must be a whole number ≥ {low}, got {value!r}.")
