"""What a benchmark measures. Nothing here imports torch."""

from dataclasses import dataclass

from heta_core.errors import SettingsError
from heta_core.settings import Settings

_FEWEST_TOKENS = 2
# A line through fewer points fits whatever they are.
_FEWEST_LENGTHS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is measured, how often, and on how long a prompt.

    Raises:
        SettingsError: an option has a value it cannot have.
    """

    tokens: int = 48  # T, of the prompt
    probes: int = 10  # m, sign vectors a token, of the textbook's loop and the exact way
    reference: int = 0  # m of the exact run that estimates are compared with; 0 takes that of `probes`
    repeats: int = 3  # of every way, in turns
    steps: int = 0  # tokens after the prompt that are explained together and one at a time; 0 leaves that out
    lengths: tuple[int, ...] = ()  # prompts whose cost is compared; none leaves that out
    seed: int = 0  # of sign vectors, random weights and random prompts

    def __post_init__(self) -> None:
        for name, low in (
            ("tokens", _FEWEST_TOKENS),
            ("probes", 1),
            ("repeats", 1),
            ("steps", 0),
            ("seed", 0),
            ("reference", 0),
        ):
            _whole(name, getattr(self, name), low)
        for length in self.lengths:
            _whole("every length of growth", length, _FEWEST_TOKENS)
        if self.lengths and len(set(self.lengths)) < max(_FEWEST_LENGTHS, len(self.lengths)):
            raise SettingsError(f"growth needs two different lengths or more, got {self.lengths}: name each once.")

    @property
    def longest(self) -> int:
        """The most tokens that the model is given at once."""
        return max(self.tokens + self.steps, *self.lengths, 0)


def curvature_ways(plan: Plan) -> dict[str, Settings]:
    """The ways to compute the Hessian that are measured against the textbook's loop, by name.

    The first is the same quantity from the same probes; any further one is an estimate of it, whose error is told.
    """
    return {
        "exact": Settings(probes=plan.probes, seed=plan.seed),
        "adaptive": Settings(probes="auto", seed=plan.seed),
        "coloured": Settings(estimator="coloured", probes="auto", seed=plan.seed),
    }


def _whole(name: str, value: object, low: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        raise SettingsError(f"{name} must be a whole number ≥ {low}, got {value!r}.")
