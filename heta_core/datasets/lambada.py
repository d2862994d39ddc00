"""Annotated LAMBADA: passages whose last word needs the whole passage, and the words that people found it by."""

from collections.abc import Iterator

from heta_core.datasets._contract import Example, Format, Refused, Span
from heta_core.datasets._fields import name_of, shown, spans_of, text_of
from heta_core.datasets._rows import Row, begins_with, examples, json_rows
from heta_core.errors import InputError


def _read(text: str) -> Iterator[Example | Refused]:
    return examples(json_rows(text), _example)


def _example(row: Row) -> Example:
    fields = row.fields
    text = text_of(fields.get("text"), "text").rstrip()
    words = text.rsplit(maxsplit=1)
    if len(words) < 2:
        raise InputError("text: need at least two words, the last of which is explained.")
    prompt = text[: len(text) - len(words[1])].rstrip()
    marked = fields.get("rationale")
    if not isinstance(marked, list | None):
        raise InputError(f"rationale: need a list of [start, stop] in characters, found {shown(marked)}.")
    return Example(
        id=name_of(fields.get("lambadaIndex", row.number), "lambadaIndex"),
        prompt=prompt,
        target=text[len(prompt) :],
        takes="all",
        gold_words=_merged(spans_of(marked or [], text, "rationale")),
    )


def _merged(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Stretches that people marked, one of what overlaps: a word marked twice is a marked word."""
    found: list[Span] = []
    for start, stop in spans:
        if start < stop and found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(stop, found[-1][1]))
        else:
            found.append((start, stop))  # a reversed one is refused when the example is checked
    return tuple(found)


SAMPLE = """\
{"lambadaIndex": 7, "text": "She gave the dog its bowl. It was empty before she had put away the food for the dog", \
"rationale": [[21, 25], [13, 16]]}
"""

FORMAT = Format(
    name="lambada",
    title="LAMBADA, annotated",
    meaning="An object on every line with text, whose last word is explained, and rationale, the marked words as "
    "[start, stop] in characters; lambadaIndex is the id.",
    suffixes=(".json", ".jsonl"),
    looks_like=lambda head: begins_with(head, "text", "rationale"),
    read=_read,
    sample=SAMPLE,
    place=40,
)
