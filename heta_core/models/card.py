"""What is known of a model before it is loaded: from its configuration, the headers of its weights and its card."""

from dataclasses import dataclass
from pathlib import Path

import torch
from huggingface_hub import metadata_load
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel
from yaml import YAMLError  # type: ignore[import-untyped]

from heta_core.errors import UnsupportedModelError
from heta_core.families import Standing, standing
from heta_core.models.adapters import joint_name
from heta_core.models.building import FAILURES, read_config, reason
from heta_core.models.files import ModelFiles, inspect
from heta_core.models.finding import found

_CARD = "README.md"


@dataclass(frozen=True, slots=True)
class Card:
    """A model that is on this computer. What its files do not say is None."""

    name: str
    folder: Path
    model_type: str
    standing: Standing | None  # of its family
    n_parameters: int
    n_bytes: int  # of the weights on disk
    stored: str  # the precision of most of them, as torch names it
    n_layers: int | None
    n_heads: int | None
    context: int | None  # tokens
    licence: str | None


def card(name: str | Path) -> Card:
    """What the files of a model on this computer say.

    Raises:
        LoadError: there is no such model here, or its files are damaged or unsafe.
        UnsupportedModelError: it is no decoder-only language model.
    """
    located, adapter = found(name, download=False, progress=None)
    files = inspect(located.folder, located.name)
    config = read_config(files, located.name).get_text_config()
    return Card(
        name=located.name if adapter is None else joint_name(located.name, adapter.name),
        folder=located.folder,
        model_type=files.model_type,
        standing=standing(files.model_type),
        n_parameters=files.n_parameters,
        n_bytes=files.n_bytes,
        stored=files.stored,
        n_layers=getattr(config, "num_hidden_layers", None),
        n_heads=getattr(config, "num_attention_heads", None),
        context=getattr(config, "max_position_embeddings", None),
        licence=_licence(located.folder / _CARD),
    )


def without_weights(files: ModelFiles, config: PreTrainedConfig, name: str, dtype: torch.dtype) -> PreTrainedModel:
    """The model's modules with shapes and no numbers: what its size follows from, in a blink.

    Raises:
        UnsupportedModelError: transformers cannot build it from its configuration.
    """
    try:
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config, dtype=dtype, trust_remote_code=False)
    except FAILURES as error:
        raise UnsupportedModelError(
            f"{name} cannot be built from its configuration ({files.model_type}): {reason(error)}. Take another model."
        ) from error
    assert isinstance(model, PreTrainedModel)
    return model.requires_grad_(False)


def _licence(path: Path) -> str | None:
    """As the card beside the weights states it."""
    try:
        stated = metadata_load(path) if path.is_file() else None
    except (OSError, ValueError, YAMLError):  # a card is written by hand
        return None
    licence = (stated or {}).get("license")
    return str(licence) if licence else None
