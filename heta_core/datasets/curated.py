"""Curated question answering: a narrative that distracts, a passage that tells the answer, a question about it.

The text of every example is `{narrative} <s> {support} <s> Question: {question}`. Its parts are found by their lengths:
a narrative may well repeat words of the support, so that looking for one in the text could find the other.
"""

import re
from collections.abc import Iterator, Mapping

from heta_core.datasets._contract import Example, Format, Refused, Span
from heta_core.datasets._fields import name_of, shown, text_of
from heta_core.datasets._rows import Row, begins_with, examples, json_rows
from heta_core.errors import InputError
from heta_core.tokens import n_common

BETWEEN = " <s> "
CUE = "\nAnswer:"
INDICES = "important_word_indices_in_sciq_support"
# What the data counts as a word: letters and digits, with one hyphen or apostrophe inside.
WORD = re.compile(r"[A-Za-z0-9]+(?:[-'][A-Za-z0-9]+)?")


def _read(text: str) -> Iterator[Example | Refused]:
    first: dict[str, str] = {}

    def make(row: Row) -> Example:
        pair = name_of(row.fields.get("base_pair_id", ""), "base_pair_id")
        if pair in first:
            raise InputError(f"It repeats base pair {shown(pair)}, {first[pair]}.")
        example = _example(row)
        if pair:
            first[pair] = row.place
        return example

    return examples(json_rows(text, under="examples"), make)


def _example(row: Row) -> Example:
    fields = row.fields
    narrative, support, question, answer = (
        text_of(fields.get(name), name) for name in ("narrative_segment", "sciq_support_segment", "question", "answer")
    )
    said = text_of(fields.get("input_text"), "input_text")
    asks = f"Question: {question}"
    if said != (joined := BETWEEN.join((narrative, support, asks))):
        raise InputError(
            f"input_text: need narrative, support and question joined by {BETWEEN!r}, found another text from "
            f"character {n_common(said, joined)} on: the segments would not be where the fields say."
        )
    if not answer.strip():
        raise InputError("answer: need a text, found an empty one.")
    start = len(narrative) + len(BETWEEN)
    stop = start + len(support)
    return Example(
        id=name_of(fields.get("id", row.number), "id"),
        prompt=said + CUE,
        target=" " + answer.strip(),
        takes="first",
        evidence=((start, stop),),
        distractor=((0, len(narrative)),),
        question=((stop + len(BETWEEN), len(said)),),
        gold_words=tuple((start + a, start + b) for a, b in _important(fields, support)),
        cluster=name_of(answer.strip(), "answer"),
    )


def _important(fields: Mapping[str, object], support: str) -> list[Span]:
    """The marked words of the support; where the words themselves are listed too, both must say the same."""
    numbers = fields.get(INDICES, [])
    if not isinstance(numbers, list) or not all(type(n) is int for n in numbers):
        raise InputError(f"{INDICES}: need a list of whole numbers, found {shown(numbers)}.")
    words = [word.span() for word in WORD.finditer(support)]
    outside = next((n for n in numbers if not 0 <= n < len(words)), None)
    if outside is not None:
        raise InputError(f"{INDICES}: need words 0 to {len(words) - 1} of the support, found {shown(outside)}.")
    spans = [words[n] for n in sorted(set(numbers))]
    listed = fields.get("important_words")
    known = {word.lower() for word in listed if isinstance(word, str)} if isinstance(listed, list) else None
    for start, stop in spans:
        word = support[start:stop].lower()
        if known is not None and word not in known:
            raise InputError(
                f"{INDICES}: word {shown(word)} is marked but not among important_words: words are counted otherwise."
            )
    return spans


SAMPLE = """\
{"examples": [{"id": "qa_0", "base_pair_id": "narrative_00__sciq_00",
"narrative_segment": "The musician found the old piano in the attic.",
"sciq_support_segment": "The heart pumps blood through the body.",
"question": "Which organ pumps blood?", "answer": "heart", "target_first_answer_token": "heart",
"input_text": "The musician found the old piano in the attic. <s> The heart pumps blood through the body. \
<s> Question: Which organ pumps blood?",
"important_words": ["heart", "pumps", "blood"], "important_word_indices_in_sciq_support": [1, 2, 3]}]}
"""

FORMAT = Format(
    name="curated",
    title="Curated: narrative and science",
    meaning="A list of examples, each with narrative_segment, sciq_support_segment, question, answer, input_text and "
    "the numbers of the important words; of several with one base_pair_id the first is kept.",
    suffixes=(".json", ".jsonl"),
    looks_like=lambda head: begins_with(head, "narrative_segment", "sciq_support_segment"),
    read=_read,
    sample=SAMPLE,
    place=10,
)
