"""How much memory the passes need, and so how many rows of a batch fit into what there is.

1. `shape_of` reads off the model what memory depends on.
2. Formulas say what a masked sequence, a first gradient, the graph of one and a product through it need. Their
   constants were fitted to what torch allocates on GPT-2, GPT-J, Llama and Phi-3 shapes of 2 to 6 layers, widths 128
   to 768 and 16 to 512 tokens; tests/test_room.py counts it again.
3. What is left of the budget beside what is there in any case, divided by that, is the number of rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from heta_core.allocator import kept
from heta_core.errors import OutOfMemoryError
from heta_core.language_model import LanguageModel
from heta_core.memory import available, in_words
from heta_core.placement import n_bytes_away

# Of what is free. The formulas may be a quarter too low, an allocator cannot use every gap between two tensors, and the
# computer goes on doing other things while a run lasts.
SAFE_PART = 0.5
# Activations that are one kernel; all others are written out in the model and keep every step of theirs.
_SINGLE_KERNELS = frozenset({"silu", "swish", "gelu", "gelu_pytorch_tanh", "relu", "relu2", "tanh", "sigmoid", "mish"})
# Softmax and log-probabilities are in float32 at least, whatever the model computes in.
_WIDE = 4  # bytes


@dataclass(frozen=True, slots=True)
class Shape:
    """What the memory of a pass depends on, and its number of operations."""

    n_layers: int
    n_heads: int
    head_width: int
    n_cached: int  # numbers that a layer keeps of a token: its keys and values
    n_outputs: int  # numbers that all matrices of all layers make of a token
    n_weights: int  # of those matrices
    n_outputs_at_rows: int  # of both, what is run at the read positions alone
    n_weights_at_rows: int
    width: int
    vocabulary: int
    n_bytes: int  # of a number
    is_composed: bool  # the activation between a layer's two large matrices takes many kernels

    def last(self, n_layers: int | None) -> "Shape":
        """The shape of the last layers alone; of all if no number is given."""
        if n_layers is None:
            return self
        n_outputs, n_weights = (n * n_layers // self.n_layers for n in (self.n_outputs, self.n_weights))
        return replace(self, n_layers=n_layers, n_outputs=n_outputs, n_weights=n_weights)


@dataclass(frozen=True, slots=True)
class Extent:
    """What a pass runs over."""

    n_run: int  # positions, behind a cached prefix or from the first on
    n_seen: int  # positions that the last of them can look at
    n_read: int = 1  # positions whose predictions are wanted


def shape_of(lm: LanguageModel) -> Shape:
    """The shape of a model."""
    model, config = lm.model, lm.model.config.get_text_config()
    ends = {id(m.weight) for m in (model.get_input_embeddings(), model.get_output_embeddings()) if m is not None}
    matrices = {m: w for m in model.modules() if (w := _matrix(m)) is not None and id(w) not in ends}
    at_rows = [m for m in lm.feed_forward.modules() if m in matrices] if lm.feed_forward is not None else []
    n_heads, width = getattr(config, "num_attention_heads", 0), config.hidden_size  # none in a state-space model
    head_width = vars(config).get("head_dim") or width // max(1, n_heads)
    n_key_heads = getattr(config, "num_key_value_heads", None) or n_heads
    names = ("hidden_act", "activation_function", "hidden_activation")
    activation = next((a for name in names if (a := getattr(config, name, None))), None)
    return Shape(
        n_layers=len(lm.architecture.blocks(model)),
        n_heads=n_heads,
        head_width=head_width,
        n_cached=2 * n_key_heads * head_width,
        n_outputs=sum(_n_outputs(m, w) for m, w in matrices.items()),
        n_weights=sum(w.numel() for w in matrices.values()),
        n_outputs_at_rows=sum(_n_outputs(m, matrices[m]) for m in at_rows),
        n_weights_at_rows=sum(matrices[m].numel() for m in at_rows),
        width=width,
        vocabulary=config.vocab_size,
        n_bytes=model.dtype.itemsize,
        is_composed=activation not in _SINGLE_KERNELS,
    )


def _matrix(module: nn.Module) -> Tensor | None:
    """The weight that a module multiplies with; `Conv1D` has it transposed, and says so by its `nf`."""
    weight = getattr(module, "weight", None)
    is_adapted = hasattr(module, "base_layer")  # its matrices stand inside
    is_one = isinstance(weight, Tensor) and weight.ndim == 2 and not (is_adapted or isinstance(module, nn.Embedding))
    return weight if is_one else None


def _n_outputs(module: nn.Module, weight: Tensor) -> int:
    """What a matrix makes of a token."""
    return weight.shape[1] if hasattr(module, "nf") else weight.shape[0]


def layer_bytes(shape: Shape, extent: Extent) -> tuple[float, float]:
    """One layer's work on one sequence: at its attention, and at its activation."""
    attention, outputs, _ = _sizes(shape, extent)
    return 3.75 * attention + 0.5 * outputs, (4.0 if shape.is_composed else 1.8) * outputs


def forward_bytes(shape: Shape, extent: Extent) -> float:
    """One sequence of a batch without gradients: one layer's work or the logits, and the cache it is given."""
    *_, logits = _sizes(shape, extent)
    return max(*layer_bytes(shape, extent), 8.5 * logits) + _cache(shape, extent)


def graph_bytes(shape: Shape, extent: Extent) -> float:
    """The graph of a gradient: what each layer keeps for another backward, and the cache it stands on."""
    attention, outputs, logits = _sizes(shape, extent)
    made = (shape.n_layers + 1) * outputs - _spared(shape, extent)
    kept = (4 * shape.n_layers + 1) * attention + (4.2 if shape.is_composed else 3.4) * made
    return kept + 4 * logits + _cache(shape, extent)


def product_bytes(shape: Shape, extent: Extent) -> float:
    """One product through that graph: what every layer's forward is still owed while the backward comes down."""
    attention, outputs, logits = _sizes(shape, extent)
    made = (shape.n_layers + 1) * outputs - _spared(shape, extent)
    return 3.6 * shape.n_layers * attention + (2.4 if shape.is_composed else 1.4) * made + 4 * logits


def gradient_bytes(shape: Shape, extent: Extent) -> float:
    """One sequence's first gradient, whose graph goes as the backward comes down; what f is read with is small."""
    return 0.4 * graph_bytes(shape, extent)


def transition_bytes(shape: Shape, n_tokens: int) -> float:
    """A forward over the whole context, and the head means of all layers."""
    return forward_bytes(shape, Extent(n_tokens, n_tokens)) + shape.n_layers * n_tokens**2 * max(_WIDE, shape.n_bytes)


def piece_bytes(shape: Shape, extent: Extent, *, is_product: bool) -> float:
    """The largest piece that one row of a batch allocates: a forward never holds the attention of all heads at once."""
    attention, outputs, _ = _sizes(shape, extent)
    widest = outputs / 2  # of a layer's matrices: about half of what all of them make
    return max(attention, widest) if is_product else widest


def _sizes(shape: Shape, extent: Extent) -> tuple[float, float, float]:
    """Bytes of a layer's attention probabilities, of what its matrices make, and of the logits."""
    wide = max(_WIDE, shape.n_bytes)
    attention = shape.n_heads * extent.n_run * extent.n_seen * wide
    outputs = shape.n_outputs / shape.n_layers * extent.n_run * shape.n_bytes
    return attention, outputs, extent.n_read * shape.vocabulary * wide


def _spared(shape: Shape, extent: Extent) -> float:
    """Bytes that the last layer's matrices would make of the positions that are not read."""
    return shape.n_outputs_at_rows * (extent.n_run - extent.n_read) * shape.n_bytes


def _cache(shape: Shape, extent: Extent) -> float:
    """Keys and values of a run behind a prefix; the full sequence is run without a cache."""
    is_behind = extent.n_seen > extent.n_run
    return shape.n_layers * shape.n_cached * extent.n_seen * shape.n_bytes if is_behind else 0


def masked_rows(lm: LanguageModel, extent: Extent, memory: int | None, *, most: int) -> int:
    """How many masked sequences fit at once, `most` at most.

    Args:
        memory: bytes that the run may take beside the model; None is a safe part of what is free.

    Raises:
        OutOfMemoryError: not even one fits.
    """
    return _rows(lm, 0, forward_bytes(shape_of(lm), extent), memory, most)


def product_rows(
    lm: LanguageModel, extents: Sequence[Extent], memory: int | None, *, most: int, layers: int | None = None
) -> int:
    """How many products through one graph fit at once, `most` at most; asked before the graph is there.

    Args:
        extents: of every line of what is explained; the graph runs through all of them.
        layers: how many of the last layers the graph runs through; all if not given.

    Raises: as `masked_rows`.
    """
    shape = shape_of(lm).last(layers)
    # What is brought to the device for a forward stays there in its graph.
    graph = sum(graph_bytes(shape, extent) for extent in extents) + n_bytes_away(lm.model)
    return _rows(lm, graph, sum(product_bytes(shape, extent) for extent in extents), memory, most)


def gradient_rows(lm: LanguageModel, extent: Extent, memory: int | None, *, most: int) -> int:
    """How many sequences fit at once, each with a gradient of its own, `most` at most.

    Raises: as `masked_rows`.
    """
    return _rows(lm, n_bytes_away(lm.model), gradient_bytes(shape_of(lm), extent), memory, most)


def _rows(lm: LanguageModel, fixed: float, each: float, memory: int | None, most: int) -> int:
    budget = memory if memory is not None else SAFE_PART * free(lm.device)
    rows = int((budget - fixed) // each)
    if rows < 1:
        told = "--memory allows" if memory is not None else f"is {SAFE_PART:.0%} of what {lm.device} has free"
        raise OutOfMemoryError(
            f"The smallest batch on {lm.source.model} needs about {in_words(fixed + each)} beside the model, and "
            f"{in_words(budget)} {told}: allow more memory, shorten the text, or take a smaller model."
        )
    return min(rows, most)


def free(device: torch.device) -> int:
    """Bytes that a device has left, what is held there without being used included."""
    if device.type != "cuda":
        return available() + kept()
    left, _ = torch.cuda.mem_get_info(device)
    return left + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
