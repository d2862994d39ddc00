"""Plain text: a prompt on every line."""

from collections.abc import Iterator

from heta_core.datasets._contract import Example, Format, Refused
from heta_core.datasets._rows import Row, examples, lines


def _read(text: str) -> Iterator[Example | Refused]:
    rows = (Row(n, n, line) for n, line in enumerate(lines(text), start=1) if line.strip())
    return examples(rows, lambda row: Example(id=str(row.number), prompt=str(row.value)))


FORMAT = Format(
    name="prompts",
    title="Prompts, one a line",
    meaning="Every line is a prompt; nothing is known about it, and the model's own choice is explained.",
    suffixes=(".txt",),
    looks_like=lambda head: bool(head.strip()) and head.lstrip()[0] not in "{[",
    read=_read,
    sample="The capital of France is\nKate went to the garden. Question: Where is Kate? Answer:\n",
    place=100,  # any text looks like this
)
