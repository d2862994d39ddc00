"""Tables in text: cells, quoted where they hold a separator or a line break, and rows that know their line.

What separates cells is the first of tab, comma and semicolon that makes a wanted name one of the first row's, else what
makes most cells of it: nothing is guessed from the rows.
"""

import csv
import io
from collections.abc import Iterator

from heta_core.datasets._contract import Refused
from heta_core.datasets._fields import LONGEST_PROMPT, shown
from heta_core.datasets._rows import Row
from heta_core.errors import InputError

DELIMITERS = "\t,;"


def header_of(text: str, wanted: str) -> list[str]:
    """The names in the first row; none if it cannot be read."""
    found = [_header(text, delimiter) for delimiter in DELIMITERS]
    return next((names for names in found if wanted in names), max(found, key=len))


def _header(text: str, delimiter: str) -> list[str]:
    try:
        return _named(next(_lined(text, delimiter), (0, []))[1])
    except InputError:
        return []


def _named(cells: list[str]) -> list[str]:
    return [cell.strip() for cell in cells]


def _lined(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the lines they begin in, empty ones left out.

    Raises:
        InputError: quotes do not match, so that what follows cannot be told apart.
    """
    # A limit of the process, not of a reader: 131,072 characters, fewer than a prompt may have. It is only ever raised.
    if csv.field_size_limit() < 2 * LONGEST_PROMPT:
        csv.field_size_limit(2 * LONGEST_PROMPT)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(
                f"Need rows whose quotes match, found one from line {line} on that does not end ({error}): "
                'put cells with quotes, separators or line breaks into "…", and write a quote inside twice.'
            ) from error
        if any(cells):
            yield line, cells


def table_rows(text: str, wanted: str) -> Iterator[Row | Refused]:
    """The rows of a table as objects of texts, by the names of its first row.

    Raises:
        InputError: a name stands twice, or quotes do not match.
    """
    names = header_of(text, wanted)
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"Every column needs a name of its own, found {shown(twice)} twice: rename one.")
    rows = _lined(text, next((d for d in DELIMITERS if _header(text, d) == names), ","))
    next(rows, None)
    for number, (line, cells) in enumerate(rows, start=1):
        if len(cells) == len(names):
            yield Row(number, line, dict(zip(names, cells, strict=True)))
        else:
            said = f"Need {len(names)} cells, as in the first row, found {len(cells)}"
            yield Refused(line, None, f'{said}: put those that hold a separator into "…".')
