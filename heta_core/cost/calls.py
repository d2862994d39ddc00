"""What a run asks of the model, call by call, and what each call takes.

An operation is a multiplication or an addition of a matrix product. With frozen weights a backward takes as many as its
forward, and a Hessian-vector product twice as many; attention multiplies two activations, so there each of them has a
gradient: 1, 2 and 6 times the forward.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from heta_core.components import hessian
from heta_core.engine import n_captures
from heta_core.estimators.blockwise import n_draws
from heta_core.estimators.coloured import AUTO_DRAWS, n_products
from heta_core.groups import Groups, runs, singles, spanned
from heta_core.language_model import LanguageModel
from heta_core.passes.cutting import curvature_chunk, masked_at_once, masked_runs, products_at_once
from heta_core.passes.prefix import growths
from heta_core.passes.room import (
    Extent,
    Shape,
    forward_bytes,
    graph_bytes,
    masked_rows,
    product_bytes,
    product_rows,
    shape_of,
    transition_bytes,
)
from heta_core.settings import Settings
from heta_core.targets import Line, Objective

Kind = Literal["forward", "gradient", "product"]
KINDS: tuple[Kind, ...] = ("forward", "gradient", "product")


@dataclass(frozen=True, slots=True)
class Call:
    """The model run once on a batch, or a batch of products through one graph; several such calls alike."""

    kind: Kind
    n_rows: int
    extent: Extent
    times: int = 1
    layers: int | None = None  # how many of the last layers are differentiated; all if not given


def flops(shape: Shape, call: Call) -> float:
    """Operations of all calls alike."""
    matrices, attention = _forward_flops(shape, call.extent)
    above, attention_above = _forward_flops(shape.last(call.layers), call.extent)
    of_each = {
        "forward": matrices + attention,
        "gradient": matrices + attention + above + 2 * attention_above,
        "product": 2 * above + 6 * attention_above,
    }
    return call.times * call.n_rows * of_each[call.kind]


def _forward_flops(shape: Shape, extent: Extent) -> tuple[float, float]:
    """Of a forward: with weights, and of attention."""
    everywhere = shape.n_weights - shape.n_weights_at_rows
    at_rows = shape.n_weights_at_rows + shape.width * shape.vocabulary
    matrices = 2 * (everywhere * extent.n_run + at_rows * extent.n_read)
    return matrices, 4 * shape.n_layers * shape.n_heads * shape.head_width * extent.n_run * extent.n_seen


def opening_calls(lm: LanguageModel, lines: Sequence[Line]) -> Iterator[Call]:
    """The forwards that the prediction and the transition take."""
    yield from (Call("forward", 1, Extent(len(x.ids), len(x.ids), len(x.rows)), n_captures(lm)) for x in lines)


def masking_calls(lm: LanguageModel, line: Line, groups: Groups, settings: Settings) -> Iterator[Call]:
    """The masked forwards of a line, behind prefixes that grow; of every mask about those of the replacing ones."""
    n, n_read = len(line.ids), len(line.rows)
    together = masked_runs(lm, groups, n, settings)
    extent = Extent(n, n, n_read)
    most = masked_rows(lm, extent, settings.memory, most=masked_at_once(lm, extent, together))
    for members in together:
        start = groups[members.start][0]
        reached = sum(row >= start for row in line.rows)
        yield from _batches("forward", len(members), most, Extent(n - start if lm.has_prefix else n, n, reached))
    yield from _growths(lm, groups, together)


def curvature_calls(
    lm: LanguageModel, explained: Objective, settings: Settings, blocks: Groups | None
) -> Iterator[Call]:
    """Windows and products of the Hessian term; of adaptive probes about as many as they usually take."""
    if settings.layers is not None:  # what enters them is read once
        yield from (Call("forward", 1, _extent(line, 0)) for line in explained.lines)
    for call in _curvature_calls(lm, explained, settings, blocks):
        yield replace(call, layers=settings.layers)


def _curvature_calls(
    lm: LanguageModel, explained: Objective, settings: Settings, blocks: Groups | None
) -> Iterator[Call]:
    blocks, n_lines = blocks or singles(explained.n_context), len(explained.lines)
    whole = [_extent(line, 0) for line in explained.lines]
    at_once = products_at_once(lm, whole, settings)
    most = product_rows(lm, whole, settings.memory, most=at_once, layers=settings.layers)
    if settings.estimator in ("coloured", "low_rank"):
        plain = replace(settings, layers=None)
        n_passes = hessian.n_passes(lm, explained.n_context, plain, n_lines=n_lines, blocks=blocks)
        yield from _window(whole, n_passes - n_lines - 1, most)
        return
    if settings.probes == "auto":
        yield from _window(whole, n_products(len(blocks), AUTO_DRAWS), most)
        each = hessian.USUAL
    else:
        width = int(lm.model.get_input_embeddings().weight.shape[1])
        each = n_draws(settings, blocks, width)
    together = runs(blocks, curvature_chunk(settings))
    for members in together:
        start = blocks[members.start][0]
        extents = [_extent(line, start if lm.has_prefix else 0) for line in explained.lines]
        yield from _window(extents, round(each * len(members)), most)
    yield from _growths(lm, blocks, together)


def growing_calls(lm: LanguageModel, n_prompt: int, n_steps: int) -> Iterator[Call]:
    """The forwards that choose the tokens of a continuation."""
    if not lm.has_prefix:
        yield from (Call("forward", 1, Extent(n, n)) for n in range(n_prompt, n_prompt + n_steps))
        return
    yield Call("forward", 1, Extent(n_prompt, n_prompt))
    yield from (Call("forward", 1, Extent(1, n)) for n in range(n_prompt + 1, n_prompt + n_steps))


def most_bytes(lm: LanguageModel, calls: Iterable[Call], n_tokens: int) -> float:
    """What the largest of a run's moments takes beside the model."""
    shape = shape_of(lm)
    graph, most = 0.0, transition_bytes(shape, n_tokens)
    for call in calls:
        if call.kind == "gradient":
            graph = graph_bytes(shape.last(call.layers), call.extent)
            taken = graph
        elif call.kind == "product":
            taken = graph + call.n_rows * product_bytes(shape.last(call.layers), call.extent)
        else:
            taken = call.n_rows * forward_bytes(shape, call.extent)
        most = max(most, taken)
    return most


def _extent(line: Line, start: int) -> Extent:
    return Extent(len(line.ids) - start, len(line.ids), sum(row >= start for row in line.rows))


def _window(extents: Sequence[Extent], n: int, most: int) -> Iterator[Call]:
    """A graph over every line, and n products through it."""
    for extent in extents:
        yield Call("gradient", 1, extent)
        yield from _batches("product", n, most, extent)


def _batches(kind: Kind, n: int, most: int, extent: Extent) -> Iterator[Call]:
    whole, rest = divmod(n, most)
    if whole:
        yield Call(kind, most, extent, whole)
    if rest:
        yield Call(kind, rest, extent)


def _growths(lm: LanguageModel, groups: Groups, together: Sequence[range]) -> Iterator[Call]:
    """The forwards that make the prefixes of some runs of groups."""
    for start, stop in growths(lm, [spanned(groups, members) for members in together]):
        yield Call("forward", 1, Extent(stop - start, stop))
