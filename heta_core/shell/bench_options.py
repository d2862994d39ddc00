"""What can be asked of `bench`. Nothing here imports torch."""

import argparse

from heta_core.bench.plan import Plan
from heta_core.bench.shapes import SHAPES
from heta_core.shell.options import add_model


def asked_of_bench(command: argparse.ArgumentParser) -> None:
    """Add the options of `bench` to its command."""
    usual, model = Plan(), command.add_mutually_exclusive_group()
    add_model(model)
    model.add_argument("--shape", metavar="NAME", help=f"random weights of a known size: {', '.join(SHAPES)}")
    command.add_argument("--dtype", choices=("float32", "float64"), default="float32", help="default %(default)s")
    command.add_argument("--device", metavar="NAME", help="cpu, cuda; the GPU if there is one")
    measured = command.add_argument_group("what is measured")
    for name, letter, told in (
        ("tokens", "T", "of the prompt"),
        ("probes", "M", "sign vectors a token"),
        ("repeats", "N", "rounds, in each of which every way is timed once"),
        ("seed", "N", "of sign vectors and of what is random"),
    ):
        measured.add_argument(
            f"--{name}", type=int, default=getattr(usual, name), metavar=letter, help=f"{told} (default %(default)s)"
        )
    measured.add_argument(
        "--reference", type=int, default=usual.reference, metavar="M", help="compare estimates with M probes a token"
    )
    measured.add_argument(
        "--generate", type=int, default=usual.steps, metavar="N", help="explain N more tokens, together and one by one"
    )
    measured.add_argument(
        "--growth", type=int, nargs="+", default=(), metavar="T", help="fit how cost grows over prompts of T tokens"
    )
    command.add_argument("--json", metavar="PATH", help="write everything as JSON; - prints it instead of the table")
