"""`sweep`: one table of many examples under many conditions, as Markdown or as JSON."""

import argparse
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from heta_core.datasets import Dataset, read_path
from heta_core.settings import Settings
from heta_core.shell.options import loaded
from heta_core.shell.progress import saying
from heta_core.shell.saving import print_json, writable, write

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; what cannot be read or written is refused before the model is loaded."""
    usual, saved = Settings(), writable(arguments.json)
    settings = Settings(
        mask=arguments.mask or usual.mask,
        probes=usual.probes if arguments.probes is None else arguments.probes,
        seed=arguments.seed,
    )
    own = None if arguments.dataset is None else read_path(arguments.dataset)
    from heta_core.sweeps import Study, dumps, markdown, named, swept

    sweep, lm = named(arguments.sweep), loaded(arguments, may_download=arguments.download)
    with saying() as told:
        told("choosing examples")
        study = Study(lm, _examples(lm, own, arguments), settings)
        table = swept(sweep, study, lambda words: told(words[: shutil.get_terminal_size().columns - 1]))
    if saved is not None:
        write(saved, [dumps(table)])
    if arguments.json == "-":
        print_json(dumps(table))
    else:
        print(markdown(table), flush=True)
    return 0


def _examples(lm: "LanguageModel", own: Dataset | None, arguments: argparse.Namespace) -> Dataset:
    """The first of those that were given, or questions whose evidence the model follows."""
    if own is not None:
        return replace(own, examples=own.examples[: arguments.n])
    from heta_core.evaluation.verified import verified

    return verified(lm, arguments.n, arguments.seed)
