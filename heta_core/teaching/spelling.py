"""A text as the words and marks that a reader points at, the same here as in the browser."""

import re
from collections.abc import Iterable

from heta_core.views import words as written

Span = tuple[int, int]

# What JavaScript takes for white space, in \s and trimEnd. Python's own also has 1C to 1F and 85, and has not FEFF.
SPACES = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_WORD = re.compile(f"[A-Za-z]+|[^A-Za-z{SPACES}]")
_QUESTION = "Question:"


def spans(text: str) -> list[Span]:
    """Where each word and each mark stands."""
    return [match.span() for match in _WORD.finditer(text)]


def words(text: str) -> list[str]:
    """The words and marks themselves."""
    return _WORD.findall(text)


def trimmed(text: str) -> str:
    """Without white space at its end."""
    return text.rstrip(SPACES)


def parts(text: str) -> list[list[str]]:
    """The same as rows of words take them: [white space before, what is seen, white space after, kind]."""
    return [["", written.visible(word), "", ""] for word in words(text)]


def inside(places: Iterable[Span], those: Iterable[Span]) -> list[bool]:
    """Which places overlap one of those."""
    stretches = tuple(those)
    return [any(start < b and stop > a for a, b in stretches) for start, stop in places]


def story(text: str) -> list[bool]:
    """Which words come before the last question; all of them where there is none."""
    end = text.rfind(_QUESTION)
    return [end < 0 or start < end for start, _ in spans(text)]
