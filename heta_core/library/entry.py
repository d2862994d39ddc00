"""What the library knows of an analysis beside its report: whose it is, the reader's words for it, what it is about."""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from heta_core.attribution import Attribution
from heta_core.errors import LibraryError
from heta_core.generated import GenerationAttribution
from heta_core.views import naming, words

Kind = Literal["attribution", "generation"]
Result = Attribution | GenerationAttribution

LONGEST_TITLE, LONGEST_TAG, MOST_TAGS, LONGEST_NOTES = 200, 40, 20, 100_000
_PREVIEW, _TITLE, _SAID = 200, 60, 40  # characters of a text that stand for it


@dataclass(frozen=True, slots=True)
class Shelf:
    """The entries of one owner in a library file. Others' entries are neither seen nor touched through it."""

    path: Path
    owner: str = ""  # the user of this computer; on a server for several a token that nobody else knows


@dataclass(frozen=True, slots=True)
class Words:
    """What a reader wrote about an entry.

    Raises:
        LibraryError: the title is empty, or one of the texts is too long or no text.
    """

    title: str
    tags: tuple[str, ...] = ()
    notes: str = ""

    def __post_init__(self) -> None:
        if not self.title.strip():
            raise LibraryError("A title needs at least one character, got none: write a word.")
        limits = [("title", self.title, LONGEST_TITLE), ("note", self.notes, LONGEST_NOTES)]
        for what, text, most in (*limits, *(("tag", tag, LONGEST_TAG) for tag in self.tags)):
            if len(text) > most:
                raise LibraryError(f"A {what} has at most {most:,} characters, got {len(text):,}: shorten it.")
            if any("\ud800" <= c <= "\udfff" for c in text):
                raise LibraryError(f"A {what} must be valid Unicode, got half a surrogate pair: type it again.")
        if len(self.tags) > MOST_TAGS:
            raise LibraryError(f"An entry has at most {MOST_TAGS} tags, got {len(self.tags)}: leave some out.")

    def joined(self, other: "Words") -> "Words":
        """These, with the other's tags and notes added where they are new."""
        notes = self.notes if other.notes in self.notes else f"{self.notes}\n\n{other.notes}".strip()
        return Words(self.title, cleaned((*self.tags, *other.tags))[:MOST_TAGS], notes)


@dataclass(frozen=True, slots=True)
class Entry:
    """A saved analysis as the list shows it."""

    id: str
    kind: Kind
    words: Words
    explained: str  # the word or words that the analysis is about, in quotes
    preview: str  # the beginning of the prompt
    model: str
    created: float  # seconds since 1970
    changed: float  # the same; by a new title, tag or note, or by other weights
    revision: int  # counts up with every edit of the words


def cleaned(tags: Sequence[str]) -> tuple[str, ...]:
    """Tags without surrounding space, each once, in the order given."""
    return tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))


def folded(text: str) -> str:
    """Text as it is searched: capitals, wide forms and accents written in another way make no difference."""
    return unicodedata.normalize("NFKC", text).casefold()


def kind_of(result: Result) -> Kind:
    """Which page it belongs to."""
    return "attribution" if isinstance(result, Attribution) else "generation"


def explained(result: Result) -> str:
    """The explained words, in quotes."""
    if isinstance(result, GenerationAttribution):
        return (
            words.quoted(_beginning(words.visible(_continuation(result)), _TITLE)) if result.n_new else "nothing said"
        )
    foil = naming.foil(result)
    return naming.said(result) + (f" rather than {foil}" if foil else "")


def title(result: Result) -> str:
    """What an entry is called until its reader calls it something else: how the prompt ends, and what follows it.

    Of another method than HETA also whose scores they are.
    """
    by = ""
    if isinstance(result, GenerationAttribution):
        said = _continuation(result)
    else:
        said = " / ".join(side.strip() for side in (result.target.text, result.target.foil_text) if side)
        by = f" · {_beginning(result.given.title, _SAID)}" if result.given else ""
    before = " ".join(words.visible(_prompt(result)).split())
    tail = before if len(before) <= _TITLE else "…" + before[-_TITLE:].partition(" ")[2]
    return f"{tail} → {_beginning(words.label(said), _SAID)}{by}".strip()


def preview(result: Result) -> str:
    """The beginning of the prompt, in one line."""
    return _beginning(" ".join(words.visible(_prompt(result)).split()), _PREVIEW)


def identity(result: Result) -> str:
    """What is the same where the same analysis was made twice: all that was asked, and of which weights.

    How the score is weighed, how the work was cut up and on which device it ran make no other analysis.
    """
    source, settings = result.source, result.settings.asked
    asked: tuple[object, ...] = (source.model, source.weights_id, source.tokenizer_id, source.dtype, result.method)
    asked += (settings, result.tokens.ids, result.tokens.text)
    if isinstance(result, GenerationAttribution):
        asked += ("generation", result.n_prompt, result.n_given, result.decoding)
    else:
        asked += ("attribution", result.target, result.groups)
    return hashlib.sha256(repr(asked).encode("utf-8", "surrogatepass")).hexdigest()


def _prompt(result: Result) -> str:
    """The text before what is explained."""
    n = result.n_prompt if isinstance(result, GenerationAttribution) else result.target.position
    return result.tokens.text[: _end(result, n)]


def _continuation(result: GenerationAttribution) -> str:
    return result.tokens.text[_end(result, result.n_prompt) :]


def _end(result: Result, n: int) -> int:
    """Where the first n tokens end in the text; tokens that the tokenizer added stand nowhere."""
    return max((stop for _, stop in result.tokens.spans[:n]), default=0)


def _beginning(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
