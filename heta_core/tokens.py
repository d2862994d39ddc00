"""Token ids and the text they spell.

Everything works on ids and nothing is tokenised twice: the text shown is spelled out from the ids. A character that
several ids share (an emoji in a byte-level vocabulary) belongs to each of them: those tokens have the same span.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from heta_core.errors import InputError

# A character has at most four bytes in UTF-8, so four ids without a whole character spell a broken one.
_MOST_IDS_OF_A_CHARACTER = 4


class Tokenizer(Protocol):
    """What is used of a Hugging Face tokenizer."""

    all_special_ids: list[int]

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]: ...  # noqa: D102
    def decode(  # noqa: D102
        self, token_ids: list[int], *, skip_special_tokens: bool, clean_up_tokenization_spaces: bool
    ) -> str: ...


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as the model reads it: N ids and where each stands in the text.

    Raises:
        InputError: the fields have different lengths.
    """

    ids: tuple[int, ...]  # N
    pieces: tuple[str, ...]  # N, what each id spells; ids that share a character each spell all of it
    spans: tuple[tuple[int, int], ...]  # N, characters of `text`; empty for ids that the tokenizer added
    is_special: tuple[bool, ...]  # N
    text: str

    def __post_init__(self) -> None:
        lengths = {len(self.ids), len(self.pieces), len(self.spans), len(self.is_special)}
        if len(lengths) != 1:
            raise InputError(f"ids, pieces, spans and is_special must be equally long, got {sorted(lengths)}.")

    def __len__(self) -> int:
        return len(self.ids)

    def overlapping(self, start: int, stop: int) -> tuple[int, ...]:
        """The tokens that spell at least one character of text[start:stop]."""
        return tuple(i for i, (a, b) in enumerate(self.spans) if a < stop and b > start)


def from_text(tokenizer: Tokenizer, text: str) -> Tokens:
    """The ids of a plain prompt, with the tokenizer's special tokens once.

    Raises:
        InputError: the text is empty or holds half a surrogate pair.
    """
    if not text:
        raise InputError("A prompt is needed, got an empty text: write at least two words.")
    broken = next((i for i, c in enumerate(text) if "\ud800" <= c <= "\udfff"), None)
    if broken is not None:
        raise InputError(
            f"The text must be valid Unicode, found half a surrogate pair at character {broken}: remove it."
        )
    ids = tokenizer.encode(text, add_special_tokens=True)
    bare = tokenizer.encode(text, add_special_tokens=False)
    n_before, n_after = _added(ids, bare)
    return from_ids(tokenizer, ids, n_added=(n_before, n_after))


def from_ids(tokenizer: Tokenizer, ids: Sequence[int], *, n_added: tuple[int, int] = (0, 0)) -> Tokens:
    """The text that ids spell; the first and last `n_added` of them take no characters of it."""
    ids = [int(i) for i in ids]
    first, last = n_added[0], len(ids) - n_added[1]
    pieces = [_spell(tokenizer, [i]) for i in ids]  # of added ids; the others are spelled in their text below
    spans = [(0, 0)] * len(ids)
    text = ""
    for members, piece in _characters(tokenizer, ids[first:last]):
        for k in members:
            pieces[first + k] = piece
            spans[first + k] = (len(text), len(text) + len(piece))
        text += piece
    spans[last:] = [(len(text), len(text))] * n_added[1]
    special = frozenset(tokenizer.all_special_ids)
    return Tokens(tuple(ids), tuple(pieces), tuple(spans), tuple(i in special for i in ids), text)


def piece_of(tokenizer: Tokenizer, token_id: int) -> str:
    """What one id spells in the middle of a text, with the space that it may begin with.

    Tokenizers that put a space before every text take the first one away again when they decode; the second of two
    equal ids keeps it.
    """
    once, twice = (_spell(tokenizer, [token_id] * n) for n in (1, 2))
    return twice[len(once) :]


def _characters(tokenizer: Tokenizer, ids: list[int]) -> list[tuple[range, str]]:
    """Runs of ids that together spell whole characters, each with its text.

    A piece is what a longer decode has more than a shorter one: some tokenizers drop the first space of whatever they
    decode, so an id decoded alone can lose it.
    """
    runs: list[tuple[range, str]] = []
    window = start = 0  # decode from `window`; ids from `start` are not spelled yet
    for stop in range(1, len(ids) + 1):
        known = _spell(tokenizer, ids[window:start])
        longer = _spell(tokenizer, ids[window:stop])
        is_partial = longer.endswith("\ufffd") and stop - start < _MOST_IDS_OF_A_CHARACTER and stop < len(ids)
        if is_partial:
            continue
        runs.append((range(start, stop), longer[len(known) :]))
        window, start = start, stop
    return runs


def _spell(tokenizer: Tokenizer, ids: list[int]) -> str:
    return tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False) if ids else ""


def _added(ids: list[int], bare: list[int]) -> tuple[int, int]:
    """How many ids the tokenizer put before and after the text's own."""
    n_extra = len(ids) - len(bare)
    for before in range(n_extra + 1):
        if ids[before : before + len(bare)] == bare:
            return before, n_extra - before
    return 0, 0
