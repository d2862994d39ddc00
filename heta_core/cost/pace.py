"""How long a call takes here: measured on short pieces of the same work, once for a model on a device.

1. Of each kind of call a small one is timed, and ones about twice as large, until one takes long enough to trust.
2. A call takes what the small one shows beyond its size, the kernels' own time, and the rest in proportion to its size.
3. The size is its operations plus, in the same unit, the bytes that it goes through: attention over a long text is
   bound by memory, which the short pieces alone would not show.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
from transformers import PreTrainedModel

from heta_core.cost.calls import KINDS, Call, Kind, flops
from heta_core.language_model import LanguageModel, embed, log_probs, running
from heta_core.passes.curvature import open_window, surface
from heta_core.passes.prefix import Chunk, logits_at
from heta_core.passes.room import Extent, Shape, graph_bytes, layer_bytes, product_bytes, shape_of
from heta_core.targets import next_token

# Operations that take as long as a byte that is gone through, about, on processors and on GPUs.
_PER_BYTE = 150.0
_LONG_ENOUGH = 0.4  # seconds
_SHORT = 0.1
_FEWEST_TOKENS = 8
# The most rows that are timed. Few, so that pieces of a large model are not all rows of few tokens, whose logits weigh
# more than they do in a run; yet enough that a small model leaves the cache, as a run does.
_ROWS: dict[Kind, int] = {"forward": 4, "gradient": 1, "product": 4}
_measured: "WeakKeyDictionary[PreTrainedModel, dict[tuple[int, int], Pace]]" = WeakKeyDictionary()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of each kind of call: (of any, of a unit of size)."""

    of: dict[Kind, tuple[float, float]]

    def seconds(self, shape: Shape, call: Call) -> float:
        """Of all calls alike."""
        fixed, each = self.of[call.kind]
        return call.times * fixed + each * size(shape, call)


def size(shape: Shape, call: Call) -> float:
    """Operations and bytes of all calls alike, in operations."""
    return flops(shape, call) + _PER_BYTE * call.times * call.n_rows * _bytes(shape, call)


def _bytes(shape: Shape, call: Call) -> float:
    """What one row goes through."""
    if call.kind == "gradient":
        return graph_bytes(shape.last(call.layers), call.extent)
    if call.kind == "product":
        return product_bytes(shape.last(call.layers), call.extent)
    return shape.n_layers * sum(layer_bytes(shape, call.extent))


def pace_of(lm: LanguageModel, ids: tuple[int, ...], seconds: Callable[[], float] = time.perf_counter) -> Pace:
    """The pace of a model where it is now, measured where it was not for texts as long as this one.

    Args:
        ids: a text; pieces of it are run.
        seconds: the clock.
    """
    n_tokens = len(ids)
    key = torch.get_num_threads(), n_tokens.bit_length()
    with _lock:
        found = _measured.setdefault(lm.model, {})
        if key not in found:
            found[key] = Pace({kind: _line(lm, ids, kind, seconds) for kind in KINDS})
        return found[key]


def _line(lm: LanguageModel, ids: tuple[int, ...], kind: Kind, seconds: Callable[[], float]) -> tuple[float, float]:
    """Seconds of any call and of a unit of size: the line through the smallest and the largest that were timed."""
    shape = shape_of(lm)
    points: list[tuple[float, float]] = []  # size, seconds
    for call in _ladder(kind, len(ids)):
        run = _piece(lm, ids[: call.extent.n_run], call)
        if not points:
            run()  # warms up
        taken = _timed(run, lm, seconds)
        points.append((size(shape, call), taken))
        if taken > _LONG_ENOUGH and len(points) > 1:
            break
    (small, least), (large, most) = points[0], points[-1]
    each = (most - least) / (large - small) if large > small else 0.0
    fixed = least - each * small
    return (fixed, each) if each > 0 and fixed > 0 else (0.0, most / large)


def _ladder(kind: Kind, n_tokens: int) -> Iterator[Call]:
    """Calls of growing size: first more rows, as many as the engine takes, then more tokens, as many as there are."""
    n_rows, n = 1, min(_FEWEST_TOKENS, n_tokens)
    yield Call(kind, n_rows, Extent(n, n))
    while n_rows < _ROWS[kind]:
        n_rows *= 2
        yield Call(kind, n_rows, Extent(n, n))
    while n < n_tokens:
        n = min(2 * n, n_tokens)
        yield Call(kind, n_rows, Extent(n, n))


def _piece(lm: LanguageModel, ids: tuple[int, ...], call: Call) -> Callable[[], object]:
    """The work of one call, ready to run."""
    if call.kind == "forward":
        rows = embed(lm, ids).repeat(call.n_rows, 1, 1)
        return lambda: _forward(lm, rows)
    over = surface(lm, next_token(ids, ids[0]))
    chunk = Chunk(0, min(_FEWEST_TOKENS, len(ids)), 0, None)
    if call.kind == "gradient":
        return lambda: open_window(over, chunk)
    window = open_window(over, chunk)
    directions = torch.ones_like(window.gradient).expand(call.n_rows, -1, -1)
    return lambda: window.products(directions)


@torch.no_grad()
def _forward(lm: LanguageModel, rows: torch.Tensor) -> torch.Tensor:
    with running(lm):
        return log_probs(logits_at(lm, rows, None, (rows.shape[1] - 1,)))


def _timed(run: Callable[[], object], lm: LanguageModel, seconds: Callable[[], float]) -> float:
    """The faster of two runs, where one is short: something else may have had the processor."""
    taken = [once(run, lm.device, seconds)]
    if taken[0] < _SHORT:
        taken.append(once(run, lm.device, seconds))
    return min(taken)


def once(run: Callable[[], object], device: torch.device, seconds: Callable[[], float] = time.perf_counter) -> float:
    """Seconds of one run, all that it has asked of the device included."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    start = seconds()
    run()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return seconds() - start
