"""Sweeps: the tables that claims about HETA rest on, one file for each, found by existing."""

from functools import cache

from heta_core.discovery import called, declared
from heta_core.sweeps._contract import Found, Step, Study, Sweep
from heta_core.sweeps._running import swept
from heta_core.sweeps._table import Table, dumps, markdown

__all__ = ["Found", "Step", "Study", "Sweep", "Table", "dumps", "known", "markdown", "named", "swept"]


@cache
def known() -> tuple[Sweep, ...]:
    """Every sweep that has a file, in the order of their names."""
    return declared(__name__, Sweep)


def named(name: str) -> Sweep:
    """The sweep of this name.

    Raises:
        InputError: there is none.
    """
    return called(name, known(), "sweep")
