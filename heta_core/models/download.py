"""Asking the Hugging Face hub for a model: the only code that uses the network, and only when the reader asked."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi, constants, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,  # the base class of the hub's own HTTP library, whichever it is
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.utils import validate_repo_id
from tqdm.auto import tqdm  # type: ignore[import-untyped]

from heta_core.errors import LoadError
from heta_core.models.files import check_config

Progress = Callable[[str, float], None]  # (what is being done, the part of it that is done, 0 to 1)

# What a model is made of. Weights in other formats, pictures and training logs stay at the hub.
_WANTED = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"]
_UNWANTED = ["*/*"]  # subfolders hold the same weights for other programs
_REFUSED = (401, 403)  # by HTTP: not known, not allowed


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """What the hub says about a model before anything is downloaded."""

    name: str
    revision: str  # commit
    n_bytes: int  # that a download takes
    licence: str | None
    is_gated: bool  # the licence must be accepted at the hub first


def describe_remote(repo_id: str) -> RemoteModel:
    """Size and licence of a model at the hub. One request.

    Raises:
        LoadError: there is no such model, it cannot be loaded here, or the hub cannot be reached.
        UnsupportedModelError: it is no decoder-only language model of plain weights.
    """
    check_repo_id(repo_id)
    with _network(repo_id):
        info = HfApi().model_info(repo_id, files_metadata=True)
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or [] if "/" not in file.rfilename}
    if not any(file.endswith(".safetensors") for file in sizes):
        raise LoadError(
            f"Weights as safetensors are needed, {repo_id} has none at the hub: pickle files can run code when they "
            "are opened. Take a model with safetensors."
        )
    if info.config and "model_type" in info.config:
        check_config(info.config, repo_id)
    n_bytes = sum(size for file, size in sizes.items() if any(Path(file).match(pattern) for pattern in _WANTED))
    licence = getattr(info.card_data, "license", None)
    return RemoteModel(repo_id, info.sha, n_bytes, str(licence) if licence else None, bool(info.gated))


def fetch(repo_id: str, progress: Progress | None = None) -> tuple[Path, str]:
    """Download what is missing of a model into the Hugging Face cache.

    Returns:
        its folder and its commit.

    Raises:
        LoadError: there is no such model, it cannot be loaded here, the hub cannot be reached or the disk is full.
        UnsupportedModelError: it is no decoder-only language model of plain weights.
    """
    remote = describe_remote(repo_id)
    _check_disk(remote)
    with _network(repo_id):
        # Asked for by branch: only so does the cache remember which commit the branch stands at, and finds it again.
        folder = Path(
            snapshot_download(
                repo_id,
                allow_patterns=_WANTED,
                ignore_patterns=_UNWANTED,
                tqdm_class=_bar(progress or _ignore, remote.n_bytes),
            )
        )
    return folder, folder.name


def check_repo_id(repo_id: str) -> None:
    """Refuse what cannot be an id.

    Raises:
        LoadError: it is not of the form name or owner/name.
    """
    try:
        validate_repo_id(repo_id)
    except HFValidationError as error:
        raise LoadError(
            f"A model id like 'name' or 'owner/name' is needed, found {repo_id[:120]!r}: check the spelling."
        ) from error


def _check_disk(remote: RemoteModel) -> None:
    cache = Path(constants.HF_HUB_CACHE)
    cache.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache).free
    if free < remote.n_bytes:
        raise LoadError(
            f"{remote.name} needs {remote.n_bytes / 1e9:.1f} GB on disk, found {free / 1e9:.1f} GB free: make room."
        )


@contextmanager
def _network(repo_id: str) -> Iterator[None]:
    """What the hub's client raises, each in words that help; subclasses stand before their base classes."""
    try:
        with _without_telemetry():
            yield
    except GatedRepoError as error:
        raise LoadError(
            f"{repo_id} is only for those who accepted its licence: accept it at the hub, give your token in the "
            "environment variable HF_TOKEN or with `hf auth login`, and retry."
        ) from error
    except RepositoryNotFoundError as error:
        raise LoadError(
            f"The hub has no public model {repo_id!r}: check the spelling, owner included; a private one needs a token "
            "that may read it in the environment variable HF_TOKEN."
        ) from error
    except OfflineModeIsEnabled as error:
        raise LoadError(
            f"{repo_id} must be asked for at the hub, but HF_HUB_OFFLINE switches the network off: unset it, or take "
            "a model that is on this computer."
        ) from error
    except HfHubHTTPError as error:
        status = getattr(error.response, "status_code", "no status")
        if status in _REFUSED:
            raise LoadError(
                f"The hub refuses {repo_id} (HTTP {status}): give a token that may read it in the environment variable "
                "HF_TOKEN, or with `hf auth login`."
            ) from error
        raise LoadError(f"The hub could not answer for {repo_id} (HTTP {status}): try again later.") from error
    except (HTTPError, LocalEntryNotFoundError, ConnectionError, TimeoutError) as error:
        raise LoadError(
            f"The hub cannot be reached for {repo_id}: check the network, or take a model that is on this computer."
        ) from error
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise LoadError(f"The disk is full; {repo_id} is not complete: make room and load it again.") from error


@contextmanager
def _without_telemetry() -> Iterator[None]:
    """The hub's client would make a request of its own, for the names of coding assistants to report."""
    before = constants.HF_HUB_DISABLE_TELEMETRY
    try:
        constants.HF_HUB_DISABLE_TELEMETRY = True
        yield
    finally:
        constants.HF_HUB_DISABLE_TELEMETRY = before


def _bar(progress: Progress, n_bytes: int) -> type[tqdm]:
    """A progress bar that draws nothing and reports bytes. The hub's client takes a class."""

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: object, **options: object) -> None:
            self.nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - closed with the bar
            super().__init__(*args, **{**options, "file": self.nowhere})

        def update(self, n: float | None = 1) -> None:
            super().update(n)
            if self.unit == "B":  # the other bars count files
                progress("download", min(1.0, self.n / n_bytes))

        def close(self) -> None:
            super().close()
            self.nowhere.close()

    return Bar


def _ignore(_stage: str, _part: float) -> None:
    """No one watches."""
