"""Every word the world can say, collected from its own templates."""

import re
from functools import cache

from heta_core.littletown import blocks, questions, words

ANY_WORD = re.compile(r"[^\W_]+")  # of a reader's own text, in any script


@cache
def known_words() -> tuple[str, ...]:
    """The words of Littletown, in a fixed order: a prompt that holds others has left its world."""
    templates = [
        *(f"{verb} the" for verb in (*blocks.WENT, *blocks.HAS)),
        *blocks.GAVE,
        *(t for forms in blocks.NOT.values() for t in forms),
        *(form.text for forms in questions.FORMS.values() for form in forms),
        *(f"{t} {s} {a}" for t, s, a in questions.fixed_questions()),
        *words.FILLERS,
        "The is are a met He She Copy Again List Question Answer",
    ]
    pools = (words.NAMES, words.PLACES, words.OBJECTS, words.COLOURS, words.CONTAINERS)
    found = [w for pool in pools for w in pool]
    found += [*words.PLURALS, *words.PLURALS.values(), *words.ADJECTIVES, *words.PREPOSITIONS]
    for template in templates:
        found += words.WORD.findall(words.FIELD.sub(" ", template))
    return tuple(dict.fromkeys(found))


def strangers(text: str) -> list[str]:
    """The words of a text that Littletown never saw, as often as they stand there: it reads them in pieces."""
    return [word for word in ANY_WORD.findall(text) if word.lower() not in _known()]


@cache
def _known() -> frozenset[str]:
    return frozenset(word.lower() for word in known_words())
