"""A model folder → a frozen model on its device, and its tokenizer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, cast

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedConfig, PreTrainedModel
from transformers.utils import logging

from heta_core.errors import LoadError, OutOfMemoryError
from heta_core.memory import told_available
from heta_core.models.files import ModelFiles
from heta_core.models.offloading import PACKINGS, Packing, Placing, packing_of
from heta_core.tokens import Tokenizer

Dtype = Literal["float64", "float32", "bfloat16", "float16"]
DTYPES: dict[Dtype, torch.dtype] = {
    "float64": torch.float64,
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}

# What transformers raises over files that contradict each other, or that need a library which is not there.
FAILURES = (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, RuntimeError)

# Activations of a short run, beside the weights.
_MEMORY_MARGIN = 1.1


def chosen_device(device: str | None) -> torch.device:
    """The device asked for; if none is, the GPU where there is one.

    Raises:
        LoadError: there is no such device.
    """
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.empty(0, device=device).device
    except (RuntimeError, AssertionError) as error:  # torch without CUDA asserts
        raise _no_such_device(device) from error
    if chosen.type == "meta":  # it exists and holds no numbers
        raise _no_such_device(device)
    return chosen


def chosen_dtype(dtype: Dtype | Packing | None) -> torch.dtype:
    """The precision asked for; if none is, float32: half precision leaves few digits in a second derivative.

    What is packed is computed with in float32 too.

    Raises:
        LoadError: there is no such precision.
    """
    if dtype is None or packing_of(dtype):
        return torch.float32
    if dtype not in DTYPES:
        raise LoadError(f"dtype must be one of {', '.join((*DTYPES, *PACKINGS))}, got {dtype!r}.")
    return DTYPES[dtype]


def read_config(files: ModelFiles, name: str) -> PreTrainedConfig:
    """The configuration, judged by transformers.

    Raises:
        LoadError: its values contradict each other.
    """
    try:
        with _quiet():
            return AutoConfig.from_pretrained(files.folder, local_files_only=True, trust_remote_code=False)
    except (*FAILURES, StrictDataclassError) as error:
        raise LoadError(
            f"The configuration of {name} cannot be used: {reason(error)}. Take it from where the weights are from."
        ) from error


def build(
    files: ModelFiles,
    config: PreTrainedConfig,
    name: str,
    dtype: torch.dtype,
    place: torch.device | Placing,
    tell: Callable[[float], None],
) -> PreTrainedModel:
    """The model in evaluation mode with eager attention, its weights frozen once and for all.

    Args:
        place: a device for all of them, or how they are spread or packed.
        tell: called with the part of the weights that has been read, often; what it raises ends the work.

    Raises:
        LoadError: files and configuration do not make a whole model.
        OutOfMemoryError: the weights do not fit.
    """
    free = free_memory(place) if isinstance(place, torch.device) else None
    if free is not None and weight_bytes(files.n_parameters, dtype) > free:
        raise _too_large(name, files, dtype, f"{free / 1e9:.1f} GB are free")
    try:
        with _quiet(), _telling(tell):
            model, report = _read(files, config, dtype, place)
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _too_large(name, files, dtype, "less is free") from error
    except (*FAILURES, SafetensorError) as error:
        raise LoadError(f"{name} could not be built from its files: {reason(error)}. Fetch it again.") from error
    if report["missing_keys"] or report["mismatched_keys"]:
        # They would be filled with random numbers.
        lacking = sorted(str(key) for key in (*report["missing_keys"], *report["mismatched_keys"]))
        raise LoadError(f"{name} lacks {len(lacking)} of its weights, the first is {lacking[0]}: fetch it again.")
    return model.eval().requires_grad_(False)


def _read(
    files: ModelFiles, config: PreTrainedConfig, dtype: torch.dtype, place: torch.device | Placing
) -> tuple[PreTrainedModel, dict[str, Any]]:
    """The model where it belongs, and what transformers reports of its weights."""
    model, report = AutoModelForCausalLM.from_pretrained(
        files.folder,
        config=config,
        dtype=dtype,
        attn_implementation="eager",
        trust_remote_code=False,
        use_safetensors=True,
        local_files_only=True,
        output_loading_info=True,
        **(place.options if isinstance(place, Placing) else {}),
    )
    if isinstance(place, Placing):
        place.kept_by(model)
        return model, report
    return cast(PreTrainedModel, model).to(place), report


def read_tokenizer(folder: Path, name: str) -> Tokenizer:
    """The tokenizer in a model folder.

    Raises:
        LoadError: it cannot be read, or only with code that comes with it.
    """
    try:
        with _quiet():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except FAILURES as error:
        if "trust_remote_code" in str(error):
            raise LoadError(
                f"The tokenizer of {name} can only be loaded by running code that comes with it; such code is never "
                "run here: take another model."
            ) from error
        raise LoadError(f"The tokenizer of {name} cannot be read: {reason(error)}. Fetch it again.") from error
    return cast(Tokenizer, tokenizer)


def free_memory(device: torch.device) -> int | None:
    """Bytes that can still be allocated, where the system says so."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    # Linux grants more than it has and ends the process later.
    return told_available() if device.type == "cpu" else None


def _no_such_device(device: str) -> LoadError:
    found = ["cpu", *(f"cuda:{k}" for k in range(torch.cuda.device_count()))]
    return LoadError(
        f"A device of this computer is needed, got {device!r}, found {', '.join(found)}: take one of those."
    )


def reason(error: Exception) -> str:
    """Of an error its message in one line, without a full stop."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def weight_bytes(n_parameters: int, dtype: torch.dtype) -> int:
    """What weights take in memory, with the activations of a short run beside them."""
    return int(n_parameters * dtype.itemsize * _MEMORY_MARGIN)


def _too_large(name: str, files: ModelFiles, dtype: torch.dtype, found: str) -> OutOfMemoryError:
    needed, sort = weight_bytes(files.n_parameters, dtype), str(dtype).removeprefix("torch.")
    smaller = ", or dtype='bfloat16', which takes half" if dtype.itemsize > 2 else ""
    return OutOfMemoryError(
        f"{name} needs about {needed / 1e9:.1f} GB of memory ({files.n_parameters:,} parameters of {dtype.itemsize} "
        f"bytes in {sort}, and {_MEMORY_MARGIN - 1:.0%} for a short run), {found}: take a smaller model{smaller}."
    )


@contextmanager
def _telling(tell: Callable[[float], None]) -> Iterator[None]:
    """How far the weights are, from the bar that transformers draws while it reads them; its hook is the process's."""

    def hook(_factory: object, args: tuple[Any, ...], _named: dict[str, Any]) -> Iterator[Any]:
        rows = list(args[0])
        for k, row in enumerate(rows):
            tell(k / len(rows))
            yield row

    before = logging.set_tqdm_hook(hook)
    try:
        yield
    finally:
        logging.set_tqdm_hook(before)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without transformers' own progress bars and reports: what matters of them becomes an error here."""
    verbosity, has_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    try:
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        yield
    finally:
        logging.set_verbosity(verbosity)
        if has_bars:
            logging.enable_progress_bar()
