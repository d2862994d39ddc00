"""How weights come into memory where they are not simply read and moved to one device as a whole.

Spread over devices (`device="auto"`), what does not fit on the GPUs stays in memory, and what does not fit there on
disk, until its module runs. Packed into 8 or 4 bits, they are unpacked where a matrix is used.
"""

import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from transformers import BitsAndBytesConfig, PreTrainedConfig, PreTrainedModel

from heta_core.errors import LoadError
from heta_core.memory import told_available
from heta_core.models.adapters import Adapter

Packing = Literal["8bit", "4bit"]
PACKINGS: tuple[Packing, ...] = get_args(Packing)
AUTO = "auto"
PACKED_BY = "bitsandbytes"
# Of what is free: activations, and on the CPU everything else that runs, need the rest.
_PART = 0.8


@dataclass(frozen=True, slots=True)
class Placing:
    """What transformers is told of it."""

    options: Mapping[str, Any]  # of `from_pretrained`
    folder: Path | None = None  # for weights that neither file nor memory holds as they are needed

    def kept_by(self, model: PreTrainedModel) -> None:
        """The folder goes when the model goes, or the program ends."""
        if self.folder is not None:
            weakref.finalize(model, shutil.rmtree, self.folder, ignore_errors=True)

    def given_up(self) -> None:
        """There is no model."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def placed(
    device: torch.device | None, packing: Packing | None, config: PreTrainedConfig, adapter: Adapter | None
) -> Iterator[torch.device | Placing]:
    """How the weights of a model that is built inside come into memory.

    Args:
        device: for all of them; None spreads them.
        adapter: that will be added to them.

    Raises:
        LoadError: the choices do not go together, or a library is missing.
    """
    is_packed = packing is not None or getattr(config, "quantization_config", None) is not None
    if adapter is not None and (is_packed or device is None):
        raise LoadError(
            f"The adapter {adapter.name} is added to weights as they are, on one device: leave out device='auto', "
            "'8bit' and '4bit'."
        )
    if is_packed and device is None:
        raise LoadError("Weights in 8 or 4 bits are kept on one device here: name it in the place of 'auto'.")
    if device is not None and not is_packed:
        yield device
        return
    place = spread() if device is None else packed(packing, device)
    try:
        yield place
    except BaseException:
        place.given_up()
        raise


def packing_of(dtype: str | None) -> Packing | None:
    """The packing that a dtype names, if it names one."""
    return next((packing for packing in PACKINGS if packing == dtype), None)


def precision(model: PreTrainedModel) -> str:
    """What its numbers are kept in, as results say it."""
    for packing in PACKINGS:
        if getattr(model, f"is_loaded_in_{packing}", False):
            return packing
    return str(model.dtype).removeprefix("torch.")


def spread() -> Placing:
    """Over the GPUs, then memory, then disk."""
    folder = Path(tempfile.mkdtemp(prefix="heta-offloaded-"))
    options = {"device_map": AUTO, "max_memory": room(), "offload_folder": str(folder)}
    return Placing(options, folder)


def room() -> dict[int | str, int]:
    """Bytes that each device may take of a model; those on disk are not counted."""
    found: dict[int | str, int] = {
        k: int(_PART * torch.cuda.mem_get_info(k)[0]) for k in range(torch.cuda.device_count())
    }
    free = told_available()
    return found if free is None else {**found, "cpu": int(_PART * free)}


def packed(packing: Packing | None, device: torch.device) -> Placing:
    """In 8 or 4 bits; none named, as the model's own files are.

    The matrices are constants all the same, so the model can be differentiated by its embeddings. In 4 bits f is that
    of the unpacked matrices. In 8 bits what enters each matrix is rounded too, and the gradient passes over that: its
    second derivatives are of f without the rounding.

    Raises:
        LoadError: the library that unpacks them is missing.
    """
    check_packing_library()
    options: dict[str, Any] = {"device_map": {"": str(device)}}
    if packing == "8bit":
        options["quantization_config"] = BitsAndBytesConfig(load_in_8bit=True)
    if packing == "4bit":
        options["quantization_config"] = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_compute_dtype=torch.float32)
    return Placing(options)


def check_packing_library() -> None:
    """Refuse what needs it where it is not installed.

    Raises:
        LoadError: it is not.
    """
    if find_spec(PACKED_BY) is None:
        raise LoadError(
            f"Weights in 8 or 4 bits need the library {PACKED_BY}, found none: install it (pip install {PACKED_BY}), "
            "or take dtype='bfloat16'."
        )
