"""The runs that lie in a folder, each in one of its own: what they are about, and how far they came."""

import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from heta_core.errors import HetaError, InputError
from heta_core.evaluation.keeping import NAME
from heta_core.evaluation.plan import Plan, differences
from heta_core.evaluation.record import Record, loads

_OUTCOME = b'{"outcome"'  # how the line of an example begins
_LIST = 1000  # runs


@dataclass(frozen=True, slots=True)
class Earlier:
    """A run without its examples."""

    folder: Path
    plan: Plan
    n_done: int  # examples
    changed: float  # seconds since 1970

    @property
    def is_complete(self) -> bool:
        """Every example is there."""
        return self.n_done >= self.plan.n_asked


def has_any(folder: Path, *, but: Path | None = None) -> bool:
    """A run seems to be there, in another folder than `but`; nothing is read."""
    return any(path.parent != but for path in folder.glob(f"*/{NAME}"))


def earlier(folder: Path, *, but: Path | None = None) -> tuple[Earlier, ...]:
    """The runs of a folder, the newest first; what cannot be read as one is left out.

    Args:
        but: the folder of one that is not read, such as one that grows.
    """
    found = []
    for path in sorted(path for path in folder.glob(f"*/{NAME}") if path.parent != but)[:_LIST]:
        try:
            told = path.stat()
            plan, n_done = _read(path, told.st_mtime_ns, told.st_size)
        except (HetaError, OSError, UnicodeDecodeError):
            continue
        found.append(Earlier(path.parent, plan, n_done, told.st_mtime))
    return tuple(sorted(found, key=lambda run: run.changed, reverse=True))


@lru_cache(maxsize=_LIST)
def _read(path: Path, _changed: int, _size: int) -> tuple[Plan, int]:
    """The plan and the number of examples; again only where the file is another one now."""
    with path.open("rb") as lines:
        plan = loads(next(lines, b"").decode()).plan
        return plan, sum(line.startswith(_OUTCOME) and line.endswith(b"\n") for line in lines)


def unfinished(folder: Path, plan: Plan) -> Path | None:
    """The folder of a run that was begun with this plan and has not come to its end."""
    runs = (run for run in earlier(folder) if not run.is_complete)
    return next((run.folder for run in runs if not differences(run.plan, plan)), None)


def opened(run: Path) -> Record:
    """The whole run of a folder.

    Raises:
        InputError: its file cannot be read.
        ReportError: it is damaged.
    """
    try:
        return loads((run / NAME).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The run in {str(run)!r} cannot be read ({error}): look at its file.") from error


def deleted(run: Path) -> None:
    """Remove the folder of a run for good.

    Raises:
        InputError: it is no such folder, or cannot be removed.
    """
    if not (run / NAME).is_file():
        raise InputError(f"Need the folder of a run, found no {NAME} in {str(run)!r}: it may be gone already.")
    try:
        shutil.rmtree(run)
    except OSError as error:
        raise InputError(f"{str(run)!r} could not be removed ({error.strerror}): remove it by hand.") from error
