"""What a run comes to: means, paired differences, intervals over clusters, and signs. All outcomes are made up."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import samples

from heta_core.datasets import Example
from heta_core.evaluation import rows
from heta_core.evaluation.outcome import Answer, Outcome, Remark, Scored
from heta_core.evaluation.signs import KNOWN, flips, mass, signs
from heta_core.evaluation.summary import Estimate, Line, estimate, lines
from heta_core.targets import Target

PIECES = ("<s>", "Al", " ran", ".", " Bo", " sat", ".")
TEXT = "".join(PIECES[1:])
EXAMPLE = Example(id="one", prompt=TEXT, target=" ran", evidence=((0, 7),), distractor=((7, 15),))
CALM = (0.0, 3.0, 2.0, 0.0, 1.0, 0.0, 0.0)


def scored(method: str, deletion: float | None = 0.2, scores: Sequence[float] = CALM, **others: object) -> Scored:
    return Scored(method, tuple(scores), (("deletion", deletion),), **others)  # type: ignore[arg-type]


def outcome(name: str = "one", *found: Scored, cluster: str = "", **others: object) -> Outcome:
    return (
        Outcome(
            "tiny",
            "mine",
            replace(EXAMPLE, id=name, cluster=cluster),
            tokens=samples.tokens(PIECES),
            target=Target(7, 2, " ran", False),
            answer=Answer(" ran", -0.1, 1, True, ()),
            stays=1.0,
            scored=found or (scored("heta"), scored("random", 0.6)),
        )
        if not others
        else replace(outcome(name, *found, cluster=cluster), **others)
    )  # type: ignore[arg-type]


SKIPPED = Outcome("tiny", "mine", replace(EXAMPLE, id="skipped"), problem="Need at least 2 tokens, got 1.")


def of(found: list[Line], method: str) -> Line:
    (line,) = (line for line in found if line.method == method)
    return line


def test_means_and_paired_differences_are_those_by_hand() -> None:
    run = [
        outcome("a", scored("heta", 0.1, seconds=1.0), scored("random", 0.5)),
        outcome("b", scored("heta", 0.4, seconds=2.0), scored("random", 0.6)),
        outcome("c", scored("heta", 0.1, seconds=6.0), scored("random", 0.1)),
    ]
    heta = of(lines(run), "heta")
    assert (heta.n, heta.n_failed, heta.means["deletion"].n) == (3, 0, 3)
    assert heta.means["deletion"].mean == pytest.approx(0.2)
    assert heta.gains["deletion"].mean == pytest.approx((-0.4 - 0.2 + 0.0) / 3)
    assert heta.seconds == (2.0, pytest.approx(np.percentile([1, 2, 6], 95)))
    assert of(lines(run), "random").means["deletion"].mean == pytest.approx(0.4)
    assert of(lines(run), "random").gains == {}


def test_a_difference_is_taken_within_each_example() -> None:
    """Examples differ by much, the methods within each by 0.01: unpaired the interval would hold 0."""
    run = [outcome(f"{k}", scored("heta", k / 20 - 0.01), scored("random", k / 20)) for k in range(20)]
    gain = of(lines(run), "heta").gains["deletion"]
    assert (gain.low, gain.mean, gain.high) == pytest.approx((-0.01,) * 3)
    assert of(lines(run), "heta").means["deletion"].high > of(lines(run), "random").means["deletion"].low


def test_what_is_missing_is_counted_out_and_never_zero() -> None:
    failed = Scored("heta", seconds=99.0, problem="scoring: no")
    run = [
        outcome("a", scored("heta", 0.1, seconds=1.0), scored("random", 0.5)),
        outcome("b", scored("heta", None, seconds=1.0), scored("random", 0.6)),
        outcome("c", failed, scored("random", 0.4)),
        outcome("d", scored("heta", 0.3, seconds=1.0), scored("random", None)),
        SKIPPED,
    ]
    heta = of(lines(run), "heta")
    assert (heta.n, heta.n_failed) == (4, 1)
    assert heta.means["deletion"].n == 2 and heta.means["deletion"].mean == pytest.approx(0.2)
    assert heta.gains["deletion"].n == 1 and heta.gains["deletion"].mean == pytest.approx(-0.4)
    assert heta.seconds == (1.0, 1.0)
    nowhere = of(lines([outcome("a", scored("heta", None))]), "heta")
    assert nowhere.means == {} and nowhere.gains == {}
    assert of(lines([outcome("a", failed)]), "heta").seconds is None


def test_models_and_data_sets_stand_apart_in_the_order_they_were_met() -> None:
    run = [outcome("a"), replace(outcome("a"), model="big"), replace(outcome("a"), dataset="other")]
    assert [(line.model, line.dataset, line.method, line.n) for line in lines(run)] == [
        ("tiny", "mine", "heta", 1),
        ("tiny", "mine", "random", 1),
        ("big", "mine", "heta", 1),
        ("big", "mine", "random", 1),
        ("tiny", "other", "heta", 1),
        ("tiny", "other", "random", 1),
    ]


def drawn(values: Sequence[float]) -> Estimate:
    found = estimate([(str(k), value) for k, value in enumerate(values)], seed=0, n_resamples=400)
    assert found is not None
    return found


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """200 samples of 30 from a normal: a percentile bootstrap of 30 covers 93–94 %; 3 standard errors are 5 %."""
    rng = np.random.default_rng(1)
    intervals = [drawn(rng.standard_normal(30)) for _ in range(200)]
    covered = float(np.mean([found.low <= 0 <= found.high for found in intervals]))
    assert 0.88 <= covered <= 0.99
    width = float(np.mean([found.high - found.low for found in intervals]))
    assert width == pytest.approx(2 * 1.96 / np.sqrt(30), rel=0.1)


def test_copies_of_a_cluster_make_no_interval_narrower() -> None:
    few = [("a", 0.1), ("b", 0.5), ("c", 0.9)]
    once, often = estimate(few, seed=0), estimate(few * 100, seed=0)
    assert once is not None and often is not None
    assert (often.low, often.high) == pytest.approx((once.low, once.high)) and once.low < 0.5 < once.high
    assert (once.n, often.n) == (3, 300) and (once.n_clusters, often.n_clusters) == (3, 3)
    apart = estimate([(f"{name}{k}", value) for name, value in few for k in range(100)], seed=0)
    assert apart is not None and apart.high - apart.low < (once.high - once.low) / 5


def test_clusters_of_unequal_size_weigh_by_their_examples() -> None:
    found = estimate([("a", 1.0)] * 3 + [("b", 0.0)], seed=0)
    assert found is not None and found.mean == 0.75


def test_an_interval_is_the_same_again_and_none_is_made_of_nothing() -> None:
    values = [("a", 0.1), ("b", 0.5), ("c", None)]
    assert estimate(values, seed=3) == estimate(values, seed=3)
    assert estimate([("c", None)], seed=0) is None and estimate([], seed=0) is None


def test_examples_of_a_cluster_share_it_and_others_have_their_own() -> None:
    run = [outcome("a", cluster="x"), outcome("b", cluster="x"), outcome("c"), outcome("d")]
    assert len({one.cluster for one in run}) == 3
    assert of(lines(run), "heta").means["deletion"].n_clusters == 3


RAISED: dict[str, Outcome] = {
    "wrong": outcome(answer=Answer(" sat", -3.0, 2, False, ())),
    "distracted": outcome("one", scored("heta", scores=(0, 1, 0, 0, 2, 0, 0)), scored("random", 0.6)),
    "unfaithful": outcome("one", scored("heta", 0.6), scored("random", 0.6)),
    "unstable": outcome(stays=0.94),
    "fragile": outcome(answer=Answer(" ran", -0.1, 1, True, (1, 4))),
    "failed": SKIPPED,
}


@pytest.mark.parametrize("name", RAISED)
def test_a_sign_is_raised_by_what_it_says_and_by_nothing_else(name: str) -> None:
    assert signs(outcome(), "heta") == ()
    assert signs(RAISED[name], "heta") == (name,)


def test_every_sign_has_an_example_here() -> None:
    assert [sign.name for sign in KNOWN] == list(RAISED)
    assert all(sign.title and sign.meaning.endswith(".") for sign in KNOWN)


def test_a_failure_of_any_method_is_a_sign_whichever_is_looked_at() -> None:
    found = outcome("one", scored("heta"), scored("random", 0.6), Scored("occlusion", problem="scoring: no"))
    assert signs(found, "heta") == ("failed",) and signs(found, "occlusion") == ("failed",)


def test_where_no_target_is_named_no_answer_is_wrong() -> None:
    assert "wrong" not in signs(outcome(answer=Answer(" sat", -3.0, 2, None, ())), "heta")


def test_signs_about_scores_are_of_the_method_that_is_looked_at() -> None:
    found = outcome("one", scored("heta"), scored("kl", 0.7, (0, 0, 0, 0, 1, 0, 0)), scored("random", 0.6))
    assert signs(found, "heta") == () and signs(found, "kl") == ("distracted", "unfaithful")
    assert signs(found, "absent") == ()


def test_mass_is_the_positive_part_on_a_segment() -> None:
    found = outcome("one", scored("heta", scores=(1, 3, 2, -5, 1, 1, 0)))
    assert mass(found, "heta", "evidence") == pytest.approx(5 / 8)
    assert mass(found, "heta", "distractor") == pytest.approx(2 / 8)
    unknown = replace(found, example=replace(EXAMPLE, distractor=()))
    assert mass(unknown, "heta", "distractor") is None
    assert mass(outcome("one", scored("heta", scores=(0, -1, 0, 0, 0, 0, 0))), "heta", "evidence") is None
    assert mass(SKIPPED, "heta", "evidence") is None


def test_flips_inside_of_the_evidence_are_what_should_flip() -> None:
    assert flips(outcome(answer=Answer(" ran", -0.1, 1, True, (1, 2, 5)))) == (5,)
    unknown = outcome(example=replace(EXAMPLE, evidence=()), answer=Answer(" ran", -0.1, 1, True, (1, 5)))
    assert flips(unknown) == (1, 5)
    assert flips(SKIPPED) == ()


def test_blocks_that_touch_a_span_are_in_it() -> None:
    found = outcome("one", scored("heta", scores=(1, 2, 3)), groups=((0, 1), (1, 4), (4, 7)))
    assert found.units_in(((6, 7),)) == {1} and found.units_in(((0, 1), (14, 15))) == {1, 2}


def test_a_table_has_a_row_for_each_measure_and_one_for_what_failed() -> None:
    failed = Scored("occlusion", seconds=0.5, problem="scoring: no")
    run = [outcome("=1+1", scored("heta", 0.25), failed), SKIPPED]
    written = rows.long_csv(run, {run[0].key: Remark(("odd", "@x"), "-note")}).splitlines()
    assert written[0] == ",".join(rows.LONG)
    assert written[1:] == [
        "tiny,mine,'=1+1,,heta,deletion,0.25,0.0,,\"odd, @x\",'-note",
        "tiny,mine,'=1+1,,occlusion,,,0.5,scoring: no,\"odd, @x\",'-note",
        'tiny,mine,skipped,,,,,,"Need at least 2 tokens, got 1.",,',
    ]


def test_a_row_of_an_example_says_all_that_is_known_of_it() -> None:
    row = rows.example_row(outcome("one", scored("heta"), scored("random", 0.6)), "heta", Remark(("odd",), "why"))
    assert (row["id"], row["says"], row["target"], row["right"]) == ("one", "ran", "ran", True)
    assert row["p"] == pytest.approx(np.exp(-0.1)) and row["deletion"] == 0.2 and row["highest"] == "Al"
    assert (row["evidence"], row["distractor"]) == (pytest.approx(5 / 6), pytest.approx(1 / 6))
    assert (row["tags"], row["note"], row["problem"], row["signs"], row["flips"]) == ("odd", "why", None, "", 0.0)
    bare = rows.example_row(SKIPPED, "heta")
    assert bare["problem"] == SKIPPED.problem and bare["signs"] == "failed" and bare["p"] is None
    assert bare["target"] == " ran"
