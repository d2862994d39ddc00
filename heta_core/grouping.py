"""Which tokens of a text are read or scored together: words, sentences, lines, or stretches that a reader marks."""

import unicodedata
from collections.abc import Sequence
from typing import Literal, get_args

from heta_core import sentences as _sentences
from heta_core.errors import InputError
from heta_core.groups import Groups, check, cut, from_starts, singles
from heta_core.tokens import Tokens

Grouping = Literal["words", "sentences"]
GROUPINGS: tuple[Grouping, ...] = get_args(Grouping)
# What is scored one by one: tokens, or blocks of them; "segments" are blocks that somebody drew.
Scored = Literal["tokens", "words", "sentences", "segments"]

_INSIDE_WORDS = "'’-‐‑"  # between two letters they are part of the word
_INSIDE_NUMBERS = ".,:"  # between two digits they are part of the number
_JOINERS = "\u200c\u200d"
# First and last letters of scripts that are written without spaces: every token stands for itself there.
_UNSPACED = (
    ("\u0e00", "\u0eff"),  # Thai, Lao
    ("\u1000", "\u109f"),  # Myanmar
    ("\u1780", "\u17ff"),  # Khmer
    ("\u3040", "\u30ff"),  # kana
    ("\u3400", "\u4dbf"),  # ideographs
    ("\u4e00", "\u9fff"),
    ("\uf900", "\ufaff"),
    ("\U00020000", "\U0003ffff"),
)


def words(tokens: Tokens, n: int) -> Groups:
    """The first n tokens by words: letters and digits that stand together, with the spaces before them.

    A mark of punctuation is no part of a word, unless it stands inside of one (don't, 3.5). Line breaks, the
    tokenizer's own tokens and the marks of a chat's template stand alone.
    """
    text = tokens.text
    edges = {s.start for s in tokens.segments}
    starts = []
    for i in range(1, n):
        (_, end), here = tokens.spans[i - 1], _first_visible(tokens, i)
        is_alone = i in edges or any(tokens.is_special[k] or _is_added(tokens, k) for k in (i - 1, i))
        is_shared = tokens.spans[i] == tokens.spans[i - 1]  # ids that spell one character
        if is_alone or not (is_shared or all(_belongs(text, k) for k in range(end, here + 1))):
            starts.append(i)
    return from_starts(starts, n)


def whole_words(tokens: Tokens, groups: Groups) -> Groups:
    """Blocks of whole words and whole groups, as small as they can be: scores of groups add up to theirs."""
    starts = {start for start, _ in words(tokens, groups[-1][1])}
    return from_starts(starts & {start for start, _ in groups}, groups[-1][1])


def sentences(tokens: Tokens, n: int) -> Groups:
    """The first n tokens by sentences. The last one ends where they do; the tokenizer's own tokens stand alone."""
    return from_starts({*(start for start, _ in _sentences.sentences(tokens)), *_added(tokens, n)}, n)


def lines(tokens: Tokens, n: int) -> Groups:
    """The first n tokens by lines, cut in the same way: a newline ends its line, an empty line goes with it."""
    return from_starts({*(start for start, _ in _sentences.lines(tokens)), *_added(tokens, n)}, n)


def spelled(tokens: Tokens, n: int) -> Groups:
    """The first n tokens by what they spell: those that share a character together, every other alone."""
    spans = tokens.spans
    return from_starts((i for i in range(1, n) if spans[i] != spans[i - 1] or _is_added(tokens, i)), n)


def segments(tokens: Tokens, n: int, drawn: Sequence[tuple[int, int]], *, rest: Scored = "tokens") -> Groups:
    """The first n tokens with some stretches of tokens as blocks; what is left by tokens, words or sentences.

    Raises:
        InputError: a stretch is empty, leaves the context or overlaps another.
    """
    edge = 0
    for start, stop in sorted(drawn):
        if not edge <= start < stop <= n:
            raise InputError(
                f"Marked stretches must lie apart in the {n} tokens that are scored, got {start}:{stop} after {edge}: "
                "mark others."
            )
        edge = stop
    left = {start for start, _ in by(rest, tokens, n)}
    inside = {i for start, stop in drawn for i in range(start, stop)}
    return from_starts({*(left - inside), *(edge for pair in drawn for edge in pair)}, n)


def characters(tokens: Tokens, start: int, stop: int) -> tuple[int, int]:
    """The tokens that spell text[start:stop], for `segments`.

    Raises:
        InputError: none does.
    """
    found = tokens.overlapping(start, stop)
    if not found:
        raise InputError(f"No token spells characters {start}:{stop} of a text of {len(tokens.text)}: mark others.")
    return found[0], found[-1] + 1


def by(scored: Scored, tokens: Tokens, n: int) -> Groups:
    """The first n tokens by what is scored one by one."""
    if scored == "words":
        return words(tokens, n)
    return sentences(tokens, n) if scored == "sentences" else singles(n)


def resolve(asked: Grouping | Groups | None, tokens: Tokens, n: int, position: int) -> Groups | None:
    """The groups of the n tokens before a target at a position; None where every token is scored by itself.

    Of an explained span the tokens stand alone, unless the groups say otherwise.

    Raises:
        InputError: there is no such grouping, or the groups do not cut the context.
    """
    if asked is None:
        return None
    if isinstance(asked, str):
        if asked not in GROUPINGS:
            raise InputError(f"groups must be {', '.join(GROUPINGS)} or pairs (start, stop), got {asked!r}.")
        return cut(by(asked, tokens, n), position)
    groups = tuple((int(start), int(stop)) for start, stop in asked)
    check(groups, n)
    return groups


def named(groups: Groups | None, tokens: Tokens, position: int) -> Scored:
    """What a result scores one by one, read off its groups."""
    if groups is None:
        return "tokens"
    n = groups[-1][1]
    return next((name for name in GROUPINGS if groups == resolve(name, tokens, n, position)), "segments")


def _added(tokens: Tokens, n: int) -> set[int]:
    """Where tokens of no characters begin and end."""
    return {i + k for i in range(n) if _is_added(tokens, i) for k in (0, 1)}


def _is_added(tokens: Tokens, i: int) -> bool:
    """The token takes no characters: the tokenizer put it there."""
    start, stop = tokens.spans[i]
    return start == stop


def _first_visible(tokens: Tokens, i: int) -> int:
    """The first character of a token that is no white space; of white space the first."""
    start, stop = tokens.spans[i]
    return next((k for k in range(start, stop) if not tokens.text[k].isspace()), start)


def _belongs(text: str, k: int) -> bool:
    """Character k belongs to the same word as the one before it."""
    before, here = text[k - 1], text[k]
    if before.isspace():
        return here == "\n" or before != "\n"
    if here.isspace():
        return False
    if here in _JOINERS or before in _JOINERS or unicodedata.category(here)[0] == "M":
        return True
    if any(low <= c <= high for c in (before, here) for low, high in _UNSPACED):
        return False
    if _is_letter(before) and _is_letter(here):
        return True
    return here == before or _is_inside(text, k) or _is_inside(text, k - 1)


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_" or unicodedata.category(character)[0] == "M"


def _is_inside(text: str, k: int) -> bool:
    """Character k is a mark inside of a word or a number."""
    if not 0 < k < len(text) - 1:
        return False
    around = (text[k - 1], text[k + 1])
    if text[k] in _INSIDE_NUMBERS:
        return all(c.isdigit() for c in around)
    return text[k] in _INSIDE_WORDS and all(_is_letter(c) for c in around)
