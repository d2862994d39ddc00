"""`bench`: the engine against the textbook's loop, as a table or as JSON."""

import argparse
from typing import TYPE_CHECKING

from heta_core.bench.plan import Plan
from heta_core.bench.shapes import shape_of
from heta_core.shell.progress import saying
from heta_core.shell.saving import print_json, writable, write

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; what cannot be measured is refused before the model is loaded."""
    plan = Plan(
        tokens=arguments.tokens,
        probes=arguments.probes,
        reference=arguments.reference,
        repeats=arguments.repeats,
        steps=arguments.generate,
        lengths=tuple(arguments.growth),
        seed=arguments.seed,
    )
    if arguments.shape is not None:
        shape_of(arguments.shape)
    saved = writable(arguments.json)
    from heta_core.bench.measuring import benchmark
    from heta_core.bench.report import text
    from heta_core.bench.results import dumps

    with saying() as told:
        told("loading")
        found = benchmark(_model(arguments), plan, told=told)
    if saved is not None:
        write(saved, [dumps(found)])
    if arguments.json == "-":
        print_json(dumps(found))
    else:
        print(text(found), flush=True)
    return 0


def _model(arguments: argparse.Namespace) -> "LanguageModel":
    if arguments.shape is not None:
        from heta_core.bench.random_weights import random_model

        return random_model(arguments.shape, dtype=arguments.dtype, device=arguments.device, seed=arguments.seed)
    from heta_core.loading import load

    return load(arguments.model, dtype=arguments.dtype, device=arguments.device)
