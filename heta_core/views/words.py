"""How tokens, shares and numbers are written, the same in every view."""

import math
import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Literal

from heta_core.grouping import Scored
from heta_core.settings import Mask
from heta_core.targets import Kind

Component = Literal["final", "transition", "hessian", "kl"]

# Categories of characters that are not seen: controls, formats, and separators of lines and paragraphs.
_UNSEEN = ("Cc", "Cf", "Zl", "Zp")
# A run of spaces longer than this is counted instead of drawn.
_MOST_GLYPHS = 6
_GLYPHS = {" ": "␣", "\n": "⏎", "\r": "␍", "\t": "⇥", "\u00a0": "⍽"}
# Below this share or number the digits shown would all be zero.
_LEAST_SHARE = {0: 0.005, 1: 0.0005}
_LEAST_NUMBER = 0.001


@dataclass(frozen=True, slots=True)
class ComponentWords:
    """One name for each component, from the engine to the label, and what it means."""

    name: Component
    title: str
    plain: str  # one everyday word
    meaning: str  # one sentence
    unit: str


COMPONENTS: tuple[ComponentWords, ...] = (
    ComponentWords(
        "final",
        "Final",
        "together",
        "Transition × (β · Hessian + γ · KL): how much the answer owes to this word, as HETA scores it.",
        "of the score",
    ),
    ComponentWords(
        "transition",
        "Transition",
        "flow",
        "How much of what this word holds flows through attention to the place that answers. It knows the place, "
        "not the answer.",
        "of the flow",
    ),
    ComponentWords(
        "hessian",
        "Hessian",
        "curvature",
        "How strongly the answer's log-probability bends when this word's embedding moves a little. It shrinks "
        "as the model becomes sure.",
        "nats per squared embedding unit",
    ),
    ComponentWords(
        "kl",
        "KL",
        "information",
        "How far the whole prediction moves when this word is masked. It knows the place, not the answer.",
        "nats",
    ),
)
BY_NAME: dict[str, ComponentWords] = {words.name: words for words in COMPONENTS}
# Where more than one token counts, some components mean something else.
_OF_A_SPAN = {
    "transition": "How much of what this word holds flows through attention to the places that say the explained "
    "words, on average. It knows the places, not the words.",
    "hessian": "How strongly the log-probability of all explained words together bends when this word's embedding "
    "moves a little. It shrinks as the model becomes sure.",
    "kl": "How far the predictions of the explained words move when this word is masked, added up along the text. "
    "It knows the places, not the words.",
}
_OF_A_CONTRAST = {
    "final": "Transition × (β · Hessian + γ · |Δ|): how much the choice between the two owes to this word, as HETA "
    "scores it.",
    "hessian": "How strongly the log-odds of the two bend when this word's embedding moves a little.",
    "kl": "How far the log-odds of the two move when this word is masked. The sign of Δ says which of them the word "
    "speaks for.",
}
UNGATED_TITLE = "Ungated"
SCALINGS = {"unit": "balanced", "raw": "as in the paper"}
_MOVES = "this word's embedding moves"
_A_WORD = re.compile(r"\b(this|the) word\b")
MASKS: dict[Mask, str] = {
    "zero": "its embedding set to zero",
    "mean": "its embedding set to the mean of the text",
    "token": "another token put in its place",
    "attention": "hidden from attention",
}
# One and many of what is scored.
UNITS: dict[Scored, tuple[str, str]] = {
    "tokens": ("token", "tokens"),
    "words": ("word", "words"),
    "sentences": ("sentence", "sentences"),
    "segments": ("block", "blocks"),
}
_MASKS_OF_BLOCKS = {
    "zero": "all its embeddings set to zero at once",
    "mean": "all its embeddings set to the mean of the text at once",
    "token": "another token put in the place of each of its own at once",
    "attention": "all of it hidden from attention at once",
}


def masking(mask: Mask, scored: Scored) -> str:
    """How what is scored is taken away."""
    return MASKS[mask] if scored == "tokens" else _MASKS_OF_BLOCKS[mask]


def of_units(told: tuple[ComponentWords, ...], scored: Scored) -> tuple[ComponentWords, ...]:
    """The same names, with meanings that speak of what is scored; of tokens a reader thinks as words."""
    if scored == "tokens":
        return told
    one = UNITS[scored][0]
    meanings = (c.meaning.replace(_MOVES, f"the embeddings of this {one} move") for c in told)
    return tuple(
        replace(c, meaning=_A_WORD.sub(rf"\1 {one}", meaning)) for c, meaning in zip(told, meanings, strict=True)
    )


def components(kind: Kind, *, is_gated: bool = True) -> tuple[ComponentWords, ...]:
    """What the components are called where a target of this kind is explained, with the gate of Eq. 5 or without."""
    meanings = {"token": {}, "span": _OF_A_SPAN}.get(kind, _OF_A_CONTRAST)
    told = tuple(replace(c, meaning=meanings.get(c.name, c.meaning)) for c in COMPONENTS)
    if kind not in ("token", "span"):
        told = tuple(replace(c, title="Effect", plain="|Δ|") if c.name == "kl" else c for c in told)
    return told if is_gated else tuple(_ungated(c, told[-1]) for c in told if c.name != "transition")


def named(component: Component, kind: Kind = "token", *, is_gated: bool = True) -> ComponentWords:
    """What one component is called."""
    return next(c for c in components(kind, is_gated=is_gated) if c.name == component)


def _ungated(component: ComponentWords, last: ComponentWords) -> ComponentWords:
    """The name of a score without a gate, so that nobody takes it for HETA's."""
    if component.name != "final":
        return component
    term = "|Δ|" if last.title == "Effect" else last.title
    return replace(
        component,
        title=UNGATED_TITLE,
        plain="no gate",
        meaning=f"β · Hessian + γ · {term}, without HETA's gate: how attention carries this word to the answer cannot "
        "be read from this model.",
    )


@dataclass(frozen=True, slots=True)
class Drawn:
    """A token cut for drawing: white space that lays out the text, and what is seen as the token."""

    lead: str
    body: str
    tail: str


def drawn(piece: str) -> Drawn:
    """White space around a word is layout; a token of nothing else is drawn as glyphs, its newlines kept."""
    body = piece.strip()
    if body:
        start = piece.index(body)
        return Drawn(piece[:start], visible(body), piece[start + len(body) :])
    return Drawn("", glyphs(piece), "\n" * piece.count("\n"))


def label(piece: str) -> str:
    """One line that names a token."""
    body = piece.strip()
    return visible(body).replace("\n", "⏎") if body else glyphs(piece)


def glyphs(space: str) -> str:
    """White space made visible; a long run is counted."""
    if not space:
        return "∅"
    if len(space) > _MOST_GLYPHS and len(set(space)) == 1:
        return f"{_GLYPHS.get(space[0], '␣')}×{len(space)}"
    shown = "".join(_GLYPHS.get(c, "␣") for c in space[: 2 * _MOST_GLYPHS])
    return shown if len(space) <= 2 * _MOST_GLYPHS else f"{shown}… ×{len(space)}"


def visible(text: str) -> str:
    """Control characters as pictures, and those that break or reorder a line by their number."""
    return "".join(_picture(c) if unicodedata.category(c) in _UNSEEN else c for c in text)


def _picture(character: str) -> str:
    code = ord(character)
    if character == "\n" or character in "\u200d\u200c":  # joiners belong to emoji and to scripts
        return character
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"


def percent(value: float, digits: int = 1) -> str:
    """A share or probability; what would round to nothing or to all says so."""
    if value < 0:
        return f"−{percent(-value, digits)}"
    least = _LEAST_SHARE[digits]
    if 0 < value < least:
        return f"< {10**-digits:g}\u00a0%"
    if 1 - least < value < 1:
        return f"> {100 - 10**-digits:g}\u00a0%"
    return f"{100 * value:.{digits}f}\u00a0%"


def probability(log_p: float) -> str:
    """exp(log p) as a percentage."""
    return percent(min(1.0, math.exp(log_p)))


def number(value: float, places: int | None = None) -> str:
    """Three significant digits, at most three decimals, without exponents."""
    size = abs(value)
    sign = "−" if value < 0 else ""
    if size == 0:
        return "0"
    if size < _LEAST_NUMBER:
        return f"{sign}< {_LEAST_NUMBER}"
    if size >= 1000:
        return f"{sign}{size:,.0f}"
    return f"{sign}{size:.{decimals(size) if places is None else places}f}"


def decimals(size: float) -> int:
    """How many decimals three significant digits take, at most three."""
    return min(3, max(0, 2 - math.floor(math.log10(size)))) if size > 0 else 0


def with_error(value: float, error: float | None) -> str:
    """An estimate and its standard error with the same decimals."""
    return f"{number(value)} ± {'?' if error is None else number(error, decimals(value))}"


def quoted(text: str) -> str:
    """A token's label between typographic quotes."""
    return f"“{label(text)}”"
