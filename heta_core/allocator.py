"""What becomes of main memory that is freed.

glibc hands it back to the system, and the next batch, which wants pieces of the same sizes, has every page of them
mapped and zeroed anew: a quarter of the time of a Hessian on a small model. A process that is there to compute keeps it
instead. That is for the program to say and not for a library: the app and the command line do, a notebook may.
"""

import ctypes
import os

# Of malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
LARGEST = 32 * 2**20  # bytes of a piece that is kept; glibc takes no more
_KEPT = 2**30  # bytes

_keeps = False


class _Info(ctypes.Structure):
    """glibc's struct mallinfo2; only its ninth number is asked for."""

    _fields_ = (("before", ctypes.c_size_t * 8), ("fordblks", ctypes.c_size_t), ("keepcost", ctypes.c_size_t))


def keep_freed() -> bool:
    """Keep up to a gigabyte of what this process frees for its next batch, until it ends.

    Best before other threads run: each that allocates on its own would keep its own.

    Returns:
        Whether it does now: not without glibc, and not where the environment says how its allocator is to work.
    """
    global _keeps
    set_option = getattr(_libc(), "mallopt", None)
    if set_option is None or _is_settled():
        return False
    _keeps = all(
        set_option(option, value)
        for option, value in ((_MMAP_THRESHOLD, LARGEST), (_TRIM_THRESHOLD, _KEPT), (_ARENA_MAX, 1))
    )
    return _keeps


def kept() -> int:
    """Bytes that are free but not handed back; 0 where they are not kept on purpose."""
    info = getattr(_libc(), "mallinfo2", None) if _keeps else None
    if info is None:
        return 0
    info.restype = _Info
    return min(_KEPT, int(info().fordblks))


def hand_back() -> None:
    """What is kept, now."""
    trim = getattr(_libc(), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _libc() -> ctypes.CDLL | None:
    """The C library of this process; Windows has no such handle."""
    try:
        return ctypes.CDLL(None)
    except TypeError:
        return None


def _is_settled() -> bool:
    return any(name.startswith("MALLOC_") for name in os.environ) or "malloc" in os.environ.get("GLIBC_TUNABLES", "")
