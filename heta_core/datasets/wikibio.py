"""WikiBio: the table of a person's article, and the sentence that its biography begins with."""

import re
from collections.abc import Iterator, Mapping

from heta_core.datasets._contract import Example, Format, Refused
from heta_core.datasets._fields import name_of, shown, text_of
from heta_core.datasets._rows import Row, begins_with, examples, json_rows
from heta_core.errors import InputError

CUE = "\nBiography:"
_FIRST = re.compile(r".*? \.(?=\s|\Z)")  # the data's full stops stand apart, those of "st." do not


def _read(text: str) -> Iterator[Example | Refused]:
    return examples(json_rows(text), _example)


def _example(row: Row) -> Example:
    fields = row.fields
    about = fields.get("input_text")
    table = about.get("table") if isinstance(about, Mapping) else None
    if not isinstance(about, Mapping) or not isinstance(table, Mapping):
        raise InputError(f"input_text: need an object with a table and a context, found {shown(about)}.")
    names, contents = (_texts(table.get(name), f"table.{name}") for name in ("column_header", "content"))
    if len(names) != len(contents) or not names:
        raise InputError(f"table: need a name for each content, found {len(names)} names and {len(contents)} contents.")
    context = text_of(about.get("context", ""), "context").strip()
    rows = [f"{name.strip()}: {content.strip()}" for name, content in zip(names, contents, strict=True)]
    return Example(
        id=name_of(fields.get("id", row.number), "id"),
        prompt="\n".join([*([context] if context else []), *rows]) + CUE,
        target=" " + _first_sentence(text_of(fields.get("target_text"), "target_text")),
        takes="all",
    )


def _texts(value: object, field: str) -> list[str]:
    if not isinstance(value, list):
        raise InputError(f"{field}: need a list of texts, found {shown(value)}.")
    return [text_of(one, field) for one in value]


def _first_sentence(biography: str) -> str:
    line = next((line.strip() for line in biography.split("\n") if line.strip()), "")
    if not line:
        raise InputError("target_text: need a biography, found an empty text.")
    first = _FIRST.match(line)
    return first[0] if first else line


SAMPLE = """\
{"input_text": {"table": {"column_header": ["name", "birth_date", "occupation"], "row_number": [1, 1, 1], \
"content": ["ada example", "1 may 1900", "pilot"]}, "context": "ada example\\n"}, \
"target_text": "ada example -lrb- born 1 may 1900 -rrb- was a pilot .\\nshe flew alone .\\n"}
"""

FORMAT = Format(
    name="wikibio",
    title="WikiBio (tables and biographies)",
    meaning="An object on every line with input_text, its table as column_header and content, and target_text, whose "
    "first sentence is explained; a folder with one set of .sent, .nb, .box and .title is read as well.",
    suffixes=(".jsonl", ".json"),
    looks_like=lambda head: begins_with(head, "input_text", "column_header", "content"),
    read=_read,
    sample=SAMPLE,
    place=50,
)
