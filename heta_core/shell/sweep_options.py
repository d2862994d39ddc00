"""What can be asked of `sweep`. Nothing here imports torch."""

import argparse
from pathlib import Path

from heta_core.settings import MASKS, Settings
from heta_core.shell.options import add_loading, add_model

USUAL_N = 40
_SWEEPS = Path(__file__).resolve().parents[1] / "sweeps"


def names() -> list[str]:
    """Every sweep has a file of its name."""
    return sorted(path.stem for path in _SWEEPS.glob("[!_]*.py"))


def asked_of_sweep(command: argparse.ArgumentParser) -> None:
    """Add the options of `sweep` to its command."""
    usual = Settings()
    command.description = (
        "Print one of the tables that claims about the score rest on, with 95 % intervals: on questions about "
        "Littletown whose evidence the model is known to follow, in both orders, or on your own data."
    )
    command.add_argument("sweep", choices=names(), help="what is varied")
    add_model(command)
    add_loading(command)
    command.add_argument("--download", action="store_true", help="allow the model to be fetched from the hub")
    command.add_argument("--dataset", type=Path, metavar="PATH", help="a file or folder of examples of your own")
    command.add_argument("--n", type=int, default=USUAL_N, help="examples, the first of a file (default %(default)s)")
    command.add_argument(
        "--mask",
        choices=[mask for mask in MASKS if mask != "token"],
        help=f"of the KL term (default {usual.mask}); not with `mask`",
    )
    command.add_argument(
        "--probes", type=int, metavar="M", help=f"sign vectors a token (default {usual.probes}); not with `probes`"
    )
    command.add_argument(
        "--seed", type=int, default=usual.seed, help="of questions, sign vectors and all draws (default %(default)s)"
    )
    command.add_argument(
        "--json", metavar="PATH", help="write everything as JSON, every example; - prints it instead of the table"
    )


def odd_sweep(a: argparse.Namespace) -> str | None:
    """What contradicts itself."""
    if getattr(a, a.sweep, None) is not None:
        return f"--{a.sweep} is what this sweep varies: leave it out"
    return "--n must be 1 or more" if a.n < 1 else None
