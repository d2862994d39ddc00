"""What a run is asked to do: part of its file, so that nothing is continued under other settings or on other data."""

import hashlib
import json
from dataclasses import dataclass, field, fields

from heta_core.datasets import Dataset, to_record
from heta_core.errors import SettingsError
from heta_core.grouping import Grouping
from heta_core.settings import MASKS, Mask, Settings, Weights

# Always among the methods: every measure is told beside it.
BASELINE = "random"


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a data set is known by."""

    name: str
    format: str
    n: int  # examples that are asked
    n_refused: int  # rows of the file that could not be read
    digest: str  # of every field of every example, in order


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The settings of a run.

    Raises:
        SettingsError: no method, one thing named twice, or the judge's mask is no mask.
    """

    methods: tuple[str, ...]
    metrics: tuple[str, ...]
    settings: Settings = field(default_factory=Settings)  # that scores are made with
    weights: Weights = Weights()
    check_mask: Mask = "mean"  # that scores are judged under
    grouping: Grouping | None = None  # words or sentences in the place of tokens
    seed: int = 0  # of whatever the metrics draw
    models: tuple[str, ...] = ()  # as `load` takes them; none where whoever runs it knows
    corpora: tuple[Corpus, ...] = ()

    def __post_init__(self) -> None:
        if not self.methods:
            raise SettingsError("A run needs a method, got none: name at least one.")
        names_of_data = tuple(corpus.name for corpus in self.corpora)
        for what, names in (
            ("methods", self.methods),
            ("metrics", self.metrics),
            ("models", self.models),
            ("names of the data sets", names_of_data),
        ):
            if len(set(names)) != len(names):
                raise SettingsError(f"The {what} must be different ones, got one twice: name each once.")
        if self.check_mask not in MASKS or self.check_mask == "token":
            raise SettingsError(f"The mask to judge with must be zero, mean or attention, got {self.check_mask!r}.")
        if BASELINE not in self.methods:
            object.__setattr__(self, "methods", (*self.methods, BASELINE))

    @property
    def n_asked(self) -> int:
        """Examples, on all models; 0 where the data are not known."""
        return max(1, len(self.models)) * sum(corpus.n for corpus in self.corpora)

    @property
    def is_circular(self) -> bool:
        """Scores are judged under the mask that made them: the KL and occlusion have seen what the judge looks at."""
        return self.settings.mask == self.check_mask


def corpus(dataset: Dataset) -> Corpus:
    """What a data set is known by; another order is another one."""
    digest = hashlib.sha256()
    for example in dataset.examples:
        digest.update(json.dumps(to_record(example), ensure_ascii=False, sort_keys=True).encode() + b"\n")
    return Corpus(dataset.name, dataset.format, len(dataset.examples), len(dataset.refused), digest.hexdigest()[:16])


def differences(begun: Plan, asked: Plan) -> list[str]:
    """What one plan has and another has not, in words; how the work is cut up is no difference."""
    found = []
    for name in (one.name for one in fields(Plan)):
        own, other = getattr(begun, name), getattr(asked, name)
        if name == "corpora":
            found += _between_corpora(own, other)
        elif name in ("settings", "weights"):
            own, other = (one.asked if isinstance(one, Settings) else one for one in (own, other))
            found += [
                _told(one.name, getattr(own, one.name), getattr(other, one.name))
                for one in fields(own)
                if getattr(own, one.name) != getattr(other, one.name)
            ]
        elif own != other:
            found.append(_told(name, own, other))
    return found


def _between_corpora(begun: tuple[Corpus, ...], asked: tuple[Corpus, ...]) -> list[str]:
    if [one.name for one in begun] != [one.name for one in asked]:
        return [_told("data sets", tuple(one.name for one in begun), tuple(one.name for one in asked))]
    return [
        _told(f"examples of {own.name!r}", own.n, other.n)
        if own.n != other.n
        else f"the data of {own.name!r} have changed"
        for own, other in zip(begun, asked, strict=True)
        if (own.n, own.digest) != (other.n, other.digest)
    ]


def _told(name: str, own: object, other: object) -> str:
    own, other = (", ".join(map(str, one)) if isinstance(one, tuple) else one for one in (own, other))
    return f"{name.replace('_', ' ')}: {own} in the run, {other} now"
