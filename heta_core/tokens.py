"""Token ids and the text they spell.

Everything works on ids and nothing is tokenised twice: the text shown is spelled out from the ids. A character that
several ids share (an emoji in a byte-level vocabulary) belongs to each of them: those tokens have the same span.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

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
class Segment:
    """Tokens start … stop−1 of a chat: what somebody wrote, the name of a role, or marks of the template."""

    start: int
    stop: int
    kind: Literal["content", "role", "template"]
    role: str  # whose message it belongs to: system, user or assistant
    message: int  # which message, counted from 0; the answer to come is the one after the last


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as the model reads it: N ids and where each stands in the text.

    Raises:
        InputError: the fields have different lengths, or segments overlap or leave the text.
    """

    ids: tuple[int, ...]  # N
    pieces: tuple[str, ...]  # N, what each id spells; ids that share a character each spell all of it
    spans: tuple[tuple[int, int], ...]  # N, characters of `text`; empty for ids that the tokenizer added
    is_special: tuple[bool, ...]  # N
    text: str
    segments: tuple[Segment, ...] = ()  # of a chat, in order, without gaps from the first token on

    def __post_init__(self) -> None:
        lengths = {len(self.ids), len(self.pieces), len(self.spans), len(self.is_special)}
        if len(lengths) != 1:
            raise InputError(f"ids, pieces, spans and is_special must be equally long, got {sorted(lengths)}.")
        edges = [0, *(segment.stop for segment in self.segments)]
        starts = [segment.start for segment in self.segments]
        if starts != edges[:-1] or edges != sorted(edges) or edges[-1] > len(self):
            raise InputError(f"Segments must follow one another inside {len(self)} tokens, got {starts}, {edges[1:]}.")

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
    check_text(text)
    ids = tokenizer.encode(text, add_special_tokens=True)
    bare = tokenizer.encode(text, add_special_tokens=False)
    n_before, n_after = _added(ids, bare)
    return from_ids(tokenizer, ids, n_added=(n_before, n_after))


def check_text(text: str) -> None:
    """Refuse a text that no tokenizer can read.

    Raises:
        InputError: the text holds half a surrogate pair.
    """
    broken = next((i for i, c in enumerate(text) if "\ud800" <= c <= "\udfff"), None)
    if broken is not None:
        raise InputError(
            f"The text must be valid Unicode, found half a surrogate pair at character {broken}: remove it."
        )


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


def extended(tokenizer: Tokenizer, tokens: Tokens, ids: Sequence[int]) -> Tokens:
    """A text with more ids after it. Nothing is tokenised again; only what the ids spell is read anew."""
    return spliced(tokenizer, tokens, len(tokens), len(tokens), ids) if ids else tokens


def spliced(tokenizer: Tokenizer, tokens: Tokens, start: int, stop: int, ids: Sequence[int]) -> Tokens:
    """A text with other ids in the place of its tokens start … stop−1.

    Raises:
        InputError: the place lies outside the text.
    """
    n = len(tokens)
    if not 0 <= start <= stop <= n:
        raise InputError(f"Tokens to replace must lie in 0 … {n}, got {start}:{stop}.")
    n_before, n_after = _unwritten(tokens)
    spelled = from_ids(
        tokenizer,
        (*tokens.ids[:start], *ids, *tokens.ids[stop:]),
        n_added=(min(n_before, start), min(n_after, n - stop)),
    )
    return replace(spelled, segments=_moved(tokens.segments, start, stop, len(ids)))


def _moved(segments: tuple[Segment, ...], start: int, stop: int, n_new: int) -> tuple[Segment, ...]:
    """Segments after tokens start … stop−1 have become n_new, which belong to the segment they began in."""
    edges = {0: 0}
    for segment in segments:
        edge = segment.stop
        if edge >= stop and edge > start:
            edges[edge] = edge + n_new - (stop - start)
        else:
            edges[edge] = edge if edge <= start else start + n_new
    moved = (replace(s, start=edges[s.start], stop=edges[s.stop]) for s in segments)
    return tuple(segment for segment in moved if segment.stop > segment.start)


def pieces_of(tokenizer: Tokenizer, ids: Sequence[int]) -> tuple[str, ...]:
    """What some ids spell one after another in the middle of a text."""
    if not ids:
        return ()
    first = piece_of(tokenizer, ids[0])
    if "\ufffd" in first:  # part of a character, which only its neighbours complete
        return from_ids(tokenizer, ids).pieces
    return (first, *from_ids(tokenizer, ids).pieces[1:])


def piece_of(tokenizer: Tokenizer, token_id: int) -> str:
    """What one id spells in the middle of a text, with the space that it may begin with.

    Tokenizers that put a space before every text take the first one away again when they decode; the second of two
    equal ids keeps it.
    """
    once, twice = (_spell(tokenizer, [token_id] * n) for n in (1, 2))
    return twice[len(once) :]


def n_common(one: Sequence[object], other: Sequence[object]) -> int:
    """How many elements two sequences begin with in common."""
    shorter = min(len(one), len(other))
    return next((k for k in range(shorter) if one[k] != other[k]), shorter)


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


def _unwritten(tokens: Tokens) -> tuple[int, int]:
    """How many tokens before and after a text the tokenizer put there: they are special and take no characters."""
    n = len(tokens)
    is_written = [b > a or not special for (a, b), special in zip(tokens.spans, tokens.is_special, strict=True)]
    first = next((i for i in range(n) if is_written[i]), n)
    last = next((i for i in reversed(range(n)) if is_written[i]), n - 1)
    return first, n - 1 - last


def _added(ids: list[int], bare: list[int]) -> tuple[int, int]:
    """How many ids the tokenizer put before and after the text's own."""
    n_extra = len(ids) - len(bare)
    for before in range(n_extra + 1):
        if ids[before : before + len(bare)] == bare:
            return before, n_extra - before
    return 0, 0
