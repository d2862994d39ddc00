"""Signs that something is wrong with an answer, or with what a method says about it."""

from dataclasses import dataclass
from typing import Literal

from heta_core.evaluation.outcome import Outcome
from heta_core.evaluation.plan import BASELINE

Name = Literal["wrong", "distracted", "unfaithful", "unstable", "fragile", "failed"]

SURE = 0.95  # of a place among the five highest


@dataclass(frozen=True, slots=True)
class Sign:
    """What a sign is called, and when it is raised."""

    name: Name
    title: str
    meaning: str  # one sentence


KNOWN = (
    Sign("wrong", "wrong answer", "The model's first choice is not the target."),
    Sign("distracted", "mass on the distractor", "The distractor holds more of the score than the evidence."),
    Sign("unfaithful", "low faithfulness", "Masking in this order lowers the target no more than a random order does."),
    Sign("unstable", "unstable", f"One of HETA's five highest keeps its place in fewer than {SURE:.0%} of redraws."),
    Sign(
        "fragile",
        "fragile",
        "One masked word flips the answer that is part of neither the question nor the evidence, as far as known.",
    ),
    Sign("failed", "failed", "The example was skipped, or a method failed on it."),
)


def signs(outcome: Outcome, method: str) -> tuple[Name, ...]:
    """The signs of one example; those about scores are of one method."""
    rules: dict[Name, bool] = {
        "wrong": outcome.answer is not None and outcome.answer.is_right is False,
        "distracted": _is_distracted(outcome, method),
        "unfaithful": _is_unfaithful(outcome, method),
        "unstable": outcome.stays is not None and outcome.stays < SURE,
        "fragile": bool(flips(outcome)),
        "failed": outcome.problem is not None or any(one.problem is not None for one in outcome.scored),
    }
    return tuple(name for name, holds in rules.items() if holds)


def flips(outcome: Outcome) -> tuple[int, ...]:
    """Units outside of question and evidence that alone, when masked, change what the model says."""
    if outcome.answer is None:
        return ()
    meant = outcome.units_in((*outcome.example.evidence, *outcome.example.question))
    return tuple(unit for unit in outcome.answer.flips if unit not in meant)


def mass(outcome: Outcome, method: str, which: Literal["evidence", "distractor"]) -> float | None:
    """The share of a method's score above 0 that a segment holds; None where that is not known."""
    scored, spans = outcome.of(method), getattr(outcome.example, which)
    if scored is None or not spans:
        return None
    total = sum(max(score, 0.0) for score in scored.scores)
    held = sum(max(scored.scores[unit], 0.0) for unit in outcome.units_in(spans)) if scored.scores else 0.0
    return held / total if total > 0 else None


def _is_distracted(outcome: Outcome, method: str) -> bool:
    evidence, distractor = mass(outcome, method, "evidence"), mass(outcome, method, "distractor")
    return evidence is not None and distractor is not None and distractor > evidence


def _is_unfaithful(outcome: Outcome, method: str) -> bool:
    own, drawn = (one.value("deletion") if one else None for one in (outcome.of(method), outcome.of(BASELINE)))
    return own is not None and drawn is not None and own >= drawn
