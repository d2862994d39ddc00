"""Curated questions that come along: every story beside every passage that tells an answer, in both orders.

1. `assets/curated/narratives.jsonl` holds stories that tell none of the answers, `science.jsonl` questions with the
   passages that tell them once. All are this project's own sentences.
2. In a passage, words between asterisks are those that tell the answer: the answer itself, and what relates it to the
   question. So is marked where they stand, and nothing has to be looked for.
3. A prompt is two segments and the question; where each stands follows from the lengths of those before it.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import accumulate, pairwise
from math import lcm
from pathlib import Path

from heta_core.datasets._contract import Dataset, Example, Span
from heta_core.datasets._fields import checked
from heta_core.datasets.curated import BETWEEN, INDICES, WORD
from heta_core.errors import InputError

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "curated"
EVIDENCE_FIRST, EVIDENCE_LAST = "evidence first", "evidence last"
_ASKS, _CUE = "Question: ", " Answer:"


@dataclass(frozen=True, slots=True)
class Narrative:
    """A story that distracts."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Science:
    """A question and the passage that tells its answer."""

    id: str
    topic: str
    question: str
    answer: str
    support: str  # without marks
    important: tuple[Span, ...]  # characters of the support, rising


@cache
def narratives() -> tuple[Narrative, ...]:
    """The stories, as in their file.

    Raises:
        InputError: the file is not there.
    """
    return tuple(Narrative(row["id"], row["text"]) for row in _rows("narratives.jsonl"))


@cache
def science() -> tuple[Science, ...]:
    """The questions, as in their file.

    Raises:
        InputError: the file is not there.
    """
    return tuple(
        Science(row["id"], row["topic"], row["question"], row["answer"], *_unmarked(row["support"]))
        for row in _rows("science.jsonl")
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    try:
        text = (FOLDER / name).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"The curated questions must lie in assets/{FOLDER.name} beside the package, found no {name}: install from "
            "a checkout of the repository (pip install -e .)."
        ) from error
    return (json.loads(line) for line in text.splitlines())


def _unmarked(text: str) -> tuple[str, tuple[Span, ...]]:
    """A text without its asterisks, and the characters that stood between them."""
    pieces = text.split("*")
    ends = [0, *accumulate(len(piece) for piece in pieces)]
    return "".join(pieces), tuple(pairwise(ends))[1::2]


@lru_cache(maxsize=4)
def curated_set(n: int | None = None, seed: int = 0) -> Dataset:
    """`n` curated examples, all of them by default; the same for the same seed, on every machine.

    An example with the evidence last is followed by its `pair`, the same with the evidence first. However many are
    taken, each question and each story stands in as many of these pairs as any other, or in one more. Examples with the
    same answer share a `cluster`: what a model knows of an answer does not depend on the story beside it.

    No model that comes along can answer these questions; one that can may know the answer without the passage.

    Raises:
        InputError: n is less than 1 or more than there are, or the files are not there.
    """
    most = 2 * len(narratives()) * len(science())
    if n is not None and not 1 <= n <= most:
        raise InputError(f"Need 1 to {most:,} curated examples, found {n:,}: ask for as many.")
    n = most if n is None else n
    orders = (EVIDENCE_LAST, EVIDENCE_FIRST)  # the paper has the evidence last
    examples = [_example(*both, order) for both in _together((n + 1) // 2, seed) for order in orders][:n]
    if n % 2:
        examples[-1] = replace(examples[-1], pair="")
    return Dataset("Curated, written for this project", "curated", tuple(examples))


def _together(n: int, seed: int) -> Iterator[tuple[Narrative, Science]]:
    """`n` of all combinations, each at most once, stories and questions each in turn."""
    shuffled = random.Random(seed)
    stories = shuffled.sample(narratives(), len(narratives()))
    questions = shuffled.sample(science(), len(science()))
    # Two lists that take turns meet in the same combinations again after `lap` of them: the stories then skip one.
    lap = lcm(len(stories), len(questions))
    return ((stories[(k + k // lap) % len(stories)], questions[k % len(questions)]) for k in range(n))


def _example(story: Narrative, asked: Science, order: str) -> Example:
    last = f"curated-{story.id}-{asked.id}"
    first = f"{last}-swapped"
    segments = [story.text, asked.support, f"{_ASKS}{asked.question}{_CUE}"]
    if order == EVIDENCE_FIRST:
        segments[:2] = asked.support, story.text
    ends = list(accumulate(len(segment) + 1 for segment in segments))  # each with the space behind it
    spans = [(end - 1 - len(segment), end - 1) for segment, end in zip(segments, ends, strict=True)]
    evidence, distractor = spans[:2] if order == EVIDENCE_FIRST else spans[1::-1]
    return checked(
        Example(
            id=first if order == EVIDENCE_FIRST else last,
            prompt=" ".join(segments),
            target=" " + asked.answer,
            takes="first",
            evidence=(evidence,),
            distractor=(distractor,),
            question=(spans[2],),
            gold_words=tuple((evidence[0] + start, evidence[0] + stop) for start, stop in asked.important),
            cluster=asked.answer,
            pair=last if order == EVIDENCE_FIRST else first,
            tags=(asked.topic, order),
        )
    )


def to_curated_record(example: Example) -> dict[str, object]:
    """An example of `curated_set` in the form that curated data are published in: one of its list `examples`.

    That form knows one order, the evidence last, and has " <s> " between the segments. Its first token of the answer is
    written as the answer's first word: a tokenizer may cut that further.

    Raises:
        InputError: it is no such example, or has the evidence first.
    """
    story, support, asks = (
        " ".join(example.prompt[start:stop] for start, stop in spans)
        for spans in (example.distractor, example.evidence, example.question)
    )
    question, answer = asks.removeprefix(_ASKS).removesuffix(_CUE), (example.target or "").strip()
    if f"{story} {support} {_ASKS}{question}{_CUE}" != example.prompt or not answer:
        raise InputError(
            f"Need a curated example with the evidence last, found {example.id!r}: take those tagged {EVIDENCE_LAST!r}."
        )
    begin = len(story) + 1
    words = [(begin + word.start(), begin + word.end()) for word in WORD.finditer(support)]
    return {
        "id": example.id,
        "base_pair_id": example.id,
        "narrative_segment": story,
        "sciq_support_segment": support,
        "question": question,
        "answer": answer,
        "target_first_answer_token": answer.split()[0],
        "input_text": BETWEEN.join((story, support, _ASKS + question)),
        "important_words": [example.prompt[start:stop] for start, stop in example.gold_words],
        INDICES: [number for number, word in enumerate(words) if word in example.gold_words],
    }
