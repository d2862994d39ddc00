"""Data in several files: a WikiBio set, whose files go line by line, and a folder with one JSON file an example."""

import json
import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from heta_core.datasets._fields import shown
from heta_core.datasets._rows import lines
from heta_core.errors import InputError

SET = (".sent", ".nb", ".box")  # .title where there is one
_POSITION = re.compile(r"_\d+\Z")
_COUNT = re.compile(r"\d{1,6}")


def set_of(path: Path) -> Path | None:
    """The .sent file of the WikiBio set that a path names: one of its files, or a folder that holds one set.

    Raises:
        InputError: the folder holds several.
    """
    if not path.is_dir():
        return path.with_suffix(".sent") if path.suffix in (*SET, ".title") else None
    found = sorted(path.glob("*.sent"))
    if len(found) > 1:
        names = ", ".join(one.name for one in found[:5])
        raise InputError(f"Need one set of sentences, found {names} in {str(path)!r}: name the file of one.")
    return found[0] if found else None


def set_as_table(sent: Path, text_of: Callable[[Path], str]) -> str:
    """A WikiBio set in the form of its tables, an object on every line.

    Raises:
        InputError: one of its files is missing, or they do not fit each other.
    """
    missing = [name for suffix in SET if not (name := sent.with_suffix(suffix)).is_file()]
    if missing:
        raise InputError(f"Need {sent.stem}.sent, .nb and .box beside each other, found no {missing[0].name}.")
    sentences, numbers, boxes = (_lines(text_of(sent.with_suffix(suffix))) for suffix in SET)
    title = sent.with_suffix(".title")
    titles = _lines(text_of(title)) if title.is_file() else [""] * len(boxes)
    counts = [_count(n, k) for k, n in enumerate(numbers, start=1)]
    if not len(counts) == len(boxes) == len(titles) or sum(counts) != len(sentences):
        raise InputError(
            f"Need files that fit each other, found {len(counts)} counts for {len(boxes)} boxes and {len(titles)} "
            f"titles, and {sum(counts)} sentences counted of {len(sentences)}: cut all of them after the same article."
        )
    rest = iter(sentences)
    return "\n".join(
        json.dumps(_record(box, name, "\n".join(islice(rest, n))), ensure_ascii=False)
        for box, name, n in zip(boxes, titles, counts, strict=True)
    )


def _lines(text: str) -> list[str]:
    found = lines(text)
    return found[:-1] if found[-1] == "" else found


def _count(number: str, line: int) -> int:
    if not _COUNT.fullmatch(number.strip()):
        raise InputError(f"Need a number of sentences on every line of .nb, found {shown(number)} on line {line}.")
    return int(number)


def _record(box: str, title: str, biography: str) -> dict[str, object]:
    """An article: `name_1:ada name_2:example image:<none>` is one row, name: ada example."""
    table: dict[str, list[str]] = {}
    for word in box.split("\t"):
        name, _, said = word.partition(":")
        if said and said != "<none>":
            table.setdefault(_POSITION.sub("", name), []).append(said)
    contents = [" ".join(words) for words in table.values()]
    about = {"table": {"column_header": list(table), "content": contents}, "context": title}
    return {"input_text": about, "target_text": biography}


def examples_of(folder: Path) -> list[Path]:
    """The JSON files of a folder, 2.json before 10.json.

    Raises:
        InputError: there are none.
    """
    found = [path for path in folder.iterdir() if path.suffix.lower() == ".json" and path.is_file()]
    if not found:
        raise InputError(
            "Need a file, a WikiBio set or a folder of JSON files with an example each, found none in the folder "
            f"{str(folder)!r}: name a file."
        )
    return sorted(found, key=lambda path: [(len(part), part) for part in re.findall(r"\d+|\D+", path.name)])
