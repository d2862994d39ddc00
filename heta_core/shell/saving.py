"""Results in files that are known to be writable before the work begins; JSON also on standard output."""

import io
import sys
from pathlib import Path

from heta_core.errors import InputError


def print_json(line: str) -> None:
    """One JSON on a line of standard output."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="strict")  # JSON is UTF-8 whatever the terminal is
    print(line, flush=True)


def writable(path: str | None, option: str = "--json") -> Path | None:
    """Where a file goes, refused before the work is done rather than after it; JSON goes also to standard output.

    Raises:
        InputError: no file can be there.
    """
    if path is None or (path == "-" and option == "--json"):
        return None
    target = Path(path)
    if target.is_dir() or not target.parent.is_dir():
        raise InputError(f"{option} needs the path of a file in a folder that exists, got {path!r}: name another.")
    return target


def write(target: Path, lines: list[str]) -> None:
    """Lines, each of them one JSON, or all of them one page."""
    try:
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"The result could not be written to {str(target)!r} ({error.strerror}).") from error
