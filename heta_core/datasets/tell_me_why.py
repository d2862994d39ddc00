"""TellMeWhy: short narratives, why-questions about them, and the sentences that helped a person answer."""

import re
from collections.abc import Iterator
from itertools import pairwise

from heta_core.datasets._cells import header_of, table_rows
from heta_core.datasets._contract import Example, Format, Refused, Span
from heta_core.datasets._fields import name_of, shown, text_of
from heta_core.datasets._rows import Row, begins_with, examples, json_rows, parse
from heta_core.errors import InputError

HELPFUL, SENTENCES = "helpful_sentences", "original_narrative_form"
_NEEDED = ("narrative", "question", HELPFUL)
_END = re.compile(r"""(?<![.!?…])[.!?…]++["'”’)]*+(?=\s|$)""")  # looked for once in a run of marks
_NUMBERS = re.compile(r"""[\[\](),'"\s\d]*""")
# One text of a list as Python prints it, with what stands before it: cells of the CSV files hold such lists.
_QUOTED = re.compile(r"""[\s\[(,]*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")""", re.DOTALL)


def _looks_like(head: str) -> bool:
    return begins_with(head, *_NEEDED) or set(_NEEDED) <= set(header_of(head, "narrative"))


def _read(text: str) -> Iterator[Example | Refused]:
    is_json = text.lstrip()[:1] in ("{", "[")
    return examples(json_rows(text) if is_json else table_rows(text, "narrative"), _example)


def _example(row: Row) -> Example:
    fields = row.fields
    narrative, question, answer = (text_of(fields.get(name), name) for name in ("narrative", "question", "answer"))
    if not answer.strip():
        raise InputError("answer: need a text, found an empty one.")
    spans = _sentences(fields.get(SENTENCES), narrative)
    helpful = _helpful(fields.get(HELPFUL), len(spans))
    asks = f"Question: {question}"
    start = len(narrative) + 1
    judged = fields.get("is_ques_answerable")
    return Example(
        id=str(row.number),  # question_meta stands in three rows, one for each person who answered
        prompt=f"{narrative}\n{asks}\nAnswer:",
        target=" " + answer.strip(),
        takes="all",  # the first word of an answer is seldom the reason
        evidence=tuple(spans[n - 1] for n in helpful),
        question=((start, start + len(asks)),),
        cluster=name_of(fields.get("question_meta") or "", "question_meta"),
        tags=(name_of(judged, "is_ques_answerable"),) if judged else (),
    )


def _sentences(listed: object, narrative: str) -> list[Span]:
    """Where each sentence of a narrative stands: as the data lists them, else by their marks."""
    if isinstance(listed, str):
        listed = _printed(listed)
    if not listed:
        ends = [0, *(end.end() for end in _END.finditer(narrative))]
        if narrative[ends[-1] :].strip():
            ends.append(len(narrative))
        return [(b - len(narrative[a:b].lstrip()), b) for a, b in pairwise(ends)]
    if not isinstance(listed, list):
        raise InputError(f"{SENTENCES}: need a list of sentences, found {shown(listed)}.")
    found: list[Span] = []
    at = 0
    for k, sentence in enumerate(listed, start=1):
        said = text_of(sentence, SENTENCES).strip()
        start = narrative.find(said, at) if said else -1
        if start < 0:
            raise InputError(f"{SENTENCES}: sentence {k}, {shown(said)}, does not follow in the narrative.")
        at = start + len(said)
        found.append((start, at))
    return found


def _printed(cell: str) -> object:
    """A list of texts that was written into a cell, as JSON or as Python prints it."""
    try:
        return parse(cell) if cell.strip() else []
    except InputError:
        pass
    found: list[str] = []
    at = 0
    while text := _QUOTED.match(cell, at):
        found.append(re.sub(r"\\(.)", r"\1", text[1] or text[2] or ""))
        at = text.end()
    if cell[at:].strip(" \n]),"):
        raise InputError(f"{SENTENCES}: need a list of sentences, found {shown(cell)}.")
    return found


def _helpful(value: object, n: int) -> list[int]:
    """Numbers of sentences, from 1."""
    if isinstance(value, str) and _NUMBERS.fullmatch(value):
        value = re.findall(r"\d{1,9}", value)
    if not isinstance(value, list | None):
        raise InputError(f"{HELPFUL}: need a list of numbers of sentences, found {shown(value)}.")
    numbers = set()
    for one in value or ():
        number = int(one) if isinstance(one, str) and one.isdecimal() and len(one) < 10 else one
        if type(number) is not int or not 1 <= number <= n:
            raise InputError(f"{HELPFUL}: need sentences 1 to {n} of the narrative, found {shown(one)}.")
        numbers.add(number)
    return sorted(numbers)


SAMPLE = """\
{"narrative": "Cam ordered a cake. He opened the box. The cake was not cut. He looked for a knife.", \
"question": "Why did Cam look for a knife?", "answer": "The cake was not cut.", "helpful_sentences": [3], \
"question_meta": "narrative_1_sentence_3_question_0", "is_ques_answerable": "Answerable", \
"original_narrative_form": ["Cam ordered a cake.", "He opened the box.", "The cake was not cut.", \
"He looked for a knife."]}
"""

FORMAT = Format(
    name="tell_me_why",
    title="TellMeWhy",
    meaning="JSON, JSON Lines or CSV with narrative, question, answer and helpful_sentences, which count the "
    "sentences of the narrative from 1; question_meta groups the answers to one question.",
    suffixes=(".json", ".jsonl", ".csv"),
    looks_like=_looks_like,
    read=_read,
    sample=SAMPLE,
    place=30,
)
