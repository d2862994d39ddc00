"""Every figure of the README: measured, written into `assets/`, and from there into the page.

1. `<!-- figures: NAME -->` … `<!-- end -->` holds what `assets/` says.
2. A fenced `text` right behind a fenced `python` or `sh` holds what that prints.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from heta_core.errors import ReportError
from heta_core.evidence import Evidence, Finding, better_scaling, table
from heta_core.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
EVIDENCE = ROOT / "assets" / "evidence.json"
SKILLS = ROOT / "assets" / "littletown" / "figures.json"
_BLOCK = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_FENCE = re.compile(
    r"^(?P<quote>(?:> )?)```(?P<language>python|sh)\n(?P<code>.*?)^(?:> )?```$"
    r"(?P<gap>\n\n(?=```text\n))?(?(gap)```text\n(?P<output>.*?)^```$)",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Example:
    """A fenced piece of the README that can be run; `output` where the README shows it."""

    language: str
    code: str
    output: str | None


def examples(readme: str) -> Iterator[Example]:
    """Every fenced piece in `python` or `sh`, in reading order."""
    for found in _FENCE.finditer(readme):
        code = re.sub(r"^> ", "", found["code"], flags=re.MULTILINE)
        yield Example(found["language"], code, found["output"])


def run(example: Example) -> str:
    """What a piece prints, run from the repository's root by the Python that runs this.

    Raises:
        ReportError: it ends with an error.
    """
    command = [sys.executable, "-c"] if example.language == "python" else ["bash", "-ceu"]
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = os.environ | {"PATH": path, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([*command, example.code], cwd=ROOT, env=environment, capture_output=True, check=False)
    if done.returncode != 0:
        raise ReportError(f"The README's example ends with {done.returncode}:\n{example.code}{done.stderr.decode()}")
    return done.stdout.decode()


def with_outputs(readme: str, printed: Callable[[Example], str] = run) -> str:
    """The README with what its examples print now."""

    def renewed(found: re.Match[str]) -> str:
        if found["output"] is None:
            return found[0]
        output = printed(Example(found["language"], found["code"], found["output"]))
        head = found[0][: found.start("output") - found.start()]
        return head + output.rstrip("\n") + "\n```"

    return _FENCE.sub(renewed, readme)


def with_figures(readme: str, blocks: Mapping[str, str]) -> str:
    """The README with its blocks filled anew; a block that is not given stays as it is."""
    return _BLOCK.sub(lambda f: f[1] + blocks[f[2]].rstrip("\n") + "\n" + f[3] if f[2] in blocks else f[0], readme)


def blocks() -> dict[str, str]:
    """What `assets/` says, by the name of the README's block."""
    return {"evidence": evidence_block(read_evidence()), "littletown": skills_block(_json(SKILLS))}


def evidence_block(found: Evidence) -> str:
    """The table of evidence and what it was measured on."""
    better = better_scaling(found)
    best = found.finding(f"HETA, {better}")
    return (
        f'Over {found.n} held-out questions "Where is …?" of the embedded model whose evidence is *verified* (another '
        f"place written into it changes the answer to that place; {found.n_excluded} questions whose answer did not "
        f"follow are excluded), mask `{found.settings.mask}`, {found.settings.probes} probes a token. Candidates are "
        "the tokens of the scene. Each cell: how often the top candidate lies in the evidence sentence / how much of "
        "the candidates' score that sentence holds, in %.\n\n"
        f"{table(found)}\n\n"
        f"{_verdict(found)} With `{better}` the top candidate lies in the evidence sentence in {best.top:.0%}, and "
        f"that sentence holds {best.held:.0%} of the score. The *first-order twin* has the length "
        "of the gradient in the place of the Hessian term. `python -m heta_core evidence` measures it again.\n"
    )


def _verdict(found: Evidence) -> str:
    """Which scaling the page opens with and why, and how much of it the Hessian can have done."""
    raw, unit = (found.finding(f"HETA, {scaling}").top for scaling in ("raw", "unit"))
    sure = sum(f.n for f in found.findings if (f.score, f.stratum) == ("M", "p ≥ .99"))
    why = (
        "Both scalings find it equally often; the page opens with `unit`, in which both terms can be seen whatever the "
        "model's confidence"
        if raw == unit
        else f"The page opens with `{better_scaling(found)}`, which finds it more often"
    )
    return (
        f"{why}. The model is sure (p ≥ .99) of {sure} of these answers; where it is, S all but vanishes and in `raw` "
        "the KL term decides."
    )


def skills_block(figures: Mapping[str, Any]) -> str:
    """The table of what the embedded model can do."""
    scores: Mapping[str, Mapping[str, float]] = figures["scores"]
    rows = [
        f"| {skill} | {s['accuracy']:.1%} | {s['pairs']:.1%} | {s['follows']:.1%} | "
        f"{'learnt' if skill in figures['learnt'] else '**not learnt**'} |"
        for skill, s in scores.items()
    ]
    n = next(iter(scores.values()))["n"]
    return (
        f"{figures['n_parameters'] / 1e6:.2f} million parameters, {figures['megabytes']} MB. On {n} held-out questions "
        "of each skill: how often the answer is right, how often both answers of a minimal pair are, and how often the "
        "answer follows when the evidence is changed. What is not learnt is shown by no example.\n\n"
        "| skill | right | both of a pair | follows the evidence | |\n|---|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n\n"
        "The [card](assets/littletown/README.md) says how it was trained.\n"
    )


def write_evidence(found: Evidence) -> None:
    """Keep the table's numbers beside the examples."""
    EVIDENCE.write_text(json.dumps(asdict(found), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_evidence() -> Evidence:
    """The table that `write_evidence` kept.

    Raises:
        ReportError: nothing has been measured yet.
    """
    kept = _json(EVIDENCE)
    findings = tuple(Finding(**finding) for finding in kept.pop("findings"))
    return Evidence(settings=Settings(**kept.pop("settings")), findings=findings, **kept)


def learnt() -> tuple[str, ...]:
    """The skills that the embedded model's card calls learnt."""
    return tuple(_json(SKILLS)["learnt"])


def _json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ReportError(f"Need {path.name}, found none: run python -m heta_core figures.") from error
    return found
