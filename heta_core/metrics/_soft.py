"""What the soft metrics share: probabilities from scores, and how far a softened context moves the prediction.

Sufficiency keeps a dimension of a token with the probability that the protocol makes of its score, comprehensiveness
with 1 minus that. A unit of several tokens gives each of them its score.
"""

from collections.abc import Generator, Sequence
from zlib import crc32

import numpy as np
import torch
from torch import Tensor

from heta_core.errors import NotDifferentiableError
from heta_core.metrics._contract import Case, positive
from heta_core.parts import Floats, Work
from heta_core.passes.sets import Line
from heta_core.passes.softened import Softening, read_softened
from heta_core.targets import Line as Terms

# With less between the text and an empty one there is nothing to divide by.
LEAST_DISTANCE = 1e-6

Found = Generator[tuple[Work, None], None, Floats]


def over_tokens(case: Case, scores: Floats) -> Floats:
    """(T,) of every token the score of its unit."""
    return np.repeat(scores, [stop - start for start, stop in case.asked.groups])


def highest_is_one(scores: Floats) -> Floats | None:
    """What speaks for the target over its maximum, 0 to 1; None where nothing does."""
    shares = positive(scores)
    highest = shares.max()
    return shares / highest if highest > 0 else None


def both_ways(case: Case, keep: Floats, protocol: str, n_draws: int) -> Softening:
    """Versions by draw, sufficiency before comprehensiveness, then as the rows of (M, T) `keep`: K · 2 · M in all.

    Seeds name the case, the protocol and the draw, and no method.
    """
    ways = np.concatenate([keep, 1 - keep])
    seeds = [(case.seed, crc32(protocol.encode()), draw) for draw in range(n_draws) for _ in ways]
    return Softening(np.tile(ways, (n_draws, 1)), tuple(seeds))


def ends(case: Case) -> Softening:
    """The context as it stands, and an empty one."""
    keep = np.ones((2, case.asked.objective.n_context))
    keep[1] = 0
    return Softening(keep, ((case.seed,),) * 2)


def normalised(
    case: Case, keep: Floats, protocol: str, n_draws: int
) -> Generator[tuple[Work, None], None, tuple[Floats, Floats] | None]:
    """(M,) Soft-NS and Soft-NC of (M, T) probabilities, means over the draws; None where D0 is too small.

    D(p, q) = Σ_v (√p_v − √q_v)² / √2, the mean over the places of what is explained (of a foil over none of its own);
    Soft-NS = max(0, 1 − D'/D0), Soft-NC = D''/D0. 2 · K · M + 2 forwards.
    """
    roots = yield from _roots(case)
    ground = float(_distance(roots[1:], roots[0])[0])
    if ground < LEAST_DISTANCE:
        return None
    found: list[Tensor] = []
    for work, log_probs in _read(case, case.asked.objective.lines[0], both_ways(case, keep, protocol, n_draws)):
        found.append(_distance((log_probs / 2).exp(), roots[0]))
        yield work, None
    by_way = finite(torch.cat(found)).reshape(n_draws, 2, len(keep)) / ground
    return np.maximum(0.0, 1 - by_way[:, 0]).mean(0), by_way[:, 1].mean(0)


def _roots(case: Case) -> Generator[tuple[Work, None], None, Tensor]:
    """(2, R, V) √p of the context as it stands and of an empty one."""
    found: list[Tensor] = []
    for work, log_probs in _read(case, case.asked.objective.lines[0], ends(case)):
        found.append((log_probs / 2).exp())
        yield work, None
    return torch.cat(found)


def _distance(roots: Tensor, plain: Tensor) -> Tensor:
    """(n,) D of (n, R, V) from (R, V), the mean over R."""
    return (roots - plain).square().sum(-1).mean(-1) / 2**0.5


def values(case: Case, softening: Softening) -> Found:
    """(N,) f of each version, nats."""
    total: Tensor | None = None
    for line in case.asked.objective.lines:
        found: list[Tensor] = []
        places = [line.rows.index(term.row) for term in line.terms]
        token_ids = [term.token_id for term in line.terms]
        for work, log_probs in _read(case, line, softening):
            own = log_probs[:, places, token_ids]  # (n, K)
            found.append((own * own.new_tensor([term.weight for term in line.terms])).sum(-1))
            yield work, None
        total = torch.cat(found) if total is None else total + torch.cat(found)
    assert total is not None
    return finite(total)


def _read(case: Case, line: Terms, softening: Softening) -> Generator[tuple[Work, Tensor], None, None]:
    """The work of each batch and its (n, R, V) log-probabilities."""
    reading = Line(line.ids, case.asked.objective.n_context, line.rows)
    for read in read_softened(case.asked.lm, reading, softening, case.judge.settings):
        yield Work(forwards=len(read.sets)), read.log_probs


def finite(found: Tensor) -> Floats:
    """The same on the CPU.

    Raises:
        NotDifferentiableError: a number is NaN or infinite.
    """
    if not found.isfinite().all():
        raise NotDifferentiableError("A softened run gave NaN or infinity: load the model in float32.")
    return np.asarray(found.double().cpu().numpy(), np.float64)


def mean_over(masses: Sequence[float], values: Floats) -> float:
    """∫ v dπ by trapezoids, over the width of what is covered."""
    return float(np.trapezoid(values, masses) / (masses[-1] - masses[0]))
