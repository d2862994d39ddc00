"""What a lesson is: one idea, one picture that the reader changes, one question whose answer is uncovered.

1. `measure` asks the model once; what it gives is shipped as `assets/lessons/NAME.json` and opens without a model.
2. `told` puts the numbers of that into the words: a text says {name} where a number stands, and holds none of its own
   but 0 and 1, the number of an equation and those of lessons.
3. The browser draws the picture from the same data (`assets/learn/NAME.js`), `still` draws it for print.
4. `reply` answers what the reader changes beyond that, by a few forward passes.

In a text [[id|words]] links to the entry `id` of the glossary.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heta_core.settings import Settings

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

Data = dict[str, Any]  # of JSON's types alone


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reply may take; whoever serves the page may allow less."""

    longest: int = 160  # tokens: more are neither read from the last row nor answered at once
    settings: Settings = Settings()


@dataclass(frozen=True, slots=True)
class Exercise:
    """Something to try, and what is to be seen then."""

    task: str
    expected: str
    prompt: str = ""  # opens on Explore; empty where the lesson's own picture is used


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson. Texts are plain, with {numbers} and [[id|links]]."""

    name: str  # in addresses, and of its files
    number: int
    title: str
    idea: tuple[str, ...]  # paragraphs, two or three
    look: str  # what to do with the picture
    question: str
    answer: str
    exercises: tuple[Exercise, ...]
    measure: Callable[["LanguageModel"], Data]
    told: Callable[[Data], Mapping[str, str]]  # what stands for each {name} of the texts
    still: Callable[[Data], str]  # HTML without scripts, for print
    # What the picture sends → what it is given, some tenths of a second of work at most. Raises HetaError.
    reply: Callable[["LanguageModel", Mapping[str, object], Limits], Data] | None = None
    # `still` as the teacher has it: what the student's copy leaves to be found is filled in. None: it leaves nothing.
    solved: Callable[[Data], str] | None = None
