"""The words of Littletown, by kind."""

import re

MEN = ("Noah", "Tom", "Ben", "Jack", "Paul", "Luke", "Adam", "Fred", "Hugo", "Carl", "Ivan", "Dan")
WOMEN = ("Kate", "Mary", "Anna", "Lucy", "Emma", "Jane", "Nora", "Ruth", "Clara", "Alice", "Helen", "Sofia")
NAMES = MEN + WOMEN
PLACES = (
    *("garden", "kitchen", "park", "school", "library", "market", "station"),
    *("bakery", "forest", "office", "museum", "hotel", "barn", "cellar"),
)
OBJECTS = (
    *("cup", "map", "key", "book", "lamp", "ball", "hat", "coin"),
    *("pen", "ring", "bell", "rope", "knife", "plate", "shirt", "clock"),
)
COLOURS = ("red", "blue", "green", "black", "white", "yellow", "brown", "pink", "grey", "purple")
CONTAINERS = ("box", "bag", "basket", "drawer", "chest", "jar")

# Kind of a role's word: the pool a third value is drawn from.
POOLS: dict[str, tuple[str, ...]] = {
    "name": NAMES,
    "giver": NAMES,
    "receiver": NAMES,
    "place": PLACES,
    "object": OBJECTS,
    "colour": COLOURS,
    "container": CONTAINERS,
}

# Question template -> subject -> answer. The only things that are true in every scene.
FIXED_FACTS: dict[str, dict[str, str]] = {
    "What colour is {subject}?": {
        "snow": "white",
        "grass": "green",
        "coal": "black",
        "blood": "red",
        "mud": "brown",
        "butter": "yellow",
    },
    "What does a {subject} give?": {"cow": "milk", "bee": "honey", "hen": "eggs", "sheep": "wool"},
    "What is the opposite of {subject}?": {
        "hot": "cold",
        "cold": "hot",
        "big": "small",
        "small": "big",
        "day": "night",
        "night": "day",
        "up": "down",
        "down": "up",
    },
    "What is a young {subject} called?": {
        "dog": "puppy",
        "cat": "kitten",
        "cow": "calf",
        "sheep": "lamb",
        "horse": "foal",
    },
    "Where does a {subject} live?": {"fish": "water", "bird": "nest", "bear": "cave", "bee": "hive"},
}

FILLERS = (
    "The street was empty.",
    "It rained all day.",
    "The sun was warm.",
    "A bird sang in a tree.",
    "The wind was cold.",
    "Nobody said a word.",
    "The old clock was slow.",
    "A dog slept near the door.",
    "It was a quiet morning.",
    "The night was dark.",
    "The bus came late.",
    "Snow fell on the roof.",
    "The shop was closed.",
    "A cat sat on the wall.",
    "The water was clear.",
    "Children played outside.",
    "The bread smelled good.",
    "The train was full.",
)

ADJECTIVES = ("old", "new", "clean", "dirty", "small", "big", "heavy", "light")
THINGS = (*OBJECTS[:7], *OBJECTS[8:11], "plate", "shirt", "clock", "bag", "basket", "jar", "tree", "chair")
PLURALS = {thing: thing + "s" for thing in THINGS}
PREPOSITIONS = ("near", "behind", "under", "beside")

WORD = re.compile(r"[A-Za-z]+")
FIELD = re.compile(r"\{(\w+)\}")  # a role in a template
