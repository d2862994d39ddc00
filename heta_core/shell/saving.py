"""Results as JSON: on standard output, or in a file that is known to be writable before the work begins."""

import io
import sys
from pathlib import Path

from heta_core.errors import InputError


def print_json(line: str) -> None:
    """One JSON on a line of standard output."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="strict")  # JSON is UTF-8 whatever the terminal is
    print(line, flush=True)


def writable(path: str | None) -> Path | None:
    """Where the JSON goes, refused before the work is done rather than after it."""
    if path is None or path == "-":
        return None
    target = Path(path)
    if target.is_dir() or not target.parent.is_dir():
        raise InputError(f"--json needs the path of a file in a folder that exists, got {path!r}: name another.")
    return target


def write(target: Path, lines: list[str]) -> None:
    """One JSON on each line of a file."""
    try:
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"The result could not be written to {str(target)!r} ({error.strerror}).") from error
