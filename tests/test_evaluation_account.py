"""The account of a run: what its tables say of made-up outcomes, as Markdown, as a page and for a spreadsheet."""

import csv
import re
from dataclasses import replace

import pytest
import samples

from heta_core.datasets import Example
from heta_core.errors import InputError
from heta_core.evaluation import account as accounts
from heta_core.evaluation import telling
from heta_core.evaluation.account import MOST_PROBLEMS, Account, Row, account, settings_told, summary_csv
from heta_core.evaluation.outcome import Answer, Outcome, Scored
from heta_core.evaluation.overview import overview
from heta_core.evaluation.page import page
from heta_core.evaluation.plan import Corpus, Plan
from heta_core.evaluation.record import Record
from heta_core.evaluation.summary import Estimate
from heta_core.evaluation.telling import cells, interval, markdown
from heta_core.settings import Settings
from heta_core.targets import Target

PLAN = Plan(
    methods=("heta", "occlusion"),
    metrics=("evidence",),
    settings=Settings(probes="auto", seed=4),
    seed=4,
    models=("tiny",),
    corpora=(Corpus("mine", "jsonl", 5, 2, "d" * 16),),
)
PIECES = ("<s>", "Al", " ran")


def scored(method: str, value: float | None, seconds: float = 1.0) -> Scored:
    values = (("evidence_at_1", value), ("evidence_share", value), ("evidence_auprc", None))
    return Scored(method, (1.0, 2.0, 3.0), values, seconds)


def outcome(name: str, *found: Scored, cluster: str = "", is_right: bool | None = True) -> Outcome:
    return Outcome(
        "tiny",
        "mine",
        Example(id=name, prompt="Al ran", cluster=cluster),
        tokens=samples.tokens(PIECES),
        target=Target(3, 2, " ran", False),
        answer=Answer(" ran", -0.1, 1, is_right, ()),
        scored=found,
    )


DONE = (
    outcome("a", scored("heta", 1.0, 2.0), scored("occlusion", 0.0), scored("random", 0.25)),
    outcome("b", scored("heta", 0.5, 4.0), Scored("occlusion", problem="scoring: no"), scored("random", 0.25)),
    outcome("c", scored("heta", None, 3.0), scored("occlusion", None), scored("random", 0.5), is_right=False),
)
SKIPPED = Outcome("tiny", "mine", Example(id="<img src=x>", prompt="x"), problem="Need | 2 *tokens*,\ngot 1.")


def found(*outcomes: Outcome, plan: Plan = PLAN) -> Account:
    return account(Record(plan, outcomes, sources=(samples.SOURCE,)))


def row(of: Account, method: str, measure: str = "evidence_at_1") -> Row:
    (table,) = (table for table in of.parts[0].tables if table.measure.name == measure)
    (one,) = (one for one in table.rows if one.method == method)
    return one


def test_what_was_done_missing_failed_skipped_and_left_is_counted_apart() -> None:
    told = found(*DONE, SKIPPED)
    (part,) = told.parts
    assert (part.n, part.n_done, part.n_skipped, part.n_right) == (5, 3, 1, 2)
    assert not told.is_complete
    assert found(*DONE, SKIPPED, replace(SKIPPED, example=Example(id="e", prompt="x"))).is_complete
    heta, occlusion, chance = (row(told, name) for name in ("HETA", "Occlusion", "Random"))
    assert heta.mean is not None and (heta.mean.mean, heta.mean.n) == (0.75, 2)
    assert heta.gain is not None and heta.gain.mean == pytest.approx((0.75 + 0.25) / 2)
    assert (heta.n_missing, heta.n_failed, heta.seconds) == (1, 0, (3.0, pytest.approx(3.9)))
    assert occlusion.mean is not None and (occlusion.mean.n, occlusion.n_missing, occlusion.n_failed) == (1, 1, 1)
    assert chance.gain is None
    nowhere = row(told, "HETA", "evidence_auprc")
    assert nowhere.mean is None and nowhere.n_missing == 3
    assert part.problems == (("b", "Occlusion", "scoring: no"), (SKIPPED.example.id, "", SKIPPED.problem))


def test_a_plan_shows_parts_that_nothing_is_known_of_yet() -> None:
    two = replace(PLAN, models=("tiny", "big"))
    told = found(*DONE, plan=two)
    assert [(part.model, part.n, part.n_done, part.n_right) for part in told.parts] == [
        ("tiny", 5, 3, 2),
        ("big", 5, 0, None),
    ]
    assert "big on mine" in markdown(told) and "big on mine" in page(told)


def test_a_run_of_the_page_names_neither_models_nor_data_and_is_accounted_for() -> None:
    bare = replace(PLAN, models=(), corpora=())
    told = found(*DONE, SKIPPED, plan=bare)
    assert told.is_complete and [(part.model, part.n) for part in told.parts] == [("tiny", 4)]
    assert "on mine" in markdown(told)


def test_markdown_says_everything_a_number_rests_on() -> None:
    told = markdown(found(*DONE, SKIPPED)).replace("\\", "")
    for said in (
        "mask zero, auto probes a token (block_probes), seed 4",
        "Judged under: mask mean",
        "Random 5 for each example, means over them; from seed 4",
        "mine: 5 examples, 2 rows refused, format jsonl, digest dddddddddddddddd",
        "littletown: weights wwwwwwwwwwwwwwww, tokenizer tttttttttttttttt, float32 on cpu; torch 0, numpy 0",
        "3 of 5 examples done, 1 skipped, 1 not reached yet; the model's first choice is the target in 2.",
        "### Evidence@1 (higher is better)",
        "- **b**: Occlusion, scoring: no",
    ):
        assert said in told, said
    (line,) = (line for line in told.split("### Share")[0].splitlines() if line.startswith("| HETA |"))
    assert line == "| HETA | 0.75 | 0.5 to 1 | +0.5 | +0.25 to +0.75 | 2 | 1 | 0 | 3.00 (p95 3.90) |"
    assert "circular" not in told
    assert "circular" in markdown(found(*DONE, plan=replace(PLAN, check_mask="zero")))


def test_resamples_are_told_as_many_as_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "percentiles of 2,000 bootstrap resamples" in dict(settings_told(PLAN))["Intervals"]
    monkeypatch.setattr(accounts, "N_RESAMPLES", 500)
    assert "percentiles of 500 bootstrap resamples" in dict(settings_told(PLAN))["Intervals"]


def test_of_a_single_cluster_no_interval_is_claimed() -> None:
    assert interval(Estimate(0.5, 0.5, 0.5, 7, 1)) == interval(None) == "—"
    assert interval(Estimate(0.5, -0.25, 0.75, 7, 2), is_difference=True) == "−0.25 to +0.75"
    alone = found(*(replace(one, example=replace(one.example, cluster="x")) for one in DONE))
    assert cells(row(alone, "HETA"))[1:6] == ("0.75", "—", "+0.5", "—", "2 in 1 cluster")
    (line,) = (
        one
        for one in csv.DictReader(summary_csv(alone).splitlines())
        if (one["method"], one["measure"]) == ("HETA", "evidence_at_1")
    )
    assert (line["mean"], line["low"], line["high"], line["n"], line["n_clusters"]) == ("0.75", "", "", "2", "1")


def test_every_row_of_the_table_has_its_settings_and_counts() -> None:
    lines = list(csv.DictReader(summary_csv(found(*DONE, SKIPPED)).splitlines()))
    assert len(lines) == 3 * 3
    assert {(one["mask"], one["check_mask"], one["probes"], one["seed"]) for one in lines} == {
        ("zero", "mean", "auto", "4")
    }
    assert all(one["n_skipped"] == "1" and one["protocol"].startswith("Units that overlap") for one in lines)
    (line,) = (one for one in lines if (one["method"], one["measure"]) == ("HETA", "evidence_at_1"))
    assert float(line["minus_random"]) == 0.5 and (line["n_paired"], line["n_missing"]) == ("2", "1")


def test_what_data_say_is_neither_markdown_nor_html() -> None:
    told = found(*DONE, SKIPPED)
    assert r"- **\<img src=x\>**: Need \| 2 \*tokens\*, ⏎ got 1." in markdown(told)
    drawn = page(told)
    assert "<img" not in drawn and "<b>&lt;img src=x&gt;</b>: Need | 2 *tokens*, ⏎ got 1.</li>" in drawn
    assert "<script" not in drawn
    named = page(found(replace(SKIPPED, model="</title><script>", dataset='"><i>')))
    assert "<script" not in named and '"><i>' not in named


def test_problems_without_number_are_counted_by_reason_before_the_first_are_listed() -> None:
    many = [replace(SKIPPED, example=Example(id=f"{k}", prompt="x")) for k in range(MOST_PROBLEMS + 5)]
    for told in (markdown(found(*DONE, *many)), page(found(*DONE, *many))):
        assert f"{MOST_PROBLEMS + 5} × Need" in told and "1 × Occlusion: scoring: no" in told
        listed = re.findall(r"(?:- \*\*|<li><b>)(\w+)(?:\*\*|</b>): ", told)
        assert len(listed) == MOST_PROBLEMS and "rows.csv" in told


def test_the_page_draws_each_mean_where_it_lies() -> None:
    """Means 0.75, 0 and 1/3 on a scale from the lowest bound, 0, to the highest, 1."""
    drawn = page(found(*DONE))
    table = drawn[drawn.index("<table>") : drawn.index("</table>")]
    assert re.findall(r'class="dot" style="left:([\d.]+)%"', table) == ["75.00", "0.00", "33.33"]
    assert re.findall(r'class="chance" style="left:([\d.]+)%"', table) == ["33.33"] * 3
    assert '<span class="ends"><span>0</span><span>1</span></span>' in table
    assert table.count("<tr class=random>") == 1


def test_numbers_have_three_digits_and_differences_a_sign() -> None:
    assert [telling.number(v) for v in (0.12345, -0.5, 0, 1)] == ["0.123", "−0.5", "0", "1"]
    assert [telling.number(v, is_difference=True) for v in (0.5, -0.12345)] == ["+0.5", "−0.123"]


def test_an_overview_holds_methods_against_measures() -> None:
    told = overview(found(*DONE, SKIPPED), ("evidence_share", "evidence_at_1"))
    title, blank, heads, _, first, second, third = told.rstrip("\n").split("\n")
    assert title == "3 of 5 examples of mine, tiny" and not blank
    assert heads == "| Method | Share on the evidence ↑ | Evidence@1 ↑ | Seconds |"
    assert re.fullmatch(r"\| HETA \| 0\.75 \(.* to .*\) \| 0\.75 \(.* to .*\) \| 3\.00 \|", first)
    assert second.endswith("| 0 | 0 | 1.00 |")  # one example is left, which has no interval
    assert third.startswith("| Random | 0.333 (0.25 to 0.5) |")
    assert overview(found(*DONE)).split("\n")[2].count("|") == 6  # every measure of the run


def test_seconds_may_be_those_of_an_idle_run_of_the_same_methods() -> None:
    idle = found(outcome("z", *(scored(name, 1.0, 0.5) for name in ("heta", "occlusion", "random"))))
    told = overview(found(*DONE), ("evidence_share",), timed=idle)
    assert [line.split(" | ")[-1] for line in told.rstrip().split("\n")[4:]] == ["0.500 |"] * 3
    fewer = replace(PLAN, methods=("heta",))
    other = found(outcome("z", scored("heta", 1.0), scored("random", 1.0)), plan=fewer)
    with pytest.raises(InputError, match="found none of Occlusion"):
        overview(found(*DONE), timed=other)


def test_a_measure_that_was_not_asked_is_named_with_those_that_were() -> None:
    with pytest.raises(InputError, match=r"are evidence_at_1, evidence_share, evidence_auprc; got 'dsa'"):
        overview(found(*DONE), ("dsa",))
