"""A causal language model, its tokenizer and what is known about its family, as one value.

The model is stateless: whatever a pass needs is given to it and comes back from it. Several readers can share one
model, so every pass runs inside `running`, which holds the lock.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor
from transformers import PreTrainedModel

from heta_core.architectures import Architecture
from heta_core.attribution import Source
from heta_core.errors import InputError
from heta_core.tokens import Tokenizer, Tokens


@dataclass(frozen=True, slots=True, eq=False)
class LanguageModel:
    """What the passes run on. Made by `loading.load` or `loading.wrap`, which check the family's equations."""

    model: PreTrainedModel
    tokenizer: Tokenizer
    architecture: Architecture
    source: Source
    has_prefix: bool  # a run behind cached keys and values equals the full run
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def device(self) -> torch.device:
        """Where ids and embeddings go in."""
        return self.model.get_input_embeddings().weight.device

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

    Fused attention kernels have no second derivative (pytorch #116350) and give no probabilities.
    """
    model = lm.model
    with lm.lock:
        was_training = [m for m in model.modules() if m.training]
        trainable = [p for p in model.parameters() if p.requires_grad]
        kernel = model.config._attn_implementation
        try:
            if was_training:
                model.eval()
            for parameter in trainable:
                parameter.requires_grad_(False)
            if kernel != "eager":
                model.set_attn_implementation("eager")
            yield model
        finally:
            if kernel != "eager":
                model.set_attn_implementation(kernel)
            for parameter in trainable:
                parameter.requires_grad_(True)
            for module in was_training:
                module.training = True


def check_length(lm: LanguageModel, tokens: Tokens) -> None:
    """Refuse a text that the model has no positions for.

    Raises:
        InputError: the text is longer than the model's context.
    """
    if lm.max_context is not None and len(tokens) > lm.max_context:
        raise InputError(
            f"{lm.source.model} takes at most {lm.max_context} tokens, the text has {len(tokens)}: shorten it."
        )


def embed(lm: LanguageModel, ids: tuple[int, ...]) -> Tensor:
    """(T, D) input embeddings of T ids."""
    embeddings: Tensor = lm.model.get_input_embeddings()(torch.tensor(ids, device=lm.device))
    return embeddings.detach()


def log_probs(logits: Tensor) -> Tensor:
    """log softmax over the last axis, at least in float32: bfloat16 goes up, float64 stays."""
    dtype = torch.promote_types(logits.dtype, torch.float32)
    return torch.log_softmax(logits.to(dtype), -1)
