"""The one SQLite file: made, opened, written in whole transactions, and put aside where it is damaged.

1. Every read and every transaction opens the file anew, so no connection is shared between threads and none stays
   open. A rollback journal keeps the library one file that can be copied; EXTRA also syncs the folder when the journal
   goes, so what has been reported as saved survives a killed process and a lost power supply.
2. A transaction is all or nothing: where the disk is full, the file locked or read-only, the library stays as it was.
3. A damaged file is renamed, never deleted, a new one is started, and the new one remembers what happened.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from heta_core.errors import LibraryError

VERSION = 1  # of the tables below, in `PRAGMA user_version`
_APPLICATION = 0x48455441  # "HETA", in `PRAGMA application_id`: another program's database is not ours to change
_PATIENCE = 2.0  # seconds that a write waits for another process; a page waits along
_SCHEMA = (
    """CREATE TABLE entry (
        id TEXT PRIMARY KEY, owner TEXT NOT NULL, identity TEXT NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL,
        tags TEXT NOT NULL, notes TEXT NOT NULL, explained TEXT NOT NULL, preview TEXT NOT NULL, model TEXT NOT NULL,
        told TEXT NOT NULL, written TEXT NOT NULL, created REAL NOT NULL, changed REAL NOT NULL,
        revision INTEGER NOT NULL, deleted REAL, UNIQUE (owner, identity)
    )""",
    # Apart from the entries, so that listing them does not read past megabytes of numbers.
    "CREATE TABLE report (entry TEXT PRIMARY KEY REFERENCES entry ON DELETE CASCADE, content BLOB NOT NULL)",
    "CREATE TABLE owner (name TEXT PRIMARY KEY, is_saving INTEGER NOT NULL)",
    "CREATE TABLE aside (path TEXT PRIMARY KEY, moved REAL NOT NULL)",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
# A thread that has the file open while it is renamed would take the new file's journal for its own.
_ONE_BY_ONE = threading.RLock()

Connection = sqlite3.Connection

_T = TypeVar("_T")


def read(path: Path, look: Callable[[Connection], _T]) -> _T:
    """What `look` finds. A library that does not exist yet is empty, and looking does not make it.

    Raises:
        LibraryError: the file cannot be read, or is none of this version.
    """
    return _guarded(path, lambda: _read(path, look))


def write(path: Path, change: Callable[[Connection], _T]) -> _T:
    """What `change` returns, once all that it did is on the disk. It may run twice: where the file was damaged.

    Raises:
        LibraryError: the file cannot be written, or is none of this version; it is as it was before.
    """
    return _guarded(path, lambda: _written(path, change))


def _guarded(path: Path, work: Callable[[], _T]) -> _T:
    """The work, again with a new file where the old one was damaged, and SQLite's errors in words."""
    try:
        with _ONE_BY_ONE:
            try:
                return work()
            except sqlite3.DatabaseError as error:
                if _code(error) not in _DAMAGE:
                    raise
                _put_aside(path)
                return work()
    except sqlite3.Error as error:
        raise LibraryError(_in_words(path, error)) from error
    except OSError as error:
        raise LibraryError(
            f"The library needs a file that can be read and written, found {path} with: {error.strerror or error}. "
            "Check the folder, or set HETA_LIBRARY to another path."
        ) from error


def _read(path: Path, look: Callable[[Connection], _T]) -> _T:
    if path.exists() and path.stat().st_size > 0:
        with _opened(path) as connection:
            if _version(connection) > 0:
                return look(connection)
    with closing(sqlite3.connect(":memory:")) as empty:
        _build(empty)
        return look(empty)


def _written(path: Path, change: Callable[[Connection], _T]) -> _T:
    _make_room(path)
    with _opened(path) as connection:
        if _version(connection) == 0:  # only before the first table, and it writes
            connection.execute("PRAGMA auto_vacuum = FULL")  # what was deleted leaves the file's size as well
        connection.execute("BEGIN IMMEDIATE")  # waits here for other writers; later would be too late to wait
        try:
            if _version(connection) == 0:
                _build(connection)
            found = change(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # some errors have rolled back already
                connection.execute("ROLLBACK")
            raise
    return found


def _make_room(path: Path) -> None:
    """An empty file that only its owner can read: prompts may be private."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


@contextmanager
def _opened(path: Path) -> Iterator[Connection]:
    """A connection to a library of this version, or to an empty file."""
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("PRAGMA secure_delete = ON")  # what was deleted leaves the file's bytes at once
        _check_kind(connection, path)
        yield connection


def connect(path: Path) -> Connection:
    """The bare connection; transactions are ours to begin."""
    return sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)


def _check_kind(connection: Connection, path: Path) -> None:
    # In this order: another process may be making the tables right now.
    (n_tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    version = _version(connection)
    if n_tables and application != _APPLICATION:
        raise LibraryError(f"Need a library of HETA, found another program's database at {path}: name another file.")
    if version > VERSION:
        raise LibraryError(
            f"Need a library of version {VERSION}, found version {version} at {path}: open it with the newer release "
            "that wrote it, or set HETA_LIBRARY to another path. Nothing in it was changed."
        )


def _version(connection: Connection) -> int:
    """Of the tables; 0 where there are none yet."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _build(connection: Connection) -> None:
    for statement in _SCHEMA:
        connection.execute(statement)


def _put_aside(path: Path) -> None:
    """Rename a damaged library and start a new one that says so; nothing where somebody else just did."""
    if _is_sound(path):
        return
    moment = time.strftime("%Y%m%d-%H%M%S")
    kept, k = path.with_name(f"{path.stem}.damaged-{moment}{path.suffix}"), 1
    while kept.exists():
        k += 1
        kept = kept.with_name(f"{path.stem}.damaged-{moment}-{k}{path.suffix}")
    # The journal first: beside a new file it would be taken for that file's own.
    for ending in ("-journal", ""):
        source = path.with_name(path.name + ending)
        if source.exists():
            source.rename(kept.with_name(kept.name + ending))
    _written(path, lambda c: c.execute("INSERT INTO aside VALUES (?, ?)", (str(kept), time.time())))


def _is_sound(path: Path) -> bool:
    try:
        with _opened(path) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError as error:
        if _code(error) in _DAMAGE:
            return False
        raise


def _code(error: sqlite3.Error) -> int | None:
    """SQLite's primary result code; None where the error is Python's own."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _in_words(path: Path, error: sqlite3.Error) -> str:
    needed, advice = {
        sqlite3.SQLITE_FULL: ("room on the disk", "Free some space"),
        sqlite3.SQLITE_IOERR: ("a disk that can be written", "Free some space or check the disk"),
        sqlite3.SQLITE_BUSY: ("its file for a moment", "Another program is using it; try again when that is done"),
        sqlite3.SQLITE_LOCKED: ("its file for a moment", "Another program is using it; try again when that is done"),
        sqlite3.SQLITE_READONLY: ("a file that can be written", "Allow writing"),
        sqlite3.SQLITE_CANTOPEN: ("a file that can be opened", "Check the folder and its permissions"),
        sqlite3.SQLITE_PERM: ("a file that can be opened", "Check the folder and its permissions"),
    }.get(_code(error) or 0, ("a sound file", "Try again"))
    return (
        f"The library needs {needed}, found {path} with: {error}. {advice}, or set HETA_LIBRARY to another path. "
        "What was saved before is as it was."
    )
