"""Sweeps: their statistics by hand, what each must do whoever wrote it, and the figures against direct computation."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import TINY_CONFIGS, byte_tokenizer, random_model
from scipy.stats import spearmanr

from heta_core import attribute, load, sweeps
from heta_core.attribution import Attribution
from heta_core.datasets import Dataset, Example
from heta_core.errors import InputError
from heta_core.evaluation.plan import Plan
from heta_core.evaluation.running import example_steps
from heta_core.evaluation.verified import verified
from heta_core.faithfulness.scrambling import scramble_steps
from heta_core.language_model import LanguageModel
from heta_core.metrics import Measure
from heta_core.parts import Floats
from heta_core.settings import Mask, Settings, Weights
from heta_core.shell.commands import main
from heta_core.shell.sweep_options import names
from heta_core.sweeps import Found, Study, Sweep, Table, dumps, markdown, swept
from heta_core.sweeps import _table as tables
from heta_core.sweeps import probes as probing
from heta_core.sweeps._contract import Skipped, Step
from heta_core.sweeps.scrambled import alike, depths
from heta_core.sweeps.weights import weightings
from heta_core.targets import Choice
from heta_core.typed import token_of

SCENE = "Al ran. Bo sat. Who ran? "
MINE = Dataset(
    "mine",
    "jsonl",
    (
        Example(id="a", prompt=SCENE, target="A", evidence=((0, 7),), question=((16, 24),), cluster="one"),
        Example(id="no", prompt=SCENE, target="two tokens", takes="one"),
        Example(id="b", prompt="Bo ran. Al sat. Who ran? ", target="B", evidence=((0, 7),), cluster="one"),
        Example(id="c", prompt="No one knows. ", target="B"),
    ),
)
QUICK = Settings(probes=2)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "REFERENCE", 12)
    monkeypatch.setattr(probing, "N_PROBES", (1, 4))


def column(name: str) -> Measure:
    return Measure(name=name, title=name.title(), meaning=f"What {name} is.", better="high", unit="s")


SOME = Sweep(
    name="some",
    title="Some",
    meaning="A question.",
    protocol="Made up.",
    columns=(column("x"), column("y")),
    run=lambda study: iter([Step("a", 0.5, (Found("a", "a", "r", (("x", 1.0),)),)), Step("b", 1.0)]),
)
BASIS = tables.Basis("tiny", "w" * 20, "mine", 4, Settings(seed=3), "mean")


def found(example: str, cluster: str, row: str, x: float | None, y: float | None = None) -> Found:
    return Found(example, cluster, row, (("x", x), ("y", y)))


def made_up() -> Table:
    one = [found("a", "a", "first", 1.0, 4000.0), found("b", "b", "first", 2.0), found("c", "b", "first", 6.0)]
    two = [found("a", "a", "second", None), found("b", "b", "second", 0.25), found("c", "b", "second", 0.25)]
    why = Skipped("d", "too long")
    return tables.tabled(SOME, BASIS, [*one, *two], [why, why])


def test_a_row_is_the_mean_over_its_examples_and_its_interval_goes_by_clusters() -> None:
    table = made_up()
    assert [row.name for row in table.rows] == ["first", "second"]
    first, second = table.cell("first", "x"), table.cell("second", "x")
    assert first is not None and second is not None and table.cell("second", "y") is None
    assert (first.mean, first.n, first.n_clusters) == (3.0, 3, 2)
    assert (first.low, first.high) == (1.0, 4.0)  # two clusters: either alone is within what is drawn
    assert (second.mean, second.n, second.n_clusters) == (0.25, 2, 1)
    assert (table.n, table.n_clusters, table.skipped) == (3, 2, (Skipped("d", "too long"),))


def test_the_table_as_text_says_what_it_was_measured_on() -> None:
    text = markdown(made_up()).splitlines()
    assert text[0] == "**Some.** A question."
    assert text[2] == (
        "tiny (weights wwwwwwwwwwww) · mine, n = 3 in 2 clusters · mask zero · 10 probes a token · seed 3. "
        "In brackets 95 % intervals, 2,000 resamples of clusters."
    )
    assert text[4:8] == [
        "| | X, s | Y, s |",
        "|---|---|---|",
        "| first | 3 [1, 4] | 4,000 (n = 1) |",
        "| second | 0.25 (n = 2) | — |",
    ]
    assert "- X: What x is. (higher is better)" in text
    assert text[-1] == "Skipped: 1 example, the first d: too long"


def test_the_json_has_every_number_of_every_example() -> None:
    table = made_up()
    read = json.loads(dumps(table))
    assert (read["format"], read["version"], read["basis"]["settings"]["seed"]) == ("heta-sweep", 1, 3)
    assert [one["values"] for one in read["found"]] == [[list(pair) for pair in one.values] for one in table.found]
    assert read["rows"][0]["cells"][0]["mean"] == 3.0 and read["rows"][1]["cells"][1] is None
    assert read["skipped"] == [{"example": "d", "why": "too long"}]


def test_closeness_of_estimates_by_hand() -> None:
    exact, hessian = np.array([4.0, 2.0, 1.0, 0.0]), np.array([2.0, 3.0, 1.0, 5.0])
    scores, exact_scores = np.array([1.0, 2, 3, 4, 5, 6]), np.array([6.0, 5, 4, 3, 2, 1])
    told = probing.closeness(hessian, exact, scores, exact_scores)
    # Ranks 2 3 1 4 against 4 3 2 1: 1 − 6·(4 + 0 + 1 + 9)/(4·15); errors ½, ½ and 0 where the reference bends.
    assert told["hessian_order"] == pytest.approx(-0.4)
    assert told["hessian_error"] == 0.5
    assert told["order"] == pytest.approx(-1)
    assert told["top"] == 4 / 5  # tokens 1 … 4 are in both
    assert probing.closeness(hessian, 0 * exact, scores[:4], scores[:4])["hessian_error"] is None


def test_agreement_of_a_scrambled_map_by_hand() -> None:
    here = np.arange(10.0)
    assert alike(here, here) == {"order": pytest.approx(1), "top": 1.0, "top_chance": 0.5}
    assert alike(here, -here) == {"order": pytest.approx(-1), "top": 0.0, "top_chance": 0.5}
    assert alike(here, 0 * here)["order"] is None


def test_weights_go_from_one_term_to_the_other_in_both_scalings() -> None:
    every = [weights for _, weights in weightings()]
    for scaling in ("raw", "unit"):
        own = [weights for weights in every if weights.scaling == scaling]
        assert len(own) == 11 and (own[0].gamma, own[-1].beta) == (0, 0)
        assert all(weights.beta + weights.gamma == pytest.approx(1) for weights in own)


def of_all(test):
    return pytest.mark.parametrize("sweep", sweeps.known(), ids=[sweep.name for sweep in sweeps.known()])(test)


@of_all
@pytest.mark.usefixtures("few")
def test_a_sweep_fills_its_table_and_tells_what_it_skips(llama: LanguageModel, sweep: Sweep) -> None:
    told: list[str] = []
    table = swept(sweep, Study(llama, MINE, QUICK), told.append)
    assert {one.example for one in table.skipped} == {"no"} and table.n == 3 and table.n_clusters == 2
    for row in table.rows:
        assert [one.example for one in table.found if one.row == row.name] == ["a", "b", "c"]
        assert any(cell is not None for cell in row.cells)
    assert all(any(row.cells[k] is not None for row in table.rows) for k in range(len(table.columns)))
    known = {measure.name for measure in table.columns}
    assert all(known & set(dict(one.values)) for one in table.found)
    parts = [int(words.split("%")[0]) for words in told]
    assert parts == sorted(parts) and (parts[0], parts[-1]) == (0, 100)
    assert json.loads(dumps(table))["name"] == sweep.name and f"| {table.rows[0].name} |" in markdown(table)


@of_all
def test_a_sweep_has_a_file_of_its_name(sweep: Sweep) -> None:
    assert sweep.name in names() and len(names()) == len(sweeps.known())
    assert sweeps.named(sweep.name) is sweep
    assert sweep.title and sweep.meaning.endswith(".") and sweep.protocol.endswith(".")


def test_where_nothing_can_be_used_the_first_reason_is_told(llama: LanguageModel) -> None:
    with pytest.raises(InputError, match="none among 1; of the first"):
        swept(sweeps.named("weights"), Study(llama, replace(MINE, examples=MINE.examples[1:2]), QUICK))
    with pytest.raises(InputError, match="no sweep 'none'"):
        sweeps.named("none")


# --- figures of the embedded model, against a direct computation


@pytest.fixture(scope="module")
def study() -> Study:
    town = load("littletown")
    return Study(town, verified(town, 2, 0, ("where",)), Settings(probes=4, seed=1))


def direct(study: Study, example: Example, **changed: object) -> Attribution:
    assert example.target is not None
    choice = Choice(token_id=token_of(study.lm.tokenizer, example.target))
    return attribute(study.lm, example.prompt, choice=choice, settings=replace(study.settings, **changed))


def value(table: Table, example: Example, row: str, column: str) -> float:
    (one,) = (dict(f.values)[column] for f in table.found if (f.example, f.row) == (example.id, row))
    assert one is not None
    return one


def rank_correlation(one: Floats, other: Floats) -> float:
    return float(spearmanr(one, other).statistic)


def on_evidence(study: Study, example: Example, result: Attribution) -> tuple[float, float]:
    """Whether the highest candidate is evidence, and the part of the candidates' score that it holds."""
    tokens = result.tokens
    asking = {i for span in example.question for i in tokens.overlapping(*span)}
    told = {i for span in example.evidence for i in tokens.overlapping(*span)}
    candidates = [i for i in range(result.n_context) if i not in asking and not tokens.is_special[i]]
    scores = {i: float(result.scores[i]) for i in candidates}
    best = max(scores, key=lambda i: scores[i])
    return float(best in told), sum(scores[i] for i in told) / sum(scores.values())


@pytest.mark.slow
def test_ablation_gives_what_evaluate_gives(study: Study) -> None:
    table = swept(sweeps.named("ablation"), study)
    raw = {"M": "transition", "S": "hessian", "I": "kl", "M·S": "transition_hessian", "M·I": "transition_kl"}
    both = {"β·S + γ·I": "ungated", "HETA": "heta", "first-order twin": "first_order"}
    rows = {("raw", row): method for row, method in {**raw, "random": "random"}.items()}
    rows |= {(scaling, f"{row}, {scaling}"): method for scaling in ("raw", "unit") for row, method in both.items()}
    assert {row for _, row in rows} == {row.name for row in table.rows}
    for scaling in ("raw", "unit"):
        plan = Plan(
            methods=(*raw.values(), *both.values()),
            metrics=("evidence", "deletion"),
            settings=study.settings,
            weights=Weights(scaling=scaling),
            seed=study.settings.seed,
        )
        for example in study.dataset.examples:
            *_, last = example_steps(study.lm, example, plan, study.dataset.name)
            assert last.outcome is not None
            for (own, row), method in rows.items():
                scored = last.outcome.of(method)
                assert scored is not None and scored.problem is None
                for measure in table.columns if own == scaling else ():
                    # The judge's batches hold other sets: rounding in float32.
                    assert value(table, example, row, measure.name) == pytest.approx(
                        scored.value(measure.name), abs=1e-4
                    )


@pytest.mark.slow
def test_weights_combine_the_components_of_one_run(study: Study) -> None:
    table = swept(sweeps.named("weights"), study)
    for example in study.dataset.examples:
        result = direct(study, example)
        for row, weights in weightings():
            top, held = on_evidence(study, example, result.with_weights(weights))
            assert value(table, example, row, "evidence_at_1") == top
            assert value(table, example, row, "evidence_share") == pytest.approx(held, rel=1e-5)


@pytest.mark.slow
def test_masks_are_compared_as_if_each_had_been_run(study: Study) -> None:
    table = swept(sweeps.named("mask"), study)
    masks: tuple[Mask, ...] = ("zero", "mean", "attention")
    for example in study.dataset.examples:
        by_mask = {mask: direct(study, example, mask=mask) for mask in masks}
        for scaling in ("raw", "unit"):
            maps = {mask: a.with_weights(Weights(scaling=scaling)) for mask, a in by_mask.items()}
            for mask, result in maps.items():
                top, held = on_evidence(study, example, result)
                assert value(table, example, f"{scaling}, {mask}", "evidence_at_1") == top
                assert value(table, example, f"{scaling}, {mask}", "evidence_share") == pytest.approx(held, rel=1e-5)
            for one, other in (("zero", "mean"), ("zero", "attention"), ("mean", "attention")):
                row = f"{scaling}, {one} against {other}"
                scores = rank_correlation(maps[one].scores, maps[other].scores)
                kl = rank_correlation(maps[one].information.kl, maps[other].information.kl)
                assert value(table, example, row, "order") == pytest.approx(scores)
                assert value(table, example, row, "kl_order") == pytest.approx(kl)


@pytest.mark.slow
@pytest.mark.usefixtures("few")
def test_probes_are_held_against_the_reference_of_another_seed(study: Study) -> None:
    table = swept(sweeps.named("probes"), study)
    for example in study.dataset.examples:
        exact = direct(study, example, probes=12, seed=study.settings.seed + 1)
        for row, changed in (
            ("1", {"probes": 1}),
            ("4", {"probes": 4}),
            ("auto", {"probes": "auto"}),
            ("coloured", {"probes": "auto", "estimator": "coloured"}),
        ):
            result = direct(study, example, **changed)
            own, other = result.hessian.scores, exact.hessian.scores
            assert value(table, example, row, "hessian_order") == pytest.approx(rank_correlation(own, other))
            assert value(table, example, row, "order") == pytest.approx(rank_correlation(result.scores, exact.scores))
            assert value(table, example, row, "top") == len({*result.top(5)} & {*exact.top(5)}) / 5
            assert value(table, example, row, "hessian_error") == pytest.approx(np.median(np.abs(own / other - 1)))
            assert value(table, example, row, "products") == result.work.products
            assert value(table, example, row, "seconds") > 0


@pytest.mark.slow
def test_scrambled_maps_are_those_of_the_sanity_check(study: Study) -> None:
    table = swept(sweeps.named("scrambled"), study)
    example = study.dataset.examples[1]
    result = direct(study, example)
    for n_last, what in ((None, "everything"), (1, "output and last layer"), (2, "output and last 2 layers")):
        *_, last = scramble_steps(study.lm, result, n_last=n_last, seed=study.settings.seed)
        assert last.order is not None
        assert value(table, example, f"HETA, raw: {what}", "order") == pytest.approx(last.order)
        assert value(table, example, f"HETA, raw: {what}", "top") == last.n_shared / 5
        assert value(table, example, f"HETA, raw: {what}", "top_chance") == pytest.approx(5 / result.n_units)
    assert len(table.rows) == 5 * len(depths(study.lm)) + 1


# --- the command


@pytest.fixture(scope="module")
def llama_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("llama")
    random_model(TINY_CONFIGS["llama"]).float().save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    rows = [{"id": e.id, "prompt": e.prompt, "target": e.target} for e in MINE.examples if e.id != "no"]
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def sweep(*arguments: object) -> int:
    return main(["sweep", *map(str, arguments)])


def test_the_command_prints_the_table_and_keeps_everything(
    llama_folder: Path, mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("weights", "--model", llama_folder, "--dataset", mine, "--n", 2, "--probes", 1, "--seed", 5)
    assert sweep(*asked, "--json", tmp_path / "all.json") == 0
    printed = capsys.readouterr().out
    read = json.loads((tmp_path / "all.json").read_text("utf-8"))
    assert printed.startswith("**What β and γ do.**") and "1 probe a token · seed 5" in printed
    assert {one["example"] for one in read["found"]} == {"a", "b"}
    assert sweep(*asked, "--json", "-") == 0
    assert json.loads(capsys.readouterr().out) == read


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("mask", "--mask", "mean"), "--mask is what this sweep varies"),
        (("probes", "--probes", "4"), "--probes is what this sweep varies"),
        (("weights", "--n", "0"), "--n must be 1 or more"),
        (("others",), "invalid choice"),
    ],
)
def test_what_contradicts_itself_is_refused(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        sweep(*arguments)
    assert ended.value.code == 2 and told in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_refused_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep("weights", "--model", tmp_path / "none", "--json", tmp_path / "no" / "all.json") == 1
    assert "--json needs the path of a file" in capsys.readouterr().err
