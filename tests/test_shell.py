"""The command line, on a tiny random model in the place of the one that is asked for."""

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

import heta_core.loading
from heta_core.errors import LoadError
from heta_core.language_model import LanguageModel
from heta_core.report import loads
from heta_core.shell.commands import main
from heta_core.shell.lines import report

ROOT = Path(__file__).resolve().parents[1]
PROMPT = "the cat sat"


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch, llama: LanguageModel) -> None:
    """`load` gives the tiny Llama, whatever is asked for but "nowhere"."""

    def load(name: str, *, download: bool = False, progress: object = None) -> LanguageModel:
        if name == "nowhere":
            raise LoadError("Need a model, found none: name another.")
        return llama

    monkeypatch.setattr(heta_core.loading, "load", load, raising=False)


def attribute(*arguments: str) -> int:
    return main(["attribute", "--probes", "2", *arguments])


def test_a_prompt_gives_a_ranking_with_bars(capsys: pytest.CaptureFixture[str]) -> None:
    assert attribute("--prompt", PROMPT) == 0
    told, errors = capsys.readouterr()
    assert "Why did tiny-llama say" in told
    assert PROMPT in told
    assert "█" in told and "rank" in told and "entropy" in told and "Δ nats" in told
    assert errors == ""


def test_the_ranking_names_its_mask_estimator_and_scaling(capsys: pytest.CaptureFixture[str]) -> None:
    assert attribute("--prompt", PROMPT, "--mask", "mean", "--scaling", "unit") == 0
    told = capsys.readouterr().out
    assert "set to the mean" in told and "balanced" in told and "block_probes" in told


def test_every_row_is_shown_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    attribute("--prompt", PROMPT, "--top", "0")
    told = capsys.readouterr().out
    n_context = 1 + len(PROMPT)  # one id a byte behind <s>
    assert sum(line[:4].strip().isdigit() for line in told.splitlines()) == n_context
    assert "more hold" not in told


def test_the_json_is_the_result_that_python_gives(capsys: pytest.CaptureFixture[str], llama: LanguageModel) -> None:
    from heta_core import Settings
    from heta_core import attribute as in_python

    assert attribute("--prompt", PROMPT, "--json", "-") == 0
    shown = loads(capsys.readouterr().out)
    expected = in_python(llama, PROMPT, settings=Settings(probes=2))
    assert shown.target == expected.target
    assert shown.scores == pytest.approx(expected.scores, rel=1e-6)


def test_json_alone_goes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    attribute("--prompt", PROMPT, "--json", "-")
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_file_of_prompts_gives_one_result_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prompts.txt").write_bytes("\ufeffone two\r\n\nthree four\n".encode())
    out = tmp_path / "out.json"
    assert attribute("--file", str(tmp_path / "prompts.txt"), "--json", str(out)) == 0
    assert [loads(line).tokens.text for line in out.read_text("utf-8").splitlines()] == ["one two", "three four"]
    assert capsys.readouterr().out.count("Why did") == 2


def test_a_prompt_that_fails_is_told_and_the_rest_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prompts.txt").write_bytes(b"one two\nbroken \xff\nthree four\n")
    out = tmp_path / "out.json"
    assert attribute("--file", str(tmp_path / "prompts.txt"), "--json", str(out)) == 1
    assert "prompts.txt, line 2: " in capsys.readouterr().err
    assert len(out.read_text("utf-8").splitlines()) == 2


def test_a_file_can_be_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one two\n")))
    assert attribute("--file", "-") == 0
    assert "one two" in capsys.readouterr().out


@pytest.mark.parametrize("option", [("--target", "x"), ("--target-id", "88")])
def test_a_target_can_be_named(option: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert attribute("--prompt", PROMPT, "--json", "-", *option) == 0
    target = json.loads(capsys.readouterr().out)["target"]
    assert target["token_id"] == (88 if option[0] == "--target-id" else target["token_id"])
    assert not target["is_observed"]


def test_a_position_is_explained_by_what_precedes_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert attribute("--prompt", PROMPT, "--position", "5", "--json", "-") == 0
    target = json.loads(capsys.readouterr().out)["target"]
    assert (target["position"], target["piece"], target["is_observed"]) == (5, "c", True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--prompt", ""), "empty text"),
        (("--prompt", PROMPT, "--position", "0"), "nothing precedes"),
        (("--prompt", PROMPT, "--position", "-1"), "from 1 to"),
        (("--prompt", PROMPT, "--position", "99"), "from 1 to"),
        (("--prompt", PROMPT, "--target", "two"), "must be one token"),
        (("--prompt", PROMPT, "--target-id", "99999"), "must be from 0"),
        (("--prompt", PROMPT, "--probes", "0"), "probes must be"),
        (("--prompt", PROMPT, "--mask", "token"), "mask_token goes with"),
        (("--prompt", PROMPT, "--beta", "nan"), "beta must be"),
        (("--prompt", PROMPT, "--beta", "0", "--gamma", "0"), "make one positive"),
        (("--prompt", PROMPT, "--model", "nowhere"), "name another"),
        (("--prompt", PROMPT, "--json", "/no/such/folder/x.json"), "folder that exists"),
        (("--file", "/no/such/file"), "needs a text file"),
    ],
)
def test_what_cannot_be_done_ends_with_1_and_a_message(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attribute(*arguments) == 1
    told, errors = capsys.readouterr()
    assert errors.startswith("error: ") and message in errors
    assert told == ""


@pytest.mark.parametrize(
    "arguments", [[], ["explain"], ["attribute"], ["attribute", "--prompt", "a", "--file", "b"], ["models", "x"]]
)
def test_what_is_not_understood_ends_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_an_output_that_exists_outlives_a_run_that_fails(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text("before", "utf-8")
    assert attribute("--prompt", PROMPT, "--position", "99", "--json", str(kept)) == 1
    assert kept.read_text("utf-8") == "before"


def test_what_is_finished_is_written_when_the_rest_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import heta_core.engine

    steps = heta_core.engine.attribute_steps

    def stopped(lm: LanguageModel, text: str, **options: object) -> object:
        if text == "second":
            raise KeyboardInterrupt
        return steps(lm, text, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(heta_core.engine, "attribute_steps", stopped)
    (tmp_path / "prompts.txt").write_text("first\nsecond\n", "utf-8")
    out = tmp_path / "out.json"
    assert attribute("--file", str(tmp_path / "prompts.txt"), "--json", str(out)) == 130
    assert len(out.read_text("utf-8").splitlines()) == 1


@pytest.mark.parametrize("command", [[], ["attribute"], ["models"], ["evidence"], ["examples"], ["train-littletown"]])
def test_help_names_the_exit_codes_and_brings_no_torch(command: list[str]) -> None:
    code = (
        "import sys; from heta_core.shell.commands import main\n"
        f"try: main({[*command, '--help']!r})\n"
        "except SystemExit as ended: assert ended.code == 0\n"
        "assert not {'torch', 'transformers', 'streamlit'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "exit codes:" in done.stdout


def test_a_reader_that_leaves_early_is_no_error() -> None:
    code = (
        "import sys; from heta_core.shell import commands, upkeep\n"
        "def talk(arguments):\n"
        "    for _ in range(100000): print('a line')\n"
        "    return 0\n"
        "commands._COMMANDS['models'] = talk\n"
        "sys.exit(commands.main(['models']))"
    )
    done = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$0" -c "$1" | head -n 1', sys.executable, code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "a line\n", "")


def test_progress_is_told_on_a_terminal_only(capsys: pytest.CaptureFixture[str]) -> None:
    from heta_core.shell.progress import progress

    with progress() as show:
        show(0.5)
    assert capsys.readouterr().err == ""
    ours, theirs = pty.openpty()
    before = sys.stderr
    try:
        with os.fdopen(theirs, "w") as sys.stderr, progress() as show:
            show(0.5)
        assert os.read(ours, 100).startswith(b"\r 50% ")
    finally:
        sys.stderr = before
        os.close(ours)


def test_a_hostile_token_moves_nothing_on_the_terminal() -> None:
    import samples

    told = report(samples.result([*samples.HOSTILE, "\x1b[2J", "\u202egnp", "\x00"]), 0)
    assert not {"\x1b", "\u202e", "\x00", "\r"} & set(told)
