"""Sentences and lines of a text, as runs of tokens."""

import re
from bisect import bisect_right
from itertools import groupby, pairwise

from heta_core.tokens import Tokens

# A sentence ends with its mark and the quotes and brackets that close after it, if a space follows or nothing; the
# marks of scripts that write no spaces need none. A line's end always ends one. Newlines go with what they end.
_ENDS = re.compile(
    r"""(?: [.!?…]+ ["'”’»)\]]* (?=\s|$) | [。！？]+ [”’」』）]* ) (?: [^\S\n]*\n+ )? | \n+""",
    re.VERBOSE,
)
# A line ends with its newline and the empty lines after it.
_LINE_ENDS = re.compile(r"\n(?:[^\S\n]*\n)*")


def sentences(tokens: Tokens) -> list[tuple[int, int]]:
    """The sentences of a text: tokens start … stop−1 of each, in order and without gaps.

    A token belongs to the sentence that its first character is in. Of a chat, what one message says is cut up, and
    what stands between two contents is one piece.
    """
    return _cut(tokens, _ENDS)


def lines(tokens: Tokens) -> list[tuple[int, int]]:
    """The lines of a text, cut in the same way; an empty line goes with the one before."""
    return _cut(tokens, _LINE_ENDS)


def _cut(tokens: Tokens, ends: re.Pattern[str]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, stop, is_written in _regions(tokens):
        cuts = _cuts(tokens, start, stop, ends) if is_written else [start, stop]
        found += pairwise(cuts)
    return found


def _regions(tokens: Tokens) -> list[tuple[int, int, bool]]:
    """Runs of tokens that somebody wrote, and of those that the template put between them."""
    n = len(tokens)
    last = tokens.segments[-1].stop if tokens.segments else 0
    regions = []
    for key, run in groupby(tokens.segments, key=lambda s: (s.message, True) if s.kind == "content" else (-1, False)):
        segments = list(run)
        regions.append((segments[0].start, segments[-1].stop, key[1]))
    return [*regions, (last, n, True)] if n > last else regions


def _cuts(tokens: Tokens, start: int, stop: int, pattern: re.Pattern[str]) -> list[int]:
    """Where sentences or lines begin among tokens start … stop−1, and `stop`."""
    begin, end = tokens.spans[start][0], tokens.spans[stop - 1][1]
    text = tokens.text[begin:end]
    ends = [match.end() for match in pattern.finditer(text)]
    # White space is no piece of its own: it goes with the one before, or at the beginning with the one after.
    kept = [cut for cut, after in pairwise([*ends, len(text)]) if text[:cut].strip() and text[cut:after].strip()]
    places = [bisect_right(kept, tokens.spans[i][0] - begin) for i in range(start, stop)]
    return [start, *(i for i in range(start + 1, stop) if places[i - start] > places[i - start - 1]), stop]
