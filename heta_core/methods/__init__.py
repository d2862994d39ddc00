"""HETA and the methods that it is held against: one file each, found by existing."""

from functools import cache

from heta_core.discovery import called, declared
from heta_core.methods._contract import Asked, Method, Scoring

__all__ = ["Asked", "Method", "Scoring", "known", "named", "references"]


@cache
def known() -> tuple[Method, ...]:
    """Every method that has a file, in the order of their places."""
    return tuple(sorted(declared(__name__, Method), key=lambda method: method.place))


def references() -> tuple[Method, ...]:
    """Those that are drawn beside every map that is checked."""
    return tuple(method for method in known() if method.is_reference)


def named(name: str) -> Method:
    """The method of this name.

    Raises:
        InputError: there is none.
    """
    return called(name, known(), "method")
