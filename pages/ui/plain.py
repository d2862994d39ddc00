"""Text for Streamlit's Markdown that nobody here has written."""

import re

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: str) -> str:
    """Text in which Streamlit's Markdown finds nothing to format, link or fetch."""
    return _PUNCTUATION.sub(r"\\\1", text).replace("\n", " ")
