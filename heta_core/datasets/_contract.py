"""What a data format is, and what every one of them is read into: examples with known evidence, by characters."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Span = tuple[int, int]  # characters start … stop−1 of a prompt
Takes = Literal["one", "first", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A prompt, what is explained after it, and what is known about where the answer stands.

    Spans lie inside the prompt, rise and do not overlap within one field; whoever reads a file holds that.
    """

    id: str  # unique in its data set
    prompt: str
    target: str | None = None  # the text that follows the prompt; None is the model's own choice
    # Of a target of several tokens: refuse it, explain its first token, or all of them together.
    takes: Takes = "one"
    evidence: tuple[Span, ...] = ()  # tells the answer
    distractor: tuple[Span, ...] = ()  # does not, and looks as if it might
    question: tuple[Span, ...] = ()  # neither, asks
    gold_words: tuple[Span, ...] = ()  # words that a human marked as important
    cluster: str = ""  # examples that share it are not independent; empty is a cluster of its own
    pair: str = ""  # the example that asks the same with the segments in the other order, by its id
    tags: tuple[str, ...] = ()  # to group by


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that could not be read: where, and what is wrong with which field."""

    line: int | None  # of the file, from 1; None where the format has no lines
    id: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a file holds: the examples that can be used, and those that cannot, with reasons."""

    name: str
    format: str
    examples: tuple[Example, ...]
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A form that data come in."""

    name: str  # as in commands: small letters and _
    title: str  # as on the page
    meaning: str  # one sentence: the fields, and which of them must be there
    suffixes: tuple[str, ...]  # of its files, with the dot
    # Whether the beginning of a text looks like this form; the first format in order of place that says so reads it.
    looks_like: Callable[[str], bool]
    read: Callable[[str], Iterator[Example | Refused]]  # of the text of a whole file
    sample: str  # a small file in this form, to copy
    place: int = 0  # in lists and when a form is guessed, lowest first
