"""What holds for a shelf as a whole: whether analyses are saved by themselves, its size, files that were put aside."""

from dataclasses import dataclass
from pathlib import Path

from heta_core.library import database
from heta_core.library.entry import Shelf


@dataclass(frozen=True, slots=True)
class Aside:
    """A damaged library that was renamed."""

    path: Path
    moved: float  # seconds since 1970


def is_saving(shelf: Shelf) -> bool:
    """Finished analyses are saved by themselves; so it begins, and stays until the owner switches it off.

    Raises:
        LibraryError: the file cannot be read.
    """
    query = "SELECT is_saving FROM owner WHERE name = ?"
    row = database.read(shelf.path, lambda c: c.execute(query, (shelf.owner,)).fetchone())
    return row is None or bool(row[0])


def switch_saving(shelf: Shelf, is_on: bool) -> None:
    """Let finished analyses be saved by themselves from now on, or not. What is saved stays.

    Raises:
        LibraryError: the file cannot be written.
    """
    statement = "INSERT OR REPLACE INTO owner VALUES (?, ?)"
    database.write(shelf.path, lambda c: c.execute(statement, (shelf.owner, int(is_on))))


def size(shelf: Shelf) -> int:
    """Bytes on the disk, of all owners; 0 before anything is saved."""
    files = (shelf.path.with_name(shelf.path.name + ending) for ending in ("", "-journal"))
    return sum(file.stat().st_size for file in files if file.is_file())


def put_aside(shelf: Shelf) -> tuple[Aside, ...]:
    """The damaged files that were renamed and not yet dismissed, oldest first.

    Raises:
        LibraryError: the file cannot be read.
    """
    query = "SELECT path, moved FROM aside ORDER BY moved"
    rows = database.read(shelf.path, lambda c: c.execute(query).fetchall())
    return tuple(Aside(Path(path), moved) for path, moved in rows)


def dismiss(shelf: Shelf) -> None:
    """Say no more of the files that were put aside; they stay where they are.

    Raises:
        LibraryError: the file cannot be written.
    """
    database.write(shelf.path, lambda c: c.execute("DELETE FROM aside"))
