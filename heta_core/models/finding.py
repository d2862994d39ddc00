"""From a name to the files of a model, and of an adapter where one is asked for."""

from pathlib import Path

from heta_core.errors import LoadError
from heta_core.models.adapters import Adapter, is_adapter_folder, parted_name, read_adapter
from heta_core.models.download import Progress
from heta_core.models.files import has_tokenizer, numbers_in
from heta_core.models.hub import Located, locate


def found(name: str | Path, *, download: bool, progress: Progress | None) -> tuple[Located, Adapter | None]:
    """Where a model is, and the adapter that is to be added to it.

    A folder with " + " in its name is given as a `Path`. What an adapter is made for is not downloaded with it: its
    size and licence were not seen when consent was given.

    Raises:
        LoadError: there is no such model, or it is not on this computer and may not be downloaded.
        UnsupportedModelError: it is of a kind that cannot be explained.
    """
    base, own = ("", name) if isinstance(name, Path) else parted_name(name)
    located = locate(own, download=download, progress=progress)
    if not is_adapter_folder(located.folder):
        if base:
            raise LoadError(f"An adapter is needed after the '+', {own} is a whole model: name it alone.")
        return located, None
    adapter = read_adapter(located.folder, located.name, located.revision)
    numbers_in(adapter.weights)  # refuses what is damaged
    try:
        under = locate(base or adapter.base)
    except LoadError as error:
        raise LoadError(
            f"The adapter {adapter.name} is added to {base or adapter.base}, which has to be here too. {error}"
        ) from error
    if is_adapter_folder(under.folder):
        raise LoadError(f"An adapter is added to a whole model, {under.name} is an adapter too: merge that one first.")
    return under, adapter


def tokenizer_folder(located: Located, adapter: Adapter | None) -> Path:
    """An adapter may come with the tokenizer that it was trained with."""
    return adapter.folder if adapter is not None and has_tokenizer(adapter.folder) else located.folder
