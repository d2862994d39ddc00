"""Lessons about looking into a model: one file each, on the embedded model, with every number measured on it."""

from functools import cache

from heta_core import discovery
from heta_core.teaching.contract import Lesson


@cache
def lessons() -> tuple[Lesson, ...]:
    """Every lesson, in the order in which they are taught."""
    return tuple(sorted(discovery.declared(__name__, Lesson), key=lambda lesson: lesson.number))


def called(name: str) -> Lesson:
    """The lesson of this name.

    Raises:
        InputError: there is none.
    """
    return discovery.called(name, lessons(), "lesson")
