"""What this server allows, see `heta_core/serving.py`: every question to a model is held against it."""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from heta_core import configuration
from heta_core.configuration import VARIABLES
from heta_core.errors import InputError, LoadError
from heta_core.serving import Serving
from heta_core.settings import Settings

_NAMED = 5  # models that a message lists


def current() -> Serving:
    """What was decided; the file is read once, so that it takes hold when the app starts.

    Raises:
        SettingsError: it cannot be.
    """
    return _read(tuple(os.environ.get(name, "") for name in VARIABLES))


@lru_cache(maxsize=8)
def _read(values: tuple[str, ...]) -> Serving:
    return configuration.read(environment=dict(zip(VARIABLES, values, strict=True)))


def names() -> tuple[str, ...]:
    """The models that can be asked, the one that the picker begins with first; none where any can."""
    serving = current()
    return tuple(dict.fromkeys((serving.opening, *serving.allowed))) if serving.allowed else ()


def is_allowed(model: str) -> bool:
    """Whether a model can be asked here."""
    return current().allows(model)


def check_model(model: str) -> None:
    """Refuse a model that cannot be asked here.

    Raises:
        LoadError: it cannot; the message names those that can.
    """
    if not is_allowed(model):
        can = names()
        listed = ", ".join(can[:_NAMED]) + (f" and {len(can) - _NAMED} more" if len(can) > _NAMED else "")
        raise LoadError(
            f"This server asks only {listed}, got {model}: choose one at the left. What was saved of another model "
            "still opens."
        )


def check_length(count: Callable[[], int], what: str = "this text") -> None:
    """Refuse a text that is too long for this server. Without a limit nothing is counted.

    Args:
        count: gives its number of tokens.

    Raises:
        InputError: it has more than can be asked.
    """
    longest = current().longest
    if longest is not None and (n := count()) > longest:
        raise InputError(f"This server takes at most {longest:,} tokens, {what} has {n:,}: shorten it.")


def bounded(settings: Settings) -> Settings:
    """The same settings within the memory that a run may take here."""
    most = current().memory
    return settings if most is None else replace(settings, memory=min(most, settings.memory or most))
