"""The kinds of stories: each function writes one block of a scene and states its facts.

Every block tells at least two things of a kind, so that a question always has a wrong answer to avoid.
"""

from collections.abc import Callable
from random import Random

from heta_core.littletown.scenes import Block, Fact, Sentence, say
from heta_core.littletown.words import COLOURS, CONTAINERS, MEN, NAMES, OBJECTS, PLACES, WOMEN

WENT = ("went to", "walked to", "moved to", "ran to", "is in")
HAS = ("has", "took", "picked up", "found")
GAVE = (
    "{giver} gave the {object} to {receiver}.",
    "{giver} gave {receiver} the {object}.",
    "{giver} handed the {object} to {receiver}.",
)
REUSE = 0.5  # how often a word the scene already knows is taken: people have several sides


class NoWordLeftError(LookupError):
    """A scene wants more different words of a kind than there are; draw another scene."""


class Cast:
    """The words of one scene: nobody is told to be in two places, and no value is told twice."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self._taken: set[tuple[str, str]] = set()

    def draw(self, pool: tuple[str, ...], *uses: str) -> str:
        """A word of `pool` that is still free for all `uses`; taken for them from now on."""
        free = [w for w in pool if not any((use, w) in self._taken for use in uses)]
        if not free:
            raise NoWordLeftError(f"Need a free word for {uses}, all {len(pool)} are taken: draw another scene.")
        known = {word for _, word in self._taken}
        familiar = [w for w in free if w in known]
        word = self.rng.choice(familiar if familiar and self.rng.random() < REUSE else free)
        self._taken.update((use, word) for use in uses)
        return word


def _fact(skill: str, relation: str, number: int, sentence: Sentence, *roles: str) -> Fact:
    """A fact whose words stand in one sentence under the names of their roles."""
    words = tuple((role, sentence.word(role)) for role in roles)
    return Fact(skill, relation, words, tuple((role, (number, role)) for role in roles))


def _went(cast: Cast, name: str, place: str) -> Sentence:
    return say("{name} " + cast.rng.choice(WENT) + " the {place}.", name=name, place=place)


def where(cast: Cast, n: int) -> Block:
    """Who is where."""
    told = [_went(cast, cast.draw(NAMES, "at"), cast.draw(PLACES, "place")) for _ in range(n)]
    return Block(tuple(told), tuple(_fact("where", "where", i, s, "name", "place") for i, s in enumerate(told)))


def have(cast: Cast, n: int) -> Block:
    """Who has what."""
    template = "{name} " + cast.rng.choice(HAS) + " the {object}."
    told = [say(template, name=cast.draw(NAMES, "owner"), object=cast.draw(OBJECTS, "owned")) for _ in range(n)]
    return Block(tuple(told), tuple(_fact("have", "have", i, s, "name", "object") for i, s in enumerate(told)))


def colour(cast: Cast, n: int) -> Block:
    """What colour things are."""
    told = [
        say(
            "The {object} is {colour}.",
            object=cast.draw(OBJECTS, "coloured"),
            colour=cast.draw(COLOURS, "colour"),
        )
        for _ in range(n)
    ]
    return Block(tuple(told), tuple(_fact("colour", "colour", i, s, "object", "colour") for i, s in enumerate(told)))


def painted(cast: Cast, n: int) -> Block:
    """Who has a thing of which colour: one sentence, two facts."""
    template = "{name} " + cast.rng.choice(HAS) + " a {colour} {object}."
    told = [
        say(
            template,
            name=cast.draw(NAMES, "owner"),
            colour=cast.draw(COLOURS, "colour"),
            object=cast.draw(OBJECTS, "owned", "coloured"),
        )
        for _ in range(n)
    ]
    owned = [_fact("have", "have", i, s, "name", "object") for i, s in enumerate(told)]
    coloured = [_fact("colour", "colour", i, s, "object", "colour") for i, s in enumerate(told)]
    return Block(tuple(told), (*owned, *coloured))


def gave(cast: Cast, n: int) -> Block:
    """Who gave what to whom."""
    told = [
        say(
            cast.rng.choice(GAVE),
            giver=cast.draw(NAMES, "owner", "gave"),
            object=cast.draw(OBJECTS, "owned"),
            receiver=cast.draw(NAMES, "owner", "gave"),
        )
        for _ in range(n)
    ]
    roles = ("giver", "object", "receiver")
    return Block(tuple(told), tuple(_fact("gave", "gave", i, s, *roles) for i, s in enumerate(told)))


def pronoun(cast: Cast, n: int) -> Block:
    """A man and a woman meet; what they do next is told with 'he' and 'she'. Always two people."""
    her, him = cast.draw(WOMEN, "at", "owner"), cast.draw(MEN, "at", "owner")
    people = [("She", her), ("He", him)]
    cast.rng.shuffle(people)
    first, second = cast.rng.sample((her, him), 2)
    meeting = say("{" + first + "} met {" + second + "}.", **{first: first, second: second})
    relation, role = cast.rng.choice((("where", "place"), ("have", "object")))
    told, facts = [meeting], []
    verb = cast.rng.choice(WENT if relation == "where" else HAS)
    for i, (said, name) in enumerate(people, start=1):
        value = cast.draw(PLACES, "place") if relation == "where" else cast.draw(OBJECTS, "owned")
        told.append(say("{pronoun} " + verb + " the {" + role + "}.", pronoun=said, **{role: value}))
        found = (("name", (0, name)), (role, (i, role)))
        facts.append(Fact("pronoun", relation, (("name", name), (role, value)), found, ((i, "pronoun"),)))
    return Block(tuple(told), tuple(facts), glued=True)


NOT = {
    "where": (
        "{name} went not to the {wrong} but to the {place}.",
        "{name} went to the {place}, not to the {wrong}.",
    ),
    "have": ("{name} has not the {wrong} but the {object}.", "{name} has the {object}, not the {wrong}."),
    "colour": ("The {object} is not {wrong} but {colour}.", "The {object} is {colour}, not {wrong}."),
}


def negation(cast: Cast, n: int) -> Block:
    """What is so and what is not: 'not … but …' and '…, not …'."""
    relation = cast.rng.choice(tuple(NOT))
    told, facts = [], []
    for i in range(n):
        if relation == "where":
            key, role = ("name", cast.draw(NAMES, "at")), "place"
            value, wrong = cast.draw(PLACES, "place"), cast.draw(PLACES, "place")
        elif relation == "have":
            key, role = ("name", cast.draw(NAMES, "owner")), "object"
            value, wrong = cast.draw(OBJECTS, "owned"), cast.draw(OBJECTS, "owned")
        else:
            key, role = ("object", cast.draw(OBJECTS, "coloured")), "colour"
            value, wrong = cast.draw(COLOURS, "colour"), cast.draw(COLOURS, "colour")
        told.append(say(cast.rng.choice(NOT[relation]), **dict([key, (role, value), ("wrong", wrong)])))
        facts.append(_fact("negation", relation, i, told[-1], key[0], role))
    return Block(tuple(told), tuple(facts))


def two_step(cast: Cast, n: int) -> Block:
    """A thing is in a container and the container is in a place."""
    told, facts = [], []
    for i in range(n):
        thing, box = cast.draw(OBJECTS, "owned"), cast.draw(CONTAINERS, "container")
        told += [
            say("The {object} is in the {container}.", object=thing, container=box),
            say("The {container} is in the {place}.", container=box, place=cast.draw(PLACES, "place")),
        ]
        inner, outer = 2 * i, 2 * i + 1
        words = (("object", thing), ("place", told[-1].word("place")))
        found = (("object", (inner, "object")), ("place", (outer, "place")))
        links = ((inner, "container"), (outer, "container"))
        facts.append(Fact("two-step", "inside", words, found, links))
        facts.append(_fact("container", "container", inner, told[inner], "object", "container"))
        facts.append(_fact("container", "stands", outer, told[outer], "container", "place"))
    return Block(tuple(told), tuple(facts))


def stands(cast: Cast, n: int) -> Block:
    """Where containers are: the second of two steps alone."""
    told = [
        say(
            "The {container} is in the {place}.",
            container=cast.draw(CONTAINERS, "container"),
            place=cast.draw(PLACES, "place"),
        )
        for _ in range(n)
    ]
    return Block(
        tuple(told), tuple(_fact("container", "stands", i, s, "container", "place") for i, s in enumerate(told))
    )


def conflict(cast: Cast, n: int) -> Block:
    """Something is told twice, and the later statement wins; another one is told once."""
    is_where = cast.rng.random() < 0.5
    told = []
    pool, key, role = (NAMES, "name", "place") if is_where else (OBJECTS, "object", "colour")
    changing, steady = cast.draw(pool, *_SIDES[key]), cast.draw(pool, *_SIDES[key])
    order = [changing, changing, steady]
    cast.rng.shuffle(order)
    for subject in order:
        value = cast.draw(PLACES, "place") if is_where else cast.draw(COLOURS, "colour")
        told.append(
            _went(cast, subject, value) if is_where else say("The {object} is {colour}.", object=subject, colour=value)
        )
    last = max(i for i, subject in enumerate(order) if subject == changing)
    relation = "where" if is_where else "colour"
    facts = [_fact("conflict", relation, last, told[last], key, role)]
    other = order.index(steady)
    facts.append(_fact(relation, relation, other, told[other], key, role))
    return Block(tuple(told), tuple(facts))


_SIDES = {"name": ("at",), "object": ("coloured",)}

BLOCKS: dict[str, Callable[[Cast, int], Block]] = {
    "where": where,
    "have": have,
    "colour": colour,
    "painted": painted,
    "gave": gave,
    "pronoun": pronoun,
    "negation": negation,
    "two-step": two_step,
    "stands": stands,
    "conflict": conflict,
}
