r"""ReAGent: words are replaced over and over, and scores follow what that does to the answer (Zhao & Shan 2024).

1. Eight runs, each with scores s of its own, drawn blindly from 0 to 1.
2. Replace 3 of 10 units, drawn blindly. Δ = p − p̂ is what the explained token loses by it. s of every replaced unit
   grows by logit((1 + Δ)/2), and that of every other unit falls by as much.
3. Replace all but the 3 of 10 units that s puts highest. A run ends when the explained token is still among the three
   likeliest, or after 32 steps.
4. The score of a unit is softmax(s), the mean over the runs.

Where this is not the authors' method: they replace by what RoBERTa says in a word's place, knowing both sides. Here the
same model's own prediction from what stands before is drawn from, and for the first token, before which nothing
stands, from the mean of its predictions. Their code keeps a fixed number of tokens and takes up to 3,000 steps.

Of several explained tokens p is the mean of theirs, and all have to be among the three. Against a foil it is half the
difference, so that Δ stays within −1 … 1.
"""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heta_core.errors import NotDifferentiableError
from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.methods._reading import plainly
from heta_core.parts import Floats, Work
from heta_core.passes.rewritten import Texts, read_rewritten
from heta_core.passes.sets import Line, Sets
from heta_core.passes.valuing import of_tokens

N_RUNS, MOST_STEPS = 8, 32
SHARE = 0.3  # of the units that are replaced in a step, and of those that are kept when a run is tried
TOP = 3
_MOST = 1 - 2.0**-24  # of |Δ|: where p falls from 1 to 0 in float32 the logit would be infinite

_Answers = Generator[tuple[Work, None], None, tuple[Floats, NDArray[np.bool_]]]


def score(asked: Asked, draw: int) -> Scoring:
    """(U,) ≥ 0, sums to 1. At most 2 · 8 · 32 + 2 forwards for each line of f, fewer where the runs end early."""
    n = len(asked.groups)
    chance = drawn(n, asked.objective.n_context, (asked.settings.seed, draw))
    words = yield from _replacements(asked, chance.uniforms)
    own = np.array([asked.objective.lines[0].ids[: asked.objective.n_context]])
    (p,), _ = yield from _answers(asked, own)
    scores, running = chance.scores.copy(), np.arange(N_RUNS)
    for step in range(MOST_STEPS):
        replaced = chance.replaced[step, running]  # (R, U)
        texts = _rewritten(asked, own, replaced, words[0, step, running])
        lower, _ = yield from _answers(asked, texts)
        change = 2 * np.arctanh(np.clip(p - lower, -_MOST, _MOST))[:, None]  # = logit((1 + Δ)/2)
        scores[running] += np.where(replaced, change, -change)
        texts = _rewritten(asked, own, ~highest(scores[running]), words[1, step, running])
        _, stays = yield from _answers(asked, texts)
        running = running[~stays]
        if not len(running):
            break
    likely = np.exp(scores - scores.max(1, keepdims=True))
    yield Work(), (likely / likely.sum(1, keepdims=True)).mean(0)


def n_of(n: int) -> int:
    """How many of n units are 3 of 10, at least one."""
    return max(1, round(SHARE * n))


def highest(scores: Floats) -> Sets:
    """(R, U) the 3 of 10 units that each run puts highest."""
    return np.asarray((-scores).argsort(axis=1).argsort(axis=1) < n_of(scores.shape[1]))


@dataclass(frozen=True, slots=True, eq=False)
class Chance:
    """All that is drawn, before anything is run."""

    scores: Floats  # (N, U) that the runs begin with
    replaced: Sets  # (S, N, U) in each step
    uniforms: Floats  # (2, S, N, T) that replace each token: in a step, and when it is tried


def drawn(n_units: int, n_tokens: int, seed: tuple[int, int]) -> Chance:
    """The chance of a seed; equal seeds give equal ones."""
    rng = np.random.default_rng(seed)
    scores = rng.random((N_RUNS, n_units))
    places = rng.random((MOST_STEPS, N_RUNS, n_units)).argsort(axis=2).argsort(axis=2)
    return Chance(scores, places < n_of(n_units), rng.random((2, MOST_STEPS, N_RUNS, n_tokens)))


def _rewritten(asked: Asked, own: Texts, replaced: Sets, words: Texts) -> Texts:
    return np.asarray(np.where(of_tokens(replaced, asked.groups), words, own), np.int64)


def _replacements(asked: Asked, uniforms: Floats) -> Generator[tuple[Work, None], None, Texts]:
    """(…, T) ids drawn from what the model says where each token stands, one for each uniform number."""
    n_tokens = asked.objective.n_context
    words = np.zeros(uniforms.shape, np.int64)
    mean = np.zeros(asked.lm.vocabulary)
    for read in plainly(asked.lm, asked.objective.lines[0].ids[:n_tokens], range(n_tokens), asked.settings):
        for row, log_p in zip(read.rows, read.log_probs[0], strict=True):
            p = log_p.exp().double().cpu().numpy()
            mean += p
            if row + 1 < n_tokens:
                words[..., row + 1] = _chosen(p, uniforms[..., row + 1])
        yield Work(forwards=1), None
    words[..., 0] = _chosen(mean, uniforms[..., 0])
    return words


def _chosen(p: Floats, uniforms: Floats) -> Texts:
    """Where uniform numbers fall on the distribution function of (V,) weights."""
    heights = np.cumsum(p)
    last = int(np.searchsorted(heights, heights[-1], side="left"))
    falls = np.searchsorted(heights, uniforms * heights[-1], side="right")
    return np.asarray(np.minimum(falls, last), np.int64)


def _answers(asked: Asked, texts: Texts) -> _Answers:
    """(N,) p of what is explained after each text, and whether it is among the likeliest there."""
    found, stays = np.zeros(len(texts)), np.ones(len(texts), bool)
    n_each = len(asked.target.said), len(asked.target.foil)
    for line in asked.objective.lines:
        reading = Line(line.ids, asked.objective.n_context, line.rows)
        for read in read_rewritten(asked.lm, reading, texts, asked.settings):
            batch = list(read.sets)
            for term in line.terms:
                log_p = read.log_probs[:, read.rows.index(term.row)]  # (n, V)
                own = log_p[:, term.token_id]
                found[batch] += term.weight * own.exp().double().cpu().numpy() / n_each[term.weight < 0]
                if term.weight > 0:
                    stays[batch] &= ((log_p > own[:, None]).sum(1) < TOP).cpu().numpy()
            yield Work(forwards=len(batch)), None
    if not np.isfinite(found).all():
        raise NotDifferentiableError("A run gave NaN: load the model in float32.")
    return found / (2 if asked.target.foil else 1), stays


METHOD = Method(
    name="reagent",
    title="ReAGent",
    meaning="How much the answer suffers when this is among the words that are replaced by others the model expects.",
    score=score,
    source="Zhao & Shan 2024",
    place=77,
)
