"""One's own data as a table: CSV with commas or semicolons, or TSV, with names in the first row."""

from collections.abc import Iterator

from heta_core.datasets._cells import header_of, table_rows
from heta_core.datasets._contract import Example, Format, Refused
from heta_core.datasets._fields import SPAN_FIELDS
from heta_core.datasets._generic import check_names, example_of
from heta_core.datasets._rows import Row, examples, parse
from heta_core.errors import InputError

SEPARATOR = " | "  # between the texts of one cell


def _read(text: str) -> Iterator[Example | Refused]:
    check_names(header_of(text, "prompt"))
    return examples(table_rows(text, "prompt"), _example)


def _example(row: Row) -> Example:
    return example_of({name: _value(name, cell) for name, cell in row.fields.items()}, str(row.line))


def _value(name: str, cell: object) -> object:
    """What a cell says: nothing if it is empty, several things where a field can have several."""
    if cell == "" or not isinstance(cell, str):
        return None
    if name not in (*SPAN_FIELDS, "tags"):
        return cell
    if cell.lstrip().startswith("["):
        try:
            return parse(cell)
        except InputError:
            pass  # a text that begins with a bracket
    return [part for part in cell.split(SEPARATOR) if part]


FORMAT = Format(
    name="table",
    title="Table (CSV or TSV)",
    meaning='A first row of names, one of them prompt, then an example a row. Several texts in a cell have " | " '
    "between them; stretches can be given as JSON, [[start, stop], …].",
    suffixes=(".csv", ".tsv"),
    looks_like=lambda head: "prompt" in header_of(head, "prompt"),
    read=_read,
    sample='id,prompt,target,evidence,tags\nkate,"Kate went to the park. Question: Where is Kate? Answer:", park,'
    "Kate went to the park.,where | one step\nparis,The capital of France is, Paris,,facts\n",
    place=95,
)
