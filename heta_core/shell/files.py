"""`--json`, `--html` and `--svg`: a result as a file that is read without this program."""

import argparse
from typing import TYPE_CHECKING

from heta_core.shell.saving import writable, write

if TYPE_CHECKING:
    from heta_core.attribution import Attribution
    from heta_core.generated import GenerationAttribution


def add_files(shown: argparse._ArgumentGroup, json: str, svg: str) -> None:
    """The options; `json` and `svg` say what is in these files."""
    shown.add_argument("--json", metavar="PATH", help=f"write {json}")
    shown.add_argument("--html", metavar="PATH", help="write a page that works from disk and has the JSON in it")
    shown.add_argument("--svg", metavar="PATH", help=f"write {svg} as a picture for print")


def odd_files(a: argparse.Namespace) -> str | None:
    """What contradicts itself."""
    many = a.file is not None and (a.html or a.svg)
    return (
        "--html and --svg hold one result, so they go with --prompt; --json keeps those of a --file" if many else None
    )


def check_files(arguments: argparse.Namespace) -> None:
    """Refuse what cannot be written before the work is done.

    Raises:
        InputError: a path is no file in a folder that exists.
    """
    for option in ("html", "svg"):
        writable(getattr(arguments, option), f"--{option}")


def write_files(result: "Attribution | GenerationAttribution", arguments: argparse.Namespace) -> None:
    """The files that were asked for.

    Raises:
        HetaError: one cannot be written.
    """
    from heta_core.taking.page import page

    for option, made in (("html", page), ("svg", _svg)):
        target = writable(getattr(arguments, option), f"--{option}")
        if target is not None:
            write(target, [made(result).rstrip("\n")])


def _svg(result: "Attribution | GenerationAttribution") -> str:
    """The text of an answer, or of a generation every token at every step."""
    from heta_core.generated import GenerationAttribution
    from heta_core.views import heatmap, picture

    return heatmap.svg(result) if isinstance(result, GenerationAttribution) else picture.svg(result)
