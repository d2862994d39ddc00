"""The KL of each token as the sum that it is: one term p · ln(p / q) for each next token.

p is the prediction of the whole text, q the one with a token masked. Masks are those of the KL component.
"""

import numpy as np
from numpy.typing import NDArray

from heta_core.language_model import LanguageModel
from heta_core.passes.sets import Line, read_masked
from heta_core.settings import Settings
from heta_core.teaching import asking
from heta_core.teaching.contract import Data, Limits
from heta_core.tokens import piece_of
from heta_core.views import strip, words

# What is shown of the next tokens after each mask: those with the longest bars, and those with the largest terms.
_N_BARS, _N_TERMS = 6, 4
LONGEST = 72  # tokens of a text: each is masked alone
_LIKELY = 0.01  # a next token of less is no part of what a text says


def masked_one_by_one(lm: LanguageModel, text: str, limits: Limits = Limits()) -> Data:
    """What follows a text with each of its tokens masked alone, next token by next token. T + 1 forward passes.

    Raises:
        InputError: there are more tokens than can be masked while a reader waits.
    """
    tokens = asking.tokens_of(lm, text, min(LONGEST, limits.longest))
    log_probs = _log_probs(lm, tokens.ids, limits.settings)
    first = int(log_probs[0].argmax())
    return {
        "text": text,
        "parts": strip.token_parts(tokens),
        "labels": strip.labels(tokens),
        "answer": words.label(piece_of(lm.tokenizer, first)),
        "whole": _shown(lm, log_probs[0], log_probs[0]),
        "masked": [_shown(lm, log_probs[0], masked) for masked in log_probs[1:]],
    }


def _log_probs(lm: LanguageModel, ids: tuple[int, ...], settings: Settings) -> NDArray[np.float64]:
    """(T + 1, V) of the next token: first with nothing masked, then with each token."""
    n = len(ids)
    sets = np.concatenate([np.zeros((1, n), bool), np.eye(n, dtype=bool)])
    found = np.empty((n + 1, lm.vocabulary))
    for read in read_masked(lm, Line(ids, n, (n - 1,)), sets, settings):
        found[list(read.sets)] = read.log_probs[:, 0, : lm.vocabulary].double().cpu().numpy()
    return found


def _shown(lm: LanguageModel, log_p: NDArray[np.float64], log_q: NDArray[np.float64]) -> Data:
    """The KL, and the next tokens that make a difference, first those that the whole text speaks for: they stay put."""
    p, q = np.exp(log_p), np.exp(log_q)
    terms = p * (log_p - log_q)
    # Of equals, as all terms of a text with nothing masked are, those with the smallest ids, on every machine.
    longest = np.argsort(-np.maximum(p, q), kind="stable")[:_N_BARS]
    largest = np.argsort(-np.abs(terms), kind="stable")[:_N_TERMS]
    chosen = sorted({int(i) for i in (*longest, *largest)}, key=lambda i: (-p[i] if p[i] >= _LIKELY else 0, -q[i]))
    columns = (strip.numbers(values[chosen]) or [] for values in (p, q, terms))
    labels = [words.label(piece_of(lm.tokenizer, i)) for i in chosen]
    names = ("label", "p", "q", "term")
    return {
        "kl": strip.short(max(0.0, float(terms.sum()))),  # rounding alone could bring it below 0
        "tokens": [dict(zip(names, row, strict=True)) for row in zip(labels, *columns, strict=True)],
    }
