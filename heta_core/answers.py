"""What a model says next after many prompts at once: the cheap look before anything is attributed."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from heta_core.language_model import LanguageModel, embed, log_probs, running
from heta_core.passes.prefix import last_logits
from heta_core.tokens import Tokens

# Sequences in one forward: of a model with a vocabulary of 2,000 a few megabytes, of 150,000 a few hundred.
_BATCH = 32


@torch.no_grad()
def next_log_probs(lm: LanguageModel, prompts: Sequence[str | Tokens]) -> NDArray[np.float32]:
    """(N, V) log-probabilities of the token that follows each of N prompts.

    Prompts of one length share a forward, so that nothing is padded and no mask is needed.
    """
    ids = [
        prompt.ids if isinstance(prompt, Tokens) else tuple(lm.tokenizer.encode(prompt, add_special_tokens=True))
        for prompt in prompts
    ]
    found = np.empty((len(ids), lm.vocabulary), np.float32)
    by_length: dict[int, list[int]] = {}
    for i, row in enumerate(ids):
        by_length.setdefault(len(row), []).append(i)
    with running(lm):
        for members in by_length.values():
            for start in range(0, len(members), _BATCH):
                chosen = members[start : start + _BATCH]
                rows = torch.stack([embed(lm, ids[i]) for i in chosen])  # (B, T, D)
                found[chosen] = log_probs(last_logits(lm, rows, None))[:, : lm.vocabulary].float().cpu().numpy()
    return found


def first_choices(lm: LanguageModel, prompts: Sequence[str]) -> list[int]:
    """The most probable next token of each prompt."""
    return [int(i) for i in next_log_probs(lm, prompts).argmax(1)]
