"""A causal language model, its tokenizer and what is known about its family, as one value.

The model is stateless: whatever a pass needs is given to it and comes back from it. Several readers can share one
model, so every pass runs inside `running`, which holds the lock.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel

from heta_core.architectures import Architecture
from heta_core.errors import InputError, OutOfMemoryError
from heta_core.parts import Source
from heta_core.placement import runs_on
from heta_core.tokens import Tokenizer

# What the method needs of a configuration while it runs: fused attention kernels have no second derivative
# (pytorch #116350) and give no probabilities; collected attentions would take (L, H, T, T).
_NEEDED = {
    "_attn_implementation_internal": "eager",
    "return_dict": True,
    "_output_attentions": False,
    "output_hidden_states": False,
}
_ABSENT = object()


@dataclass(frozen=True, slots=True, eq=False)
class LanguageModel:
    """What the passes run on. Made by `loading.load` or `loading.wrap`, which check the family's equations."""

    model: PreTrainedModel
    tokenizer: Tokenizer
    architecture: Architecture
    source: Source
    has_prefix: bool  # a run behind cached keys and values equals the full run
    feed_forward: nn.Module | None  # the last layer's, where it can be run at the read positions alone
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def device(self) -> torch.device:
        """Where ids and embeddings go in."""
        return runs_on(self.model.get_input_embeddings())

    @property
    def dtype(self) -> torch.dtype:
        """What the model computes in."""
        dtype: torch.dtype = self.model.get_input_embeddings().weight.dtype
        return dtype

    @property
    def has_transition(self) -> bool:
        """Its attention can be read; without, the score of Eq. 5 has no gate."""
        return not self.architecture.refusal

    @property
    def vocabulary(self) -> int:
        """V, the number of tokens that the model can say."""
        return int(self.model.config.get_text_config().vocab_size)

    @property
    def max_context(self) -> int | None:
        """The most tokens the model takes, where its configuration says so."""
        return getattr(self.model.config.get_text_config(), "max_position_embeddings", None)


@contextmanager
def running(lm: LanguageModel) -> Iterator[PreTrainedModel]:
    """The model as the method needs it: locked, frozen, in evaluation mode, with eager attention; then as it was.

    Raises:
        OutOfMemoryError: the device has no memory left for what is run inside.
    """
    model = lm.model
    with lm.lock:
        was_training = [m for m in model.modules() if m.training]
        trainable = [p for p in model.parameters() if p.requires_grad]
        try:
            for module in was_training:
                module.training = False
            for parameter in trainable:
                parameter.requires_grad_(False)
            with _configured(model):
                yield model
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            raise OutOfMemoryError(
                f"The run on {lm.source.model} needs more memory than {lm.device} has left: shorten the text, lower "
                "`chunk` and `batch`, or take a smaller model."
            ) from error
        finally:
            for parameter in trainable:
                parameter.requires_grad_(True)
            for module in was_training:
                module.training = True


@contextmanager
def _configured(model: PreTrainedModel) -> Iterator[None]:
    """Every configuration in the model with the values of `_NEEDED`, then with its own.

    Attributes are written rather than `set_attn_implementation` called, because only they can be put back exactly.
    """
    configs = {id(m.config): m.config for m in model.modules() if isinstance(m, PreTrainedModel)}
    before = [(config, _held(config)) for config in configs.values()]
    try:
        for config, _ in before:
            for name, value in _NEEDED.items():
                setattr(config, name, value)
        yield
    finally:
        for config, held in before:
            for name, value in held.items():
                setattr(config, name, value) if value is not _ABSENT else delattr(config, name)


def _held(config: PreTrainedConfig) -> dict[str, object]:
    return {name: vars(config).get(name, _ABSENT) for name in _NEEDED}


def _is_out_of_memory(error: BaseException) -> bool:
    """CUDA has a class for it; the CPU allocator only a message."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)


def check_length(lm: LanguageModel, n_tokens: int) -> None:
    """Refuse a text that the model has no positions for.

    Raises:
        InputError: the text is longer than the model's context.
    """
    if lm.max_context is not None and n_tokens > lm.max_context:
        raise InputError(
            f"{lm.source.model} takes at most {lm.max_context} tokens, the text has {n_tokens}: shorten it."
        )


def embed(lm: LanguageModel, ids: tuple[int, ...]) -> Tensor:
    """(T, D) input embeddings of T ids.

    Raises:
        InputError: an id is not in the vocabulary.
    """
    check_ids(lm, ids)
    embeddings: Tensor = lm.model.get_input_embeddings()(torch.tensor(ids, device=lm.device))
    return embeddings.detach()


def check_ids(lm: LanguageModel, ids: tuple[int, ...]) -> None:
    """Refuse ids that the model has no embeddings for; a lookup would end the process of a GPU.

    Raises:
        InputError: an id is not in the vocabulary.
    """
    n_rows = len(lm.model.get_input_embeddings().weight)
    unknown = next((i for i in ids if not 0 <= i < n_rows), None)
    if unknown is not None:
        raise InputError(
            f"Ids must be from 0 to {n_rows - 1}, the model's vocabulary; the text has {unknown}: the tokenizer "
            "belongs to another model."
        )


def log_probs(logits: Tensor) -> Tensor:
    """log softmax over the last axis, at least in float32: bfloat16 goes up, float64 stays."""
    return torch.log_softmax(wide(logits), -1)


def wide(values: Tensor) -> Tensor:
    """The same at least in float32: what is summed up must not be rounded, or overflow, on the way."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def rounding(dtype: torch.dtype) -> float:
    """Relative spacing of the coarsest numbers in a forward: most families take softmax in float32 in any case."""
    return max(torch.finfo(dtype).eps, torch.finfo(torch.float32).eps)
