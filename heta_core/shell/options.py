"""What typed options stand for: settings, weights, and the model. torch is imported with the model, not before."""

import argparse
import sys
from typing import TYPE_CHECKING

from heta_core.errors import LoadError
from heta_core.memory import parsed
from heta_core.serving import PRECISIONS
from heta_core.settings import Settings, Weights
from heta_core.shell.progress import progress

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel


def settings_of(arguments: argparse.Namespace) -> Settings:
    """How it is computed."""
    return Settings(
        mask=arguments.mask,
        mask_token=arguments.mask_token,
        estimator=arguments.estimator,
        probes=arguments.probes,
        tolerance=arguments.tolerance,
        rank=arguments.rank,
        step=arguments.step,
        layers=arguments.layers,
        seed=arguments.seed,
        memory=None if arguments.memory is None else parsed(arguments.memory),
    )


def weights_of(arguments: argparse.Namespace) -> Weights:
    """How it is combined."""
    return Weights(beta=arguments.beta, gamma=arguments.gamma, scaling=arguments.scaling)


def add_model(command: argparse._ActionsContainer) -> None:
    """Which model is asked."""
    command.add_argument(
        "--model", default="littletown", metavar="ID", help="name, Hugging Face id or folder (default %(default)s)"
    )


def add_loading(command: argparse._ActionsContainer) -> None:
    """How its weights are loaded."""
    command.add_argument("--dtype", choices=PRECISIONS, help="what its weights are loaded in (default float32)")
    command.add_argument(
        "--device", metavar="NAME", help="cpu, cuda:0, or auto: over GPUs, memory and disk (default a GPU, else cpu)"
    )


def loaded(arguments: argparse.Namespace, *, may_download: bool) -> "LanguageModel":
    """The model that was asked for; what a download takes is told before it begins."""
    name = arguments.model
    from heta_core.loading import describe_remote, load
    from heta_core.models.finding import found

    if may_download:
        try:
            found(name, download=False, progress=None)
        except LoadError:
            remote = describe_remote(name)
            size, licence = f"{remote.n_bytes / 1e6:,.0f} MB", remote.licence or "unknown"
            print(f"fetching {remote.name}: {size}, licence: {licence}", file=sys.stderr)
    with progress() as told:
        return load(
            name,
            dtype=arguments.dtype,
            device=arguments.device,
            download=may_download,
            progress=lambda _, part: told(part),
        )
