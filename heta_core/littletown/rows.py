"""Training rows: a scene, then all its questions with their answers, as weighted pieces of text.

One row is one scene. A piece is never split: every piece but the first begins with a space, so that
the tokens of the pieces are the tokens of the row.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal

from heta_core.littletown.blocks import BLOCKS, Cast, NoWordLeftError
from heta_core.littletown.questions import asked, fixed_questions, forms_of, question
from heta_core.littletown.scenes import Scene, bucket, weave
from heta_core.littletown.words import (
    ADJECTIVES,
    COLOURS,
    NAMES,
    OBJECTS,
    PLACES,
    PLURALS,
    PREPOSITIONS,
)

Kind = Literal["story", "question", "answer"]
Piece = tuple[str, Kind]
NO_SCENE = 0.03  # rows that open with a question, a list or a plain statement


@dataclass(frozen=True, slots=True)
class Syllabus:
    """What the rows of a stage hold."""

    blocks: tuple[tuple[str, float], ...]  # (block, how often)
    n_blocks: tuple[int, int]  # fewest and most blocks of a scene
    per_block: tuple[int, int]  # fewest and most things told by a block
    n_fillers: tuple[int, int]
    n_questions: int  # most questions of a row
    copying: float  # chance that a row also copies a list
    lists: float = 0.0  # chance that a row also lists who goes with what, name and value side by side
    agreement: float = 0.0  # chance that it also tells of things near other things
    facts: float = 0.0  # chance that it also asks for fixed facts
    names_first: float = 0.0  # chance that questions for a name come first, before others give the answer away
    stands: bool = False  # whether the place of a container is asked for: the second of two steps


def scene(syllabus: Syllabus, rng: Random, *, must: str | None = None) -> Scene:
    """A scene of a stage, each block at most once; `must` names a block it holds in any case."""
    names, weights = zip(*syllabus.blocks, strict=True)
    kinds = {must: None} if must else {}
    for _ in range(rng.randint(*syllabus.n_blocks) - len(kinds)):
        kinds[rng.choices(names, weights)[0]] = None
    try:
        cast = Cast(rng)
        told = [BLOCKS[kind](cast, rng.randint(*syllabus.per_block)) for kind in kinds]
    except NoWordLeftError:
        return scene(syllabus, rng, must=must)
    return weave(told, rng.randint(*syllabus.n_fillers), rng)


def copying(rng: Random) -> tuple[list[str], int]:
    """Words to copy, and how many of them are already copied when the next one is asked for."""
    words = rng.sample((*NAMES, *OBJECTS, *PLACES, *COLOURS), rng.randint(4, 10))
    return words, rng.randint(1, len(words) - 1)


def copy_prompt(words: list[str], n_copied: int) -> str:
    """A list and the beginning of its copy."""
    return f"Copy: {' '.join(words)}. Again: {' '.join(words[:n_copied])}"


def agreement(rng: Random) -> tuple[str, str, str]:
    """A thing, a preposition, and another thing of any number between the first and its verb."""
    head, attractor = rng.sample(tuple(PLURALS), 2)
    if rng.random() < 0.5:
        attractor = PLURALS[attractor]
    return head, rng.choice(PREPOSITIONS), attractor


def agreement_prompt(head: str, preposition: str, attractor: str) -> str:
    """A subject with another noun behind it, up to the verb."""
    return f"The {head} {preposition} the {attractor}"


def _copied(rng: Random) -> list[Piece]:
    while bucket(" ".join((drawn := copying(rng))[0])) == 0:
        pass
    words, _ = drawn
    answers: list[Piece] = [(f" {word}", "answer") for word in words]
    return [(f" Copy: {' '.join(words)}. Again:", "story"), *answers, (".", "story")]


def _agreeing(rng: Random) -> list[Piece]:
    while bucket(" ".join(drawn := agreement(rng))) == 0:
        pass
    head, preposition, attractor = drawn
    is_plural = rng.random() < 0.5
    subject = agreement_prompt(PLURALS[head] if is_plural else head, preposition, attractor)
    verb: Piece = (" are" if is_plural else " is", "answer")
    return [(" " + subject, "story"), verb, (f" {rng.choice(ADJECTIVES)}.", "story")]


LISTED = {"where": ("name", "place"), "have": ("name", "object"), "colour": ("object", "colour")}
STANDING = {"stands": ("container", "place"), "container": ("object", "container")}


def _list(told: Scene, syllabus: Syllabus, rng: Random) -> list[Piece]:
    """'List: Kate garden, Noah park.': the shortest way to ask who goes with what."""
    listed = LISTED | STANDING if syllabus.stands else LISTED
    relation = rng.choice(tuple(listed))
    key, value = rng.sample(listed[relation], 2)
    facts = [f for f in told.facts if f.relation == relation]
    rng.shuffle(facts)
    pieces: list[Piece] = [(" List:", "story")] if facts else []
    for i, fact in enumerate(facts):
        pieces += [(f" {fact.word(key)}", "story"), (f" {fact.word(value)}", "answer")]
        pieces.append(("," if i < len(facts) - 1 else ".", "story"))
    return pieces


def _fixed(rng: Random, n: int) -> list[list[Piece]]:
    return [
        [(" " + question(t.format(subject=s)), "question"), (f" {a}", "answer"), (".", "story")]
        for t, s, a in rng.sample(fixed_questions(), n)
    ]


def _asks(told: Scene, syllabus: Syllabus, rng: Random) -> list[list[Piece]]:
    """Everything that can be asked about a scene, in random order."""
    asks: list[list[Piece]] = []
    for fact in told.facts:
        for form in forms_of(fact) if syllabus.stands or fact.relation != "stands" else ():
            kind: Kind = "question" if form.text.startswith("Question") else "story"
            answer = f" {fact.word(form.role)}"
            asks.append([(" " + asked(form, fact), kind), (answer, "answer"), (form.after, "story")])
    rng.shuffle(asks)
    return asks[: syllabus.n_questions]


def _asks_for_a_name(ask: list[Piece]) -> bool:
    answers = [text.strip() for text, kind in ask if kind == "answer"]
    return bool(answers) and answers[0] in NAMES and "Copy" not in ask[0][0]


def row(syllabus: Syllabus, rng: Random) -> list[Piece]:
    """One training row: a scene, its questions, and what needs no scene in any place between them."""
    while (told := scene(syllabus, rng)).is_held_out:
        pass
    has_scene = rng.random() >= NO_SCENE
    asks = _asks(told, syllabus, rng) if has_scene else [*_fixed(rng, 2), _copied(rng), _agreeing(rng)]
    if has_scene and rng.random() < syllabus.lists:
        asks.append(_list(told, syllabus, rng))
    if rng.random() < syllabus.facts:
        asks += _fixed(rng, 2)
    if rng.random() < syllabus.copying:
        asks.append(_copied(rng))
    if rng.random() < syllabus.agreement:
        asks += [_agreeing(rng), _agreeing(rng)]
    rng.shuffle(asks)
    if syllabus.names_first and rng.random() < syllabus.names_first:
        asks.sort(key=lambda ask: not _asks_for_a_name(ask))
    pieces: list[Piece] = [(told.text, "story"), *(piece for ask in asks for piece in ask)]
    if not has_scene:
        pieces = pieces[1:]
        pieces[0] = (pieces[0][0].lstrip(), pieces[0][1])
    return pieces
