"""What a model folder holds, read from its files before anything is built: no code of the folder ever runs.

Only safetensors are read (pickle files can run code), and only configurations of families that transformers itself
knows (`trust_remote_code` stays off).
"""

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

from heta_core.errors import LoadError, UnsupportedModelError
from heta_core.families import standing
from heta_core.models.adapters import is_adapter_folder
from heta_core.models.offloading import PACKED_BY

CONFIG = "config.json"
_INDEX = "model.safetensors.index.json"
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
_PRECISIONS = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_OTHER_HEADS = (
    *("ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "ForMultipleChoice"),
    *("ForMaskedLM", "RewardModel"),
)
# Every tokenizer that transformers can read has at least one of these.
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "tekken.json")


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A folder that holds everything a model needs."""

    folder: Path
    model_type: str
    weights: tuple[Path, ...]  # safetensors
    n_parameters: int  # in them
    n_bytes: int  # of the weights on disk
    stored: str  # the precision of most of them, as torch names it


def is_model_folder(folder: Path) -> bool:
    """Its configuration says that a model is there, whatever else is missing."""
    return (folder / CONFIG).is_file() or is_adapter_folder(folder)


def is_complete(folder: Path) -> bool:
    """No weight file is missing that belongs there (it may still be of a kind that is refused)."""
    if is_adapter_folder(folder):
        return any(folder.glob("adapter_model.*"))
    try:
        return all(path.is_file() for path in _weights(folder))
    except LoadError:
        return bool(_pickles(folder))


def has_tokenizer(folder: Path) -> bool:
    """A tokenizer is there."""
    return any((folder / file).is_file() for file in _TOKENIZER_FILES)


def inspect(folder: Path, name: str) -> ModelFiles:
    """The files of a model that can be loaded.

    Raises:
        LoadError: something is missing, damaged or unsafe; the message says what.
        UnsupportedModelError: it is no decoder-only language model of plain weights.
    """
    config = _json(folder / CONFIG)
    model_type = check_config(config, name)
    weights = _weights(folder)
    missing = [path.name for path in weights if not path.is_file()]
    if missing:
        raise LoadError(
            f"{name} has {len(missing)} of {len(weights)} weight files missing, the first is {missing[0]}: the "
            "download was not finished; load it again with download=True."
        )
    if not has_tokenizer(folder):
        raise LoadError(
            f"{name} needs a tokenizer beside its weights, found none of {', '.join(_TOKENIZER_FILES)}: save the "
            "tokenizer into the same folder."
        )
    numbers: Counter[str] = Counter()
    for path in weights:
        numbers += numbers_in(path)
    n_bytes = sum(path.stat().st_size for path in weights)
    ((most, _),) = numbers.most_common(1)
    return ModelFiles(folder, model_type, weights, numbers.total(), n_bytes, _PRECISIONS.get(most, most))


def check_config(config: Mapping[str, object], name: str) -> str:
    """The model type of a configuration that transformers itself can read as a decoder-only language model.

    Raises:
        LoadError: it needs code from its own folder, or a newer transformers.
        UnsupportedModelError: it is another kind of model, or its weights are quantised.
    """
    model_type = str(config.get("model_type", ""))
    if model_type not in CONFIG_MAPPING_NAMES:
        if "auto_map" in config:
            raise LoadError(
                f"{name} can only be loaded by running code that comes with it (model type {model_type!r}). Such code "
                "is never run here: take a model whose type transformers knows."
            )
        raise LoadError(
            f"{name} needs a model type that transformers knows, found {model_type!r}: take another model, or a "
            "release of this program with a newer transformers."
        )
    found = standing(model_type)
    if found is None or found.standing == "not_text_decoder" or config.get("is_encoder_decoder"):
        why = f" ({found.reason})" if found is not None and found.reason else ""
        raise UnsupportedModelError(
            f"A decoder-only language model is needed, {name} is of type {model_type!r}{why}: take a model that "
            "continues text, for example a GPT-2, Llama, Mistral, Qwen or Phi-3."
        )
    _check_head(config, name)
    packed = config.get("quantization_config")
    if packed and not (isinstance(packed, dict) and packed.get("quant_method") == PACKED_BY):
        raise UnsupportedModelError(
            f"Plain floating-point weights are needed, {name} is quantised: take the model it was made from."
        )
    return model_type


def _check_head(config: Mapping[str, object], name: str) -> None:
    """Where input and output share a matrix, a model that was trained for something else would load all the same."""
    saved_as = config.get("architectures")
    names = [str(one) for one in saved_as] if isinstance(saved_as, list) else []
    if names and all(one.endswith(_OTHER_HEADS) for one in names):
        raise UnsupportedModelError(
            f"A model with a language-model head is needed, {name} was saved as {names[0]}, whose head says something "
            "else than the next word: take the model that it was trained from."
        )


def _weights(folder: Path) -> tuple[Path, ...]:
    """Every safetensors file that belongs to the model, there or not."""
    if (folder / _INDEX).is_file():
        shards = _json(folder / _INDEX).get("weight_map")
        if not isinstance(shards, dict) or not all(_is_file_name(shard) for shard in shards.values()):
            raise LoadError(f"{folder / _INDEX} must name files of its own folder: fetch the model again.")
        return tuple(folder / shard for shard in sorted(set(shards.values())))
    if (folder / "model.safetensors").is_file():
        return (folder / "model.safetensors",)
    pickles = _pickles(folder)
    if pickles:
        raise LoadError(
            f"Weights as safetensors are needed, found only {pickles[0]}: pickle files can run code when they are "
            "opened. Take a model with safetensors, or convert this one where you trust it."
        )
    raise LoadError(f"Weights as model.safetensors are needed, found none in {folder.name}: fetch the model again.")


def _pickles(folder: Path) -> list[str]:
    return sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern))


def _is_file_name(shard: object) -> bool:
    return isinstance(shard, str) and Path(shard).name == shard and shard.endswith(".safetensors")


def numbers_in(path: Path) -> Counter[str]:
    """How many numbers of each precision one safetensors file holds, from its header."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length <= size - 8:
            raise LoadError(f"{path.name} is damaged (its header does not fit into it): fetch the model again.")
        header = _parsed(file.read(length), path)
    tensors = [t for key, t in header.items() if key != "__metadata__" and isinstance(t, dict)]
    end = max((t["data_offsets"][1] for t in tensors), default=0)
    if 8 + length + end != size:
        raise LoadError(
            f"{path.name} is damaged ({size} bytes, its header promises {8 + length + end}): fetch the model again."
        )
    found: Counter[str] = Counter()
    for tensor in tensors:
        found[tensor["dtype"]] += math.prod(tensor["shape"])
    return found


def _json(path: Path) -> dict[str, object]:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise LoadError(f"{path.name} must be readable, found: {error.strerror}. Check the folder.") from error
    return _parsed(text, path)


def _parsed(text: bytes, path: Path) -> dict[str, object]:
    try:
        parsed = json.loads(text)
    except ValueError as error:
        raise LoadError(f"{path.name} is damaged ({error}): fetch the model again.") from error
    if not isinstance(parsed, dict):
        raise LoadError(f"{path.name} is damaged (no table in it): fetch the model again.")
    return cast(dict[str, object], parsed)
