"""Where runs are kept by themselves: beside the library, on a server that only its own user reaches."""

from datetime import UTC, datetime
from pathlib import Path

from heta_core.errors import HetaError
from heta_core.evaluation.earlier import Earlier, earlier, has_any, unfinished
from heta_core.evaluation.plan import Plan
from heta_core.library import state as library_state
from pages.ui import keeping

_NAME = "runs"


def folder() -> Path | None:
    """The folder of all runs, whether it exists yet or not; None where none are kept."""
    try:
        shelf = keeping.shelf()
        if shelf is None or not keeping.is_private() or not library_state.is_saving(shelf):
            return None
    except HetaError:  # the Library says what is wrong
        return None
    return shelf.path.parent / _NAME


def runs(*, but: Path | None = None) -> tuple[Earlier, ...]:
    """All that were kept, the newest first, without the one in the folder `but`, which is not read."""
    place = folder()
    return () if place is None else earlier(place, but=but)


def has_runs(*, but: Path | None = None) -> bool:
    """Another than the one in the folder `but` was kept; none is read for that."""
    place = folder()
    return place is not None and has_any(place, but=but)


def place_for(plan: Plan) -> Path | None:
    """Where a run is written: on with one of the same plan that was left, or into a folder of its own.

    Raises:
        OSError: the folder cannot be made.
    """
    place = folder()
    if place is None:
        return None
    place.mkdir(parents=True, exist_ok=True)
    left = unfinished(place, plan)
    if left is not None:
        return left
    name = f"{datetime.now(UTC):%Y-%m-%d %H.%M.%S}"
    taken = sum(path.name.startswith(name) for path in place.iterdir())
    return place / (f"{name} {taken + 1}" if taken else name)
