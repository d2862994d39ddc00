"""LongRA: analogies whose first word stands far before the second, with a parenthesis between that has no part in it.

One example is one object, its text in the pieces of the tokenizer that it was prepared with: the places of target,
antecedent and distractor count those pieces, and are turned into characters here, so that any tokenizer can be used.
"""

from collections.abc import Iterator, Mapping
from itertools import accumulate

from heta_core.datasets._contract import Example, Format, Refused, Span
from heta_core.datasets._fields import name_of, shown, text_of
from heta_core.datasets._rows import Row, begins_with, examples, json_rows
from heta_core.errors import InputError

# What a tokenizer put before the text: the model's own tokenizer adds its own.
_ADDED = ("<s>", "</s>", "<bos>", "<|begin_of_text|>", "<|endoftext|>")


def _read(text: str) -> Iterator[Example | Refused]:
    return examples(json_rows(text), _example)


def _example(row: Row) -> Example:
    fields = row.fields
    pieces = _pieces(fields.get("text"))
    n = len(pieces)
    target = _place(fields.get("target"), "target", n)
    told = fields.get("relative")
    places = {_place(one, "relative", target) for one in (told if isinstance(told, list) else [told])}
    words = {pieces[place] for place in places}
    ends = [0, *accumulate(len(piece) for piece in pieces)]
    return Example(
        id=name_of(fields.get("id", row.number), "id"),
        prompt="".join(pieces[:target]),
        target=pieces[target],
        takes="all",  # one word; another tokenizer may cut it
        # Every place where the antecedent stands tells it, not only the one that was noted.
        evidence=tuple(_trimmed(pieces, ends, k, k) for k in range(target) if pieces[k] in words),
        distractor=_distractor(fields.get("distractor"), pieces, ends, target),
        cluster=_template(fields.get("comments")),
    )


def _pieces(value: object) -> list[str]:
    if not isinstance(value, list) or not value:
        raise InputError(f"text: need a list of pieces of text, found {shown(value)}.")
    pieces = [text_of(piece, "text") for piece in value]
    if pieces[0] in _ADDED:
        pieces[0] = ""
    if len(pieces) > 8 and not any(piece[:1].isspace() for piece in pieces):
        raise InputError(
            "text: need pieces that carry their spaces, found none that does, so that words cannot be told apart: "
            "prepare the data with a tokenizer that keeps them."
        )
    return pieces


def _place(value: object, field: str, stop: int) -> int:
    if type(value) is not int or not 0 <= value < stop:
        raise InputError(f"{field}: need the number of a piece from 0 to {stop - 1}, found {shown(value)}.")
    return value


def _distractor(value: object, pieces: list[str], ends: list[int], target: int) -> tuple[Span, ...]:
    """The characters of pieces start … end, both included."""
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        raise InputError(f"distractor: need an object with start and end, found {shown(value)}.")
    start = _place(value.get("start"), "distractor.start", target)
    end = _place(value.get("end"), "distractor.end", target)
    if start > end:
        raise InputError(f"distractor: need start before end, found {start} and {end}.")
    return (_trimmed(pieces, ends, start, end),)


def _trimmed(pieces: list[str], ends: list[int], first: int, last: int) -> Span:
    """The characters of pieces first … last without white space around them."""
    said = "".join(pieces[first : last + 1])
    if not said.strip():
        raise InputError(f"text: need words in pieces {first} to {last}, found white space.")
    start = ends[first] + len(said) - len(said.lstrip())
    return start, start + len(said.strip())


def _template(comments: object) -> str:
    """Examples of one analogy share their sentence."""
    number = comments.get("analogy_idx") if isinstance(comments, Mapping) else None
    return f"analogy {number}" if type(number) is int and abs(number) < 10**6 else ""


SAMPLE = """\
{"id": 0, "text": ["When", " we", " landed", " in", " Paris", ",", " I", " slept", " (", "it", " rained", ").", \
" I", " was", " in", " the", " capital", " of", " France"], "tokens": [2215, 356, 11406, 287, 6342, 11, 314, 15845, \
357, 270, 36214, 737, 314, 373, 287, 262, 3139, 286, 4881], "target": 18, "relative": 4, \
"distractor": {"start": 8, "end": 11}, "comments": {"analogy_idx": 1, "pair_idx": 0}}
"""

FORMAT = Format(
    name="long_ra",
    title="LongRA (word analogies at a distance)",
    meaning="One object an example: text as a list of pieces, and by their numbers target, relative (what tells it) "
    "and distractor (start and end); a folder of such files is read as well.",
    suffixes=(".json", ".jsonl"),
    looks_like=lambda head: begins_with(head, "text", "target", "relative"),
    read=_read,
    sample=SAMPLE,
    place=20,
)
