"""Two runs beside each other, and the examples of one in groups. All outcomes are made up."""

import math
from dataclasses import replace

import pytest
from test_evaluation_summary import SKIPPED, outcome, scored

from heta_core.evaluation.between import between
from heta_core.evaluation.dividing import STRATA, UNTAGGED, divided, stratum
from heta_core.evaluation.outcome import Answer, Outcome, Remark
from heta_core.evaluation.plan import Plan
from heta_core.evaluation.record import Record
from heta_core.settings import Settings

PLAN = Plan(methods=("heta",), metrics=("deletion",), models=("tiny",))


def run(*outcomes: Outcome, plan: Plan = PLAN) -> Record:
    return Record(plan, outcomes)


def answered(one: Outcome, p: float, *, rank: int = 1, said: str = " ran") -> Outcome:
    return replace(one, answer=Answer(said, math.log(p), rank, rank == 1, ()))


def with_deletion(name: str, value: float | None, *, chance: float = 0.6) -> Outcome:
    return outcome(name, scored("heta", value), scored("random", chance))


def test_differences_are_taken_example_by_example() -> None:
    first = run(with_deletion("a", 0.2), with_deletion("b", 0.6), with_deletion("only", 0.9))
    second = run(with_deletion("b", 0.5), with_deletion("a", 0.4), with_deletion("new", 0.0), SKIPPED)
    found = between(first, second)
    assert (found.n_shared, found.n_only) == (2, (1, 1))
    (change,) = (one for one in found.changes if one.method == "heta")
    assert (change.before, change.after) == pytest.approx((0.4, 0.45))
    assert change.gain.mean == pytest.approx(0.05) and change.gain.n == 2
    assert change.gain.low == pytest.approx(-0.1) and change.gain.high == pytest.approx(0.2)


def test_what_one_of_them_could_not_compute_is_left_out() -> None:
    found = between(
        run(with_deletion("a", None), with_deletion("b", 0.3)), run(*map(lambda n: with_deletion(n, 0.5), "ab"))
    )
    (change,) = (one for one in found.changes if one.method == "heta")
    assert change.gain.n == 1 and change.gain.mean == pytest.approx(0.2)


def test_an_example_is_known_by_its_prompt_and_target_too() -> None:
    moved = with_deletion("a", 0.2)
    other = replace(moved, example=replace(moved.example, prompt="Bo ran. Al sat."))
    assert between(run(moved), run(other)).n_shared == 0


def test_answers_that_changed_and_what_was_set_otherwise_are_told() -> None:
    before, after = (answered(with_deletion("a", 0.2), 0.9, said=said) for said in (" ran", " sat"))
    same = answered(with_deletion("b", 0.2), 0.9)
    plan = replace(PLAN, settings=Settings(mask="mean"), check_mask="zero", models=("other",))
    found = between(run(before, same), run(after, same, plan=plan))
    assert found.answers == ((before, after),)
    assert found.causes == (
        "mask: zero before, mean now",
        "check mask: mean before, zero now",
        "models: tiny before, other now",
    )
    assert between(run(same), run(same)).causes == ()


@pytest.mark.parametrize(
    ("p", "rank", "expected"), [(0.995, 1, STRATA[0]), (0.8, 1, STRATA[1]), (0.4, 1, STRATA[2]), (0.3, 2, STRATA[3])]
)
def test_the_stratum_goes_by_how_sure_the_model_is(p: float, rank: int, expected: str) -> None:
    assert stratum(answered(outcome(), p, rank=rank)) == expected
    assert stratum(SKIPPED) is None


def tagged(name: str, *tags: str) -> Outcome:
    one = outcome(name)
    return replace(one, example=replace(one.example, tags=tags))


def test_groups_are_in_order_and_one_example_may_be_in_several() -> None:
    b, a, both, none = tagged("1", "b"), tagged("2", "a"), tagged("3", "a", "b", "a"), tagged("4")
    assert divided([b, a, both, none], "tag", {}) == {"a": [a, both], "b": [b, both], UNTAGGED: [none]}
    assert divided([b, a], "own tag", {a.key: Remark(("odd",))}) == {"odd": [a], UNTAGGED: [b]}
    assert list(divided([b, a], "data set", {})) == ["mine"]


def test_strata_stand_from_sure_to_wrong() -> None:
    some = [answered(outcome(str(k)), p, rank=rank) for k, (p, rank) in enumerate([(0.1, 2), (0.5, 1), (0.999, 1)])]
    assert list(divided([*some, SKIPPED], "confidence", {})) == [STRATA[0], STRATA[2], STRATA[3]]
