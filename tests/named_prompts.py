"""Ten named prompts of the embedded model at several lengths, and their curvature measured once with many probes.

`python tests/named_prompts.py` measures what `curvature.json` does not hold yet: hours of work on one core, which the
tests of the estimators then need not do again. Each entry says how many probes it rests on.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from heta_core.attribution import Attribution  # noqa: E402
from heta_core.engine import attribute  # noqa: E402
from heta_core.language_model import LanguageModel  # noqa: E402
from heta_core.littletown.lessons import held_out  # noqa: E402
from heta_core.loading import load  # noqa: E402
from heta_core.settings import Settings  # noqa: E402
from heta_core.tokens import Tokens, from_ids, from_text  # noqa: E402

FILE = Path(__file__).parent / "curvature.json"
NAMES = ("where", "have", "colour", "who", "gave", "negation", "pronoun", "conflict", "facts", "copying")
# Length, probes, prompts. Long ones cost too much for many: their references are rough, and say how rough.
PLAN = ((64, 200), (128, 24), (256, 12))
_QUESTION_SEED, _PROBE_SEED = 5, 777  # the estimates that are compared draw other probes


@dataclass(frozen=True, slots=True)
class Measured:
    """The curvature of one prompt."""

    name: str
    length: int
    weights_id: str
    probes: int
    scores: tuple[float, ...]  # S
    errors: tuple[float, ...]  # its standard errors


def prompt(lm: LanguageModel, name: str, length: int) -> Tokens:
    """The last so many tokens of stories told one after another, ending in a question of a skill."""
    stories = held_out(name, 60, _QUESTION_SEED)
    told, k = [stories[0].prompt], 1
    while len(from_text(lm.tokenizer, " ".join(told))) < length:
        told.insert(0, f"{stories[k].prompt}{stories[k].answer}.")
        k += 1
    return from_ids(lm.tokenizer, from_text(lm.tokenizer, " ".join(told)).ids[-length:])


def known() -> tuple[Measured, ...]:
    """All that is measured."""
    rows = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else []
    return tuple(Measured(**{name: tuple(v) if isinstance(v, list) else v for name, v in row.items()}) for row in rows)


def _measured(lm: LanguageModel, name: str, length: int, probes: int) -> Measured:
    settings = Settings(probes=probes, seed=_PROBE_SEED)
    found: Attribution = attribute(lm, prompt(lm, name, length), settings=settings)
    assert found.hessian is not None
    scores, errors = (
        tuple(float(f"{v:.5g}") for v in np.asarray(values))
        for values in (found.hessian.scores, found.hessian.standard_error)
    )
    return Measured(name, length, lm.source.weights_id, probes, scores, errors)


def main() -> None:
    """Measure what is missing, shortest first."""
    lm = load("littletown")
    for length, probes in PLAN:
        for name in NAMES:
            done = {(m.name, m.length) for m in known()}
            if (name, length) in done:
                continue
            rows = [*known(), _measured(lm, name, length, probes)]
            FILE.write_text("[\n" + ",\n".join(json.dumps(asdict(row)) for row in rows) + "\n]\n", encoding="utf-8")
            print(name, length, flush=True)


if __name__ == "__main__":
    main()
