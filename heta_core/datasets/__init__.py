"""Data with known evidence: one file for each format, found by existing."""

from heta_core.datasets._contract import Dataset, Example, Format, Refused, Span, Takes
from heta_core.datasets._generic import to_record
from heta_core.datasets._littletown import generated
from heta_core.datasets._reading import known, named, read, read_bytes, read_path

__all__ = [
    "Dataset",
    "Example",
    "Format",
    "Refused",
    "Span",
    "Takes",
    "generated",
    "known",
    "named",
    "read",
    "read_bytes",
    "read_path",
    "to_record",
]
