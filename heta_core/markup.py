"""A coloured token strip as HTML, from plain values. Every token is escaped here."""

import html
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def strip(pieces: Sequence[str], shares: NDArray[np.float64], *, target: str, position: int) -> str:
    """The pieces before `position` shaded by their share of the score, then the target.

    Shares beyond, those of a span's own tokens, are not drawn: the span is the target.
    """
    top = shares.max() if shares.any() else 1.0
    spans = [
        f'<span title="{share:.1%}" style="background:rgba(29,78,216,{share / top:.3f})">{html.escape(piece)}</span>'
        for piece, share in zip(pieces[:position], shares, strict=False)
    ]
    return f'<div style="white-space:pre-wrap">{"".join(spans)}<b>{html.escape(target)}</b></div>'
