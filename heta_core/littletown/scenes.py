"""Scenes: sentences with marked words, and the facts that they state.

1. A `Sentence` is made from a template and knows where each of its words of interest stands.
2. A block is a list of sentences that belong together, with the facts they state.
3. A `Scene` interleaves blocks and unrelated sentences; the order inside a block is kept.
"""

import zlib
from dataclasses import dataclass, replace
from random import Random

from heta_core.littletown.words import FIELD, FILLERS

Span = tuple[int, int]
HELD_OUT_BUCKETS = 10  # one bucket in ten is never trained on


@dataclass(frozen=True, slots=True)
class Sentence:
    """A template with its words: `{name} went to the {place}.` and name=Kate, place=garden."""

    template: str
    words: tuple[tuple[str, str], ...]  # (role, word)

    @property
    def text(self) -> str:
        """The sentence as it is read."""
        return self.template.format(**dict(self.words))

    def word(self, role: str) -> str:
        """The word that plays a role."""
        return dict(self.words)[role]

    def span(self, role: str) -> Span:
        """Where the first word of a role stands, in characters of `text`."""
        words, at, end = dict(self.words), 0, 0
        for field in FIELD.finditer(self.template):
            at += field.start() - end
            word = words[field.group(1)]
            if field.group(1) == role:
                return at, at + len(word)
            at, end = at + len(word), field.end()
        raise KeyError(role)

    def with_word(self, role: str, word: str) -> "Sentence":
        """The same sentence with another word in a role."""
        return replace(self, words=tuple((r, word if r == role else w) for r, w in self.words))


def say(template: str, **words: str) -> Sentence:
    """A sentence from a template and its words."""
    return Sentence(template, tuple(words.items()))


Place = tuple[int, str]  # (sentence number, role in that sentence)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something a scene states: words by role, and where each of them is written."""

    skill: str
    relation: str
    words: tuple[tuple[str, str], ...]  # (role, word)
    found: tuple[tuple[str, Place], ...]  # role -> where the word stands
    links: tuple[Place, ...] = ()  # further words that the answer rests on

    def word(self, role: str) -> str:
        """The word of a role."""
        return dict(self.words)[role]

    def moved(self, numbers: dict[int, int]) -> "Fact":
        """The fact after its sentences were given other numbers."""
        found = tuple((role, (numbers[i], r)) for role, (i, r) in self.found)
        return replace(self, found=found, links=tuple((numbers[i], r) for i, r in self.links))


@dataclass(frozen=True, slots=True)
class Block:
    """Sentences in a fixed order and what they state; `glued` blocks are not interrupted by others."""

    sentences: tuple[Sentence, ...]
    facts: tuple[Fact, ...]
    glued: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """Sentences in reading order and the facts they state."""

    sentences: tuple[Sentence, ...]
    facts: tuple[Fact, ...]

    @property
    def text(self) -> str:
        """The sentences, one space between them."""
        return " ".join(s.text for s in self.sentences)

    def sentence_span(self, number: int) -> Span:
        """Where a sentence stands in `text`."""
        start = sum(len(s.text) + 1 for s in self.sentences[:number])
        return start, start + len(self.sentences[number].text)

    def word_span(self, place: Place) -> Span:
        """Where a marked word stands in `text`."""
        start = self.sentence_span(place[0])[0]
        a, b = self.sentences[place[0]].span(place[1])
        return start + a, start + b

    def with_word(self, place: Place, word: str) -> "Scene":
        """The scene with one marked word replaced; its facts are left as they were."""
        number, role = place
        changed = self.sentences[number].with_word(role, word)
        return replace(self, sentences=(*self.sentences[:number], changed, *self.sentences[number + 1 :]))

    @property
    def is_held_out(self) -> bool:
        """Whether this scene is kept from training: decided by its words, whatever their order or phrasing."""
        return bucket(" ".join(sorted(w for s in self.sentences for _, w in s.words))) == 0

    @property
    def words(self) -> frozenset[str]:
        """All marked words of the scene."""
        return frozenset(w for s in self.sentences for _, w in s.words)


def bucket(text: str) -> int:
    """The bucket of a text; bucket 0 is held out. The same on every machine and in every process."""
    return zlib.crc32(text.encode()) % HELD_OUT_BUCKETS


def weave(blocks: list[Block], n_fillers: int, rng: Random) -> Scene:
    """A scene in which blocks are interleaved and unrelated sentences stand between them."""
    queues: list[list[list[tuple[int, int]]]] = []
    for b, block in enumerate(blocks):
        steps = [(b, i) for i in range(len(block.sentences))]
        queues.append([steps] if block.glued else [[step] for step in steps])
    order: list[tuple[int, int]] = []
    while any(queues):
        queue = rng.choice([q for q in queues if q for _ in q])
        order.extend(queue.pop(0))
    sentences = [blocks[b].sentences[i] for b, i in order]
    number = {key: n for n, key in enumerate(order)}
    for filler in rng.sample(FILLERS, n_fillers):
        at = rng.randint(0, len(sentences))
        sentences.insert(at, Sentence(filler, ()))
        number = {key: n + (n >= at) for key, n in number.items()}
    facts = [
        fact.moved({i: number[b, i] for i in range(len(block.sentences))})
        for b, block in enumerate(blocks)
        for fact in block.facts
    ]
    return Scene(tuple(sentences), tuple(facts))
