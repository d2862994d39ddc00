"""Examples told apart: by a tag, by how sure the model is, by anything that may explain a difference."""

from collections.abc import Iterable, Mapping
from typing import Literal

from heta_core.evaluation.outcome import Key, Outcome, Remark

By = Literal["tag", "own tag", "confidence", "data set"]
TITLES: dict[By, str] = {
    "tag": "a tag of the data",
    "own tag": "your tags",
    "confidence": "how sure the model is",
    "data set": "data set",
}
UNTAGGED = "without"
# p of the target where the model says it; what it does not say is wrong, however likely.
STRATA = ("p ≥ .99", "p .7–.99", "p < .7", "wrong")


def stratum(outcome: Outcome) -> str | None:
    """How sure the model is of the target; None of an example that was skipped."""
    answer = outcome.answer
    if answer is None:
        return None
    return sureness(answer.p, is_wrong=answer.rank > 1 or answer.is_right is False)


def sureness(p: float, *, is_wrong: bool) -> str:
    """The stratum of a target that the model says, or does not, with probability p."""
    return STRATA[3] if is_wrong else STRATA[0] if p >= 0.99 else STRATA[1] if p >= 0.7 else STRATA[2]


def divided(outcomes: Iterable[Outcome], by: By, remarks: Mapping[Key, Remark]) -> dict[str, list[Outcome]]:
    """The examples of every group, groups in order of their names; one with several tags is in several groups."""
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        for name in _names(outcome, by, remarks):
            found.setdefault(name, []).append(outcome)
    order = {name: place for place, name in enumerate(STRATA)}
    last = {UNTAGGED}
    return dict(sorted(found.items(), key=lambda one: (one[0] in last, order.get(one[0], 0), one[0])))


def _names(outcome: Outcome, by: By, remarks: Mapping[Key, Remark]) -> tuple[str, ...]:
    if by == "confidence":
        name = stratum(outcome)
        return (name,) if name is not None else ()
    if by == "data set":
        return (outcome.dataset,)
    tags = outcome.example.tags if by == "tag" else remarks.get(outcome.key, Remark()).tags
    return tuple(dict.fromkeys(tags)) or (UNTAGGED,)
