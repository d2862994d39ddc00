"""`evaluate`: the run as a folder, on tiny models from disk. However it ends, the same command goes on."""

import csv
import errno
import gc
import json
import os
import re
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from dataclasses import replace
from io import FileIO
from pathlib import Path

import pytest
import torch
from conftest import TINY_CONFIGS, byte_tokenizer, random_model

from heta_core.errors import InputError, OutOfMemoryError, ReportError
from heta_core.evaluation import crew, keeping, on_ray, processes
from heta_core.evaluation.carrying import State
from heta_core.evaluation.plan import Plan
from heta_core.evaluation.record import Record, loads
from heta_core.language_model import LanguageModel
from heta_core.settings import Settings
from heta_core.shell.commands import main

ROOT = Path(__file__).resolve().parents[1]
SCENE = "Al ran. Bo sat. Who ran? "
DERIVED = ("report.html", "report.md", "rows.csv", "summary.csv")
ROWS = [
    {"id": "a", "prompt": SCENE, "target": "A", "evidence": "Al ran.", "distractor": "Bo sat.", "cluster": "one"},
    {"id": "é", "prompt": "Bo ran 😀. Who? ", "target": "B", "evidence": "Bo ran"},
    {"id": "<script>alert(1)</script>", "prompt": "too many | ", "target": "<b>two</b>"},
    {"id": "d", "prompt": "Al sat. Bo ran. Who sat? ", "target": "A", "evidence": "Al sat.", "distractor": "Bo ran."},
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two models on disk."""
    found = {}
    for name in ("llama", "gpt2"):
        found[name] = tmp_path_factory.mktemp(name)
        random_model(TINY_CONFIGS[name]).float().save_pretrained(found[name])
        byte_tokenizer().save_pretrained(found[name])
    return found


@pytest.fixture
def asked(folders: dict[str, Path], tmp_path: Path) -> list[str]:
    """A command on four examples, the third of which has no single token for a target."""
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    data, model = ("--dataset", str(tmp_path / "mine.jsonl")), ("--model", str(folders["llama"]))
    return [*data, *model, "--methods", "first_order,uniform", "--out", str(tmp_path / "run")]


def evaluate(arguments: list[str], *more: str) -> int:
    return main(["evaluate", *arguments, *more])


def lines(folder: Path) -> list[str]:
    """The lines of a run in no order but that of their text, without what is never the same."""
    written = (folder / "run.jsonl").read_text("utf-8")
    assert written.endswith("\n")
    return sorted(re.sub(r'"seconds": [-+0-9.e]+', '"seconds": 0', line) for line in written.splitlines())


def run_of(folder: Path) -> Record:
    return loads((folder / "run.jsonl").read_text("utf-8"))


def interrupted(monkeypatch: pytest.MonkeyPatch, after: int, error: BaseException) -> None:
    """Examples end like this once so many are done."""
    own, left = crew.example_steps, iter(range(after))

    def steps(*given: object) -> Iterator[object]:
        if next(left, None) is None:
            raise error
        yield from own(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(crew, "example_steps", steps)


def test_a_run_is_a_folder_with_its_lines_and_what_they_come_to(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], folders: dict[str, Path]
) -> None:
    assert evaluate(asked) == 0
    told, errors = capsys.readouterr()
    assert f"{folders['llama']} on mine.jsonl: 3 of 4 examples done, 1 skipped;" in told and "report.html" in told
    assert errors == ""
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == sorted(("run.jsonl", *DERIVED))
    record = run_of(tmp_path / "run")
    assert [outcome.example.id for outcome in record.outcomes] == [row["id"] for row in ROWS]
    assert [bool(outcome.problem) for outcome in record.outcomes] == [False, False, True, False]
    assert record.plan.models == (str(folders["llama"]),) and record.plan.methods[-1] == "random"
    assert (record.plan.corpora[0].name, record.plan.corpora[0].n) == ("mine.jsonl", 4)
    assert [source.model for source in record.sources] == [str(folders["llama"])]
    assert record.sources[0].weights_id and record.sources[0].tokenizer_id
    rows = list(csv.DictReader((tmp_path / "run" / "rows.csv").read_text("utf-8").splitlines()))
    assert len(rows) == 1 + 3 * 3 * (2 + 3 + 4)  # examples, methods, measures; the skipped one has a row
    summary = list(csv.DictReader((tmp_path / "run" / "summary.csv").read_text("utf-8").splitlines()))
    assert {row["method"] for row in summary} == {"First-order twin", "Uniform", "Random"}
    (twin,) = (row for row in summary if (row["method"], row["measure"]) == ("First-order twin", "dsa"))
    assert (twin["n"], twin["n_missing"], twin["n_failed"], twin["n_skipped"]) == ("2", "1", "0", "1")
    values = [o.of("first_order").value("dsa") for o in record.outcomes if o.problem is None]
    assert float(twin["mean"]) == pytest.approx((values[0] + values[2]) / 2)
    assert main(["overview", str(tmp_path / "run"), "--measures", "dsa", "--seconds", str(tmp_path / "run")]) == 0
    assert "| Method | DSA ↑ | Seconds |" in capsys.readouterr().out
    assert main(["overview", str(tmp_path)]) == 1 and "cannot be read" in capsys.readouterr().err


def test_the_same_command_again_adds_nothing_and_loads_no_model(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert evaluate(asked) == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}

    def never(*_: object, **__: object) -> None:
        raise AssertionError("there is nothing left to ask a model")

    monkeypatch.setattr(crew, "load", never)
    assert evaluate(asked) == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


@pytest.mark.parametrize("where", ["in the plan", "before the end of the plan", "in a character", "in the last line"])
def test_a_run_that_was_torn_anywhere_ends_as_if_it_had_not_been(asked: list[str], tmp_path: Path, where: str) -> None:
    assert evaluate(asked) == 0
    whole, expected = (tmp_path / "run" / "run.jsonl").read_bytes(), lines(tmp_path / "run")
    cut = {
        "in the plan": 40,
        "before the end of the plan": whole.index(b"\n"),
        "in a character": whole.index("😀".encode()) + 2,
        "in the last line": len(whole) - 1,
    }[where]
    (tmp_path / "run" / "run.jsonl").write_bytes(whole[:cut])
    assert evaluate(asked) == 0
    assert lines(tmp_path / "run") == expected


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (("--methods", "heta"), "methods: first_order, uniform, random in the run, heta, random now"),
        (("--seed", "1"), "seed: 0 in the run, 1 now"),
        (("--mask", "attention"), "mask: zero in the run, attention now"),
        (("--check-mask", "attention"), "check mask: mean in the run, attention now"),
        (("--groups", "words"), "grouping: None in the run, words now"),
        (("--limit", "2"), "examples of 'mine.jsonl': 4 in the run, 2 now"),
        (("--dataset", "littletown:where:1"), "data sets: mine.jsonl in the run, mine.jsonl, Littletown, where now"),
        (("--beta", "0.25"), "beta: 0.5 in the run, 0.25 now"),
    ],
)
def test_a_run_goes_on_under_its_own_plan_only(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: tuple[str, ...], told: str
) -> None:
    assert evaluate(asked) == 0
    before = (tmp_path / "run" / "run.jsonl").read_bytes()
    assert evaluate(asked, *changed) == 1
    assert told in capsys.readouterr().err
    assert (tmp_path / "run" / "run.jsonl").read_bytes() == before


def test_a_run_goes_on_with_its_own_data_and_weights_only(
    asked: list[str], tmp_path: Path, folders: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model"
    model.symlink_to(folders["llama"])
    asked[asked.index("--model") + 1] = str(model)
    assert evaluate(asked) == 0
    run = tmp_path / "run" / "run.jsonl"
    run.write_bytes(b"".join(run.read_bytes().splitlines(keepends=True)[:3]))
    before = run.read_bytes()
    model.unlink()
    model.symlink_to(folders["gpt2"])
    assert evaluate(asked) == 1
    assert "must be the model that the run was begun with, found another: weights_id" in capsys.readouterr().err
    assert run.read_bytes() == before
    rows = [ROWS[0] | {"prompt": "Al ran. Bo sat! Who ran? ", "distractor": "Bo sat!"}, *ROWS[1:]]
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert evaluate(asked) == 1
    assert "the data of 'mine.jsonl' have changed" in capsys.readouterr().err


def test_models_and_data_sets_take_turns_and_one_model_is_in_memory(
    asked: list[str], tmp_path: Path, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "more.txt").write_text("Al ran\nBo sat\n", "utf-8")
    own, alive = crew.load, []

    def load(*given: object, **options: object) -> LanguageModel:
        gc.collect()
        assert [one for one in alive if one() is not None] == []
        lm = own(*given, **options)  # type: ignore[arg-type]
        alive.append(weakref.ref(lm.model))
        return lm

    monkeypatch.setattr(crew, "load", load)
    assert evaluate(asked, "--dataset", str(tmp_path / "more.txt"), "--model", str(folders["gpt2"])) == 0
    done = [(outcome.model, outcome.dataset) for outcome in run_of(tmp_path / "run").outcomes]
    data = ["mine.jsonl"] * 4 + ["more.txt"] * 2
    assert done == [(str(folders[name]), one) for name in ("llama", "gpt2") for one in data] and len(alive) == 2
    assert (tmp_path / "run" / "report.md").read_text("utf-8").count("\n## ") == 4


def test_a_model_that_cannot_be_loaded_is_told_and_the_others_go_on(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "nowhere"
    assert evaluate(["--model", str(nowhere), *asked]) == 1
    assert f"error: {nowhere}: " in capsys.readouterr().err
    assert len(run_of(tmp_path / "run").outcomes) == 4
    told = (tmp_path / "run" / "report.md").read_text("utf-8")
    assert "Not complete" in told and "0 of 4 examples done, 0 skipped, 4 not reached yet" in told


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupted(patch, 2, KeyboardInterrupt())
        assert evaluate(asked) == 130
    assert "interrupted: the same command goes on from here" in capsys.readouterr().err
    assert len(run_of(tmp_path / "run").outcomes) == 2
    assert all((tmp_path / "run" / name).is_file() for name in DERIVED)
    assert "2 not reached yet" in (tmp_path / "run" / "report.md").read_text("utf-8")
    assert "Not complete" in (tmp_path / "run" / "report.html").read_text("utf-8")
    assert evaluate(asked) == 0
    found = lines(tmp_path / "run")
    assert evaluate(asked, "--out", str(tmp_path / "other")) == 0
    assert found == lines(tmp_path / "other")
    assert "Not complete" not in (tmp_path / "run" / "report.html").read_text("utf-8")


def test_a_full_disk_ends_the_run_with_whole_lines(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own, room = os.fsync, iter(range(4))

    def full(number: int) -> None:
        if next(room, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        own(number)

    monkeypatch.setattr("heta_core.evaluation.keeping.os.fsync", full)
    assert evaluate(asked) == 1
    told = capsys.readouterr().err
    assert "could not be written (No space left on device): what was done before is kept" in told
    assert (tmp_path / "run" / "run.jsonl").read_bytes().endswith(b"\n")
    assert len(run_of(tmp_path / "run").outcomes) == 2  # of four lines, behind the plan and the model
    monkeypatch.undo()
    assert evaluate(asked) == 0
    assert len(run_of(tmp_path / "run").outcomes) == 4


def test_half_a_line_is_taken_back(tmp_path: Path) -> None:
    class Full(FileIO):
        def write(self, line: object) -> int:
            if len(bytes(line)) > 10:  # type: ignore[call-overload]
                return super().write(bytes(line)[:10])  # type: ignore[call-overload]
            raise OSError(errno.ENOSPC, "No space left on device")

    plan = Plan(methods=("heta",), metrics=())
    with keeping.keeping(tmp_path, plan) as kept:
        before = kept.path.read_bytes()
        kept.file = Full(str(kept.path), "a+")
        with pytest.raises(InputError, match="No space left"):
            kept._write("a line of more than ten characters and of no multiple of it\n")
        kept.file.close()
        assert kept.path.read_bytes() == before


def test_of_two_commands_on_a_folder_the_second_is_refused(tmp_path: Path) -> None:
    plan = Plan(methods=("heta",), metrics=())
    with (
        keeping.keeping(tmp_path, plan),
        pytest.raises(InputError, match="at work in another process"),
        keeping.keeping(tmp_path, plan),
    ):
        pass
    with keeping.keeping(tmp_path, plan) as kept:
        assert kept.record.plan == plan


@pytest.mark.parametrize("content", [b"mine", b"mine\n", b"\xff\xff\n"], ids=["no line", "another line", "no text"])
def test_what_is_no_run_is_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run.jsonl").write_bytes(content)
    with (
        pytest.raises(ReportError, match=r"is damaged|found another file|no UTF-8"),
        keeping.keeping(tmp_path, Plan(methods=("heta",), metrics=())),
    ):
        pass
    assert (tmp_path / "run.jsonl").read_bytes() == content


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("--methods", "attention please"), "There is no method 'attention please': take one of"),
        (("--metrics", "truth"), "There is no metric 'truth'"),
        (("--methods", ","), "A run needs a method"),
        (("--methods", "kl,kl"), "The methods must be different ones"),
        (("--dataset", "nowhere.jsonl"), "Need a file that can be read"),
        (("--dataset", "littletown:flying"), "There is no skill 'flying'"),
        (("--dataset", "littletown", "--dataset", "littletown"), "'Littletown, every skill' twice"),
        (("--out", "no/such/place"), "--out needs a folder that can be written, in one that exists"),
        (("--beta", "0", "--gamma", "0"), "every score would be 0"),
    ],
)
def test_what_cannot_be_done_ends_with_1_before_a_model_is_loaded(
    asked: list[str], change: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(["--model", "nowhere", *asked[:2], *asked[4:]], *change) == 1
    errors = capsys.readouterr().err
    assert told in errors and errors.startswith("error: ")


@pytest.mark.parametrize(
    "change",
    [
        ("--limit", "0"),
        ("--workers", "0"),
        ("--workers", "many"),
        ("--workers", "ray:x"),
        ("--ray-address", "auto"),
        ("--dataset", "littletown:where:x"),
        ("--check-mask", "token"),
    ],
)
def test_what_is_not_understood_ends_with_2(asked: list[str], change: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        evaluate(asked, *change)
    assert ended.value.code == 2


def test_rows_that_cannot_be_used_are_told_and_counted(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "mine.jsonl").open("a") as file:
        file.write('{"prompt": 3}\n')
    assert evaluate(asked, "--limit", "1") == 0
    assert "mine.jsonl: 1 row cannot be used, the first: line 5: prompt: need a text" in capsys.readouterr().err
    assert "1 example, 1 row refused" in (tmp_path / "run" / "report.md").read_text("utf-8")


def test_generated_data_are_asked_as_many_as_the_limit_says(tmp_path: Path, folders: dict[str, Path]) -> None:
    data = ("--dataset", "littletown:where:9", "--limit", "2", "--metrics", "evidence", "--methods", "uniform")
    assert evaluate([*data, "--model", str(folders["llama"]), "--out", str(tmp_path / "run")]) == 0
    record = run_of(tmp_path / "run")
    assert len(record.outcomes) == 2 and record.plan.corpora[0].name == "Littletown, where"


def test_a_report_runs_nothing_and_fetches_nothing_whatever_the_data_say(asked: list[str], tmp_path: Path) -> None:
    assert evaluate(asked) == 0
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert "<script" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>two" not in page and "default-src 'none'" in page
    assert re.findall(r"""(?:src|href|url)\s*[=(]""", page) == []
    assert "prefers-color-scheme: dark" in page
    told = (tmp_path / "run" / "report.md").read_text("utf-8")
    assert "\\<script\\>alert(1)\\</script\\>" in told and "<script>" not in told


def test_progress_says_how_long_the_rest_takes() -> None:
    state = State("tiny", "HETA: scoring", 3, 1000, 125.0)
    assert state.words == "3 of 1,000 · tiny · HETA: scoring · about 2 min left"
    assert replace(state, left=None).words == "3 of 1,000 · tiny · HETA: scoring"
    assert [replace(state, left=left).words.rpartition(" · ")[2] for left in (89.0, 9000.0)] == [
        "about 89 s left",
        "about 2.5 h left",
    ]
    assert replace(state, n_done=1000, left=0.0).rest == ""
    assert replace(state, nth=4, part=0.5).fraction == 0.0035


def test_without_ray_its_absence_is_told(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(on_ray, "import_module", missing)
    assert evaluate(asked, "--workers", "ray") == 1
    assert "--workers ray needs the package ray, found none: pip install -e '.[ray]'" in capsys.readouterr().err


def test_a_process_that_dies_is_told_with_its_exit_code() -> None:
    hand = processes._started(os._exit)  # given a line in the place of a number, it ends at once
    try:
        with pytest.raises(OutOfMemoryError, match=r"one has ended without a word \(exit code 1\)"):
            list(processes._led([hand], [], 1))
    finally:
        hand.line.close()
        hand.process.join()


def test_processes_share_what_memory_may_be_taken() -> None:
    plan = Plan(methods=("heta",), metrics=(), settings=Settings(memory=1000))
    assert crew.among(crew.Job("tiny", plan), 4).plan.settings.memory == 250
    free = crew.among(crew.Job("tiny", replace(plan, settings=Settings())), 2).plan.settings
    assert (free.memory is not None) != torch.cuda.is_available() and free.asked == Settings()


@pytest.mark.slow
def test_processes_write_the_lines_that_one_would(asked: list[str], tmp_path: Path, folders: dict[str, Path]) -> None:
    more = ("--model", str(folders["gpt2"]), "--methods", "heta,shapley,lime", "--probes", "2")
    for workers in ("1", "2"):
        assert evaluate(asked, *more, "--workers", workers, "--out", str(tmp_path / workers)) == 0
    assert lines(tmp_path / "1") == lines(tmp_path / "2") and len(lines(tmp_path / "1")) == 1 + 2 + 8


@pytest.mark.slow
def test_processes_tell_what_one_of_them_cannot_load(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(["--model", str(tmp_path / "nowhere"), *asked[:2], *asked[4:]], "--workers", "2") == 1
    assert f"error: {tmp_path / 'nowhere'}: " in capsys.readouterr().err


@pytest.mark.slow
def test_ray_writes_the_lines_that_one_process_would(asked: list[str], tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="optional: pip install -e '.[ray]'")
    arguments = [sys.executable, "-m", "heta_core", "evaluate", *asked, "--workers", "ray:2"]
    subprocess.run(arguments, cwd=ROOT, check=True, timeout=300)
    assert evaluate(asked, "--out", str(tmp_path / "alone")) == 0
    assert lines(tmp_path / "run") == lines(tmp_path / "alone")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the children of a process from /proc")
@pytest.mark.parametrize(
    ("workers", "at"),
    [pytest.param("1", (5,), id="alone"), pytest.param("2", (5,), id="two processes", marks=pytest.mark.figures)],
)
def test_a_killed_run_is_finished_by_the_same_command(tmp_path: Path, workers: str, at: tuple[int, ...]) -> None:
    """kill −9 in the middle; the processes of a crew end with the one that was killed."""
    asked = ["--dataset", "littletown:where:8", "--methods", "heta", "--probes", "4"]
    run = ["evaluate", *asked, "--out", str(tmp_path / "run"), "--workers", workers]
    arguments = [sys.executable, "-m", "heta_core", *run]
    path = tmp_path / "run" / "run.jsonl"
    # As many threads as here: with others the last digits are rounded otherwise.
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    for n_lines in at:  # the plan, the model and some examples
        process = subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        waited = time.monotonic() + 300
        while not path.is_file() or path.read_bytes().count(b"\n") < n_lines:
            assert process.poll() is None and time.monotonic() < waited, "it ended before it could be killed"
            time.sleep(0.02)
        children = [
            int(child) for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        ]
        assert len(children) >= (2 if workers == "2" else 0)
        process.send_signal(signal.SIGKILL)
        process.wait()
        while any(Path(f"/proc/{child}").exists() for child in children):
            assert time.monotonic() < waited, "a process of the crew outlives the one that was killed"
            time.sleep(0.02)
        assert len(run_of(tmp_path / "run").outcomes) < 8
    assert len(run_of(tmp_path / "run").outcomes) >= at[-1] - 2
    subprocess.run(arguments, cwd=ROOT, env=environment, check=True, timeout=300, stdout=subprocess.DEVNULL)
    found = run_of(tmp_path / "run")
    assert len({outcome.key for outcome in found.outcomes}) == len(found.outcomes) == 8
    assert all(outcome.problem is None for outcome in found.outcomes)
    assert evaluate(asked, "--out", str(tmp_path / "whole")) == 0
    assert lines(tmp_path / "run") == lines(tmp_path / "whole")
