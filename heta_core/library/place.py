"""Where the library lies, and whether there is one.

On a server that only its own user reaches it lies in that user's data folder. Where others may reach the server nothing
is kept, unless whoever runs it says so: `HETA_LIBRARY=on`, `off`, or the path of a file.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from heta_core.errors import SettingsError

VARIABLE = "HETA_LIBRARY"
_NAME = Path("heta-explorer") / "library.sqlite"


def place(*, is_private: bool, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The library's file, whether it exists yet or not; None where nothing is kept.

    Args:
        is_private: only the user of this computer reaches the server.

    Raises:
        SettingsError: `HETA_LIBRARY` is neither on nor off nor the path of a file.
    """
    said = environment.get(VARIABLE, "").strip()
    if said.lower() == "off" or (not said and not is_private):
        return None
    if not said or said.lower() == "on":
        return data_folder(environment) / _NAME
    path = Path(said).expanduser()
    # A bare word is a slip such as "yes": a file of that name in whatever folder the app was started from helps nobody.
    if path.parent == Path() and not path.suffix:
        raise SettingsError(
            f"{VARIABLE} must be on, off or the path of a file, got {said!r}: write ./{said} for a file."
        )
    if path.is_dir():
        raise SettingsError(f"{VARIABLE} must name a file, got the folder {path}: add a name, such as library.sqlite.")
    return path.absolute()


def data_folder(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Where this system keeps what programs store for one user."""
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    named = Path(environment.get("XDG_DATA_HOME", ""))
    return named if named.is_absolute() else Path.home() / ".local" / "share"  # a relative one is to be ignored
