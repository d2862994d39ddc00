"""A continuation, token by token.

1. The model reads what it has not read yet, behind the keys and values of what it has; where those cannot be trusted,
   the whole text.
2. The decoding takes one token from the logits at the last position.
3. The text ends with it, or it is read next.

The lock is held while the model runs and never between two tokens.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from heta_core.errors import InputError
from heta_core.generated import Ending
from heta_core.language_model import LanguageModel, embed, running
from heta_core.passes.prefix import last_logits
from heta_core.settings import Decoding
from heta_core.tokens import from_ids


@dataclass(frozen=True, slots=True)
class Chosen:
    """A token of a continuation."""

    token_id: int
    ending: Ending | None  # why the text ends with it; None where it goes on


def continuation(lm: LanguageModel, ids: Sequence[int], decoding: Decoding, *, n_prompt: int) -> Iterator[Chosen]:
    """The tokens that follow ids, each as it is chosen; the last says why it is the last.

    Cost: one forward per token, of the tokens that are new to the model. Nothing follows where the given tokens have
    ended the text already: `ending` says why.

    Args:
        n_prompt: the first ids are the prompt, the others a beginning of the continuation. They count as its steps,
            and a stop text may stand in them.

    Raises:
        InputError: the prompt leaves no room for a token, an id is unknown, or the logits are not finite.
    """
    _check(lm, ids, n_prompt)
    text = list(ids)
    cache = DynamicCache(config=lm.model.config) if lm.has_prefix else None
    n_read = 0
    reason = ending(lm, text, decoding, n_prompt=n_prompt)
    while reason is None:
        logits = _next_logits(lm, text[n_read:], cache)
        n_read = len(text) if cache is not None else 0
        text.append(_choice(logits, decoding, len(text)))
        reason = ending(lm, text, decoding, n_prompt=n_prompt)
        yield Chosen(text[-1], reason)


def ending(lm: LanguageModel, ids: Sequence[int], decoding: Decoding, *, n_prompt: int) -> Ending | None:
    """Why a text with a continuation from n_prompt on ends where it stands; None where it goes on."""
    n_new = len(ids) - n_prompt
    if n_new and ids[-1] in end_ids(lm):
        return "end"
    if n_new and decoding.stop:
        # The prompt's last token goes with them: some tokenizers drop the first space of whatever they spell.
        spelled = from_ids(lm.tokenizer, ids[n_prompt - 1 :])
        new = spelled.text[spelled.spans[1][0] :]
        if any(stop in new for stop in decoding.stop):
            return "stop"
    if n_new >= decoding.steps:
        return "length"
    return "context" if lm.max_context is not None and len(ids) >= lm.max_context else None


def end_ids(lm: LanguageModel) -> frozenset[int]:
    """The tokens with which the model ends a text, as its files say."""
    configs = (getattr(lm.model, "generation_config", None), lm.model.config, lm.model.config.get_text_config())
    named = (getattr(config, "eos_token_id", None) for config in configs)
    found = next((ids for ids in named if ids is not None), ())
    return frozenset((found,) if isinstance(found, int) else found)


def _check(lm: LanguageModel, ids: Sequence[int], n_prompt: int) -> None:
    if not 1 <= n_prompt <= len(ids):
        raise InputError(f"The prompt must be 1 to {len(ids)} of the {len(ids)} tokens, got {n_prompt}: add a word.")
    if lm.max_context is not None and n_prompt >= lm.max_context:
        raise InputError(
            f"{lm.source.model} takes at most {lm.max_context} tokens, the prompt has {n_prompt}, which leaves no room "
            "for another: shorten it."
        )


@torch.no_grad()
def _next_logits(lm: LanguageModel, ids: Sequence[int], cache: DynamicCache | None) -> Tensor:
    """(V,) logits after the ids that the cache does not hold yet; the cache then holds them too."""
    with running(lm):
        logits = last_logits(lm, embed(lm, tuple(ids))[None], cache)[0].to("cpu", torch.float64)
    if not torch.isfinite(logits.max()):  # a token may have −∞, which rules it out
        raise InputError(f"{lm.source.model} gives NaN or infinity after this text: load it in float32.")
    return logits


def _choice(logits: Tensor, decoding: Decoding, position: int) -> int:
    """The token that (V,) logits give for a position."""
    if decoding.method == "greedy":
        return int(logits.argmax())
    warpers = [TemperatureLogitsWarper(float(decoding.temperature))]
    if decoding.top_k is not None:
        warpers.append(TopKLogitsWarper(decoding.top_k))
    if decoding.top_p is not None:
        warpers.append(TopPLogitsWarper(decoding.top_p))
    scores = logits[None]
    for warper in warpers:
        scores = warper(None, scores)
    heights = np.cumsum(torch.softmax(scores[0], -1).numpy())  # (V,) the distribution function, up to rounding
    return _drawn(heights, decoding.seed, position)


def _drawn(heights: np.ndarray[tuple[int], np.dtype[np.float64]], seed: int, position: int) -> int:
    """Where a uniform draw falls on a distribution function: one draw for each seed and position."""
    key = np.array([seed, position], dtype=np.uint64)
    draw = np.random.Generator(np.random.Philox(key=key)).random() * heights[-1]
    # The product may round up to the sum itself; the last step of the function is the last possible token.
    last = int(np.searchsorted(heights, heights[-1], side="left"))
    return min(int(np.searchsorted(heights, draw, side="right")), last)
