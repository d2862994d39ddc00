"""The stages of training: what their rows hold, and which skills must be read before the next one."""

from dataclasses import dataclass

from heta_core.littletown.rows import Syllabus


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: its rows, and the share of held-out pairs that must be right to leave it."""

    name: str
    rows: Syllabus
    watch: tuple[str, ...]  # skills measured at each gate
    gate: tuple[str, ...]
    pass_at: float
    story_weight: float  # loss weight of words that cannot be foreseen
    longest: float  # share of all steps after which the next stage begins in any case


_SIMPLE = (("where", 1.0), ("have", 1.0), ("colour", 1.0))
_CORE = (*_SIMPLE, ("painted", 0.7), ("gave", 1.2))
_EVERY = (*_CORE, ("pronoun", 1.2), ("negation", 1.2), ("two-step", 1.5), ("conflict", 1.2))

_NAMED = (("where", 1.0), ("have", 1.0), ("gave", 1.5), ("colour", 0.4))
FIRST = Syllabus(
    _SIMPLE, (1, 1), (2, 2), (0, 0), copying=0.5, agreement=0.0, lists=1.0, facts=0.0, n_questions=8, names_first=0.0
)
NAMED = Syllabus(
    _NAMED, (1, 1), (2, 3), (0, 0), copying=0.1, agreement=0.0, lists=0.7, facts=0.1, n_questions=6, names_first=0.8
)
CORE_ROWS = Syllabus(
    _CORE, (1, 2), (2, 3), (0, 1), copying=0.3, agreement=0.2, lists=0.3, facts=0.3, n_questions=10, names_first=0.4
)
ALL = Syllabus(
    _EVERY, (1, 3), (2, 3), (0, 3), copying=0.2, agreement=0.2, lists=0.2, facts=0.3, n_questions=12, names_first=0.3
)

_SHORT = ("where", "have", "colour", "who")
_ALL_SKILLS = (
    *(*_SHORT, "gave", "continuation", "facts", "copying"),
    *("pronoun", "negation", "two-step", "conflict", "agreement"),
)
STAGES = (
    Stage("first", FIRST, (*_SHORT, "continuation", "copying"), ("where", "have", "colour"), 0.85, 0.1, 0.15),
    Stage("names", NAMED, (*_SHORT, "gave", "continuation", "copying"), ("who", "gave"), 0.85, 0.1, 0.2),
    Stage("core", CORE_ROWS, (*_SHORT, "gave", "continuation", "facts", "copying"), (*_SHORT, "gave"), 0.85, 0.1, 0.2),
    Stage("all", ALL, _ALL_SKILLS, (), 1.0, 0.2, 1.0),
)
