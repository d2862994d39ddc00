"""What can be asked of `evaluate`. Nothing here imports torch."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from heta_core.grouping import GROUPINGS
from heta_core.settings import MASKS
from heta_core.shell.computing import add_settings, add_weights

USUAL_METHODS = ("heta", "first_order", "occlusion", "recency", "uniform")
USUAL_METRICS = ("deletion", "evidence", "dsa")
USUAL_N = 100  # of data that come along
VERIFIED = "verified"  # in the place of a skill: in both orders, and only where the embedded model follows the evidence


@dataclass(frozen=True, slots=True)
class Generated:
    """Data that come along: questions about Littletown, or stories beside science."""

    name: str  # littletown or curated
    skill: str | None  # of Littletown; None is all in turn
    n: int


@dataclass(frozen=True, slots=True)
class Workers:
    """Who asks the model: so many processes, or Ray's."""

    n: int | None  # None: as many as Ray has GPUs, or without any cores
    is_ray: bool = False


def asked_of_evaluate(command: argparse.ArgumentParser) -> None:
    """Add the options of `evaluate` to its command."""
    command.description = (
        "Score every example with every method and judge the scores. The run is a folder: the same command again goes "
        "on where it ended, however that was. Examples that cannot be used are skipped and listed with the reason; "
        "the run is complete with them, and the exit code 0."
    )
    _asked(command)
    add_settings(command)
    add_weights(command)
    kept = command.add_argument_group("how it is run")
    kept.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="of the run, new or to go on with")
    kept.add_argument(
        "--workers",
        type=_workers,
        default=Workers(1),
        metavar="N",
        help="processes, each with the model in its own memory, or ray[:N] (default 1)",
    )
    kept.add_argument("--ray-address", metavar="ADDRESS", help="of a Ray cluster (default: this computer)")


def odd_evaluate(a: argparse.Namespace) -> str | None:
    """What contradicts itself."""
    return "--ray-address goes with --workers ray" if a.ray_address is not None and not a.workers.is_ray else None


def _asked(command: argparse.ArgumentParser) -> None:
    asked = command.add_argument_group("what is asked (--dataset and --model can be repeated)")
    asked.add_argument(
        "--dataset",
        action="append",
        required=True,
        type=_dataset,
        metavar="DATA",
        help=f"a file or folder of examples; littletown[:skill[:n]] for generated ones, littletown:{VERIFIED}[:n] for "
        f"those whose evidence the embedded model follows, curated[:n] for stories and science ({USUAL_N} without n)",
    )
    asked.add_argument(
        "--model", action="append", metavar="ID", help="name, Hugging Face id or folder (default littletown)"
    )
    asked.add_argument("--download", action="store_true", help="allow models to be fetched from the hub")
    asked.add_argument("--limit", type=_positive, metavar="N", help="the first N examples of each data set")
    asked.add_argument(
        "--methods",
        type=_names,
        default=USUAL_METHODS,
        metavar="A,B",
        help=f"names of methods; random is always among them (default {','.join(USUAL_METHODS)})",
    )
    asked.add_argument(
        "--metrics",
        type=_names,
        default=USUAL_METRICS,
        metavar="A,B",
        help=f"names of metrics (default {','.join(USUAL_METRICS)})",
    )
    asked.add_argument(
        "--check-mask",
        choices=[mask for mask in MASKS if mask != "token"],
        help="how words are taken away by the judge (default mean, or zero where the scores are made with mean)",
    )
    asked.add_argument("--groups", choices=GROUPINGS, help="score words or sentences as blocks, not tokens")


def _dataset(typed: str) -> Generated | Path:
    name, _, rest = typed.partition(":")
    if name == "curated":
        return Generated(name, None, _positive(rest) if rest else USUAL_N)
    if name != "littletown":
        return Path(typed)
    skill, _, n = rest.partition(":")
    return Generated(name, skill or None, _positive(n) if n else USUAL_N)


def _workers(typed: str) -> Workers:
    name, _, n = typed.partition(":")
    return Workers(_positive(n) if n else None, is_ray=True) if name == "ray" else Workers(_positive(typed))


def _names(typed: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in typed.split(",") if name.strip())


def _positive(typed: str) -> int:
    if not typed.isdecimal() or int(typed) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, got {typed!r}")
    return int(typed)
