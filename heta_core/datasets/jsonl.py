"""One's own data as JSON: an example on every line, or a list of them."""

from collections.abc import Iterator

from heta_core.datasets._contract import Example, Format, Refused
from heta_core.datasets._generic import example_of
from heta_core.datasets._rows import Row, begins_with, examples, json_rows


def _read(text: str) -> Iterator[Example | Refused]:
    return examples(json_rows(text), _example)


def _example(row: Row) -> Example:
    return example_of(row.fields, str(row.line or row.number))


SAMPLE = """\
{"id": "kate", "prompt": "Kate went to the park. Dan went to the barn. Question: Where is Kate? Answer:", \
"target": " park", "evidence": "Kate went to the park.", "distractor": "Dan went to the barn.", \
"question": "Question: Where is Kate?", "gold_words": [[0, 4], [17, 21]], "tags": ["where"]}
{"prompt": "The capital of France is", "target": " Paris"}
"""

FORMAT = Format(
    name="jsonl",
    title="JSON Lines",
    meaning="An object on every line with a prompt; id, target, takes, evidence, distractor, question, gold_words, "
    "cluster, pair and tags where they are known. A list of such objects is read as well.",
    suffixes=(".jsonl", ".ndjson", ".json"),
    looks_like=lambda head: begins_with(head, "prompt"),
    read=_read,
    sample=SAMPLE,
    place=90,
)
