"""Methods that a map is held against: one file each, found by existing."""

from heta_core.discovery import declared
from heta_core.methods._contract import Asked, Method, Scoring

__all__ = ["Asked", "Method", "Scoring", "known"]


def known() -> tuple[Method, ...]:
    """Every method that has a file, in the order of their places."""
    return tuple(sorted(declared(__name__, Method), key=lambda method: method.place))
