"""A prompt of a stated number of ids."""

import numpy as np

from heta_core.bench.random_weights import Numbers
from heta_core.language_model import LanguageModel, check_length
from heta_core.littletown.lessons import held_out

_SKILL = "where"


def prompt_ids(lm: LanguageModel, n_tokens: int, seed: int) -> tuple[int, ...]:
    """The first n ids of held-out Littletown scenes and questions; of random weights n random ids.

    Raises:
        InputError: the model has no positions for so many.
    """
    check_length(lm, n_tokens)
    if isinstance(lm.tokenizer, Numbers):
        return tuple(np.random.default_rng(seed).integers(lm.vocabulary, size=n_tokens).tolist())
    n_scenes, ids = 1, list[int]()
    while len(ids) < n_tokens:
        text = " ".join(f"{asked.prompt}{asked.answer}." for asked in held_out(_SKILL, n_scenes, seed))
        ids = lm.tokenizer.encode(text, add_special_tokens=True)
        n_scenes *= 2
    return tuple(ids[:n_tokens])
