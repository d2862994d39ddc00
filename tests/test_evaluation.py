"""A run, example by example, on tiny random models: what becomes of each, and what it costs."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from heta_core import methods, metrics
from heta_core.datasets import Example
from heta_core.engine import attribute
from heta_core.errors import InputError
from heta_core.evaluation import running
from heta_core.evaluation.outcome import Outcome, Scored
from heta_core.evaluation.plan import Plan
from heta_core.evaluation.reading import question
from heta_core.evaluation.running import example_steps
from heta_core.language_model import LanguageModel
from heta_core.methods import Asked, Method, Scoring
from heta_core.metrics import Case, Measure, Measuring, Metric
from heta_core.parts import Floats, Work
from heta_core.settings import Settings, Weights
from heta_core.targets import Choice
from heta_core.tokens import from_text

QUICK = Settings(probes=2)
SCENE = "Al ran. Bo sat. Who ran? "
KNOWN = Example(
    id="known",
    prompt=SCENE,
    target="A",
    evidence=((0, 7),),
    distractor=((8, 15),),
    question=((16, 24),),
    gold_words=((3, 6),),
    tags=("a",),
)


def plan(*asked: str, metrics: tuple[str, ...] = ("deletion", "evidence", "dsa"), **others: object) -> Plan:
    return Plan(methods=asked or ("heta",), metrics=metrics, settings=QUICK, **others)  # type: ignore[arg-type]


def outcome(lm: LanguageModel, example: Example = KNOWN, asked: Plan | None = None) -> Outcome:
    *_, last = example_steps(lm, example, asked or plan(), "mine")
    assert last.outcome is not None and last.fraction == 1
    return last.outcome


def made(monkeypatch: pytest.MonkeyPatch, *made_up: Method | Metric) -> None:
    """Methods and metrics that exist for a test only."""
    for room, kind in ((methods, Method), (metrics, Metric)):
        own = {one.name: one for one in made_up if isinstance(one, kind)}
        known = room.named
        monkeypatch.setattr(room, "named", lambda name, own=own, known=known: own[name] if name in own else known(name))


def method(name: str, score: object, **others: object) -> Method:
    return Method(name=name, title=name, meaning="Made up.", score=score, **others)  # type: ignore[arg-type]


def metric(name: str, measure: object) -> Metric:
    told = Measure(name=name, title=name, meaning="Made up.", better="high")
    return Metric(name=name, title=name, protocol="Made up.", measures=(told,), measure=measure)  # type: ignore[arg-type]


def test_an_outcome_is_what_the_engine_says_of_the_example(llama: LanguageModel) -> None:
    found = outcome(llama)
    result = attribute(llama, SCENE, choice=Choice(token_id=found.target.token_id), settings=QUICK)
    assert (found.model, found.dataset, found.example, found.problem) == ("tiny-llama", "mine", KNOWN, None)
    assert found.key == ("tiny-llama", "mine", "known")
    assert found.tokens.text == SCENE and found.target.text == "A" and found.groups is None
    answer = found.answer
    assert answer.log_p == pytest.approx(result.log_p, abs=1e-6) and answer.rank == result.prediction.rank
    assert answer.said == result.prediction.candidates[0].piece and answer.is_right == (answer.rank == 1)
    said = result.prediction.candidates[0].token_id
    assert answer.flips == tuple(i for i, c in enumerate(result.information.first_choices) if c.token_id != said)
    assert found.of("heta").scores == pytest.approx(result.scores, rel=1e-5)
    assert [one.method for one in found.scored] == ["heta", "random"]


def test_scores_have_six_digits(gpt2: LanguageModel) -> None:
    assert all(float(f"{score:.6g}") == score for score in outcome(gpt2).of("heta").scores)


def test_without_a_target_the_model_s_own_choice_is_explained_and_nothing_is_right_or_wrong(
    gpt2: LanguageModel,
) -> None:
    found = outcome(gpt2, Example(id="own", prompt="Al ran to"))
    assert found.answer.rank == 1 and found.answer.is_right is None
    assert found.of("heta").value("deletion") is not None
    assert found.of("heta").value("evidence_at_1") is None and found.of("heta").value("dsa") is None


@pytest.mark.parametrize(
    ("example", "why"),
    [
        (Example(id="e", prompt=""), "A prompt is needed"),
        (Example(id="e", prompt=SCENE, target="Al"), r"must be one token, but 'Al' is 2"),
        (Example(id="e", prompt="a" * 300), r"takes at most \d+ tokens, the text has 301"),
        (Example(id="e", prompt=SCENE, target="B" * 300, takes="all"), r"takes at most \d+ tokens"),
    ],
    ids=["too short", "several tokens", "too long", "too long with its target"],
)
def test_what_cannot_be_asked_is_skipped_with_its_reason(llama: LanguageModel, example: Example, why: str) -> None:
    with pytest.raises(InputError, match=why):
        question(llama, example, plan())
    found = outcome(llama, example)
    assert found.problem and not found.scored and found.answer is None and found.tokens is None
    with pytest.raises(InputError) as told:
        question(llama, example, plan())
    assert found.problem == str(told.value)


def test_a_text_of_one_token_is_too_short(llama: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    one = replace(llama, tokenizer=Bare(llama.tokenizer))
    assert "Need at least 2 tokens, got 1" in outcome(one, Example(id="e", prompt="a")).problem


class Bare:
    """A tokenizer that puts nothing before a text, and may spell it otherwise."""

    def __init__(self, inner: object, spelled: dict[str, str] | None = None) -> None:
        self.inner, self.spelled = inner, spelled or {}
        self.all_special_ids = inner.all_special_ids  # type: ignore[attr-defined]

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        for ours, theirs in self.spelled.items():
            text = text.replace(ours, theirs)
        return self.inner.encode(text, add_special_tokens=False)  # type: ignore[attr-defined, no-any-return]

    def decode(self, ids: list[int], **how: bool) -> str:
        return self.inner.decode(ids, **how)  # type: ignore[attr-defined, no-any-return]


def test_evidence_is_refused_where_the_tokenizer_spells_the_prompt_otherwise(llama: LanguageModel) -> None:
    lower = replace(llama, tokenizer=Bare(llama.tokenizer, {"Bo": "bo"}))
    told = outcome(lower).problem
    assert "this tokenizer spells the prompt otherwise" in told
    assert "'Bo sat. Who ran? ' has become 'bo sat. Who ran? ' at character 8" in told
    assert outcome(lower, Example(id="e", prompt=SCENE)).problem is None  # nothing is known by characters there


@pytest.mark.parametrize(("takes", "n_explained", "text"), [("first", 1, "B"), ("all", 2, "Bo")], ids=["first", "all"])
def test_a_target_of_several_tokens_is_taken_as_asked(
    llama: LanguageModel, takes: str, n_explained: int, text: str
) -> None:
    found = outcome(llama, replace(KNOWN, target="Bo", takes=takes))
    n = len(from_text(llama.tokenizer, SCENE))
    assert (found.target.text, len(found.target.said), found.target.position) == (text, n_explained, n)
    assert found.target.n_context == len(found.of("heta").scores) == n + n_explained - 1
    # The first token of a span stands in the text and explains the second.
    assert found.tokens.text == SCENE + ("Bo" if takes == "all" else "")


def test_a_target_gets_the_space_that_data_seldom_write(llama: LanguageModel) -> None:
    found = outcome(llama, Example(id="e", prompt="Al ran", target="to", takes="all"))
    assert found.target.text == " to"
    assert outcome(llama, Example(id="e", prompt="Al ran ", target="to", takes="all")).target.text == "to"


def test_a_method_that_fails_is_recorded_and_the_others_go_on(
    llama: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(asked: Asked, _draw: int) -> Scoring:
        yield Work(forwards=1), None
        raise InputError("Need a shorter text.")

    def has_a_bug(asked: Asked, _draw: int) -> Scoring:
        raise KeyError("no such thing")
        yield

    def is_not_finite(asked: Asked, _draw: int) -> Scoring:
        yield Work(), np.full(len(asked.groups), np.nan)

    made(monkeypatch, method("refuses", refuses), method("bug", has_a_bug), method("nan", is_not_finite))
    found = outcome(llama, asked=plan("refuses", "bug", "nan", "uniform"))
    assert found.problem is None
    assert found.of("refuses").problem == "scoring: Need a shorter text."
    assert found.of("refuses").work.forwards == 1
    assert found.of("bug").problem == "scoring: KeyError: 'no such thing'"
    assert found.of("nan").problem.startswith("scoring: Need a finite score for each of ")
    for name in ("refuses", "bug", "nan"):
        assert found.of(name).scores == () and found.of(name).values == ()
    assert found.of("uniform").problem is None and found.of("uniform").value("dsa") is not None


def test_a_metric_that_fails_is_named(llama: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def infinite(case: Case, scores: Floats) -> Measuring:
        yield Work(), {"endless": float("inf")}

    made(monkeypatch, metric("endless", infinite))
    found = outcome(llama, asked=plan("uniform", metrics=("endless",)))
    assert found.of("uniform").problem == "endless: Need finite numbers, found {'endless': inf}."


def test_a_bug_in_reading_an_example_skips_it(llama: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(running, "question", breaks)
    assert outcome(llama).problem == "RuntimeError: broken"


def test_a_plan_that_names_what_there_is_not_is_refused(llama: LanguageModel) -> None:
    for asked in (plan("nothing"), plan(metrics=("nothing",))):
        with pytest.raises(InputError, match=r"There is no (method|metric) 'nothing'"):
            list(example_steps(llama, KNOWN, asked, "mine"))


def test_seconds_and_work_are_those_of_a_method_alone(llama: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a clock that only the engine moves: whoever looks at a component is charged for it, also the second time."""
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    own = Asked._run

    def slowly(self: Asked) -> Iterator[object]:
        for step in own(self):
            now[0] += 8.0
            yield replace(step, seconds=(("transition", 1.0), ("kl", 2.0), ("hessian", 4.0)))

    monkeypatch.setattr(Asked, "_run", slowly)
    both = outcome(llama, asked=plan("heta", "first_order", "kl", metrics=()))
    assert [both.of(name).seconds for name in ("heta", "first_order", "kl", "random")] == [7.0, 3.0, 2.0, 0.0]
    for name in ("heta", "first_order", "kl"):
        alone = outcome(llama, asked=plan(name, metrics=())).of(name)
        assert (alone.seconds, alone.work) == (both.of(name).seconds, both.of(name).work)


def test_random_is_the_mean_over_its_draws_which_no_other_example_shares(
    llama: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Floats] = []

    def first(case: Case, scores: Floats) -> Measuring:
        seen.append(scores)
        yield Work(), {"first": float(scores[0])}

    made(monkeypatch, metric("first", first))
    asked = plan("random", metrics=("first",))
    found = outcome(llama, asked=asked).of("random")
    assert len(seen) == methods.named("random").n_draws > 1
    assert len({float(scores[0]) for scores in seen}) == len(seen)
    assert found.value("first") == pytest.approx(np.mean([scores[0] for scores in seen]))
    assert found.scores == pytest.approx(seen[0], rel=1e-5)
    again, other = (outcome(llama, replace(KNOWN, id=name), asked).of("random") for name in ("known", "other"))
    assert again == replace(found, seconds=again.seconds)
    assert other.scores != found.scores
    assert outcome(llama, asked=replace(asked, seed=1)).of("random").scores != found.scores


def test_a_draw_whose_measure_is_missing_is_left_out_of_the_mean(
    llama: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = iter([None, 1.0, None, 3.0, None])

    def sometimes(case: Case, scores: Floats) -> Measuring:
        yield Work(), {"sometimes": next(values)}

    made(monkeypatch, metric("sometimes", sometimes))
    assert outcome(llama, asked=plan("random", metrics=("sometimes",))).of("random").value("sometimes") == 2.0


def test_evidence_becomes_the_units_that_spell_a_character_of_it(llama: LanguageModel) -> None:
    found = outcome(llama)
    assert found.units_in(((0, 7),)) == frozenset(range(1, 8))  # <s> at 0, then a byte a token
    words = outcome(llama, asked=plan(grouping="words"))
    spelled = [
        SCENE[a:b] for a, b in ((words.tokens.spans[s][0], words.tokens.spans[e - 1][1]) for s, e in words.places)
    ]
    assert spelled == ["", "Al", " ran", ".", " Bo", " sat", ".", " Who", " ran", "?", " "]
    assert words.units_in(((5, 6),)) == {2}  # a single character of " ran"
    assert words.units_in(KNOWN.evidence) == {1, 2, 3}
    # A space before a word belongs to the word's unit: evidence up to it does not reach in.
    assert words.units_in(KNOWN.distractor) == {4, 5, 6}
    assert len(words.of("heta").scores) == len(words.places) == 11


def test_sentences_are_scored_as_blocks(llama: LanguageModel) -> None:
    found = outcome(llama, asked=plan(grouping="sentences"))
    result = attribute(llama, SCENE, choice=Choice(token_id=found.target.token_id), settings=QUICK, groups="sentences")
    assert found.places == found.groups == result.groups
    assert found.of("heta").scores == pytest.approx(result.scores, rel=1e-5)
    assert found.of("heta").value("evidence_share") is not None


def test_the_weights_and_settings_of_a_plan_reach_the_scores(gpt2: LanguageModel) -> None:
    plain = outcome(gpt2).of("heta").scores
    for other in (
        replace(plan(), weights=Weights(beta=0, gamma=1)),
        replace(plan(), settings=Settings(probes=2, mask="mean"), check_mask="zero"),
        replace(plan(), settings=Settings(probes=2, seed=3)),
    ):
        assert outcome(gpt2, asked=other).of("heta").scores != plain


def test_the_mask_that_judges_changes_the_area_and_no_score(gpt2: LanguageModel) -> None:
    one, other = outcome(gpt2).of("heta"), outcome(gpt2, asked=plan(check_mask="attention")).of("heta")
    assert one.scores == other.scores
    assert one.value("deletion") != other.value("deletion")


def test_stability_is_known_only_where_heta_was_asked(gpt2: LanguageModel) -> None:
    assert 0 <= outcome(gpt2).stays <= 1
    assert outcome(gpt2, asked=plan("first_order")).stays is None


def test_progress_rises_and_tells_what_is_done(gpt2: LanguageModel) -> None:
    steps = list(example_steps(gpt2, KNOWN, plan("first_order"), "mine"))
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    assert all(step.outcome is None for step in steps[:-1])
    assert {"asking the model", "First-order twin: scoring", "Random: Deletion and insertion"} <= {
        s.doing for s in steps
    }


def test_a_value_that_was_not_asked_for_is_none() -> None:
    assert Scored("heta", values=(("deletion", 0.5),)).value("dsa") is None


def test_every_metric_judges_a_run_and_a_method_is_run_again_as_itself(llama: LanguageModel) -> None:
    every = tuple(metric.name for metric in metrics.known())
    found = outcome(llama, asked=plan("heta", "uniform", metrics=every))
    assert [one.problem for one in found.scored] == [None] * 3
    names = [measure.name for metric in metrics.known() for measure in metric.measures]
    assert all([name for name, _ in one.values] == names for one in found.scored)
    heta, uniform, random = found.scored
    assert heta.value("sensitivity") > 0 and heta.value("probe_error") > 0 and heta.value("pi_soft_ns") is not None
    assert random.value("sensitivity") == pytest.approx(0, abs=1e-12) == uniform.value("sensitivity")
    assert random.value("probe_error") is None and uniform.value("probe_error") is None
    assert heta.work == outcome(llama).of("heta").work  # what metrics take is not the method's
