"""The tiny models again, eight wide or less: narrow enough for all 2^D sign vectors."""

import copy

from conftest import TINY_CONFIGS, byte_tokenizer, random_model

from heta_core.language_model import LanguageModel
from heta_core.loading import wrap


def narrow_model(model_type: str, width: int = 8) -> LanguageModel:
    """One of the tiny models with D = 8."""
    config = copy.deepcopy(TINY_CONFIGS[model_type])
    config.hidden_size = width
    if model_type == "gptj":
        config.rotary_dim = 2  # a head is two wide
    return wrap(random_model(config), byte_tokenizer(), name=f"narrow-{model_type}")
