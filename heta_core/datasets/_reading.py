"""A file or a text → a `Dataset`: its form guessed, its bytes decoded, its bad rows beside its good ones."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePath

from heta_core.datasets._contract import Dataset, Example, Format, Refused
from heta_core.datasets._folders import examples_of, set_as_table, set_of
from heta_core.discovery import called, declared
from heta_core.errors import InputError

LARGEST = 100_000_000  # bytes of a file: as JSON in memory it takes ten times that
HEAD = 100_000  # characters that a form is guessed from


@cache
def known() -> tuple[Format, ...]:
    """Every format that has a file, in the order of their places."""
    return tuple(sorted(declared("heta_core.datasets", Format), key=lambda form: form.place))


def named(name: str) -> Format:
    """The format of this name.

    Raises:
        InputError: there is none.
    """
    return called(name, known(), "data format")


def read(text: str, name: str, *, format: str | None = None) -> Dataset:
    """The examples of a text, and the rows that could not be read.

    Args:
        name: of the file; its suffix says what may be in it.
        format: the name of a `Format`; None guesses.

    Raises:
        InputError: the text as a whole cannot be read, or no row of it can.
    """
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise InputError(f"Need at least one example, found an empty file {name!r}: choose another.")
    form = _guessed(text[:HEAD], name) if format is None else named(format)
    rows = list(form.read(text))
    examples = tuple(row for row in rows if isinstance(row, Example))
    refused = tuple(row for row in rows if isinstance(row, Refused))
    if not examples:
        raise InputError(_nothing(form, name, refused))
    return Dataset(name, form.name, examples, refused)


def _nothing(form: Format, name: str, refused: tuple[Refused, ...]) -> str:
    where = f"in {name!r}, read as {form.title}"
    if not refused:
        return f"Need at least one example, found none {where}: add a row, or name another format."
    first = refused[0]
    place = "" if first.line is None else f"line {first.line}: "
    return (
        f"Need at least one row that can be used, found none of {len(refused):,} {where}: mend them or name another "
        f"format. The first is {place}{first.why}"
    )


def _guessed(head: str, name: str) -> Format:
    """The first format that a text looks like; of a known suffix, the most general one in any case."""
    suffix = PurePath(name).suffix.lower()
    fitting = [form for form in known() if suffix in form.suffixes]
    for form in fitting or known():
        if form.looks_like(head):
            return form
    if fitting:
        return fitting[-1]  # it says what it misses
    forms = ", ".join(form.name for form in known())
    raise InputError(f"Need a known form of data, found none in {name!r}: say which it is, one of {forms}.")


def read_bytes(data: bytes, name: str, *, format: str | None = None) -> Dataset:
    """The same for a file as it was uploaded, UTF-8 with or without a byte order mark.

    Raises:
        InputError: it is larger than `LARGEST`, no UTF-8, or cannot be read.
    """
    return read(decoded(data, name), name, format=format)


def decoded(data: bytes, name: str) -> str:
    """The text of a file.

    Raises:
        InputError: it is larger than `LARGEST`, or no UTF-8.
    """
    if len(data) > LARGEST:
        raise InputError(_too_large(name, len(data)))
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(f"Need a file in UTF-8, found UTF-16 in {name!r}: save it as UTF-8.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + len(re.findall(rb"\r\n|\r|\n", data[: error.start]))
        raise InputError(
            f"Need a file in UTF-8, but line {line} of {name!r} is not UTF-8: save it as UTF-8."
        ) from error


def _too_large(name: str, size: int) -> str:
    return f"Need a file of at most {LARGEST:,} bytes, found {size:,} in {name!r}: take a part of it."


def read_path(path: str | Path, *, format: str | None = None) -> Dataset:
    """The same for a file on this computer, a WikiBio set, or a folder of JSON files with an example each.

    Raises:
        InputError: it is not there, too large or cannot be read.
    """
    path = Path(path)
    with _readable(path):
        sent = set_of(path) if format in (None, "wikibio") else None
        files = examples_of(path) if sent is None and path.is_dir() else None
    if sent is not None:
        return read(set_as_table(sent, lambda one: decoded(_bytes(one), one.name)), sent.stem, format="wikibio")
    if files is not None:
        return _together(files, path.name, format)
    return read_bytes(_bytes(path), path.name, format=format)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # the last: a null character in the path
        why = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        raise InputError(f"Need a file that can be read, found {str(path)!r}: {why}. Check the path.") from error


def _bytes(path: Path) -> bytes:
    with _readable(path):
        size = path.stat().st_size
        if size > LARGEST:
            raise InputError(_too_large(path.name, size))
        return path.read_bytes()


def _together(files: list[Path], name: str, format: str | None) -> Dataset:
    """The examples of all JSON files of a folder, which have ids of their own; the first says what form they have."""
    examples: dict[str, Example] = {}
    places: dict[str, str] = {}
    refused: list[Refused] = []
    for file in files:
        try:
            found = read_bytes(_bytes(file), file.name, format=format)
        except InputError as error:
            refused.append(Refused(None, None, f"{file.name}: {error}"))
            continue
        format = format or found.format
        refused += (replace(row, why=f"{file.name}: {row.why}") for row in found.refused)
        for example in found.examples:
            if example.id in examples:
                taken = f"id: {example.id!r} is taken already by {places[example.id]}: give it another."
                refused.append(Refused(None, example.id, f"{file.name}: {taken}"))
            else:
                examples[example.id], places[example.id] = example, file.name
    if format is None or not examples:
        raise InputError(f"Need an example in {name!r}, found none that can be used. {refused[0].why}")
    return Dataset(name, format, tuple(examples.values()), tuple(refused))
