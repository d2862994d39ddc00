"""Text for Streamlit's Markdown that nobody here has written."""

import re

# Markdown makes links of bare addresses, escaped or not; a word joiner, which nobody sees, keeps it from finding one.
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: str) -> str:
    """Text in which Streamlit's Markdown finds nothing to format, link or fetch."""
    return _PUNCTUATION.sub(r"\\\1", _ADDRESS.sub("\u2060", text)).replace("\n", " ")
