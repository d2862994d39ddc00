"""The README does what it says: its commands run, its outputs are real, its figures are the measured ones."""

import io
import re
import shlex
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from heta_core import figures
from heta_core.report import loads
from heta_core.shell.arguments import parser
from heta_core.shell.commands import main

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
EXAMPLES = list(figures.examples(README))
# Another processor rounds differently; what is printed has two or three digits.
TOLERANCE = 0.02


def set_ups() -> list[list[str]]:
    """The README's one-line set-ups, cut into their commands."""
    lines = [e.code.strip() for e in EXAMPLES if e.code.startswith("python3 -m venv")]
    return [line.split(" && ") for line in lines]


def test_there_are_two_set_ups_and_ci_runs_every_step_of_them() -> None:
    assert len(set_ups()) == 2
    ci = {line.strip() for line in CI.replace("install --quiet", "install").splitlines()}
    for command in {command for line in set_ups() for command in line}:
        assert any(line == command or line.startswith(f"{command} >") for line in ci), command


def test_every_command_is_in_the_readme_and_no_other() -> None:
    commands = parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    named = re.findall(r"^\| `([a-z-]+)` \|", README, re.MULTILINE)
    assert sorted(named) == sorted(commands or ())


def test_links_lead_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_no_python_is_left_without_its_output() -> None:
    assert all(e.output is not None for e in EXAMPLES if e.language == "python")


def test_outputs_are_put_behind_their_examples() -> None:
    page = "a\n\n```sh\none\n```\n\n```text\nold\n```\n\n> ```sh\n> two\n> ```\n"
    assert figures.with_outputs(page, lambda e: e.code * 2) == page.replace("old", "one\none")
    assert [(e.code, e.output) for e in figures.examples(page)] == [("one\n", "old\n"), ("two\n", None)]


def test_blocks_are_filled_and_others_kept() -> None:
    page = "<!-- figures: a -->\nold\n<!-- end -->\n\n<!-- figures: b -->\nkept\n<!-- end -->"
    assert figures.with_figures(page, {"a": "new\n"}) == page.replace("old", "new")


def test_figures_are_those_that_were_measured() -> None:
    assert figures.with_figures(README, figures.blocks()) == README


def parts(text: str) -> tuple[list[str], list[float]]:
    """A text's words and its numbers; bars are neither."""
    number = r"[-−+]?\d+(?:\.\d+)?"
    text = re.sub(r"[▒█]+", "", text)
    return re.sub(number, "#", text).split(), [float(n.replace("−", "-")) for n in re.findall(number, text)]


def printed(example: figures.Example) -> str:
    """What an example prints: a command as a process of its own, Python in this one, where torch is imported."""
    if example.language != "python":
        return figures.run(example)
    said = io.StringIO()
    with redirect_stdout(said):
        exec(compile(example.code, "README.md", "exec"), {"__name__": "__main__"})
    return said.getvalue()


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.output], ids=lambda e: e.language)
def test_outputs_are_what_the_examples_print(example: figures.Example) -> None:
    assert example.output is not None
    said, shown = parts(printed(example)), parts(example.output)
    assert said[0] == shown[0]
    assert said[1] == pytest.approx(shown[1], rel=TOLERANCE, abs=TOLERANCE)


def claim(words: str) -> str:
    """The command below a claim of the box."""
    found = re.search(rf"^> \*\*{words}.*?```sh\n> (.*?)\n", README, re.MULTILINE | re.DOTALL)
    assert found, words
    return found[1]


@cache
def results(command: str) -> list[Any]:
    """What a command says as JSON; in this process unless something is piped into it."""
    before, _, arguments = command.partition("python -m heta_core ")
    if before:
        return [loads(line) for line in figures.run(figures.Example("sh", command + " --json -", None)).splitlines()]
    said = io.StringIO()
    with redirect_stdout(said):
        assert main([*shlex.split(arguments), "--json", "-"]) == 0
    return [loads(line) for line in said.getvalue().splitlines()]


def test_the_score_has_no_sign_and_effects_have() -> None:
    (a,) = results(claim("It has no sign"))
    assert (a.scores >= 0).all()
    assert a.effect[a.top(1)[0]] < -1e-3


def test_transition_and_kl_do_not_know_the_word() -> None:
    (own,), (other,) = results(claim("Transition and KL do not know")), results(claim("It has no sign"))
    assert own.target != other.target
    assert (own.transition.scores == other.transition.scores).all()
    assert (own.information.kl == other.information.kl).all()
    assert not (own.hessian.scores == other.hessian.scores).any()


def test_the_hessian_moves_with_confidence() -> None:
    sure, unsure = results(claim("S moves with confidence"))
    assert sure.prediction.log_p > unsure.prediction.log_p
    assert sure.hessian.scores.sum() < unsure.hessian.scores.sum()
    assert sure.combined.hessian_share < unsure.combined.hessian_share


def test_another_mask_gives_another_ranking() -> None:
    (zero,), (mean,) = results(claim("Transition and KL do not know")), results(claim("Masks leave the distribution"))
    assert zero.target == mean.target
    assert zero.top(10) != mean.top(10)
    assert (zero.transition.scores == mean.transition.scores).all()
