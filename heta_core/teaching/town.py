"""Littletown to play with: a question of any skill from a seed, its evidence, and what the model needed for it.

1. A question is made by its skill, a seed and a length; training never saw its scene.
2. Beside it stands the same with one change: its minimal pair, its evidence rewritten, or its sentences reordered.
3. The model answers both, with M and I of every word. Only the scene's words compete: the question's are left out.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from difflib import SequenceMatcher
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from heta_core.datasets import ONE_SENTENCE, as_example
from heta_core.errors import InputError
from heta_core.littletown.lessons import SKILLS, Instance, evidence_change, held_out, minimal_pair
from heta_core.littletown.swapping import swapped
from heta_core.littletown.syllabus import ALL
from heta_core.teaching import spelling
from heta_core.teaching.contract import Data, Limits

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

LENGTHS = {"short": replace(ALL, n_blocks=(1, 1), per_block=(2, 3), n_fillers=(0, 0)), "long": ALL}
# What can stand beside a question; the first two always.
BESIDE = {"pair": minimal_pair, "change": evidence_change, "order": swapped}
MOST_SEED = 10**9
MOST_DIGITS = 11  # more than a seed has: longer ones are too large as well
_PARTS = ("skill", "seed", "length", "beside")  # of an event, and of an address
_KEPT = 64  # examples: each is drawn again with every change of its page
_FIGURES = Path(__file__).resolve().parents[2] / "assets" / "littletown" / "figures.json"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which question, and what beside it.

    Raises:
        InputError: there is no such skill, length or change, or the seed is none.
    """

    skill: str = SKILLS[0]
    seed: int = 0
    length: str = "short"
    beside: str = "pair"

    def __post_init__(self) -> None:
        for name, known in (("skill", SKILLS), ("length", tuple(LENGTHS)), ("beside", tuple(BESIDE))):
            if (found := getattr(self, name)) not in known:
                raise InputError(f"Littletown has no {name} {found[:40]!r}: take one of {', '.join(known)}.")
        if not 0 <= self.seed <= MOST_SEED:
            found = "a lower one" if self.seed < 0 else "a higher one"
            raise InputError(f"A seed is a whole number from 0 to {MOST_SEED:,}, found {found}: choose another.")


def wanted_of(event: Mapping[str, object]) -> Wanted:
    """What an event asks for.

    Raises:
        InputError: a part is missing, of another type, or not known.
    """
    parts = skill, seed, length, beside = tuple(event.get(name) for name in _PARTS)
    is_whole = isinstance(seed, int) and not isinstance(seed, bool)
    if is_whole and isinstance(skill, str) and isinstance(length, str) and isinstance(beside, str):
        return Wanted(skill, seed, length, beside)  # type: ignore[arg-type]  # an int, as was asked
    found = ", ".join(f"{name}: {type(value).__name__}" for name, value in zip(_PARTS, parts, strict=True))
    raise InputError(f"An example of Littletown needs a whole number as seed and three names, found {found}: give all.")


def as_event(wanted: Wanted) -> dict[str, object]:
    """The same as plain values."""
    return asdict(wanted)


@cache
def skills() -> list[Data]:
    """Every skill with how often the model is right, as its card has it: 0 to 1, over n questions and their pairs."""
    figures = json.loads(_FIGURES.read_text("utf-8"))
    scores, learnt = figures["scores"], figures["learnt"]
    return [{"name": skill, "learnt": skill in learnt} | scores[skill] for skill in SKILLS]


def instance(wanted: Wanted) -> Instance:
    """The question itself; the same on every machine."""
    return held_out(wanted.skill, 1, wanted.seed, syllabus=LENGTHS[wanted.length])[0]


def beside(wanted: Wanted, question: Instance) -> tuple[str, Instance]:
    """What stands beside it, and which change that is: its minimal pair where it has no other order."""
    other = BESIDE[wanted.beside](question)
    return (wanted.beside, other) if other is not None else ("pair", minimal_pair(question))


@lru_cache(_KEPT)
def example(wanted: Wanted) -> Data:
    """Both texts with their evidence, without the model; not to be changed."""
    question = instance(wanted)
    drawn, other = beside(wanted, question)
    first, second = spelling.words(question.prompt), spelling.words(other.prompt)
    return {
        "wanted": as_event(wanted),
        "beside": drawn,
        "has_order": swapped(question) is not None,
        "has_length": wanted.skill not in ONE_SENTENCE,
        "texts": [_told(question, _differing(first, second)), _told(other, _differing(second, first))],
    }


def _told(one: Instance, differs: list[bool]) -> Data:
    """A text as words, and what is known of each."""
    truth = as_example(one, one.skill)
    spans = spelling.spans(one.prompt)
    return {
        "text": one.prompt,
        "parts": spelling.parts(one.prompt),
        "answer": one.answer.strip(),
        "competes": _competing(one),
        "evidence": spelling.inside(spans, truth.evidence),
        "decides": spelling.inside(spans, truth.gold_words),
        "differs": differs,
    }


def _competing(one: Instance) -> list[bool]:
    """Which words are ranked: all but those of the question, where there is a scene that tells the answer."""
    asks = as_example(one, one.skill).question
    return [not does for does in spelling.inside(spelling.spans(one.prompt), asks)]


def _differing(own: list[str], other: list[str]) -> list[bool]:
    """Which words of one text are not in the other at their place."""
    same: set[int] = set()
    for block in SequenceMatcher(None, own, other, autojunk=False).get_matching_blocks():
        same |= set(range(block.a, block.a + block.size))
    return [k not in same for k in range(len(own))]


def reply(lm: "LanguageModel", event: Mapping[str, object], limits: Limits = Limits()) -> Data:
    """What the model says to both texts, and M and I of every word of them. Some ten forward passes' time.

    Raises:
        InputError: there is no such example, or it is too long here.
    """
    from heta_core.teaching import reading

    wanted = wanted_of(event)
    question = instance(wanted)
    both = question, beside(wanted, question)[1]
    return {"texts": [reading.read(lm, one.prompt, _competing(one), limits) for one in both]}
