"""`--html` and `--svg`: files of the result that was printed; what cannot be written is said first."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from heta_core.report import loads, loads_generation
from heta_core.shell.commands import main
from heta_core.taking.page import report_in

TEXT = "Noah went to the garden. Question: Where is Noah? Answer:"
ASKED = ["attribute", "--prompt", TEXT, "--probes", "2"]
SAID = ["generate", "--prompt", TEXT, "--probes", "2", "--steps", "2"]


def test_the_page_and_the_picture_are_of_the_result_that_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    html, svg = tmp_path / "why.html", tmp_path / "why.svg"
    assert main([*ASKED, "--html", str(html), "--svg", str(svg), "--json", "-"]) == 0
    printed = loads(capsys.readouterr().out)
    kept = loads(report_in(html.read_text(encoding="utf-8")))
    assert kept.tokens == printed.tokens and np.array_equal(kept.scores, printed.scores)
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")


def test_the_page_and_the_matrix_are_of_the_generation_that_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    html, svg = tmp_path / "said.html", tmp_path / "said.svg"
    assert main([*SAID, "--html", str(html), "--svg", str(svg), "--json", "-"]) == 0
    printed = loads_generation(capsys.readouterr().out)
    kept = loads_generation(report_in(html.read_text(encoding="utf-8")))
    assert kept.tokens == printed.tokens
    assert np.array_equal(kept.matrix("final"), printed.matrix("final"), equal_nan=True)
    drawn = [text.text for text in ElementTree.parse(svg).getroot().iter() if text.tag.endswith("text")]
    assert "Answer" in drawn and any("Words chosen: the most probable word" in (text or "") for text in drawn)


@pytest.mark.parametrize("option", ["--html", "--svg"])
@pytest.mark.parametrize("asked", [ASKED, SAID], ids=["attribute", "generate"])
def test_a_file_that_cannot_be_written_is_refused_before_the_work(
    asked: list[str], option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*asked, option, str(tmp_path / "nowhere" / "file")]) == 1
    said = capsys.readouterr()
    assert f"{option} needs the path of a file" in said.err and said.out == ""
    assert main([*asked, option, str(tmp_path)]) == 1


def test_one_file_is_not_for_many_prompts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["attribute", "--file", str(tmp_path / "prompts.txt"), "--html", "a.html"])
    assert end.value.code == 2 and "go with --prompt" in capsys.readouterr().err
