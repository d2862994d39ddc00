"""What the model needed of each word of a text: M and I, without S, fast enough to be asked while a reader waits.

A word that the model knows is one token. One that it reads in pieces is masked as a whole, and its M is that of all.
"""

import numpy as np

from heta_core.attribution import Attribution
from heta_core.errors import InputError
from heta_core.faithfulness.curves import order_of
from heta_core.groups import Groups
from heta_core.language_model import LanguageModel
from heta_core.parts import Floats
from heta_core.teaching import asking, spelling
from heta_core.teaching.contract import Data, Limits
from heta_core.tokens import Tokens
from heta_core.views import strip

_SEED = 0  # of the order of equal scores


def read(lm: LanguageModel, text: str, competes: list[bool], limits: Limits = Limits()) -> Data:
    """The likeliest next words, M and I of every word, and the words that compete in the order of each.

    Raises:
        InputError: the text cannot be cut into the words that are read, or is too long.
    """
    result, units = by_word(lm, text, limits)
    return ranked(result, units, competes)


def by_word(lm: LanguageModel, text: str, limits: Limits = Limits()) -> tuple[Attribution, list[int]]:
    """A text with M and I of its words, and which unit of the result each word is.

    Raises:
        InputError: two words share a token, or there are more tokens than are read at once.
    """
    tokens = asking.tokens_of(lm, text, limits.longest)
    groups, units = cut(tokens)
    is_plain = len(groups) == len(tokens)
    return asking.looked(lm, tokens, settings=limits.settings, groups=None if is_plain else groups), units


def ranked(result: Attribution, units: list[int], competes: list[bool]) -> Data:
    """What `read` gives, of a result that is there."""
    assert result.transition is not None and result.information is not None
    m, kl = result.transition.scores[units], result.information.kl[units]
    which = np.flatnonzero(competes)
    return {
        "chances": asking.chances(result.prediction),
        "m": strip.numbers(m),
        "kl": strip.numbers(kl),
        "order": {name: _order(values, which) for name, values in (("m", m), ("kl", kl), ("mi", m * kl))},
        "pieces": [stop - start for start, stop in _places(result, units)],
    }


def _order(values: Floats, which: np.ndarray) -> list[int]:
    """Those words from the highest value to the lowest, as the Evidence metric ranks them."""
    return [int(which[k]) for k in order_of(values[which], _SEED)]


def _places(result: Attribution, units: list[int]) -> list[tuple[int, int]]:
    return [result.places[unit] for unit in units]


def cut(tokens: Tokens) -> tuple[Groups, list[int]]:
    """The tokens as groups, one for each word, every other token alone; and the group of each word.

    Raises:
        InputError: two words share a token.
    """
    owner: list[int | None] = [None] * len(tokens)
    for word, span in enumerate(spelling.spans(tokens.text)):
        for token in tokens.overlapping(*span):
            if owner[token] is not None:
                one = tokens.pieces[token]
                raise InputError(f"Each word needs a token of its own, found {one!r} of two words: put a space there.")
            owner[token] = word
    starts = [k for k in range(len(owner)) if k == 0 or owner[k] is None or owner[k] != owner[k - 1]]
    groups = tuple(zip(starts, [*starts[1:], len(owner)], strict=True))
    unit_of = {owner[start]: unit for unit, (start, _) in enumerate(groups)}
    return groups, [unit_of[word] for word in range(len(spelling.spans(tokens.text)))]
