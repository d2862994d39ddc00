"""What was measured for the lessons, as it is shipped: one JSON a lesson, never torch."""

import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from heta_core.errors import ReportError
from heta_core.teaching import texts
from heta_core.teaching.contract import Data, Lesson
from heta_core.views import strip

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

Nested = float | list["Nested"] | None  # numbers in lists in lists

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "lessons"


@cache
def data(name: str) -> Data:
    """What was measured for a lesson; not to be changed.

    Raises:
        ReportError: nothing is shipped for it, or it cannot be read.
    """
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        raise ReportError(f"The lesson {name!r} needs {path.name}, found none: run `python -m heta_core lessons`.")
    try:
        found: Data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReportError(
            f"The lesson {name!r} needs {path.name} as JSON, found what is none ({error}): run `python -m heta_core "
            f"lessons {name}`."
        ) from error
    return found


def write(lesson: Lesson, lm: "LanguageModel", folder: Path = FOLDER) -> Path:
    """Measure a lesson and put what is found in the place of what was shipped, all of it or nothing.

    Raises:
        ReportError: its texts need a number that was not measured.
    """
    text = json.dumps(lesson.measure(lm), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    found = json.loads(text)
    texts.told(lesson, found)
    lesson.still(found)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{lesson.name}.json"
    new = path.with_name(f".{path.name}.new")
    new.write_text(text + "\n", encoding="utf-8")
    os.replace(new, path)
    return path


def rounded(values: ArrayLike) -> "Nested":
    """Numbers nested as they came, each as `strip.numbers` writes it."""
    array = np.asarray(values, float)
    if array.ndim > 1:
        return [rounded(part) for part in array]
    row = strip.numbers(np.atleast_1d(array)) or []
    return list(row) if array.ndim else row[0]
