"""What changes a shelf: save, edit, delete with undo, wipe. Each is one transaction."""

import json
import time
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from heta_core.errors import ChangedElsewhereError, LibraryError
from heta_core.library import database
from heta_core.library.entry import (
    Entry,
    Result,
    Shelf,
    Words,
    explained,
    folded,
    identity,
    kind_of,
    preview,
    title,
)
from heta_core.library.reading import COLUMNS, entry_of, missing
from heta_core.report import dumps

UNDO = 24 * 3600.0  # seconds that a deleted entry can be taken back
_LEVEL = 1  # of compression: base64 of noise shrinks by about the same quarter at every level, and this one is quick
_CONTENT = "UPDATE entry SET title = ?, tags = ?, notes = ?, written = ?, revision = ?, changed = ?, deleted = NULL "


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """An analysis about to be written.

    Raises:
        LibraryError: it is not finished.
    """

    result: Result
    report: str  # its JSON
    words: Words
    created: float  # seconds since 1970

    def __post_init__(self) -> None:
        if not self.result.is_complete:
            raise LibraryError("The library keeps finished analyses, got a partial one: run it to the end.")


def save(shelf: Shelf, result: Result) -> str:
    """Keep a finished analysis; its id, once it is on the disk.

    An analysis that is there already stays one entry: its report takes the place of the old one, its words stay.

    Raises:
        LibraryError: the analysis is not finished, or the file cannot be written.
        ReportError: a number is not finite.
    """
    row = Row(result, dumps(result), Words(title(result)), time.time())
    return save_all(shelf, [row])[0]


def save_all(shelf: Shelf, rows: Sequence[Row]) -> tuple[str, ...]:
    """Keep several, all or none; their ids.

    Raises:
        LibraryError: the file cannot be written.
    """

    def change(connection: database.Connection) -> tuple[str, ...]:
        _purge(connection)
        return tuple(_put(connection, shelf, row) for row in rows)

    return database.write(shelf.path, change)


def _put(connection: database.Connection, shelf: Shelf, row: Row) -> str:
    """Write one entry; one that is there gets the new report, and of the words what is new."""
    same = f"SELECT {COLUMNS} FROM entry WHERE owner = ? AND identity = ?"
    found = connection.execute(same, (shelf.owner, identity(row.result))).fetchone()
    if found is None:
        entry_id = _insert(connection, shelf, row)
    else:
        old = entry_of(found)
        entry_id, words = old.id, old.words.joined(row.words)
        _change(connection, old.id, words, old.revision + (words != old.words))
    content = zlib.compress(row.report.encode(), _LEVEL)
    connection.execute("INSERT OR REPLACE INTO report VALUES (?, ?)", (entry_id, content))
    return entry_id


def _insert(connection: database.Connection, shelf: Shelf, row: Row) -> str:
    entry_id, result, words = uuid.uuid4().hex, row.result, row.words
    columns = {
        **{"id": entry_id, "owner": shelf.owner, "identity": identity(result), "kind": kind_of(result)},
        **{"title": words.title, "tags": json.dumps(words.tags), "notes": words.notes, "written": _searched(words)},
        **{"explained": explained(result), "preview": preview(result), "model": result.source.model},
        "told": folded(f"{explained(result)}\n{result.source.model}\n{result.tokens.text}"),
        **{"created": row.created, "changed": time.time(), "revision": 1},
    }
    marks = ", ".join("?" * len(columns))
    connection.execute(f"INSERT INTO entry ({', '.join(columns)}) VALUES ({marks})", tuple(columns.values()))
    return entry_id


def edit(shelf: Shelf, entry: Entry, words: Words) -> None:
    """Rename, tag or note: put other words in the place of those that `entry` shows.

    Raises:
        ChangedElsewhereError: the words have been edited since `entry` was read; they stay as they are.
        LibraryError: the entry is gone, or the file cannot be written.
    """

    def change(connection: database.Connection) -> None:
        query = "SELECT revision FROM entry WHERE id = ? AND owner = ? AND deleted IS NULL"
        found = connection.execute(query, (entry.id, shelf.owner)).fetchone()
        if found is None:
            raise missing()
        if found[0] != entry.revision:
            raise ChangedElsewhereError(
                f"Need this entry as it was read (revision {entry.revision}), found revision {found[0]}: it was edited "
                "elsewhere, perhaps in another tab. Nothing was overwritten: look at both texts, then save again."
            )
        _change(connection, entry.id, words, entry.revision + 1)

    database.write(shelf.path, change)


def _change(connection: database.Connection, entry_id: str, words: Words, revision: int) -> None:
    values = (words.title, json.dumps(words.tags), words.notes, _searched(words), revision, time.time())
    connection.execute(f"{_CONTENT} WHERE id = ?", (*values, entry_id))


def _searched(words: Words) -> str:
    return folded("\n".join((words.title, *words.tags, words.notes, "")))


def delete(shelf: Shelf, entry_ids: Sequence[str]) -> None:
    """Take entries off the shelf; for a day `restore` brings them back, then they go from the file.

    Raises:
        LibraryError: the file cannot be written.
    """
    _mark(shelf, entry_ids, time.time())


def restore(shelf: Shelf, entry_ids: Sequence[str]) -> None:
    """Take a deletion back.

    Raises:
        LibraryError: the file cannot be written.
    """
    _mark(shelf, entry_ids, None)


def _mark(shelf: Shelf, entry_ids: Sequence[str], deleted: float | None) -> None:
    def change(connection: database.Connection) -> None:
        rows = [(deleted, entry_id, shelf.owner) for entry_id in entry_ids]
        connection.executemany("UPDATE entry SET deleted = ? WHERE id = ? AND owner = ?", rows)
        _purge(connection)

    database.write(shelf.path, change)


def _purge(connection: database.Connection) -> None:
    """What was deleted long ago goes for good."""
    connection.execute("DELETE FROM entry WHERE deleted < ?", (time.time() - UNDO,))


def wipe(shelf: Shelf) -> None:
    """Remove everything of this owner from the file, deleted entries too, for good.

    Raises:
        LibraryError: the file cannot be written.
    """
    database.write(shelf.path, lambda c: c.execute("DELETE FROM entry WHERE owner = ?", (shelf.owner,)))
