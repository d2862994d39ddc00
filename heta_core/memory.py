"""Amounts of memory in words, and how much of it the computer has left.

Linux says both what is available and what a container's limit leaves of it; elsewhere only the size of the memory is
known, or nothing.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from heta_core.errors import SettingsError

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]I?)?(B)?\s*", re.IGNORECASE)
# Where a system tells only how much memory it has: browser, editor and the like rarely hold more than half of it.
_FREE_PART = 0.5
# Where it tells nothing: any computer that runs this has as much.
_SMALLEST = 2 * 10**9
_SYSTEM = Path("/")


def parsed(text: str) -> int:
    """The bytes of an amount such as 2GB, 1.5G, 800 MiB or 2000000000.

    Raises:
        SettingsError: it is none.
    """
    found = _AMOUNT.fullmatch(text)
    amount = int(float(found[1]) * _UNITS[(found[2] or "").upper()]) if found else 0
    if amount < 1:
        raise SettingsError(f"An amount of memory must be a number with its unit, got {text!r}: write 2GB or 800MB.")
    return amount


def in_words(n_bytes: float) -> str:
    """An amount with two digits: 1.2 GB."""
    sizes = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6))
    unit, size = next(((u, s) for u, s in sizes if n_bytes >= 0.995 * s), ("kB", 1e3))
    value = n_bytes / size
    return f"{value:.1f} {unit}" if value < 9.95 else f"{float(f'{value:.2g}'):,.0f} {unit}"


def available(system: Path = _SYSTEM) -> int:
    """Bytes of main memory that can be taken without anything else having to give way; a careful guess if not told."""
    told = told_available(system)
    return _elsewhere() if told is None else told


def told_available(system: Path = _SYSTEM) -> int | None:
    """The same; None where the system does not say."""
    meminfo = _numbers(system / "proc/meminfo", r"(\w+):\s+(\d+) kB")
    if "MemAvailable" not in meminfo:
        return None
    return max(0, min([1024 * meminfo["MemAvailable"], *_left_by_limits(system)]))


def _left_by_limits(system: Path) -> Iterator[int]:
    """What each limit on the process leaves: those of its control group and of every group around it."""
    groups = system / "sys/fs/cgroup"
    for line in _lines(system / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, limit, usage, cache = groups, "memory.max", "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            root, limit = groups / "memory", "memory.limit_in_bytes"
            usage, cache = "memory.usage_in_bytes", "total_inactive_file"
        else:
            continue
        inside = root / path.strip("/")
        for folder in (inside, *inside.parents):  # a container may see its own group as the root
            if not folder.is_relative_to(root):
                break
            most, used = _number(folder / limit), _number(folder / usage)
            if most is not None and used is not None:
                # Files that were read and can be dropped count as used, but leave when memory is wanted.
                yield most - used + _numbers(folder / "memory.stat", r"(\w+) (\d+)").get(cache, 0)


def _elsewhere() -> int:
    """A system without /proc/meminfo."""
    try:
        return int(_FREE_PART * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf; others may not know these names
        return _SMALLEST


def _lines(path: Path) -> list[str]:
    """Of a file; none where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _number(path: Path) -> int | None:
    """What a file says, where it is a number; "max" is no limit."""
    lines = _lines(path)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def _numbers(path: Path, pattern: str) -> dict[str, int]:
    found = (re.match(pattern, line) for line in _lines(path))
    return {match[1]: int(match[2]) for match in found if match}
