"""What torch allocates while something runs, counted operation by operation."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

_Result = TypeVar("_Result")


class _Counting(TorchDispatchMode):
    """Every storage counts from the operation that makes it until nobody holds it; those given to it do not."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: dict[int, tuple[StorageWeakRef, int]] = {}
        self.now = self.most = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._see((args, kwargs), is_made=False)
        made = function(*args, **(kwargs or {}))
        self._see(made, is_made=True)
        self.most = max(self.most, self.now)
        for key in [key for key, (held, _) in self.alive.items() if held.expired()]:
            self.now -= self.alive.pop(key)[1]
        return made

    def _see(self, values: Any, *, is_made: bool) -> None:
        for tensor in tree_iter(values):
            if isinstance(tensor, torch.Tensor):
                held = StorageWeakRef(tensor.untyped_storage())
                if held.cdata not in self.alive:
                    size = tensor.untyped_storage().nbytes() if is_made else 0
                    self.alive[held.cdata] = held, size
                    self.now += size


def most_allocated(run: Callable[[], _Result]) -> tuple[_Result, int]:
    """What a run returns, and the most bytes that it held at once beside what was there before."""
    with _Counting() as counting:
        result = run()
    return result, counting.most
