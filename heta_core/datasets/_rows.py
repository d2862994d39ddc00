"""Rows of a file, and what becomes of them: examples with ids of their own, or reasons.

1. A file is cut into rows that know their line: JSON Lines, or the elements of one JSON list.
2. A form makes an example of a row, or raises an `InputError` that names the field.
3. The example is checked; the second of two with one id is refused, and named with the line of the first.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from heta_core.datasets._contract import Example, Refused
from heta_core.datasets._fields import checked, name_of, shown
from heta_core.errors import InputError

_BREAK = re.compile(r"\r\n|\r|\n")  # what an editor counts as a line; str.splitlines knows more, which JSON may hold


@dataclass(frozen=True, slots=True)
class Row:
    """What stands in one place of a file."""

    number: int  # of the row, from 1
    line: int | None  # where it begins, from 1; None in one JSON document
    value: object

    @property
    def fields(self) -> dict[str, object]:
        """The row as an object.

        Raises:
            InputError: it is something else.
        """
        if not isinstance(self.value, dict):
            raise InputError(f"Need an object with fields, found {shown(self.value)}.")
        return self.value

    @property
    def place(self) -> str:
        """Where the row is, as a message says it."""
        return f"example {self.number}" if self.line is None else f"line {self.line}"


def examples(rows: Iterable[Row | Refused], make: Callable[[Row], Example]) -> Iterator[Example | Refused]:
    """What a form makes of rows; those that cannot be used say why."""
    first: dict[str, str] = {}
    for row in rows:
        if isinstance(row, Refused):
            yield row
            continue
        try:
            example = checked(make(row))
            if example.id in first:
                raise InputError(f"id: {shown(example.id)} is taken already by {first[example.id]}: give it another.")
        except InputError as error:
            yield Refused(row.line, _id(row), str(error) if row.line else f"{row.place}: {error}")
        else:
            first[example.id] = row.place
            yield example


def _id(row: Row) -> str | None:
    """The id of a row that cannot be used, if it has one."""
    try:
        return name_of(row.fields["id"], "id") or None
    except (InputError, KeyError):
        return None


def lines(text: str) -> list[str]:
    """The lines of a text, as an editor counts them."""
    return _BREAK.split(text)


def parse(text: str) -> object:
    """The JSON of a text, its numbers finite and its names once in every object.

    Raises:
        InputError: the text is no such JSON.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except RecursionError as error:
        raise InputError(
            "Need JSON, found lists within lists deeper than any data are: is this the right file?"
        ) from error
    except ValueError as error:  # JSONDecodeError, and numbers of thousands of digits
        raise InputError(f"Need JSON, found something else ({str(error)[:100]}): save or copy it again.") from error


def _refuse_constant(name: str) -> NoReturn:
    raise InputError(f"Every number must be finite, found {name}: what is not known is null, or left out.")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InputError("Every field may stand once in a row, found one twice: remove one.")
    return found


def json_rows(text: str, *, under: str | None = None) -> Iterator[Row | Refused]:
    """The objects of JSON Lines, of one JSON list, of the list `under` a field of one object, or the one object.

    Raises:
        InputError: it is one JSON document, and damaged or without a list.
    """
    document = _document(text)
    if isinstance(document, dict) and under is not None and under in document:
        document = document[under]
        if not isinstance(document, list):
            raise InputError(f"{under}: need a list of examples, found {shown(document)}.")
    if isinstance(document, list):
        yield from (Row(k, None, value) for k, value in enumerate(document, start=1))
    elif document is not None:
        yield Row(1, 1, document)
    else:
        yield from _json_lines(text)


def _document(text: str) -> object:
    """One JSON document, or None if the text is one for each line."""
    try:
        return parse(text)
    except InputError:
        if text.lstrip().startswith("["):
            raise
        return None


def _json_lines(text: str) -> Iterator[Row | Refused]:
    number = 0
    for line, one in enumerate(lines(text), start=1):
        if one.strip():
            number += 1
            try:
                yield Row(number, line, parse(one))
            except InputError as error:
                yield Refused(line, None, str(error))


def begins_with(head: str, *names: str) -> bool:
    """Whether the beginning of a text is JSON with all of these fields."""
    return head.lstrip()[:1] in ("{", "[") and all(re.search(rf'"{name}"\s*:', head) for name in names)
