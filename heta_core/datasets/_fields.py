"""Values of a row as texts, names and spans of its prompt; what cannot be one is said with its field."""

from heta_core.datasets._contract import Example, Span
from heta_core.errors import InputError

LONGEST_PROMPT = 1_000_000  # characters: more than any context, and a page can still hold it
LONGEST_NAME = 200  # characters of an id, a cluster or a tag: they stand in tables
MOST_SPANS = 10_000  # of a field: each text among them is a search through the prompt
MOST_COUNTED = 100  # occurrences of a text: two are too many already
SPAN_FIELDS = ("evidence", "distractor", "question", "gold_words")
_KINDS = {dict: "an object", list: "a list", type(None): "null"}


def shown(value: object) -> str:
    """A value as it is named in a message: short, whatever it is."""
    if isinstance(value, dict | list | None):
        return _KINDS[type(value)]
    text = repr(value[:40] if isinstance(value, str) else value)
    return text if len(text) <= 60 else text[:60] + "…"


def text_of(value: object, field: str) -> str:
    """A text that can be read and written.

    Raises:
        InputError: it is none, or holds a null character or half a surrogate pair.
    """
    if not isinstance(value, str):
        raise InputError(f"{field}: need a text, found {shown(value)}.")
    if "\0" in value:
        raise InputError(f"{field}: need a text, found a null character at {value.index(chr(0))}: remove it.")
    broken = next((i for i, c in enumerate(value) if "\ud800" <= c <= "\udfff"), None)
    if broken is not None:
        raise InputError(f"{field}: need valid Unicode, found half a surrogate pair at {broken}: remove it.")
    return value


def name_of(value: object, field: str) -> str:
    """A short text, or a whole number as one.

    Raises:
        InputError: it is neither, or longer than `LONGEST_NAME`.
    """
    text = str(value) if type(value) is int else text_of(value, field)
    if len(text) > LONGEST_NAME:
        raise InputError(f"{field}: need at most {LONGEST_NAME} characters, found {len(text):,}: shorten it.")
    return text


def names_of(value: object, field: str) -> tuple[str, ...]:
    """One name or a list of them.

    Raises:
        InputError: one of them is no name.
    """
    return tuple(name_of(one, field) for one in (value if isinstance(value, list) else [value]))


def spans_of(value: object, prompt: str, field: str) -> tuple[Span, ...]:
    """Stretches of a prompt, rising: [[start, stop], …], or texts that each stand in it exactly once.

    Raises:
        InputError: an item is neither, or a text stands there never or several times.
    """
    items = value if isinstance(value, list) and not _is_pair(value) else [value]
    if len(items) > MOST_SPANS:
        raise InputError(f"{field}: need at most {MOST_SPANS:,} stretches, found {len(items):,}.")
    return tuple(sorted(_span(item, prompt, field) for item in items))


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(n) is int for n in value)


def _span(item: object, prompt: str, field: str) -> Span:
    if isinstance(item, list) and _is_pair(item):
        return item[0], item[1]
    if not isinstance(item, str) or not item:
        raise InputError(f"{field}: need texts of the prompt or [start, stop] in characters, found {shown(item)}.")
    text_of(item, field)
    starts: list[int] = []
    at = prompt.find(item)
    while at >= 0 and len(starts) <= MOST_COUNTED:
        starts.append(at)
        at = prompt.find(item, at + 1)
    if not starts:
        raise InputError(
            f"{field}: {shown(item)} does not stand in the prompt: copy it from there, or give [start, stop]."
        )
    if len(starts) > 1:
        n = f"{len(starts)}" if len(starts) <= MOST_COUNTED else f"more than {MOST_COUNTED}"
        raise InputError(f"{field}: {shown(item)} occurs {n} times: give [start, stop].")
    return starts[0], starts[0] + len(item)


def checked(example: Example) -> Example:
    """An example of which everything holds that `Example` promises.

    Raises:
        InputError: its prompt is empty or too long, a text cannot be read, or spans are not in the prompt or overlap.
    """
    if not text_of(example.prompt, "prompt").strip():
        raise InputError("prompt: need a text, found an empty one: fill it in or leave the row out.")
    if len(example.prompt) > LONGEST_PROMPT:
        raise InputError(
            f"prompt: need at most {LONGEST_PROMPT:,} characters, found {len(example.prompt):,}: shorten it."
        )
    if example.target is not None and not text_of(example.target, "target"):
        raise InputError("target: need a text, found an empty one: leave the field out for the model's own choice.")
    if not example.id:
        raise InputError("id: need a name, found an empty one: leave the field out to count by line.")
    if example.pair == example.id:
        raise InputError(f"pair: need another example, found the example's own id {shown(example.id)}.")
    for field in SPAN_FIELDS:
        _check_spans(getattr(example, field), len(example.prompt), field)
    return example


def _check_spans(spans: tuple[Span, ...], n: int, field: str) -> None:
    before: Span = (0, 0)
    for start, stop in spans:
        said = f"[{start}, {stop}]" if abs(start) + abs(stop) < 10**12 else "a number beyond every text"
        if not 0 <= start < stop <= n:
            raise InputError(f"{field}: need 0 ≤ start < stop ≤ {n}, the length of the prompt; found {said}.")
        if start < before[1]:
            raise InputError(f"{field}: stretches may not overlap, found [{before[0]}, {before[1]}] and {said}.")
        before = (start, stop)
