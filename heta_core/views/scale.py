"""The one place where a score becomes a colour.

One hue, of a contrast one for each side, from the page's ground up: the highest value of the text takes the full tint,
zero none. The tint stays light enough (dark enough on a dark page) that text on it keeps a contrast of 4.5 : 1.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Theme = Literal["light", "dark"]
Hue = Literal["heat", "against", "neutral", "transition", "hessian", "kl"]
# The part of a hue in the highest value's ground.
FULL_TINT: dict[Theme, float] = {"light": 0.62, "dark": 0.55}


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one theme; the three component colours are told apart by colour-blind eyes (Okabe & Ito)."""

    ground: str
    text: str
    muted: str
    heat: str
    transition: str
    hessian: str
    kl: str
    against: str  # what speaks for the foil of a contrast
    neutral: str  # what speaks for neither of its sides
    ink: str  # the ground of what is explained
    on_ink: str
    foil: str  # the ground of what it is compared with


PALETTES: dict[Theme, Palette] = {
    "light": Palette(
        *("#ffffff", "#1a1d29", "#5a6072", "#1d4ed8", "#9a5580", "#0072b2", "#009e73"),
        *("#d55e00", "#6b7280", "#1e2b57", "#ffffff", "#6b2f00"),
    ),
    "dark": Palette(
        *("#171614", "#f4f5f8", "#a3a8b8", "#7aa2ff", "#e0a3c8", "#56b4e9", "#2fc79b"),
        *("#d9793a", "#8a8f9c", "#c9d7ff", "#131a33", "#ffd0ab"),
    ),
}


def intensity(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each value over the highest, 0 to 1; all zero where nothing has a value."""
    top = values.max(initial=0.0)
    return values / top if top > 0 else np.zeros_like(values)


def tint(part: float, theme: Theme = "light", hue: Hue = "heat") -> str:
    """The ground behind a value of this intensity, as #rrggbb."""
    palette = PALETTES[theme]
    return _mix(getattr(palette, hue), palette.ground, FULL_TINT[theme] * part)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours after WCAG 2, 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _mix(over: str, under: str, part: float) -> str:
    channels = zip(_channels(over), _channels(under), strict=True)
    return "#" + "".join(f"{round(part * a + (1 - part) * b):02x}" for a, b in channels)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (x / 255 for x in _channels(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
