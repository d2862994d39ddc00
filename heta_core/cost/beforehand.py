"""What a model and a question to it will take, from its files and the text alone: nothing is loaded and nothing runs.

1. The model is built without weights, so that every matrix has its shape.
2. The calls of the run are counted on it, as they are on a model in memory, and their operations and memory with them.
3. Seconds follow from how fast this device multiplies matrices, measured once. It is a first idea: once the model is in
   memory its own pace is measured, and says better.
"""

from dataclasses import dataclass, replace
from functools import cache

import torch

from heta_core.architectures import find, unread
from heta_core.cost.calls import most_bytes
from heta_core.cost.estimate import duration, plan
from heta_core.cost.matrix import matrix_product
from heta_core.cost.pace import once
from heta_core.language_model import LanguageModel
from heta_core.memory import in_words
from heta_core.models.building import Dtype, chosen_device, chosen_dtype, free_memory, read_config, read_tokenizer
from heta_core.models.building import weight_bytes as in_memory
from heta_core.models.card import Card, without_weights
from heta_core.models.files import inspect
from heta_core.parts import Source
from heta_core.passes.room import SAFE_PART
from heta_core.settings import Settings

_ROUNDS = 5  # of the product that is timed; the fastest counts


@dataclass(frozen=True, slots=True)
class Beforehand:
    """What loading a model and asking it take, about."""

    n_tokens: int | None  # of the text as its tokenizer cuts it; None where not even the weights fit
    weight_bytes: int  # in memory
    run_bytes: int  # of the question at its worst moment, beside the weights
    seconds: float  # of the question
    free: int | None  # bytes of the device, where the system says so

    @property
    def fits(self) -> bool:
        """Weights and question have room."""
        return self.free is None or self.weight_bytes + self.run_bytes <= self.free

    @property
    def words(self) -> str:
        """Every amount, and what is free where it is too little."""
        told = f"{in_words(self.weight_bytes)} in memory"
        if self.n_tokens is not None:
            told += f"; the {self.n_tokens:,} tokens of this text: about {duration(self.seconds)}, "
            told += f"{in_words(self.run_bytes)} more"
        return told if self.fits else f"{told}. It does not fit: {in_words(self.free or 0)} are free"


def beforehand(
    card: Card,
    text: str,
    *,
    dtype: Dtype | None = None,
    device: str | None = None,
    settings: Settings = Settings(probes="auto"),
) -> Beforehand:
    """What asking a model about a text will take.

    Args:
        dtype: what its weights are loaded in, as of `load`.

    Raises:
        LoadError: its files are damaged or cannot be used.
        InputError: the text is empty or too long for it.
        OutOfMemoryError: not even the smallest piece of the run would fit beside its weights.
    """
    number, place = chosen_dtype(dtype), chosen_device(device)
    weights, free = in_memory(card.n_parameters, number), free_memory(place)
    if free is not None and weights >= free:
        return Beforehand(None, weights, 0, 0.0, free)
    lm = _sketch(card, number)
    room = None if free is None else int(SAFE_PART * (free - weights))
    asked = plan(lm, text, settings=replace(settings, memory=settings.memory or room))
    seconds = asked.flops / _rate(place, number)
    return Beforehand(len(asked.ids), weights, round(most_bytes(lm, asked.calls, len(asked.ids))), seconds, free)


def _sketch(card: Card, dtype: torch.dtype) -> LanguageModel:
    """The model without its weights, taken for one on which every equation holds."""
    files = inspect(card.folder, card.name)
    model = without_weights(files, read_config(files, card.name), card.name, dtype)
    architecture = next(iter(find(model)), None) or unread(model, "it is not loaded yet")
    source = Source(card.name, None, "", "", architecture.name, card.n_parameters, str(dtype), "meta", ())
    tokenizer = read_tokenizer(card.folder, card.name)
    return LanguageModel(model, tokenizer, architecture, source, has_prefix=True, feed_forward=None)


@cache
def _rate(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of products of matrices."""
    product = matrix_product(device, dtype)
    return product.flops / min(once(product, device) for _ in range(_ROUNDS))
