"""Adapters (LoRA and its kin): a small set of weights beside a model's own, in a folder of their own.

1. `read_adapter` says which model an adapter is for, from its files alone.
2. `merged` adds what it holds to the weights of that model, once: nothing is left of it that a pass would have to know.
3. `unwrapped` takes a model that peft has in its hands, merged or not, and gives the model that runs.
"""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from safetensors import SafetensorError
from transformers import PreTrainedModel

from heta_core.errors import LoadError, UnsupportedModelError

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
_PICKLE = "adapter_model.bin"
# Those that add to weights and can be merged. Others put tokens before the text, or choose adapters as they read.
_TYPES = ("LORA", "LOHA", "LOKR", "IA3")
_JOINT = " + "
_NAME = "default"
_FAILURES = (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, RuntimeError, SafetensorError)


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter that can be loaded."""

    name: str
    folder: Path
    base: str  # the model that it was made for: a folder or an id
    revision: str | None

    @property
    def weights(self) -> Path:
        """Its safetensors."""
        return self.folder / WEIGHTS

    def on(
        self, name: str, revision: str | None, weights: tuple[Path, ...]
    ) -> tuple[str, str | None, tuple[Path, ...]]:
        """Name, revision and files of a model with this in it."""
        revisions = (revision, self.revision)
        both = None if revisions == (None, None) else joint_name(*(one or "local" for one in revisions))
        return joint_name(name, self.name), both, (*weights, self.weights)


def is_adapter_folder(folder: Path) -> bool:
    """An adapter is there, whatever else is missing."""
    return (folder / CONFIG).is_file()


def joint_name(base: str, adapter: str) -> str:
    """What a result calls a model with an adapter; `load` takes it."""
    return f"{base}{_JOINT}{adapter}"


def parted_name(name: str) -> tuple[str, str]:
    """The names of a model and of an adapter in one name; an empty string where one is not named."""
    base, joint, adapter = name.rpartition(_JOINT)
    return (base, adapter) if joint else ("", name)


def read_adapter(folder: Path, name: str, revision: str | None = None) -> Adapter:
    """What the files of an adapter say.

    Raises:
        LoadError: something is missing, damaged or unsafe.
        UnsupportedModelError: it is of a kind that does not only add to weights.
    """
    try:
        config = json.loads((folder / CONFIG).read_bytes())
    except (OSError, ValueError) as error:
        raise LoadError(f"{CONFIG} of {name} is damaged ({error}): fetch the adapter again.") from error
    base = config.get("base_model_name_or_path") if isinstance(config, dict) else None
    if not isinstance(base, str) or not base:
        raise LoadError(
            f"An adapter must say which model it is for, {name} has no base_model_name_or_path in {CONFIG}: add it."
        )
    _check_kind(config, name)
    if not (folder / WEIGHTS).is_file():
        found = f"only {_PICKLE}: pickle files can run code" if (folder / _PICKLE).is_file() else "none"
        raise LoadError(f"The adapter {name} needs its weights as {WEIGHTS}, found {found}. Save it as safetensors.")
    if any(folder.glob("model*.safetensors")):
        raise LoadError(
            f"{name} holds a whole model and an adapter, and it is not said which is meant: give {CONFIG} and "
            f"{WEIGHTS} a folder of their own."
        )
    return Adapter(name, folder, base, revision)


def _check_kind(config: dict[str, Any], name: str) -> None:
    kind, task = str(config.get("peft_type")), config.get("task_type")
    if kind not in _TYPES:
        raise UnsupportedModelError(
            f"An adapter that adds to weights is needed ({', '.join(_TYPES)}), {name} is of type {kind!r}: merge it "
            "where it was made, and load the whole model."
        )
    if task not in (None, "CAUSAL_LM"):
        raise UnsupportedModelError(
            f"An adapter of a language model is needed, {name} is made for {task}: take one made for CAUSAL_LM."
        )
    if config.get("megatron_config"):  # peft would import whatever module it names
        raise LoadError(f"{name} can only be loaded by importing a module that it names (megatron): take another.")


def merged(model: PreTrainedModel, adapter: Adapter) -> PreTrainedModel:
    """The model with the adapter in its weights, frozen.

    Raises:
        LoadError: the adapter does not belong to the model.
    """
    from peft import PeftConfig, PeftModel  # here, as it takes seconds to import

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters is in the report
            config = PeftConfig.from_pretrained(str(adapter.folder))
            config.inference_mode = True
            wrapped = PeftModel(model, config, _NAME, autocast_adapter_dtype=False)
            report = wrapped.load_adapter(
                str(adapter.folder), _NAME, torch_device=str(model.device), autocast_adapter_dtype=False
            )
            _check_whole(report, adapter)
            found = wrapped.merge_and_unload(safe_merge=True)
    except _FAILURES as error:
        told = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise LoadError(
            f"The adapter {adapter.name} does not fit {adapter.base}: {told[:300]}. Take the model that it was made "
            "for."
        ) from error
    return cast(PreTrainedModel, found).eval().requires_grad_(False)


def _check_whole(report: Any, adapter: Adapter) -> None:
    """Everything in the file has a place in the model, and every place of the adapter its weights."""
    lacking = [key for key in report.missing_keys if f".{_NAME}" in key]
    for found, told in ((lacking, "lacks"), (list(report.unexpected_keys), "has, and the model has no place for,")):
        if found:
            raise LoadError(
                f"The adapter {adapter.name} {told} {len(found)} of its weights, the first is {found[0]}: take the "
                "model that it was made for, or fetch it again."
            )


def unwrapped(model: Any) -> tuple[PreTrainedModel, str]:
    """Of a model that peft wraps the one that runs, with the adapter's layers in it, and what it may be called.

    Any other model as it is, with no name.

    Raises:
        UnsupportedModelError: the adapter does more than add to weights.
    """
    configs = getattr(model, "peft_config", None)
    base_of = getattr(model, "get_base_model", None)
    if not configs or base_of is None:
        return cast(PreTrainedModel, model), ""
    active = [str(name) for name in model.active_adapters]
    for name in active:
        kind = getattr(configs[name].peft_type, "value", configs[name].peft_type)
        _check_kind({"peft_type": kind}, name)
    base = cast(PreTrainedModel, base_of())
    return base, joint_name(base.name_or_path or type(base).__name__, ", ".join(active))
