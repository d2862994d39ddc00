"""Where model families stand: for which the whole method holds, and for which which part of it.

The table is measured on the smallest model of every type that transformers loads (`python tests/families.py`); a model
is checked again when it is loaded, whatever the table says.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

Column = Literal["proven", "partial", "no_attention", "not_text_decoder", "refused"]
COLUMNS: tuple[Column, ...] = get_args(Column)
TABLE = Path(__file__).resolve().parents[1] / "assets" / "families.json"


@dataclass(frozen=True, slots=True)
class Standing:
    """One model type."""

    standing: Column
    reason: str  # half a sentence; empty where the method holds


def standing(model_type: str) -> Standing | None:
    """Where a model type stands; None for one that transformers does not load as a causal language model."""
    return table().get(model_type)


@cache
def table() -> dict[str, Standing]:
    """Model type → where it stands, in the order of names."""
    found = json.loads(TABLE.read_text(encoding="utf-8"))["families"]
    return {model_type: Standing(**fields) for model_type, fields in found.items()}
