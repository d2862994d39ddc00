"""What was measured for the lessons, as it is shipped: one JSON a lesson, never torch."""

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from heta_core.errors import ReportError
from heta_core.teaching.contract import Data, Lesson
from heta_core.views.strip import short

if TYPE_CHECKING:
    from heta_core.language_model import LanguageModel

Nested = float | list["Nested"]  # numbers in lists in lists

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "lessons"


@cache
def data(name: str) -> Data:
    """What was measured for a lesson; not to be changed.

    Raises:
        ReportError: nothing is shipped for it.
    """
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        raise ReportError(f"The lesson {name!r} needs {path.name}, found none: run `python -m heta_core lessons`.")
    found: Data = json.loads(path.read_text(encoding="utf-8"))
    return found


def write(lesson: Lesson, lm: "LanguageModel", folder: Path = FOLDER) -> Path:
    """Measure a lesson and put what is found in the place of what was shipped."""
    text = json.dumps(lesson.measure(lm), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{lesson.name}.json"
    path.write_text(text + "\n", encoding="utf-8")
    return path


def rounded(values: ArrayLike) -> "Nested":
    """Numbers as plain values with six significant digits, nested as they came."""
    array = np.asarray(values, float)
    return short(float(array)) if array.ndim == 0 else [rounded(part) for part in array]
