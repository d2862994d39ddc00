"""Data with known evidence: one file for each format, found by existing."""

from heta_core.datasets._contract import Dataset, Example, Format, Refused, Span, Takes
from heta_core.datasets._curated_set import curated_set, to_curated_record
from heta_core.datasets._generic import to_record
from heta_core.datasets._littletown import ONE_SENTENCE, as_example, generated
from heta_core.datasets._reading import known, named, read, read_bytes, read_path

__all__ = [
    "ONE_SENTENCE",
    "Dataset",
    "Example",
    "Format",
    "Refused",
    "Span",
    "Takes",
    "as_example",
    "curated_set",
    "generated",
    "known",
    "named",
    "read",
    "read_bytes",
    "read_path",
    "to_curated_record",
    "to_record",
]
