"""What a run is asked to do: part of its file, so that nothing is continued under other settings."""

from dataclasses import dataclass, field

from heta_core.errors import SettingsError
from heta_core.grouping import Grouping
from heta_core.settings import MASKS, Mask, Settings, Weights

# Always among the methods: every measure is told beside it.
BASELINE = "random"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The settings of a run.

    Raises:
        SettingsError: no method, or the judge's mask is no mask.
    """

    methods: tuple[str, ...]
    metrics: tuple[str, ...]
    settings: Settings = field(default_factory=Settings)  # that scores are made with
    weights: Weights = Weights()
    check_mask: Mask = "mean"  # that scores are judged under
    grouping: Grouping | None = None  # words or sentences in the place of tokens
    seed: int = 0  # of whatever the metrics draw

    def __post_init__(self) -> None:
        if not self.methods:
            raise SettingsError("A run needs a method, got none: name at least one.")
        for what, names in (("methods", self.methods), ("metrics", self.metrics)):
            if len(set(names)) != len(names):
                raise SettingsError(f"The {what} must be different ones, got one twice: name each once.")
        if self.check_mask not in MASKS or self.check_mask == "token":
            raise SettingsError(f"The mask to judge with must be zero, mean or attention, got {self.check_mask!r}.")
        if BASELINE not in self.methods:
            object.__setattr__(self, "methods", (*self.methods, BASELINE))

    @property
    def is_circular(self) -> bool:
        """Scores are judged under the mask that made them: the KL and occlusion have seen what the judge looks at."""
        return self.settings.mask == self.check_mask
