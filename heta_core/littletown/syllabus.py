"""The stages of training: what their rows hold, how long they last and how fast the model moves in them.

The bounds were set by looking: a stage ended when both answers of held-out minimal pairs came right, or when nothing
more came. Binding a name to a place, a thing or a colour comes first, on two things at a time; the way back, from a
place to a name, came only when questions for names stood first in a row and then, at once, at a lower rate.
"""

from dataclasses import dataclass, replace

from heta_core.littletown.rows import Syllabus


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the weights move."""

    matrix_rate: float  # Muon, matrices of the layers
    other_rate: float  # AdamW, embeddings and norms
    weight_decay: float  # of the matrices


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of training."""

    name: str
    rows: Syllabus
    until: int  # step at which the next stage begins
    pace: Pace
    watch: tuple[str, ...]  # skills measured at each gate
    story_weight: float = 0.1  # loss weight of a word of a story; an answer weighs 8
    sharpness: float = 1.0  # factor of query and key weights at its begin: attention that is saturated learns nothing


_SIMPLE = (("where", 1.0), ("have", 1.0), ("colour", 1.0))
_CORE = (*_SIMPLE, ("painted", 0.7), ("gave", 1.2))
_EVERY = (*_CORE, ("pronoun", 1.2), ("negation", 1.2), ("two-step", 1.5), ("conflict", 1.2))

_NAMED = (("where", 1.0), ("have", 1.0), ("gave", 1.5), ("colour", 0.4))
_HARD = (
    *(("where", 0.6), ("have", 0.6), ("colour", 0.6), ("painted", 0.5), ("gave", 0.8)),
    *(("pronoun", 0.6), ("negation", 0.8), ("two-step", 4.0), ("conflict", 3.0)),
)
FIRST = Syllabus(_SIMPLE, (1, 1), (2, 2), (0, 0), 8, copying=0.5, lists=1.0)
CORE_ROWS = Syllabus(_CORE, (1, 2), (2, 3), (0, 1), 10, copying=0.3, lists=0.3, agreement=0.2, facts=0.3)
NAMED = Syllabus(_NAMED, (1, 1), (2, 3), (0, 0), 6, copying=0.1, lists=0.7, facts=0.1, names_first=0.8)
ALL = Syllabus(_EVERY, (1, 3), (2, 3), (0, 3), 12, copying=0.2, lists=0.2, agreement=0.2, facts=0.3, names_first=0.3)
HARD = Syllabus(_HARD, (1, 2), (2, 3), (0, 2), 8, copying=0.1, lists=0.1, agreement=0.2, facts=0.3, names_first=0.1)

_SHORT = ("where", "have", "colour", "who")
_ALL_SKILLS = (
    *(*_SHORT, "gave", "continuation", "facts", "copying"),
    *("pronoun", "negation", "two-step", "conflict", "agreement"),
)
_STEPS = (*_HARD[:5], ("pronoun", 0.6), ("negation", 0.7), ("stands", 5.0), ("two-step", 5.0), ("conflict", 1.2))
SECOND, WHOLE = replace(HARD, stands=True), replace(ALL, stands=True)
STEPS = Syllabus(_STEPS, (1, 2), (2, 3), (0, 1), 8, copying=0.1, lists=0.7, agreement=0.1, facts=0.2, stands=True)
_FAST, _CALM = Pace(8e-3, 3e-3, 0.01), Pace(4e-3, 2e-3, 0.05)
_CORE_SKILLS = (*_SHORT, "gave", "continuation", "facts", "copying")
STAGES = (
    Stage("first", FIRST, 1350, _FAST, (*_SHORT, "continuation", "copying")),
    Stage("core", CORE_ROWS, 3150, _FAST, _CORE_SKILLS),
    Stage("names", NAMED, 4050, _FAST, _CORE_SKILLS),
    Stage("names, calmly", NAMED, 4500, _CALM, _CORE_SKILLS, sharpness=0.6),
    Stage("all", ALL, 5850, _CALM, _ALL_SKILLS, story_weight=0.2),
    Stage("two steps", HARD, 6300, _CALM, _ALL_SKILLS, story_weight=0.2),
    Stage("second step", SECOND, 6750, _CALM, _ALL_SKILLS, story_weight=0.2),
    Stage("steps alone", STEPS, 7950, _CALM, _ALL_SKILLS, story_weight=0.2),
    Stage("all again", WHOLE, 8100, _CALM, _ALL_SKILLS, story_weight=0.3),
    Stage("steps again", STEPS, 8700, _CALM, _ALL_SKILLS, story_weight=0.2),
    Stage("all at last", WHOLE, 10200, _CALM, _ALL_SKILLS, story_weight=0.3),
)
