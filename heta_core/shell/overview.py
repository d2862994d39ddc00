"""`overview`: a run of `evaluate`, also one that is not finished, as one Markdown table."""

import argparse
from pathlib import Path


def asked_of_overview(command: argparse.ArgumentParser) -> None:
    """Add the options of `overview` to its command."""
    command.description = (
        "Print methods against measures, each with its 95 % interval, from a run that `evaluate` has kept; one that is "
        "not finished gives what it has."
    )
    command.add_argument("run", type=Path, metavar="RUN", help="the folder that `evaluate` was given as --out")
    command.add_argument("--measures", default="", metavar="A,B", help="names of measures (default all of the run)")
    command.add_argument(
        "--seconds", type=Path, metavar="RUN", help="a run of the same methods whose times are told in its place"
    )


def run(arguments: argparse.Namespace) -> int:
    """Read and print."""
    from heta_core.evaluation.account import account
    from heta_core.evaluation.earlier import opened
    from heta_core.evaluation.overview import overview

    names = [name for name in arguments.measures.split(",") if name]
    timed = account(opened(arguments.seconds)) if arguments.seconds else None
    print(overview(account(opened(arguments.run)), names, timed=timed), end="")
    return 0
