"""A text as its reader may take it in: by words, sentences or lines, each of which sums the numbers of its tokens.

A reading is told by where its pieces begin. It is a view of numbers that are there; what a whole piece does when it is
masked at once is another question, which only the model can answer.
"""

from functools import lru_cache
from typing import Literal

from heta_core import grouping
from heta_core.attribution import Attribution
from heta_core.grouping import Scored
from heta_core.tokens import Tokens
from heta_core.views import words

# "spelled" is the finest: tokens, where those that share a character are one.
Reading = Literal["spelled", "words", "sentences", "lines"]
Starts = dict[Reading, list[int]]
_CUTS = {
    "spelled": grouping.spelled,
    "words": grouping.words,
    "sentences": grouping.sentences,
    "lines": grouping.lines,
}


def starts(tokens: Tokens) -> Starts:
    """Where the pieces of each reading begin, as tokens of the whole text; for a target those before it count."""
    return {reading: list(found) for reading, found in _starts(tokens)}


@lru_cache(maxsize=8)
def _starts(tokens: Tokens) -> tuple[tuple[Reading, tuple[int, ...]], ...]:
    """The same; a text is drawn again with every number that is found about it."""
    n = len(tokens)
    return tuple((reading, tuple(start for start, _ in cut(tokens, n))) for reading, cut in _CUTS.items())  # type: ignore[misc]


def offered(a: Attribution, scored: Scored) -> tuple[Starts, dict[Reading, str]]:
    """Where pieces begin among what is scored, and why a reading is not there.

    Sums need whole blocks: where blocks were scored, a reading is there if each of its pieces is made of some.
    """
    found = starts(a.tokens)
    if a.groups is None:
        return found, {}
    edges = {start: k for k, (start, _) in enumerate(a.places)}
    many, last = words.UNITS[scored][1], min(a.n_context, a.target.position)  # from the target on nothing is summed
    read: Starts = {"spelled": [start for start, _ in grouping.spelled(a.units, len(a.units))]}
    missing: dict[Reading, str] = {}
    for name in (name for name in found if name != "spelled"):
        inside = [start for start in found[name] if start < last]
        if not edges.keys() >= set(inside):
            missing[name] = f"the {many} that were scored are larger, and nothing inside of them was measured"
        elif len(inside) < a.unit_of(last):  # else it is what was scored
            read[name] = [edges[start] for start in inside]
    return read, missing


def framing(tokens: Tokens) -> list[int]:
    """Tokens that no reader wrote or that stand first: special ones, a chat's template, the first of the text.

    Models send them attention that has nothing to do with what they say.
    """
    marks = {i for s in tokens.segments if s.kind != "content" for i in range(s.start, s.stop)}
    return [i for i in range(len(tokens)) if i == 0 or tokens.is_special[i] or i in marks]


def framing_units(a: Attribution) -> list[int]:
    """Those of what is scored that hold nothing else."""
    marks = set(framing(a.tokens))
    return [k for k, (start, stop) in enumerate(a.places) if marks.issuperset(range(start, stop))]
