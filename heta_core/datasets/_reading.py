"""A file or a text → a `Dataset`: its form guessed, its bytes decoded, its bad rows beside its good ones."""

import re
from functools import cache
from pathlib import Path, PurePath

from heta_core.datasets._contract import Dataset, Example, Format, Refused
from heta_core.discovery import declared
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
    for form in known():
        if form.name == name:
            return form
    raise InputError(f"There is no data format {name!r}: take one of {', '.join(form.name for form in known())}.")


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
    if len(data) > LARGEST:
        raise InputError(_too_large(name, len(data)))
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(f"Need a file in UTF-8, found UTF-16 in {name!r}: save it as UTF-8.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = 1 + len(re.findall(rb"\r\n|\r|\n", data[: error.start]))
        raise InputError(
            f"Need a file in UTF-8, but line {line} of {name!r} is not UTF-8: save it as UTF-8."
        ) from error
    return read(text, name, format=format)


def _too_large(name: str, size: int) -> str:
    return f"Need a file of at most {LARGEST:,} bytes, found {size:,} in {name!r}: take a part of it."


def read_path(path: str | Path, *, format: str | None = None) -> Dataset:
    """The same for a file on this computer.

    Raises:
        InputError: it is not there, no file, too large or cannot be read.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise InputError(f"Need a file, found a folder {str(path)!r}: name a file in it.")
        size = path.stat().st_size
        if size > LARGEST:
            raise InputError(_too_large(path.name, size))
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # the last: a null character in the path
        raise InputError(
            f"Need a file that can be read, found {str(path)!r}: {_reason(error)}. Check the path."
        ) from error
    return read_bytes(data, path.name, format=format)


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
