"""Data with known evidence: one file for each format, found by existing."""

from heta_core.datasets._contract import Dataset, Example, Format, Refused, Span, Takes

__all__ = ["Dataset", "Example", "Format", "Refused", "Span", "Takes"]
