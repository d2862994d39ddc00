"""What the command line says about cost and memory, on a tiny random model in the place of the one asked for."""

from pathlib import Path

import pytest

import heta_core.loading
from heta_core.cost.estimate import Cost, Plan
from heta_core.language_model import LanguageModel
from heta_core.report import loads
from heta_core.shell.commands import main

PROMPT = ("--prompt", "the cat sat", "--probes", "2")
COST = Cost(passes=5912, flops=1e12, seconds=41.3, bytes=1_230_000_000)
WORDS = "about 41 s, 1.2 GB beside the model, 5,912 passes"


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch, llama: LanguageModel) -> None:
    """`load` gives the tiny Llama."""
    monkeypatch.setattr(heta_core.loading, "load", lambda *_, **__: llama)


@pytest.fixture
def costly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run is long."""
    monkeypatch.setattr(Plan, "may_take", lambda *_: True)
    monkeypatch.setattr(Plan, "cost", lambda _: COST)


@pytest.mark.parametrize("command", ["attribute", "generate"])
def test_an_estimate_is_printed_and_nothing_runs(
    command: str,
    costly: None,
    monkeypatch: pytest.MonkeyPatch,
    llama: LanguageModel,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(type(llama.model), "forward", None)
    assert main([command, *PROMPT, "--estimate"]) == 0
    assert capsys.readouterr() == (f"{WORDS}\n", "")


def test_each_prompt_of_a_file_has_its_own(tmp_path: Path, costly: None, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "prompts.txt"
    path.write_text("the cat\n\nthe dog sat\n")
    assert main(["attribute", "--file", str(path), "--estimate"]) == 0
    assert capsys.readouterr().out == f"{path}, line 1: {WORDS}\n{path}, line 3: {WORDS}\n"


@pytest.mark.parametrize("command", ["attribute", "generate"])
def test_a_long_run_is_announced_before_it_starts(
    command: str, costly: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, *PROMPT, "--json", "-"]) == 0
    told = capsys.readouterr()
    assert told.err == f"this takes {WORDS}\n"
    assert told.out.startswith("{")


def test_a_short_run_is_not(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Plan, "cost", None)  # not even measured
    assert main(["attribute", *PROMPT]) == 0
    assert capsys.readouterr().err == ""


def test_memory_reaches_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attribute", *PROMPT, "--memory", "1.5GB", "--json", "-"]) == 0
    assert loads(capsys.readouterr().out).settings.memory == 1_500_000_000


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("10XB", "error: An amount of memory must be a number with its unit, got '10XB': write 2GB or 800MB."),
        ("1kB", "1.0 kB --memory allows: allow more memory, shorten the text, or take a smaller model."),
    ],
)
def test_an_amount_that_cannot_do_is_an_error(amount: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("attribute", "generate"):
        assert main([command, *PROMPT, "--memory", amount]) == 1
        assert told in capsys.readouterr().err
