"""Where a model's files are: in this program, in a folder, in the Hugging Face cache, or still at the hub."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from huggingface_hub import constants, scan_cache_dir, try_to_load_from_cache
from huggingface_hub.errors import CacheNotFound

from heta_core.errors import LoadError
from heta_core.models import adapters
from heta_core.models.download import Progress, check_repo_id, fetch
from heta_core.models.files import CONFIG, inspect, is_complete, is_model_folder

EMBEDDED = "littletown"
FOLDERS_VARIABLE = "HETA_MODEL_FOLDERS"
EMBEDDED_FOLDER = Path(__file__).resolve().parents[2] / "assets" / EMBEDDED


@dataclass(frozen=True, slots=True)
class Located:
    """A folder with a model in it, and what it is called."""

    name: str
    folder: Path
    revision: str | None  # commit, where it comes from the hub


Place = Literal["embedded", "cache", "folder"]


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model that loads without a download, or the reason why it does not."""

    name: str  # what `load` takes
    place: Place
    n_bytes: int  # of the weights
    n_parameters: int  # 0 of an adapter
    model_type: str
    problem: str | None  # why it cannot be loaded; then the numbers are 0 and the type is empty


def locate(name: str | Path, *, download: bool = False, progress: Progress | None = None) -> Located:
    """The folder of the embedded model, of a path, or of an id of the hub.

    Raises:
        LoadError: there is no such model, or it is not on this computer and may not be downloaded.
        UnsupportedModelError: the hub says that it is no decoder-only language model of plain weights.
    """
    if str(name) == EMBEDDED:
        return _embedded()
    folder = _folder(name)
    if folder is not None:
        return Located(str(name), folder, None)
    repo_id = str(name)
    check_repo_id(repo_id)
    cached = _cached(repo_id)
    if cached is not None:
        return cached
    if not download:
        raise LoadError(
            f"{repo_id} is not on this computer, and a download needs your consent: see its size and licence with "
            f"describe_remote({repo_id!r}), then load it with download=True (--download)."
        )
    folder, revision = fetch(repo_id, progress)
    return Located(repo_id, folder, revision)


def available() -> tuple[LocalModel, ...]:
    """The embedded model, the models of the Hugging Face cache by name, then those of folders by path. No network.

    Folders are looked at in `models` beside where the program was started, or in those that HETA_MODEL_FOLDERS lists.
    """
    found = [_local(EMBEDDED, "embedded", EMBEDDED_FOLDER)] if is_model_folder(EMBEDDED_FOLDER) else []
    try:
        repos = scan_cache_dir(constants.HF_HUB_CACHE).repos
    except CacheNotFound:
        repos = frozenset()
    for repo_id in sorted(repo.repo_id for repo in repos if repo.repo_type == "model"):
        cached = _cached(repo_id)
        if cached is not None:
            found.append(_local(repo_id, "cache", cached.folder))
    return (*found, *(_local(str(folder), "folder", folder) for folder in _folders()))


def _folders() -> list[Path]:
    """Model folders that lie in the places for them."""
    places = os.environ.get(FOLDERS_VARIABLE) or "models"
    roots = [Path(place).expanduser() for place in places.split(os.pathsep) if place]
    try:
        inside = [folder.resolve() for root in roots if root.is_dir() for folder in sorted(root.iterdir())]
        return [folder for folder in inside if is_model_folder(folder)]
    except OSError:  # what cannot be looked into has no models for us
        return []


def _local(name: str, place: Place, folder: Path) -> LocalModel:
    try:
        if adapters.is_adapter_folder(folder):
            adapter = adapters.read_adapter(folder, name)
            return LocalModel(name, place, adapter.weights.stat().st_size, 0, f"adapter of {adapter.base}", None)
        files = inspect(folder, name)
    except LoadError as problem:
        return LocalModel(name, place, 0, 0, "", str(problem))
    return LocalModel(name, place, files.n_bytes, files.n_parameters, files.model_type, None)


def _embedded() -> Located:
    if not is_model_folder(EMBEDDED_FOLDER):
        raise LoadError(
            f"The embedded model must lie in assets/{EMBEDDED} beside the package, found none: install from a "
            "checkout of the repository (pip install -e .)."
        )
    return Located(EMBEDDED, EMBEDDED_FOLDER, None)


def _folder(name: str | Path) -> Path | None:
    """The model folder that a path names; None where the name is no path.

    Raises:
        LoadError: it reads like a path or an address and no model lies there.
    """
    text = str(name)
    if "\0" in text:
        raise LoadError("A model id or folder is needed, found a NUL character in the name: remove it.")
    if "://" in text:
        raise LoadError(f"A model id or folder is needed, found an address: {text!r}. Give its part 'owner/name'.")
    path = Path(text).expanduser() if text[:1] == "~" else Path(text)
    try:
        if is_model_folder(path):
            return path.resolve()
    except OSError as error:  # a name longer than the file system takes
        raise LoadError(f"A model id or folder is needed, found {text[:80]!r}: {error.strerror}.") from error
    if isinstance(name, Path) or _reads_like_a_path(text, path):
        raise LoadError(f"A folder with a model in it is needed, found no {CONFIG} in {text!r}: check the path.")
    return None


def _reads_like_a_path(text: str, path: Path) -> bool:
    return path.is_absolute() or "\\" in text or text[:1] in (".", "~") or ".." in path.parts


def _cached(repo_id: str) -> Located | None:
    """The model in the Hugging Face cache, where all of its weights are."""
    configs = (try_to_load_from_cache(repo_id, name) for name in (CONFIG, adapters.CONFIG))
    config = next((found for found in configs if isinstance(found, str)), None)
    if config is None or not is_complete(Path(config).parent):
        return None
    folder = Path(config).parent
    return Located(repo_id, folder, folder.name)
