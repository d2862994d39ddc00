"""Reads what was decided about serving: from one file, from the environment, or from both.

1. `heta.toml` in the folder that the app is started from, or the file that `HETA_CONFIG` names, says it by keys.
2. A variable `HETA_…` says the same by its name, and wins.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from heta_core import memory as memories
from heta_core.errors import SettingsError
from heta_core.serving import Serving, shown, variable

NAME = "heta.toml"
CONFIG = "HETA_CONFIG"
_FLAGS = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
# All that is read of the environment.
VARIABLES = (CONFIG, *(variable(own.name) for own in fields(Serving)))


def read(path: Path | None = None, environment: Mapping[str, str] = os.environ) -> Serving:
    """What was decided.

    Args:
        path: of the file; what `HETA_CONFIG` names if not given, or `heta.toml` in this folder where there is one.

    Raises:
        SettingsError: the file cannot be read, or a key or value in it or in the environment is none that can be.
    """
    named = path if path is not None else config_file(environment)
    kinds = {own.name: own for own in fields(Serving)}
    values: dict[str, Any] = {}
    for key, value in (_of_file(named) if named is not None else {}).items():
        if key not in kinds:
            raise SettingsError(f"{named} must have the keys {', '.join(kinds)}, got {key!r}: leave it out.")
        values[key] = _checked(kinds[key], _from_file(key, value), value, str(named))
    for key, own in kinds.items():
        text = environment.get(variable(key), "").strip()
        if text:  # an empty one says nothing
            values[key] = _checked(own, _from_text(key, text), text, variable(key))
    return Serving(**values)


def config_file(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The file that is read: what `HETA_CONFIG` names, or `heta.toml` in this folder where there is one."""
    said = environment.get(CONFIG, "").strip()
    if said:
        return Path(said).expanduser()
    here = Path(NAME)
    return here if here.is_file() else None


def _of_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} must be a file of settings, found: {error.strerror}. Mend {CONFIG}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} must be TOML, found: {error}. Write lines such as jobs = 2.") from error


def _checked(own: "Field[Any]", value: object, found: object, where: str) -> object:
    if value is None or not own.metadata["fits"](value):
        raise SettingsError(f"{own.name} must be {own.metadata['needed']}, got {shown(found)} in {where}.")
    return value


def _from_file(key: str, value: object) -> object:
    """A TOML value as the field has it; what it cannot be is left for the check."""
    if key in ("models", "hosts") and isinstance(value, list):
        return tuple(value) or None  # an empty list might mean none or any: it must be said
    if key == "memory" and isinstance(value, str):
        return _bytes(value)
    if key == "library" and isinstance(value, bool):
        return "on" if value else "off"
    return value


def _from_text(key: str, text: str) -> object:
    """The same for a variable, which is always text: lists have commas."""
    if key in ("models", "hosts"):
        return tuple(part.strip() for part in text.split(",") if part.strip()) or None
    if key == "memory":
        return _bytes(text)
    if key in ("max_tokens", "jobs", "port"):
        return int(text) if re.fullmatch(r"-?\d{1,18}", text, re.ASCII) else text
    return _FLAGS.get(text.lower(), text) if key == "demo" else text


def _bytes(text: str) -> int | None:
    try:
        return memories.parsed(text)
    except SettingsError:
        return None
