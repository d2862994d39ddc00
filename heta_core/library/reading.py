"""What is on a shelf: lists, searches, one entry, its analysis number for number."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from heta_core.errors import LibraryError
from heta_core.library import database
from heta_core.library.entry import Entry, Result, Shelf, Words, folded, identity
from heta_core.report import loads, loads_generation

Sort = Literal["newest", "oldest", "changed", "title", "model"]

COLUMNS = "id, kind, title, tags, notes, explained, preview, model, created, changed, revision"
_ORDERS: dict[Sort, str] = {
    "newest": "created DESC",
    "oldest": "created",
    "changed": "changed DESC",
    "title": "title COLLATE NOCASE, created DESC",
    "model": "model COLLATE NOCASE, created DESC",
}


@dataclass(frozen=True, slots=True)
class Found:
    """Entries that match, the first of them in order."""

    entries: tuple[Entry, ...]
    n_matching: int  # in all


def find(shelf: Shelf, query: str = "", *, sort: Sort = "newest", most: int = 1000) -> Found:
    """The entries in which every word of the query stands: in title, tags, notes, model or the analysed text.

    A part of a word is enough, and no character means anything else than itself: search must not fail on what somebody
    types, nor on languages without spaces.

    Raises:
        LibraryError: the file cannot be read.
    """
    wanted = tuple(folded(query).split())
    where = "owner = ? AND deleted IS NULL" + " AND instr(written || told, ?)" * len(wanted)
    listed = f"SELECT {COLUMNS} FROM entry WHERE {where} ORDER BY {_ORDERS[sort]} LIMIT ?"

    def look(connection: database.Connection) -> Found:
        (n,) = connection.execute(f"SELECT count(*) FROM entry WHERE {where}", (shelf.owner, *wanted)).fetchone()
        rows = connection.execute(listed, (shelf.owner, *wanted, most))
        return Found(tuple(entry_of(row) for row in rows), n)

    return database.read(shelf.path, look)


def get(shelf: Shelf, entry_id: str) -> Entry:
    """One entry.

    Raises:
        LibraryError: there is no such entry, or the file cannot be read.
    """
    query = f"SELECT {COLUMNS} FROM entry WHERE id = ? AND owner = ? AND deleted IS NULL"
    row = database.read(shelf.path, lambda c: c.execute(query, (entry_id, shelf.owner)).fetchone())
    if row is None:
        raise missing()
    return entry_of(row)


def kept(shelf: Shelf, result: Result) -> str | None:
    """The id of the entry that holds this analysis, whatever its weights; None where there is none.

    Raises:
        LibraryError: the file cannot be read.
    """
    query = "SELECT id FROM entry WHERE identity = ? AND owner = ? AND deleted IS NULL"
    row = database.read(shelf.path, lambda c: c.execute(query, (identity(result), shelf.owner)).fetchone())
    return None if row is None else str(row[0])


def load(shelf: Shelf, entry_id: str) -> Result:
    """The saved analysis, number for number.

    Raises:
        LibraryError: there is no such entry, it is damaged, or the file cannot be read.
        ReportError: the report is of a newer version.
    """
    entry = get(shelf, entry_id)
    report = report_of(shelf, entry)
    return loads(report) if entry.kind == "attribution" else loads_generation(report)


def report_of(shelf: Shelf, entry: Entry) -> str:
    """The JSON of an entry, as `report.dumps` wrote it.

    Raises:
        LibraryError: it is damaged or gone, or the file cannot be read.
    """
    query = "SELECT content FROM report WHERE entry = ?"
    row = database.read(shelf.path, lambda c: c.execute(query, (entry.id,)).fetchone())
    try:
        return _text(row[0])
    except (TypeError, ValueError, zlib.error) as error:  # no row, no UTF-8, another checksum
        raise LibraryError(
            f"The entry “{entry.words.title}” needs its numbers whole, found them damaged ({error}): the others are "
            "not concerned; delete this one, or import it again from an export."
        ) from error


def given(shelf: Shelf, entries: Sequence[Entry]) -> frozenset[str]:
    """The ids of those whose scores another method than HETA gave. Their reports are read for that: ask of few.

    Of a damaged one nothing is known.

    Raises:
        LibraryError: the file cannot be read.
    """
    ids = [entry.id for entry in entries if entry.kind == "attribution"]
    query = f"SELECT entry, content FROM report WHERE entry IN ({', '.join('?' * len(ids))})"
    rows = database.read(shelf.path, lambda c: c.execute(query, ids).fetchall())
    return frozenset(str(entry_id) for entry_id, content in rows if _is_given(content))


def _is_given(content: bytes) -> bool:
    try:
        return json.loads(_text(content)).get("given") is not None
    except (ValueError, zlib.error):
        return False


def _text(content: bytes) -> str:
    return zlib.decompress(content).decode()


def entry_of(row: Sequence[object]) -> Entry:
    """An entry from its columns."""
    entry_id, kind, title, tags, notes, *rest = row
    words = Words(str(title), tuple(json.loads(str(tags))), str(notes))
    return Entry(entry_id, kind, words, *rest)  # type: ignore[arg-type]  # SQLite's values have no types here


def missing() -> LibraryError:
    """Nothing of that id is on the shelf."""
    return LibraryError("Need an entry of this library, found none of that id: it was deleted, or is somebody else's.")
