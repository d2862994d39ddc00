"""A model of a known shape with random weights, and a tokenizer for a model that has no words."""

from dataclasses import dataclass, field
from typing import cast

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from heta_core.bench.shapes import shape_of
from heta_core.errors import OutOfMemoryError
from heta_core.language_model import LanguageModel
from heta_core.loading import wrap
from heta_core.models.building import Dtype, chosen_device, chosen_dtype, free_memory
from heta_core.tokens import Tokenizer

# Activations of a short run, beside the weights.
_MEMORY_MARGIN = 1.1


@dataclass(frozen=True, slots=True)
class Numbers:
    """The tokenizer of random weights: the word of an id is its number."""

    all_special_ids: list[int] = field(default_factory=list)

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """The ids that a text of numbers names."""
        return [int(word) for word in text.split()]

    def decode(self, token_ids: list[int], *, skip_special_tokens: bool, clean_up_tokenization_spaces: bool) -> str:
        """The numbers of ids, a space before each."""
        return "".join(f" {token_id}" for token_id in token_ids)


def random_model(name: str, *, dtype: Dtype | None = None, device: str | None = None, seed: int = 0) -> LanguageModel:
    """A model of a known shape, its weights drawn as before training. Equal seeds give equal weights.

    Raises:
        SettingsError: there is no such shape.
        LoadError: there is no such precision or device.
        OutOfMemoryError: it does not fit into memory.
    """
    shape, number, place = shape_of(name), chosen_dtype(dtype), chosen_device(device)
    needed, free = shape.n_parameters * number.itemsize * _MEMORY_MARGIN, free_memory(place)
    if free is not None and needed > free:
        raise OutOfMemoryError(
            f"The shape {name} needs about {needed / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free: take a "
            "smaller one."
        )
    config = AutoConfig.for_model(shape.model_type, **shape.options)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(config, dtype=number, attn_implementation="eager")
    return wrap(
        model.to(place).eval().requires_grad_(False), cast(Tokenizer, Numbers()), name=f"{name}, random weights"
    )
