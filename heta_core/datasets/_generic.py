"""The fields of a user's own data, whatever the file: only `prompt` must be there."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import get_args

from heta_core.datasets._contract import Example, Takes
from heta_core.datasets._fields import SPAN_FIELDS, name_of, names_of, shown, spans_of, text_of
from heta_core.errors import InputError

FIELDS = ("id", "prompt", "target", "takes", *SPAN_FIELDS, "cluster", "pair", "tags")
MISSPELT = 0.8  # how alike a name must be to be taken for a slip: "promt" is, "split" is not


def check_names(names: Iterable[str]) -> None:
    """Refuse fields without a prompt, and a field whose name is likely a slip of one of ours that is missing.

    Other fields are allowed: data may have columns that nothing here reads.

    Raises:
        InputError: see above.
    """
    there = list(names)
    missing = [field for field in FIELDS if field not in there]
    for name in there:
        if name not in FIELDS and (meant := _meant(name, missing)):
            raise InputError(
                f"There is no field {shown(name)}: did you mean {meant!r}? Rename it, or call it otherwise."
            )
    if "prompt" not in there:
        found = ", ".join(shown(name) for name in there[:6]) + (", …" if len(there) > 6 else "")
        raise InputError(f"prompt: need this field, found {found or 'none'}: name the text that the model reads so.")


def _meant(name: str, missing: list[str]) -> str | None:
    """The missing field that a name is likely a slip of."""
    plain = name[:40].strip().casefold().replace("-", "_").replace(" ", "_")
    if plain in missing:
        return plain
    if set(plain.split("_")) & set(FIELDS):
        return None  # "question_id" is a name of its own, made with one of ours
    longer = [field for field in missing if len(field) > 2]  # too many names are like "id"
    return next(iter(get_close_matches(plain, longer, 1, MISSPELT)), None)


def example_of(fields: Mapping[str, object], place: str) -> Example:
    """The example that a row's fields describe; null is as good as not there.

    Raises:
        InputError: a field is no such value, or likely misspelt.
    """
    check_names(fields)
    given = {name: value for name, value in fields.items() if value is not None}
    prompt = text_of(given.get("prompt"), "prompt")
    spans = {name: spans_of(given[name], prompt, name) for name in SPAN_FIELDS if name in given}
    return Example(
        id=name_of(given.get("id", place), "id"),
        prompt=prompt,
        target=text_of(given["target"], "target") if "target" in given else None,
        takes=_takes(given.get("takes", "one")),
        cluster=name_of(given.get("cluster", ""), "cluster"),
        pair=name_of(given.get("pair", ""), "pair"),
        tags=names_of(given.get("tags", []), "tags"),
        **spans,
    )


def _takes(value: object) -> Takes:
    for known in get_args(Takes):
        if value == known:
            return known  # type: ignore[no-any-return]
    raise InputError(f"takes: need one of {', '.join(get_args(Takes))}, found {shown(value)}.")


def to_record(example: Example) -> dict[str, object]:
    """The fields of an example as JSON values, stretches by characters: a line of JSON Lines that reads as the same."""
    record: dict[str, object] = {"id": example.id, "prompt": example.prompt}
    if example.target is not None:
        record["target"] = example.target
    if example.takes != "one":
        record["takes"] = example.takes
    for name in SPAN_FIELDS:
        if spans := getattr(example, name):
            record[name] = [list(span) for span in spans]
    for name in ("cluster", "pair"):
        if said := getattr(example, name):
            record[name] = said
    if example.tags:
        record["tags"] = list(example.tags)
    return record
