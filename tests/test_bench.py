"""The benchmark: its textbook is the method, its counts are right, and the engine holds what it promises."""

import json
import os
import pty
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from oracles_curvature import divergence, embedded, log_p, masked_log_p
from transformers import AutoConfig, AutoModelForCausalLM

import heta_core.loading
from heta_core.bench import textbook
from heta_core.bench.clock import Spread, in_turns, timed
from heta_core.bench.comparing import compare
from heta_core.bench.differences import difference
from heta_core.bench.flops import counted, suffix_flops
from heta_core.bench.growth import exponent
from heta_core.bench.measuring import benchmark
from heta_core.bench.memory import Memory, peak
from heta_core.bench.plan import Plan, curvature_ways
from heta_core.bench.prompts import prompt_ids
from heta_core.bench.random_weights import random_model
from heta_core.bench.report import text
from heta_core.bench.results import Benchmark, Comparison, Difference, Growth, Measured, Targets
from heta_core.bench.shapes import SHAPES, shape_of
from heta_core.bench.steps import steps
from heta_core.bench.ways import components, prompt
from heta_core.errors import InputError, SettingsError
from heta_core.estimators.probes import signs
from heta_core.language_model import LanguageModel, embed, running
from heta_core.loading import load
from heta_core.parts import Source, Work
from heta_core.passes.prefix import last_logits
from heta_core.settings import Settings
from heta_core.shell.commands import main
from heta_core.shell.progress import saying

SMALL = Plan(tokens=7, probes=2, repeats=2)
# GPT-2 computes in its own precision; Llama takes norms and softmax in float32 also inside a float64 model.
ALLOWED = {"gpt2": 1e-10, "llama": 1e-6}


def exact(plan: Plan) -> dict[str, Settings]:
    """The first of the ways, which is the textbook's quantity."""
    return {"exact": curvature_ways(plan)["exact"]}


def measured(lm: LanguageModel, plan: Plan, curvature: dict[str, Settings] | None = None) -> Benchmark:
    return benchmark(lm, plan, curvature=curvature or exact(plan))


@pytest.mark.parametrize("family", ALLOWED)
def test_the_engine_equals_the_textbook_in_every_component(tiny_models: dict[str, LanguageModel], family: str) -> None:
    lm = tiny_models[family]
    found = measured(lm, replace(SMALL, tokens=11, steps=3))
    for comparison in found.comparisons:
        one = comparison.ways[1].difference
        assert one is not None and one.allowed is not None and one.is_same, (comparison.component, one)
        assert one.allowed == pytest.approx(ALLOWED[family], rel=0.1)


def test_the_textbook_computes_the_definition(gpt2: LanguageModel) -> None:
    ids = prompt_ids(gpt2, 6, 0)
    p = prompt(gpt2, ids)
    with torch.no_grad():
        before = log_p(gpt2.model, embedded(gpt2.model, ids))
        zero = torch.zeros_like(embedded(gpt2.model, ids)[0])
        expected = [divergence(before, masked_log_p(gpt2.model, ids, i, zero)) for i in range(6)]
    assert textbook.information(gpt2, ids, p.log_p) == pytest.approx(expected, rel=1e-8, abs=1e-12)
    assert textbook.transition(gpt2, ids).sum() == pytest.approx(1)


def test_the_textbook_takes_the_engines_probes(gpt2: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    def noted(seed: int, position: int, draws: range, width: int) -> object:
        asked.append((seed, position))
        return signs(seed, position, draws, width)

    monkeypatch.setattr(textbook, "signs", noted)
    textbook.sensitivity(gpt2, prompt_ids(gpt2, 3, 0), 5, range(2), 7)
    assert asked == [(7, 0), (7, 1), (7, 2)]


def test_passes_are_counted(gpt2: LanguageModel) -> None:
    found = measured(gpt2, replace(SMALL, steps=2))
    transition, kl, hessian, two = found.comparisons
    assert [way.work.forwards for way in transition.ways] == [1, 2]
    assert [way.work.forwards for way in kl.ways] == [7, 7]  # one chunk of eight: no prefix to grow
    assert [way.work.products for way in hessian.ways] == [14, 14]
    assert hessian.ways[0].work == Work(forwards=1, backwards=1, products=14)
    # One at a time: two captures and a masked run a token for 7 and for 8 tokens. Together: of the 8 before the last.
    assert [way.work.forwards for way in two.ways] == [4 + 15, 2 + 8]


def test_a_known_product_is_counted() -> None:
    a, b = torch.ones(3, 5), torch.ones(5, 7)
    assert counted(lambda: a @ b) == 2 * 3 * 5 * 7


def test_batched_backwards_are_counted_like_single_ones() -> None:
    leaf, weight = torch.ones(2, 4, requires_grad=True), torch.ones(4, 6)
    (gradient,) = torch.autograd.grad((leaf @ weight).tanh().sum(), leaf, create_graph=True)
    directions = torch.ones(3, 2, 4)

    def batched() -> None:
        torch.autograd.grad(gradient, leaf, directions, is_grads_batched=True, retain_graph=True)

    single = counted(lambda: torch.autograd.grad(gradient, leaf, directions[0], retain_graph=True))
    assert counted(batched) == 3 * single > 0


def test_what_is_counted_in_part_equals_the_whole(llama: LanguageModel) -> None:
    p = prompt(llama, prompt_ids(llama, 5, 0))
    for case in components(p, SMALL, exact(SMALL)):
        assert case.ways[0].flops() == counted(case.ways[0].run), case.component


def test_operations_of_suffixes_lie_on_a_line(llama: LanguageModel) -> None:
    ids = prompt_ids(llama, 9, 0)
    each = suffix_flops(llama, ids)
    assert each is not None
    assert np.diff(each) == pytest.approx(each[1] - each[0])
    with running(llama):
        assert each[0] == counted(lambda: last_logits(llama, embed(llama, ids)[None], None))
    assert suffix_flops(replace(llama, has_prefix=False), ids) is None


def test_further_ways_are_told_apart_by_their_error(gpt2: LanguageModel) -> None:
    ways = {**exact(SMALL), "fewer": Settings(probes=1)}
    found = measured(gpt2, SMALL, curvature=ways).comparison("Hessian")
    one = found.way("fewer").difference
    assert one is not None and one.allowed is None and not one.is_same
    assert one.median > 0.01 and one.spearman is not None
    assert "Hessian, fewer: an estimate; against 2 probes a token of the exact way a median error of" in text(
        measured(gpt2, SMALL, curvature=ways)
    )


def test_estimates_are_compared_with_the_reference_where_one_is_asked_for(gpt2: LanguageModel) -> None:
    plan, ways = replace(SMALL, reference=1), {**exact(SMALL), "one": Settings(probes=1)}
    hessian = measured(gpt2, plan, curvature=ways).comparison("Hessian")
    one, same = hessian.way("one").difference, hessian.way("exact").difference
    assert one is not None and one.greatest == 0
    assert same is not None and same.is_same  # the same quantity: still compared with the textbook


def test_estimates_are_measured_unasked_and_take_fewer_products(llama: LanguageModel) -> None:
    hessian = benchmark(llama, replace(SMALL, tokens=24, probes=10, repeats=1)).comparison("Hessian")
    assert [way.way for way in hessian.ways] == ["textbook", "exact", "adaptive", "coloured"]
    assert [way.difference is not None and way.difference.allowed is None for way in hessian.ways[1:]] == [
        False,
        True,
        True,
    ]
    assert hessian.way("coloured").work.products < hessian.way("exact").work.products / 4


def test_a_difference_is_that_of_the_worst_result() -> None:
    a, b = np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 5.0])
    found = difference([a, a], [a, b], part=0.1, least=1.0)
    assert found == Difference(
        greatest=pytest.approx(0.2), median=0.0, spearman=pytest.approx(1.0), allowed=pytest.approx(0.3)
    )
    assert found.is_same


def test_a_gpu_is_timed_by_its_own_events(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    class Event:
        def __init__(self, *, enable_timing: bool) -> None:
            assert enable_timing

        def record(self) -> None:
            done.append("record")

        def elapsed_time(self, _: "Event") -> float:
            return 250.0  # milliseconds

    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda _: done.append("wait"))
    assert timed(lambda: done.append("run"), torch.device("cuda")) == (None, 0.25)
    assert done == ["wait", "record", "run", "record", "wait"]


def test_runs_take_turns_and_change_their_order() -> None:
    said: list[str] = []
    runs = [lambda: said.append("a"), lambda: said.append("b")]
    assert [i for i, _, seconds in in_turns(runs, 3, torch.device("cpu")) if seconds >= 0] == [0, 1, 1, 0, 0, 1]
    assert "".join(said) == "abbaab"


@pytest.mark.skipif(not Path("/proc/self/clear_refs").is_file(), reason="the system keeps no mark that can be lowered")
def test_memory_is_the_high_water_mark_of_one_run() -> None:
    n = 50_000_000
    _, memory = peak(lambda: torch.ones(n // 4).sum(), torch.device("cpu"))
    assert memory is not None and 0.9 * n < memory.peak - memory.before < 2 * n
    _, memory = peak(lambda: None, torch.device("cpu"))
    assert memory is not None and memory.peak - memory.before < n / 10


def test_the_exponent_of_a_power_is_its_power() -> None:
    assert exponent([2, 4, 8], [3 * n**1.5 for n in (2, 4, 8)]) == pytest.approx(1.5)


def test_growth_is_fitted_for_every_way(gpt2: LanguageModel) -> None:
    found = measured(gpt2, replace(SMALL, tokens=8, lengths=(16, 32)))
    by_component = {one.component: one for one in found.growth}
    assert list(by_component) == ["transition", "KL", "Hessian"]
    assert by_component["transition"].passes == (2, 2)
    assert by_component["Hessian"].passes_exponent == pytest.approx(1, abs=0.2)
    assert 1 < by_component["Hessian"].flops_exponent < 2.5
    assert all(
        a < b for a, b in zip(by_component["Hessian"].flops, by_component["Hessian"].textbook_flops, strict=True)
    )
    assert found.targets is not None and found.targets.n_targets == (1, 2, 4)


def test_random_weights_are_repeatable_and_speak_in_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    from heta_core.bench import random_weights, shapes

    tiny = {"n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 64, "vocab_size": 90}
    monkeypatch.setitem(shapes.SHAPES, "tiny", shapes.Shape("gpt2", 10_000, tiny | {"bos_token_id": 0}))
    one, other = (random_weights.random_model("tiny", device="cpu") for _ in range(2))
    assert one.source.weights_id == other.source.weights_id
    assert one.source.weights_id != random_weights.random_model("tiny", device="cpu", seed=1).source.weights_id
    ids = prompt_ids(one, 5, 0)
    assert ids == prompt_ids(one, 5, 0) != prompt_ids(one, 5, 1)
    spelled = one.tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
    assert tuple(one.tokenizer.encode(spelled, add_special_tokens=True)) == ids
    assert measured(one, replace(SMALL, steps=2)).source.model == "tiny, random weights"


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_has_the_size_it_says(name: str) -> None:
    shape = shape_of(name)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(shape.model_type, **shape.options))
    assert sum(p.numel() for p in model.parameters()) == shape.n_parameters


def test_a_prompt_is_littletown_text_of_as_many_tokens_as_asked() -> None:
    lm = load("littletown")
    ids = prompt_ids(lm, 100, 0)
    assert len(ids) == 100 and ids[:48] == prompt_ids(lm, 48, 0)
    assert "Question:" in lm.tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)


@pytest.mark.parametrize(
    "options",
    [
        {"tokens": 1},
        {"probes": 0},
        {"repeats": 0},
        {"steps": -1},
        {"reference": -1},
        {"lengths": (8,)},
        {"lengths": (8, 8)},
    ],
)
def test_a_plan_that_measures_nothing_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(SettingsError):
        Plan(**options)  # type: ignore[arg-type]


def test_more_tokens_than_the_model_takes_are_refused_before_anything_runs(gpt2: LanguageModel) -> None:
    with pytest.raises(InputError, match="takes at most 128 tokens, the text has 130"):
        measured(gpt2, replace(SMALL, tokens=128, steps=2))


MADE = Benchmark(
    source=Source("made", None, "", "", "gpt2", 1_500_000, "float32", "cpu", (("torch", "2.13.0"),)),
    device="cpu, made",
    threads=2,
    plan=Plan(tokens=48, lengths=(64, 128)),
    comparisons=(
        Comparison(
            "Hessian",
            (
                Measured(
                    "textbook", Spread(8, 7, 9), Work(1, 1, 480), 80 * 10**9, 10.0, None, Memory(10**9, 1_200_000_000)
                ),
                Measured(
                    "exact",
                    Spread(2, 1.5, 2.5),
                    Work(12, 6, 480),
                    40 * 10**9,
                    20.0,
                    15.0,
                    None,
                    faster=Spread(4, 3.6, 4.5),
                    flops_share=0.5,
                    difference=Difference(3e-6, 1e-6, 1.0, 1e-4),
                ),
                Measured(
                    "coloured",
                    Spread(0.5, 0.4, 0.6),
                    Work(4, 2, 28),
                    4 * 10**9,
                    8.0,
                    None,
                    None,
                    faster=Spread(16, 15, 17),
                    flops_share=0.05,
                    difference=Difference(0.3, 0.125, 0.96, None),
                ),
            ),
            Spread(50, 45, 60),
        ),
    ),
    growth=(Growth("KL", "engine", (0.1, 0.4), (10, 40), (70, 140), (20, 80), 2.0, 2.0, 1.0),),
    targets=Targets((1, 2), (0.25, 0.26), 1.04),
)
TOLD = """\
made: 1.50 million parameters, float32
on cpu, made, 2 threads, torch 2.13.0
48 tokens, 10 probes a token; every way timed 3 times, in turns

                          seconds       times as fast  differs      passes   GFLOP of it GFLOP/s of rate        peak MB
Hessian    textbook             8                                  1/1/480      80          10.0     20%   1,200 (+200)
           exact                2  4.00 (3.60 … 4.50)  3e-06 =    12/6/480      40  0.50    20.0     40%        unknown
           coloured           0.5  16.0 (15.0 … 17.0)    3e-01      4/2/28       4  0.05     8.0     16%        unknown

times as fast: the first way's time over this one's, repeat by repeat: median (least … most). differs: by so much
at most, as a part of the largest entry; = where rounding explains it, ≠ where not. passes: forwards / backwards /
Hessian products. GFLOP: of matrix products, counted; of it: as a part of the first way's. of rate: of the GFLOP/s that
a product of two square matrices reached in the same rounds. peak: of the process (above what was held before).
Hessian: a product of two square matrices ran at 50 GFLOP/s (45 … 60)
Hessian, exact: 15.0 GFLOP/s, 30% of that, by the count 2·F·suffix for each product
Hessian, coloured: an estimate; against 10 probes a token of the exact way a median error of 12.5%, Spearman 0.960

Cost over 64, 128 tokens, as the exponent k of c·Tᵏ:
                            time  GFLOP passes   seconds; part of the textbook's GFLOP
KL         engine           2.00   2.00   1.00   0.1 0.4; 0.50 0.50

One KL pass for several targets: 1: 0.25 s, 2: 0.26 s. Twice the targets take 1.04 times as long.
"""


def test_the_table_says_what_was_measured() -> None:
    assert text(MADE) == TOLD.rstrip("\n")


def test_a_difference_that_rounding_does_not_explain_is_marked() -> None:
    comparison = MADE.comparisons[0]
    textbook_way, exact = comparison.ways[:2]
    wrong = replace(exact, difference=Difference(2e-3, 1e-6, 1.0, 1e-4))
    told = text(replace(MADE, comparisons=(replace(comparison, ways=(textbook_way, wrong)),)))
    assert "2e-03 ≠" in told


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, llama: LanguageModel) -> None:
    """`load` gives the tiny Llama, whatever is asked for."""
    monkeypatch.setattr(heta_core.loading, "load", lambda name, **options: llama)


@pytest.mark.usefixtures("tiny")
def test_the_command_prints_a_table_and_saves_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "found.json"
    assert main(["bench", "--tokens", "6", "--probes", "1", "--repeats", "1", "--json", str(out)]) == 0
    told, errors = capsys.readouterr()
    assert told.startswith("tiny-llama: ") and "Hessian" in told and errors == ""
    saved = json.loads(out.read_text("utf-8"))
    assert saved["format"] == "heta-benchmark" and saved["plan"]["tokens"] == 6
    hessian = saved["comparisons"][2]["ways"][1]
    assert hessian["way"] == "exact" and hessian["work"]["products"] == 6 and hessian["faster"]["median"] > 0


def test_words_are_told_on_a_terminal_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with saying() as told:
            told("a long word")
            told("short")
        assert os.read(ours, 100) == b"\ra long word\rshort      \r           \r"
    os.close(ours)


@pytest.mark.usefixtures("tiny")
def test_the_command_prints_json_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--tokens", "4", "--probes", "1", "--repeats", "1", "--json", "-"]) == 0
    told = capsys.readouterr().out
    assert len(told.splitlines()) == 1 and json.loads(told)["source"]["model"] == "tiny-llama"


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--tokens", "1"], "tokens must be a whole number ≥ 2, got 1"),
        (["--tokens", "200"], "takes at most 128 tokens, the text has 200"),
        (["--growth", "64"], "growth needs two different lengths or more"),
        (["--shape", "gpt5"], "take one of gpt2, gpt2-medium"),
        (["--json", "/no/where.json"], "--json needs the path of a file"),
    ],
)
def test_bad_input_is_told(options: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", *options]) == 1
    assert told in capsys.readouterr().err


@pytest.fixture(scope="module")
def town() -> Benchmark:
    """The embedded model, 64 tokens, 5 probes: with the usual ten the loop takes twice as long."""
    found = benchmark(load("littletown"), Plan(tokens=64, probes=5, repeats=2))
    print("\n" + text(found))
    return found


@pytest.mark.slow
@pytest.mark.alone
def test_the_engine_does_at_most_six_tenths_of_the_textbooks_work(town: Benchmark) -> None:
    for component, way in (("KL", "engine"), ("Hessian", "exact")):
        share = town.comparison(component).way(way).flops_share
        assert share is not None and share <= 0.6, component


@pytest.mark.slow
@pytest.mark.alone
def test_in_float32_every_result_is_the_textbooks(town: Benchmark) -> None:
    for comparison in town.comparisons:
        one = comparison.ways[1].difference  # the engine's own, or the exact of its ways
        assert one is not None and one.is_same, (comparison.component, one)


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("component", ["KL", "Hessian"])
def test_the_engine_is_faster_than_the_textbook(town: Benchmark, component: str) -> None:
    """How much faster is printed: it depends on the processor; that it is faster must hold on any."""
    faster = town.comparison(component).ways[1].faster
    assert faster is not None and faster.median > 1


@pytest.mark.slow
@pytest.mark.alone
def test_steps_together_are_a_tenth_of_the_work_of_one_at_a_time() -> None:
    """How much faster that is depends on the processor; that it is must hold on any."""
    lm, plan = load("littletown"), Plan(tokens=48, steps=16)
    found = compare(lm, steps(lm, prompt_ids(lm, 64, 0), plan.tokens), plan.repeats, lambda _: None)
    single, together = found.way("one at a time"), found.way("together")
    assert together.flops_share is not None and together.flops_share <= 0.1
    assert 10 * together.work.done <= single.work.done
    assert together.faster is not None and together.faster.low > 1
    assert together.difference is not None and together.difference.is_same


@pytest.mark.figures
def test_at_the_size_of_gpt2_the_engine_does_half_the_work_and_is_faster() -> None:
    """One probe a token, once: with ten of them the loop alone takes minutes."""
    found = measured(random_model("gpt2"), Plan(tokens=48, probes=1, repeats=1))
    print("\n" + text(found))
    for comparison in found.comparisons[1:]:
        one = comparison.ways[1]
        assert one.difference is not None and one.difference.is_same, (comparison.component, one.difference)
        assert one.flops_share is not None and one.flops_share <= 0.5, comparison.component
        assert one.faster is not None and one.faster.median > 1, comparison.component
