"""The most memory that a run holds at once."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from heta_core.allocator import hand_back

_Result = TypeVar("_Result")

_PROCESS = Path("/proc/self")
_RESET_PEAK = "5"  # proc(5): what to write into clear_refs


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes, of the process on a CPU, of torch's allocations on a GPU; the model is among them."""

    before: int
    peak: int


def peak(run: Callable[[], _Result], device: torch.device) -> tuple[_Result, Memory | None]:
    """What a run returns and the memory it took; None where the system does not tell.

    Linux keeps the high-water mark of a process and lets the process lower it to what it holds now. Other systems keep
    the mark of its whole life, which tells nothing of one run.
    """
    gc.collect()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        result = run()
        return result, Memory(before, torch.cuda.max_memory_allocated(device))
    is_known = _lowered()
    before = _held("VmRSS") if is_known else 0
    result = run()
    return result, Memory(before, _held("VmHWM")) if is_known else None


def _lowered() -> bool:
    """The high-water mark is that of now; freed memory that the allocator kept is given back first."""
    if not (_PROCESS / "clear_refs").is_file():
        return False
    hand_back()
    try:
        (_PROCESS / "clear_refs").write_text(_RESET_PEAK, encoding="ascii")
    except OSError:
        return False
    return True


def _held(name: str) -> int:
    """Bytes, of a line of the process's status in kB."""
    lines = (_PROCESS / "status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
