r"""ContextCite: a sparse regression of the answer's log-odds on which units are left (Cohen-Wang et al. 2024).

1. Draw 64 sets; every unit stays with probability ½.
2. g = log p/(1 − p), p the probability of everything that is explained. Near p = 1 the difference from 1 is summed over
   what might have been said instead, so g stays finite: 1 − Π p_k = Σ_k (1 − p_k) Π_{j<k} p_j. A contrast has no such
   p; there g is f, the log of how much more likely one is than the other.
3. Lasso with α = 0.01 on g per explained token and on standardised columns; scores are its coefficients for columns of
   0 and 1, for all tokens together.
"""

from collections.abc import Generator

import numpy as np
import torch
from torch import Tensor

from heta_core.errors import NotDifferentiableError
from heta_core.methods._coalitions import valued
from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.parts import Floats, Work
from heta_core.passes.sets import Line, Sets, read_masked
from heta_core.passes.valuing import of_tokens

N_ABLATIONS = 64
_ALPHA = 0.01
# The authors' solver stops at 1e-4 of the variance, which leaves the third digit to chance.
_TOLERANCE, _MOST_ROUNDS = 1e-9, 100_000


def score(asked: Asked, draw: int) -> Scoring:
    """(U,) log-odds in nats, signed, many exactly 0. At most 64 forwards for each line of f."""
    kept = ablations(len(asked.groups), (asked.settings.seed, draw))
    found = yield from (valued(asked, kept) if asked.target.foil else _log_odds(asked, kept))
    n_said = len(asked.target.said)
    yield Work(), lasso(kept, found / n_said) * n_said


def ablations(n: int, seed: tuple[int, int]) -> Sets:
    """(64, n) which of n units are left; equal seeds give equal sets."""
    return np.random.default_rng(seed).random((N_ABLATIONS, n)) < 0.5


def lasso(kept: Sets, found: Floats) -> Floats:
    """(U,) w/σ with the w of least ‖g − z w − b‖² / 2N + α ‖w‖₁, z the standardised columns of 0 and 1."""
    from sklearn.linear_model import Lasso  # takes a second to import, and nothing else here needs it

    design = kept.astype(np.float64)
    scale = design.std(0)
    scale[scale == 0] = 1.0  # a unit that always stays or never does: its column is 0
    model = Lasso(alpha=_ALPHA, tol=_TOLERANCE, max_iter=_MOST_ROUNDS)
    model.fit((design - design.mean(0)) / scale, found)
    fitted: Floats = np.asarray(model.coef_, np.float64) / scale
    return fitted


def _log_odds(asked: Asked, kept: Sets) -> Generator[tuple[Work, None], None, Floats]:
    """(N,) log p/(1 − p) of everything explained, with only the units of each coalition left."""
    (line,) = asked.objective.lines
    different, place = np.unique(kept, axis=0, return_inverse=True)
    said, other = (np.zeros((len(different), len(line.terms))) for _ in range(2))
    masks = of_tokens(~different, asked.groups)
    for read in read_masked(asked.lm, Line(line.ids, asked.objective.n_context, line.rows), masks, asked.settings):
        for k, term in enumerate(line.terms):
            if term.row in read.rows:
                log_p = read.log_probs[:, read.rows.index(term.row)]
                said[list(read.sets), k] = log_p[:, term.token_id].double().cpu().numpy()
                other[list(read.sets), k] = _but(log_p, term.token_id).double().cpu().numpy()
        yield Work(forwards=len(read.sets)), None
    if not (np.isfinite(said).all() and np.isfinite(other).all()):
        raise NotDifferentiableError("A masked run gave NaN or infinity: load the model in float32.")
    odds: Floats = log_odds(said, other)[place]
    return odds


def _but(log_p: Tensor, token_id: int) -> Tensor:
    """(n,) log of what all other tokens of (n, V) have together."""
    return torch.cat([log_p[:, :token_id], log_p[:, token_id + 1 :]], 1).logsumexp(1)


def log_odds(said: Floats, other: Floats) -> Floats:
    """(N,) log P − log(1 − P), P = Π p_k, from (N, K) log p_k and log(1 − p_k)."""
    before = np.cumsum(said, axis=1) - said
    odds: Floats = said.sum(1) - np.logaddexp.reduce(other + before, axis=1)
    return odds


METHOD = Method(
    name="context_cite",
    title="ContextCite",
    meaning="A line with few slopes through the odds of the answer when half of the context is missing.",
    score=score,
    unit="nats of log-odds",
    is_signed=True,
    source="Cohen-Wang et al. 2024",
    place=73,
)
