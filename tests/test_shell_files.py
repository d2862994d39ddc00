"""`attribute --html` and `--svg`: files of the result that was printed; what cannot be written is said first."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from heta_core.report import loads
from heta_core.shell.commands import main
from heta_core.taking.page import report_in

TEXT = "Noah went to the garden. Question: Where is Noah? Answer:"
ASKED = ["attribute", "--prompt", TEXT, "--probes", "2"]


def test_the_page_and_the_picture_are_of_the_result_that_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    html, svg = tmp_path / "why.html", tmp_path / "why.svg"
    assert main([*ASKED, "--html", str(html), "--svg", str(svg), "--json", "-"]) == 0
    printed = loads(capsys.readouterr().out)
    kept = loads(report_in(html.read_text(encoding="utf-8")))
    assert kept.tokens == printed.tokens and np.array_equal(kept.scores, printed.scores)
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")


@pytest.mark.parametrize("option", ["--html", "--svg"])
def test_a_file_that_cannot_be_written_is_refused_before_the_work(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*ASKED, option, str(tmp_path / "nowhere" / "file")]) == 1
    said = capsys.readouterr()
    assert f"{option} needs the path of a file" in said.err and said.out == ""
    assert main([*ASKED, option, str(tmp_path)]) == 1


def test_one_file_is_not_for_many_prompts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["attribute", "--file", str(tmp_path / "prompts.txt"), "--html", "a.html"])
    assert end.value.code == 2 and "go with --prompt" in capsys.readouterr().err
