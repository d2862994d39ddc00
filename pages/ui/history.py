"""The finished results that a visitor has looked at, in order, so that going back and forward asks no model."""

from dataclasses import dataclass

from heta_core.attribution import Attribution
from heta_core.views import naming
from pages.ui import session, state

# The oldest go first: one of 2,000 tokens takes some megabytes.
_MOST = 20


@dataclass(frozen=True, slots=True, eq=False)
class _Trail:
    """What was looked at, and which of it is on the screen."""

    results: tuple[Attribution, ...] = ()
    at: int = -1


def note(result: Attribution) -> None:
    """Remember what is on the screen, with the weights chosen on it; what is still being computed is not."""
    if session.busy() is not None or not result.is_complete:
        return
    trail = _trail()
    before = trail.results[: trail.at + 1]
    if before and _is_same(before[-1], result):
        state.put("trail", _Trail((*before[:-1], result, *trail.results[trail.at + 1 :]), trail.at))
        return
    kept = (*before, result)[-_MOST:]  # something new ends what lay ahead
    state.put("trail", _Trail(kept, len(kept) - 1))


def back() -> None:
    """Show what was looked at before."""
    _go(-1)


def forward() -> None:
    """Show again what was gone back from."""
    _go(1)


def around() -> dict[str, str | None]:
    """The questions that lie behind and ahead; None where there is none."""
    return {name: _question(by) for name, by in (("back", -1), ("forward", 1))}


def _go(by: int) -> None:
    result, trail = _beside(by), _trail()
    if result is not None:
        state.put("trail", _Trail(trail.results, trail.at + by))
        session.show(result)


def _question(by: int) -> str | None:
    result = _beside(by)
    return None if result is None else naming.question(result)


def _beside(by: int) -> Attribution | None:
    trail = _trail()
    place = trail.at + by
    return trail.results[place] if 0 <= place < len(trail.results) else None


def _trail() -> _Trail:
    return state.get("trail", _Trail())  # type: ignore[no-any-return]


def _is_same(one: Attribution, other: Attribution) -> bool:
    """Both answer one question, whatever their weights."""
    return all(
        getattr(one, name) == getattr(other, name) for name in ("source", "tokens", "target", "settings", "groups")
    )
