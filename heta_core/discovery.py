"""Finds what each file of a package declares: a new family, method, metric or format is a new file and nothing else."""

from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, TypeVar

from heta_core.errors import InputError

_SHOWN = 60  # characters of a name that is not known: an address may hold any

Declared = TypeVar("Declared")


class Named(Protocol):
    """What readers call by a name."""

    @property
    def name(self) -> str: ...  # noqa: D102


Called = TypeVar("Called", bound=Named)


def declared(package: str, kind: type[Declared]) -> tuple[Declared, ...]:
    """Every value of type `kind` at the top of a file of `package`, files in alphabetical order.

    Files whose name begins with an underscore are the package's own and declare nothing. A file that cannot be
    imported raises what it raises: a broken file must be seen, not skipped.

    Raises:
        TypeError: a file declares no value of this type.
    """
    found: list[Declared] = []
    names = sorted(m.name for m in iter_modules(import_module(package).__path__) if not m.name.startswith("_"))
    for name in names:
        module = import_module(f"{package}.{name}")
        values = [value for value in vars(module).values() if isinstance(value, kind)]
        if not values:
            raise TypeError(
                f"{package}.{name} must declare a {kind.__name__}, found none: declare one or rename it _{name}."
            )
        found += (value for value in values if value not in found)
    return tuple(found)


def called(name: str, known: Sequence[Called], what: str) -> Called:
    """The one of this name.

    Args:
        what: they are, such as "method".

    Raises:
        InputError: there is none.
    """
    for one in known:
        if one.name == name:
            return one
    listed = ", ".join(one.name for one in known)
    raise InputError(f"There is no {what} {name[:_SHOWN]!r}: take one of {listed}.")
