"""The file of a run: what is written is read again, and what is torn, damaged or hostile is told."""

import json
from dataclasses import replace

import numpy as np
import pytest
import samples

from heta_core.datasets import Dataset, Example, Refused
from heta_core.errors import ReportError, SettingsError
from heta_core.evaluation import record as records
from heta_core.evaluation.outcome import Answer, Outcome, Remark, Scored
from heta_core.evaluation.plan import Corpus, Plan, corpus, differences
from heta_core.evaluation.record import outcome_line, plan_line, remark_line
from heta_core.parts import Work
from heta_core.settings import Settings, Weights
from heta_core.targets import Said, Target

PIECES = ("<s>", "Mia", " ran", " to", *samples.HOSTILE[:4])
TEXT = "".join(PIECES[1:])
PLAN = Plan(
    methods=("heta", "occlusion"),
    metrics=("deletion", "dsa"),
    settings=Settings(probes="auto", tolerance=0.05, seed=3),
    weights=Weights(beta=1 / 3, gamma=0.1, scaling="unit"),
    check_mask="attention",
    grouping="words",
    seed=7,
    models=("littletown", "./a folder"),
    corpora=(Corpus("my, data", "jsonl", 2, 1, "0123456789abcdef"),),
)
EXAMPLE = Example(
    id="a\u2028b",
    prompt=TEXT,
    target=" cup",
    takes="first",
    evidence=((0, 3), (4, 7)),
    distractor=((7, 9),),
    question=((8, len(TEXT)),),
    gold_words=((0, 1),),
    cluster="one",
    pair="other",
    tags=("where", "=1+1"),
)
DONE = Outcome(
    "littletown",
    "my, data",
    EXAMPLE,
    tokens=samples.tokens(PIECES),
    target=Target(8, 1000, " cup", False),
    groups=((0, 1), (1, 3), (3, 8)),
    answer=Answer(" cup", -0.1 / 3, 1, True, (0, 2)),
    stays=2 / 3,
    scored=(
        Scored("heta", (1.5, -0.25, 1e-300), (("deletion", 0.1), ("dsa", None)), 1 / 7, Work(1, 2, 3, 4)),
        Scored("occlusion", seconds=0.5, work=Work(9), problem="scoring: no\nmemory"),
    ),
)
SKIPPED = Outcome("littletown", "my, data", Example(id="skipped", prompt="x"), problem="Need at least 2 tokens, got 1.")
KEY = DONE.key


def text(*outcomes: Outcome, remarks: str = "") -> str:
    return plan_line(PLAN) + "".join(map(outcome_line, outcomes)) + remarks


def changed(path: str, value: object, outcome: Outcome = DONE) -> str:
    """A run whose one outcome has another value at a path of names and places."""
    document = json.loads(outcome_line(outcome))
    *parents, last = path.split(".")
    place = document["outcome"]
    for name in parents:
        place = place[int(name)] if isinstance(place, list) else place[name]
    place[int(last) if isinstance(place, list) else last] = value
    return text() + json.dumps(document) + "\n"


def test_a_run_is_read_as_it_was_written() -> None:
    span = replace(
        SKIPPED,
        example=Example(id="span", prompt="Mia ran"),
        problem=None,
        tokens=samples.tokens(("<s>", "Mia", " ran")),
        target=Target(1, 1, "Mia", True, (Said(2, " ran"),)),
        answer=Answer("\n", -3.0, 12, None, ()),
        scored=(Scored("heta", (0.1, 0.2)),),
    )
    record = records.joined(PLAN, (DONE, SKIPPED, span), {KEY: Remark(("odd", "😀"), "a\nnote\u2028")})
    record = replace(record, sources=(samples.SOURCE,))
    written = records.dumps(record)
    found = records.loads(written)
    assert found == replace(record, n_read=len(written))
    assert records.dumps(found) == written and written.count("\n") == 6


def test_every_score_comes_back_to_the_last_bit() -> None:
    values = tuple(float(v) for v in np.random.default_rng(0).standard_normal(3) * 10.0 ** np.array([-30, 0, 30]))
    found = records.loads(text(replace(DONE, scored=(Scored("heta", values, (("deletion", values[0]),)),))))
    assert found.outcomes[0].scored[0].scores == values
    assert found.outcomes[0].scored[0].value("deletion") == values[0]


def test_a_number_that_is_not_finite_is_never_written() -> None:
    for value in (float("nan"), float("inf")):
        with pytest.raises(ReportError, match="must be finite"):
            outcome_line(replace(DONE, stays=value))


@pytest.mark.parametrize("cut", [1, 10, 300])
def test_a_torn_last_line_is_left_out_and_the_rest_says_where_to_go_on(cut: int) -> None:
    whole, last = text(DONE), outcome_line(SKIPPED)
    found = records.loads(whole + last[:-cut])
    assert [o.key for o in found.outcomes] == [KEY]
    assert found.n_read == len(whole)
    assert records.loads(whole[: found.n_read] + last).outcomes == (DONE, SKIPPED)


@pytest.mark.parametrize("whole", ["", "\n", "{", plan_line(PLAN)[:-1]], ids=["empty", "blank", "torn", "plan torn"])
def test_without_a_plan_there_is_no_run(whole: str) -> None:
    with pytest.raises(ReportError, match=r"found no whole line|Line 1 of the run is damaged"):
        records.loads(whole)


def test_a_damaged_line_in_the_middle_names_its_number() -> None:
    with pytest.raises(ReportError, match="Line 3 of the run is damaged"):
        records.loads(text(DONE) + outcome_line(SKIPPED)[:50] + "\n" + outcome_line(SKIPPED))
    with pytest.raises(ReportError, match="Line 2 of the run must be an object"):
        records.loads(text() + "[]\n")
    with pytest.raises(ReportError, match="Line 2 must be a source, an outcome or a remark, found 'a, b'"):
        records.loads(text() + '{"a": 1, "b": 2}\n')
    with pytest.raises(ReportError, match="Line 2 must be a source, an outcome or a remark, found 'outcome, remark'"):
        records.loads(text() + '{"outcome": {}, "remark": {}}\n')


def test_an_example_stands_once() -> None:
    with pytest.raises(ReportError, match="line 4 repeats 'skipped'"):
        records.loads(text(DONE, SKIPPED, SKIPPED))
    other = replace(SKIPPED, dataset="other"), replace(SKIPPED, model="other")
    assert len(records.loads(text(SKIPPED, *other)).outcomes) == 3


@pytest.mark.parametrize(
    ("first", "why"),
    [
        ('{"format": "heta-report", "version": 1}', r"Need a run .*, found 'heta-report'"),
        ('{"version": 1, "plan": {}}', r"Need a run .*, found 'plan, version'"),
        ("{}", "found 'nothing'"),
        ('{"format": "heta-evaluation", "version": 2, "plan": {}}', "Need version 1 of a run, found 2"),
        ('{"format": "heta-evaluation", "version": 1}', "the plan must be an object, found null"),
        ('{"format": "heta-evaluation", "version": 1, "plan": {"methods": []}}', "the plan lacks the field"),
    ],
)
def test_another_file_or_version_is_refused_by_name(first: str, why: str) -> None:
    with pytest.raises(ReportError, match=why):
        records.loads(first + "\n")


def test_a_plan_that_cannot_be_is_refused() -> None:
    for change in (("methods", []), ("check_mask", "token"), ("methods", ["a", "a"])):
        document = json.loads(plan_line(PLAN))
        document["plan"][change[0]] = change[1]
        with pytest.raises(ReportError, match="the plan contradicts itself"):
            records.loads(json.dumps(document) + "\n")


def test_of_two_remarks_the_later_counts() -> None:
    first, second = Remark(("a",), "first"), Remark((), "second")
    other = ("littletown", "my, data", "skipped")
    remarks = remark_line(KEY, first) + remark_line(other, first) + remark_line(KEY, second)
    found = records.loads(text(DONE, SKIPPED, remarks=remarks))
    assert found.remarks == {KEY: second, other: first}
    assert found.with_remark(KEY, first).remarks[KEY] == first and found.remarks[KEY] == second


CONTRADICTIONS = {
    "a target beyond the text": ("target.position", 10**12),
    "a target before it": ("target.position", 0),
    "a target too early for its groups": ("target.position", 3),
    "no tokens": ("tokens", None),
    "no answer": ("answer", None),
    "no target": ("target", None),
    "done and skipped": ("problem", "why"),
    "a flip that is no unit": ("answer.flips", [3]),
    "a flip below 0": ("answer.flips", [-1]),
    "too few scores": ("scored.0.scores", [1.0]),
    "scores of what failed": ("scored.1.scores", [1.0, 2.0, 3.0]),
    "a method twice": ("scored.1.method", "heta"),
    "groups with a gap": ("groups.1.0", 2),
    "groups that overlap": ("groups.1.1", 4),
    "no groups": ("groups", []),
    "characters beyond the text": ("tokens.spans.3", [7, 10**9]),
    "evidence beyond the prompt": ("example.evidence.1", [4, 10**9]),
    "evidence backwards": ("example.evidence.1", [7, 4]),
    "empty evidence": ("example.question.0", [8, 8]),
    "a probability that overflows": ("answer.log_p", 1e300),
}


@pytest.mark.parametrize("change", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_parts_that_contradict_each_other_are_refused(change: tuple[str, object]) -> None:
    with pytest.raises(ReportError, match=r"Line 2 of the run contradicts itself"):
        records.loads(changed(*change))


HOSTILE = {
    "another type": ("stays", "0.5", "stays must be a number"),
    "a number for a text": ("model", 3, "model must be a text"),
    "an unknown field": ("surprise", 1, "line 2 does not know the field 'surprise'"),
    "an unknown way to take": ("example.takes", "some", "takes must be one of one, first, all"),
    "half a surrogate": ("example.prompt", "\ud800", "valid Unicode"),
    "a huge whole number": ("stays", 10**400, "finite|damaged"),
    "lengths": ("tokens.ids", [1], "contradicts itself"),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_what_no_run_has_is_refused(change: tuple[str, object, str]) -> None:
    with pytest.raises(ReportError, match=change[2]):
        records.loads(changed(*change[:2]))


def test_numbers_that_json_does_not_have_and_names_twice_are_refused() -> None:
    with pytest.raises(ReportError, match="finite"):
        records.loads(changed("stays", float("nan")))
    with pytest.raises(ReportError, match="Line 2 of the run is damaged: Every name may stand once"):
        records.loads(text() + '{"remark": {}, "remark": {}}\n')
    with pytest.raises(ReportError, match="nested deeper"):
        records.loads(text() + "[" * 100_000 + "\n")


def test_a_plan_asks_every_example_of_every_model() -> None:
    more = replace(PLAN, models=("a", "b", "c"), corpora=(PLAN.corpora[0], replace(PLAN.corpora[0], name="x", n=5)))
    assert more.n_asked == 3 * (2 + 5)
    assert replace(PLAN, models=()).n_asked == 2  # whoever runs it knows the one model
    assert replace(PLAN, corpora=()).n_asked == 0


def test_a_plan_holds_what_can_be_run() -> None:
    assert PLAN.methods[-1] == "random" and not PLAN.is_circular
    assert Plan(methods=("random",), metrics=()).methods == ("random",)
    assert Plan(methods=("heta",), metrics=(), check_mask="zero").is_circular
    for wrong in (
        {"methods": ()},
        {"methods": ("a", "a")},
        {"metrics": ("a", "a")},
        {"check_mask": "token"},
        {"models": ("a", "a")},
    ):
        with pytest.raises(SettingsError):
            Plan(**{"methods": ("heta",), "metrics": ()} | wrong)  # type: ignore[arg-type]


def test_data_are_known_by_every_field_of_every_example_and_their_order() -> None:
    other = replace(EXAMPLE, id="other")
    known = corpus(Dataset("mine", "jsonl", (EXAMPLE, other), (Refused(3, None, "why"),)))
    assert (known.name, known.format, known.n, known.n_refused) == ("mine", "jsonl", 2, 1)
    assert corpus(Dataset("mine", "jsonl", (EXAMPLE, other))).digest == known.digest
    for examples in ((other, EXAMPLE), (EXAMPLE,), (replace(EXAMPLE, evidence=((0, 3),)), other)):
        assert corpus(Dataset("mine", "jsonl", examples)).digest != known.digest


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"methods": ("kl",)}, "methods: heta, occlusion, random in the run, kl, random now"),
        ({"settings": replace(PLAN.settings, tolerance=0.1)}, "tolerance: 0.05 in the run, 0.1 now"),
        ({"weights": replace(PLAN.weights, beta=1.0, gamma=1.0)}, "gamma: 0.1 in the run, 1.0 now"),
        ({"check_mask": "mean"}, "check mask: attention in the run, mean now"),
        ({"grouping": None}, "grouping: words in the run, None now"),
        ({"seed": 8}, "seed: 7 in the run, 8 now"),
        ({"models": ("gpt2",)}, "models: littletown, ./a folder in the run, gpt2 now"),
        ({"corpora": ()}, "data sets: my, data in the run,  now"),
        ({"corpora": (replace(PLAN.corpora[0], n=3),)}, "examples of 'my, data': 2 in the run, 3 now"),
        ({"corpora": (replace(PLAN.corpora[0], digest="other"),)}, "the data of 'my, data' have changed"),
    ],
)
def test_plans_that_differ_say_in_what(change: dict[str, object], told: str) -> None:
    assert told in differences(PLAN, replace(PLAN, **change))  # type: ignore[arg-type]


def test_how_the_work_is_cut_up_is_no_difference() -> None:
    assert differences(PLAN, replace(PLAN, settings=replace(PLAN.settings, memory=10**9, chunk=4, batch=2))) == []
