"""What whoever serves the app to others has decided, checked: which models, how much, where, whether anything is kept.

Without a decision everything is as for a reader at home: every model, no limits, this computer only.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from heta_core.errors import SettingsError

EMBEDDED = "littletown"  # what loading calls the model that comes along
DEMO_TOKENS = 256  # of a text, where a demo does not say
PRECISIONS = ("float64", "float32", "bfloat16", "float16", "8bit", "4bit")
_DEVICE = re.compile(r"auto|[a-z]+(?::\d+)?", re.ASCII)
# As the hub has them: a name, or owner and name.
_ID = re.compile(r"(?!.*(?:--|\.\.))\w[\w.-]{0,95}(?:/\w[\w.-]{0,95})?", re.ASCII)
_HOST = re.compile(r"\*|(?:\*\.)?[\w.-]+|[0-9a-f:.]+", re.ASCII | re.IGNORECASE)


def is_path(name: str) -> bool:
    """A model's name reads like a folder, not like an id of the hub."""
    return name[:1] in ("/", ".", "~") and "/" in name


def _whole(value: object, low: int, high: int | None = None) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value and (high is None or value <= high)


def _listed(pattern: Callable[[str], object]) -> Callable[[object], bool]:
    def fits(value: object) -> bool:
        return isinstance(value, tuple) and all(isinstance(one, str) and bool(pattern(one)) for one in value)

    return fits


def _is_model(name: str) -> bool:
    return "\0" not in name and (is_path(name) or _ID.fullmatch(name) is not None)


def _said(
    needed: str, meaning: str, fits: Callable[[object], bool], *, default: Any = None, unset: str | None = None
) -> Any:
    """A key: what its value must be, what it means, and in words what holds where nothing is said."""
    told = {"needed": needed, "meaning": meaning, "fits": fits, "unset": unset or f"`{default}`"}
    return field(default=default, metadata=told)


def _or_none(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or fits(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What a served instance allows, checked.

    Raises:
        SettingsError: a value cannot be, or two contradict each other.
    """

    models: tuple[str, ...] = _said(
        "a list of model ids or folders",
        "the models that can be asked: ids of the hub, folders, `littletown`; every other is refused by name",
        _listed(_is_model),
        default=(),
        unset="any",
    )
    default_model: str | None = _said(
        "a model id or folder",
        "the model that the picker begins with",
        _or_none(lambda value: isinstance(value, str) and _is_model(value)),
        unset="`littletown`, or the first of `models`",
    )
    max_tokens: int | None = _said(
        "a whole number ≥ 2",
        "tokens of a text at most, a continuation counted with it; a longer one is refused before the model runs",
        _or_none(lambda value: _whole(value, 2)),
        unset=f"no limit; {DEMO_TOKENS} in a demo",
    )
    jobs: int | None = _said(
        "a whole number ≥ 1",
        "analyses and runs of one visitor that go on at the same time; further ones wait and say for what",
        _or_none(lambda value: _whole(value, 1)),
        unset="no limit",
    )
    dtype: str = _said(
        f"one of {', '.join(PRECISIONS)}",
        "what the pages load weights in: `bfloat16` takes half the memory and keeps two digits of a score",
        lambda value: value in PRECISIONS,
        default="float32",
    )
    device: str | None = _said(
        "the name of a device, such as cuda:1, or auto",
        "where the pages load models: a device of torch, or `auto`, which spreads them over GPUs, memory and disk",
        _or_none(lambda value: isinstance(value, str) and _DEVICE.fullmatch(value) is not None),
        unset="a GPU where there is one, else `cpu`",
    )
    memory: int | None = _said(
        "a number of bytes ≥ 1, or a text such as 4GB",
        "what a run of the pages may take beside the model: bytes, or a text such as `4GB`",
        _or_none(lambda value: _whole(value, 1)),
        unset="half of what is free",
    )
    address: str = _said(
        "the address to listen at",
        "where `serve` listens: `0.0.0.0` is every network of this computer",
        lambda value: isinstance(value, str) and _HOST.fullmatch(value) is not None and "*" not in value,
        default="127.0.0.1",
    )
    port: int = _said(
        "a port from 1 to 65535",
        "the port that `serve` listens at",
        lambda value: _whole(value, 1, 65_535),
        default=8501,
    )
    hosts: tuple[str, ...] = _said(
        "a list of host names",
        "the names by which browsers may ask `serve`; `*` is any, which lets other sites' names lead here",
        _listed(_HOST.fullmatch),
        default=("localhost", "127.0.0.1"),
        unset="`localhost`, `127.0.0.1`",
    )
    library: str | None = _said(
        "on, off or the path of a file",
        "whether finished analyses are kept: `on`, `off` or the path of a file",
        _or_none(lambda value: isinstance(value, str) and "\0" not in value),
        unset="on for yourself, off where others can reach the server",
    )
    demo: bool = _said(
        "true or false",
        "only the embedded model, no folders of the server, nothing kept, short texts; the page says so",
        lambda value: isinstance(value, bool),
        default=False,
        unset="off",
    )

    def __post_init__(self) -> None:
        for own in fields(self):
            value = getattr(self, own.name)
            if not own.metadata["fits"](value):
                raise SettingsError(f"{own.name} must be {own.metadata['needed']}, got {shown(value)}.")
        kept = (self.library or "off").strip().lower()
        others = [name for name in (*self.models, self.default_model or EMBEDDED) if name != EMBEDDED]
        if self.demo and (others or kept != "off"):
            found = f"the model {others[0]}" if others else f"library = {self.library!r}"
            raise SettingsError(f"A demo has only {EMBEDDED} and keeps nothing, got {found}: leave that out, or demo.")
        if self.default_model is not None and not self.allows(self.default_model):
            listed = ", ".join(self.models)
            raise SettingsError(f"default_model must be one of models ({listed}), got {self.default_model!r}: add it.")

    @property
    def allowed(self) -> tuple[str, ...]:
        """The models that can be asked, by name; none where any can."""
        return (EMBEDDED,) if self.demo else self.models

    @property
    def opening(self) -> str:
        """The model that the picker begins with."""
        return self.default_model or (EMBEDDED if self.allows(EMBEDDED) else self.models[0])

    @property
    def longest(self) -> int | None:
        """Tokens of a text at most."""
        return DEMO_TOKENS if self.demo and self.max_tokens is None else self.max_tokens

    @property
    def kept(self) -> str:
        """What the library's variable would say: empty where nothing was decided."""
        return "off" if self.demo else self.library or ""

    def allows(self, model: str) -> bool:
        """Whether a model can be asked; a folder is the same however its path is written."""
        return not self.allowed or any(_same(model, own) for own in self.allowed)


def variable(key: str) -> str:
    """The variable of the environment that says the same as a key of the file."""
    return f"HETA_{key.upper()}"


def table() -> list[str]:
    """Every variable with its key in the file, what holds without it, and its meaning: rows of a table in Markdown."""
    return [
        f"| `{variable(own.name)}` | `{own.name}` | {own.metadata['unset']} | {own.metadata['meaning']} |"
        for own in fields(Serving)
    ]


def shown(value: object) -> str:
    """A value as a message names it."""
    return repr(list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value)


def _same(one: str, other: str) -> bool:
    if one == other or not (is_path(one) and is_path(other)):
        return one == other
    first, second = (os.path.abspath(os.path.expanduser(name)) for name in (one, other))
    return first == second
