"""How often a score finds evidence that is known.

1. Held-out questions "where is …" of Littletown come with the sentence that tells the answer.
2. A question counts where that evidence is verified: with another place written into it, the model answers that place.
3. Candidates are the tokens of the scene; the target is the right answer; nothing is set aside.
4. Of every score: how often its top candidate lies in the evidence sentence, and how much of the candidates' score
   that sentence holds, over all questions and by how sure the model is.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heta_core.answers import first_choices
from heta_core.attribution import Attribution
from heta_core.combine import combine
from heta_core.engine import attribute
from heta_core.errors import InputError
from heta_core.evaluation import dividing
from heta_core.language_model import LanguageModel
from heta_core.littletown.lessons import Instance, evidence_change, held_out
from heta_core.settings import Scaling, Settings, Weights
from heta_core.targets import Choice
from heta_core.typed import token_of

Floats = NDArray[np.float64]

SKILL = "where"
STRATA = ("all", *dividing.STRATA)
# A score drawn by chance is drawn this often for each question, so that its figures do not depend on the draw.
_N_DRAWS = 20
# Fewer than one question in this many verified means that the model does not read: there is nothing to measure.
_MOST_ASKED = 20


def _parts(a: Attribution) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """M, S, I, ‖∇f‖₁ and Δ of a finished result."""
    assert a.transition and a.hessian and a.information and a.effect is not None
    return a.transition.scores, a.hessian.scores, a.information.kl, a.hessian.gradient, a.effect


def _eq5(a: Attribution, scaling: Weights) -> Floats:
    m, s, i, _, _ = _parts(a)
    return combine(m, s, i, scaling).scores


def _twin(a: Attribution, weights: Weights) -> Floats:
    """Eq. 5 with the gradient's length in the place of the curvature."""
    m, _, i, gradient, _ = _parts(a)
    return combine(m, gradient, i, weights).scores


RAW, UNIT = Weights(scaling="raw"), Weights(scaling="unit")
SCORES: dict[str, Callable[[Attribution], Floats]] = {
    "HETA, raw": lambda a: _eq5(a, RAW),
    "HETA, unit": lambda a: _eq5(a, UNIT),
    "M": lambda a: _parts(a)[0],
    "S": lambda a: _parts(a)[1],
    "I": lambda a: _parts(a)[2],
    "M·S": lambda a: _parts(a)[0] * _parts(a)[1],
    "M·I": lambda a: _parts(a)[0] * _parts(a)[2],
    "first-order twin, raw": lambda a: _twin(a, RAW),
    "first-order twin, unit": lambda a: _twin(a, UNIT),
    "size of Δ": lambda a: np.abs(_parts(a)[4]),
}
RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Finding:
    """How one score did on the questions of one stratum."""

    score: str
    stratum: str
    n: int
    top: float  # part of the questions whose top candidate lies in the evidence sentence
    held: float  # mean part of the candidates' score that the evidence sentence holds


@dataclass(frozen=True, slots=True)
class Evidence:
    """The whole table and what it was measured on."""

    model: str
    weights_id: str
    n: int  # questions with verified evidence
    n_excluded: int  # questions asked before n were found whose evidence did not verify
    settings: Settings
    question_seed: int
    findings: tuple[Finding, ...]

    def finding(self, score: str, stratum: str = "all") -> Finding:
        """The row of a score and stratum."""
        return next(f for f in self.findings if (f.score, f.stratum) == (score, stratum))


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """One question: its candidates, which of them lie in the evidence, and every score of them."""

    stratum: str
    is_evidence: NDArray[np.bool_]  # (C,)
    scores: dict[str, list[Floats]]  # (C,) each; several where a score is drawn by chance


def follows(lm: LanguageModel, instances: Sequence[Instance]) -> list[bool]:
    """Whether the model answers with the word that is written into the evidence of each, in the place of its own."""
    moved = [evidence_change(instance) for instance in instances]
    said = first_choices(lm, [instance.prompt for instance in moved])
    return [token_of(lm.tokenizer, m.answer) == s for m, s in zip(moved, said, strict=True)]


def verified(lm: LanguageModel, n: int, seed: int, *, skill: str = SKILL) -> tuple[tuple[Instance, ...], int]:
    """The first n held-out questions whose evidence the model follows, and how many were left out on the way.

    Raises:
        InputError: the model follows the evidence too seldom.
    """
    found: list[Instance] = []
    for n_asked in (n, 2 * n, 4 * n, _MOST_ASKED * n):
        asked = held_out(skill, n_asked, seed)
        places = [i for i, does in enumerate(follows(lm, asked)) if does][:n]
        found = [asked[i] for i in places]
        if len(found) == n:
            return tuple(found), places[-1] + 1 - n
    raise InputError(
        f"Need {n} questions whose evidence {lm.source.model} follows, found {len(found)} in {_MOST_ASKED * n}: "
        "this model does not read the scenes; use another or ask for fewer."
    )


def measure(
    lm: LanguageModel, *, n: int, seed: int, settings: Settings, told: Callable[[float], None] = lambda part: None
) -> Evidence:
    """The table over n questions; `told` hears which part is done. One attribution a question."""
    questions, n_excluded = verified(lm, n, seed)
    rng = np.random.default_rng(seed)
    trials = []
    for question in questions:
        trials.append(_trial(lm, question, settings, rng))
        told(len(trials) / n)
    source = lm.source
    return Evidence(source.model, source.weights_id, n, n_excluded, settings, seed, tuple(_findings(trials)))


def _trial(lm: LanguageModel, question: Instance, settings: Settings, rng: np.random.Generator) -> _Trial:
    choice = Choice(token_id=token_of(lm.tokenizer, question.answer))
    result = attribute(lm, question.prompt, choice=choice, settings=settings)
    candidates = list(result.tokens.overlapping(*question.scene_span))
    told = {i for span in question.evidence_spans for i in result.tokens.overlapping(*span)}
    scores = {name: [score(result)[candidates]] for name, score in SCORES.items()}
    scores[RANDOM] = list(rng.random((_N_DRAWS, len(candidates))))
    stratum = dividing.sureness(math.exp(result.prediction.log_p), is_wrong=result.prediction.rank > 1)
    return _Trial(stratum, np.array([i in told for i in candidates]), scores)


def _findings(trials: list[_Trial]) -> Iterator[Finding]:
    for stratum in STRATA:
        members = [t for t in trials if stratum in ("all", t.stratum)]
        for name in (*SCORES, RANDOM) if members else ():
            drawn = [(t.is_evidence, values) for t in members for values in t.scores[name]]
            top = float(np.mean([is_evidence[values.argmax()] for is_evidence, values in drawn]))
            held = float(np.mean([values[is_evidence].sum() / (values.sum() or 1.0) for is_evidence, values in drawn]))
            yield Finding(name, stratum, len(members), top, held)


def table(evidence: Evidence) -> str:
    """The findings as Markdown, one row a score, one column a stratum: top in the evidence / held by it."""
    strata = [(s, evidence.finding("M", s).n) for s in STRATA if any(f.stratum == s for f in evidence.findings)]
    lines = [
        "| score | " + " | ".join(f"{s} (n = {n})" for s, n in strata) + " |",
        "|---|" + "---|" * len(strata),
    ]
    for name in (*SCORES, RANDOM):
        cells = [f"{100 * f.top:.0f} / {100 * f.held:.0f}" for f in (evidence.finding(name, s) for s, _ in strata)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def better_scaling(evidence: Evidence) -> Scaling:
    """The scaling whose top candidate lies in the evidence more often.

    `unit` where both do equally: in it both terms can be seen, whatever the model's confidence.
    """
    return "raw" if evidence.finding("HETA, raw").top > evidence.finding("HETA, unit").top else "unit"
