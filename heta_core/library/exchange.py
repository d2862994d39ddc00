"""Entries as one JSON file that explains itself, and back.

{"format": "heta-library", "version": 1, "entries": [{"title", "tags", "notes", "created", "report": {…}}, …]}; a report
is what `heta_core.report` writes. A report alone is taken in as well.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from heta_core.errors import HetaError, LibraryError
from heta_core.library.entry import Entry, Result, Shelf, Words, cleaned, title
from heta_core.library.reading import report_of
from heta_core.library.writing import Row, save_all
from heta_core.packing import parse
from heta_core.report import FORMAT as ATTRIBUTION
from heta_core.report import GENERATION, LARGEST, dumps, loads, loads_generation

FORMAT, VERSION = "heta-library", 1
_FIELDS = {"title", "tags", "notes", "created", "report"}
_LOADERS: dict[str, Callable[[str], Result]] = {ATTRIBUTION: loads, GENERATION: loads_generation}


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file."""

    taken: tuple[str, ...]  # ids
    refused: tuple[str, ...]  # which entry and why, a sentence each


def export_text(shelf: Shelf, entries: Sequence[Entry]) -> str:
    """Entries as one JSON text, reports as they are stored.

    Raises:
        LibraryError: an entry is damaged or gone, the text would be too long, or the file cannot be read.
    """
    written, n = [], 0
    for entry in entries:
        head = {
            **{"title": entry.words.title, "tags": entry.words.tags, "notes": entry.words.notes},
            "created": entry.created,
        }
        report = report_of(shelf, entry)
        n += len(report)
        if n > LARGEST:
            raise LibraryError(f"An export has at most {LARGEST:,} characters, these entries have more: export fewer.")
        # The report is JSON already: reading megabytes only to write them again would change nothing.
        written.append(f'{json.dumps(head, ensure_ascii=False)[:-1]}, "report": {report}}}')
    return f'{{"format": "{FORMAT}", "version": {VERSION}, "entries": [\n' + ",\n".join(written) + "\n]}\n"


def import_text(shelf: Shelf, text: str) -> Imported:
    """Take in the good entries of an export, or one report; name the bad ones.

    An entry that is there already gets the report, and the tags and notes that it does not have yet.

    Raises:
        LibraryError: the text is no such file, or the library cannot be written; then nothing was taken.
        ReportError: the text is no whole JSON.
    """
    rows, refused = [], []
    for k, item in enumerate(_items(text), start=1):
        try:
            rows.append(_row(item))
        except HetaError as error:
            refused.append(f"Entry {k}{_named(item)} was left out. {error}")
    return Imported(save_all(shelf, rows) if rows else (), tuple(refused))


def _items(text: str) -> list[object]:
    """The entries of a file, not yet looked at."""
    if len(text) > 2 * LARGEST:
        raise LibraryError(f"An import has at most {2 * LARGEST:,} characters, found {len(text):,}: take it in parts.")
    document = parse(text)
    found = document.get("format") if isinstance(document, dict) else None
    if isinstance(document, dict) and found in list(_LOADERS):  # a list, as what was found may be anything
        return [{"report": document}]
    if not isinstance(document, dict) or found != FORMAT:
        raise LibraryError("Need a file exported from the library, or a saved analysis; found other JSON.")
    version, entries = document.get("version"), document.get("entries")
    if type(version) is not int or not 1 <= version <= VERSION:
        raise LibraryError(
            f"Need version 1 to {VERSION} of an export, found {version!r}: import it with the release that wrote it."
        )
    if not isinstance(entries, list):
        raise LibraryError("An export needs a list of entries, found none: the file is damaged.")
    return entries


def _row(item: object) -> Row:
    """What is written of one entry of a file.

    Raises:
        HetaError: the entry, its words or its report cannot be used.
    """
    if not isinstance(item, dict) or not {"report"} <= item.keys() <= _FIELDS or not isinstance(item["report"], dict):
        raise LibraryError(f"It needs a report and may have {', '.join(sorted(_FIELDS - {'report'}))}, found others.")
    loader = _LOADERS.get(str(item["report"].get("format")))
    if loader is None:
        raise LibraryError(f"It needs a report of format {' or '.join(_LOADERS)}, found another.")
    result = loader(json.dumps(item["report"], ensure_ascii=False))
    return Row(result, dumps(result), _words(item, result), _created(item))


def _words(item: dict[str, object], result: Result) -> Words:
    name, tags, notes = item.get("title", title(result)), item.get("tags", []), item.get("notes", "")
    if not isinstance(name, str) or not isinstance(notes, str):
        raise LibraryError("Its title and note must be texts, found others.")
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise LibraryError("Its tags must be a list of texts, found others.")
    return Words(name, cleaned(tags), notes)


def _created(item: dict[str, object]) -> float:
    created = item.get("created", time.time())
    # Two centuries from 1970: a page could not write later years. No number compares with NaN.
    if isinstance(created, bool) or not isinstance(created, int | float) or not 0 <= created < 2**33:
        raise LibraryError("Its time must be seconds since 1970, found something else.")
    return float(created)


def _named(item: object) -> str:
    name = item.get("title") if isinstance(item, dict) else None
    return f" (“{name[:60]}”)" if isinstance(name, str) else ""
