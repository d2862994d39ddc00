r"""Multi-pass progressive inference: what masked texts predict on their way to the end (Kariyappa et al. 2024).

What the model says at the end of unit j, it says without what follows: with the units ≤ j as they are and all others
missing. So every masked sequence is read as one coalition after each unit that it keeps, and at its end.

1. Draw 32 coalitions, sizes as the Shapley kernel weighs them, and take their complements, all units and none.
2. v of a coalition is the probability of what is explained, read by the head at the end of the unit, minus that of a
   foil; of several tokens the sum. A token whose own row comes earlier is read there. Where the whole sequence counts,
   every token is read at its own row.
3. φ is KernelSHAP's fit to all that was read, with Σ φ = v(all) − v(∅). Readings of one size share what the kernel
   gives that size: short coalitions are read far oftener than long ones. The authors draw so as to make up for that.

The single-pass form, φ_i = p_i − p_{i−1} in the text as it stands, is TDD forward.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from heta_core.methods._coalitions import additive, drawn_pairs, kernel_mass
from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.methods._reading import probabilities, read_in_parts
from heta_core.parts import Floats, Work
from heta_core.passes.sets import Read, Sets
from heta_core.passes.valuing import of_tokens
from heta_core.targets import Line

N_PAIRS = 32


def score(asked: Asked, draw: int) -> Scoring:
    """(U,) probability, signed. 66 forwards for each line of f; the attention mask takes some more."""
    n = len(asked.groups)
    kept = sequences(n, (asked.settings.seed, draw))
    found = np.zeros((len(kept), n))  # v after each unit of every sequence
    for line in asked.objective.lines:
        p = np.zeros((len(kept), len(line.ids), len(line.terms)))
        for read in _readings(asked, line, kept):
            p[np.ix_(read.sets, read.rows)] = probabilities(read, line.terms)
            yield Work(forwards=len(read.sets)), None
        found += _after_units(asked, line, p)
    none, whole = found[0, -1], found[1, -1]
    coalitions, values = prefixes(kept, found)
    weights = shares(coalitions)
    yield Work(), additive(coalitions, values, weights, none=none, total=whole - none)


def sequences(n: int, seed: tuple[int, int]) -> Sets:
    """(66, n) which units stay: none, all, and what is drawn; equal seeds give equal ones."""
    ends = np.array([[False] * n, [True] * n])
    return np.concatenate([ends, drawn_pairs(n, 1, N_PAIRS, np.random.default_rng(seed))])


def prefixes(kept: Sets, found: Floats) -> tuple[Sets, Floats]:
    """(M, U) the coalitions that sequences are read as, neither empty nor whole, and (M,) what v was found there.

    A unit that is masked adds nothing to the coalition before it, so only the last reading counts besides.
    """
    n = kept.shape[1]
    upto = kept[:, None, :] & np.tri(n, dtype=bool)  # (N, j, U)
    counts = kept.copy()
    counts[:, -1] = True
    sizes = upto.sum(-1)
    counts &= (sizes > 0) & (sizes < n)
    return upto[counts], found[counts]


def shares(coalitions: Sets) -> Floats:
    """(M,) what the kernel gives a size, shared by the coalitions that have it."""
    n = coalitions.shape[1]
    sizes = coalitions.sum(1)
    n_each = np.bincount(sizes, minlength=n)
    return np.asarray((kernel_mass(n) / np.maximum(n_each[1:n], 1))[sizes - 1], np.float64)


def _readings(asked: Asked, line: Line, kept: Sets) -> Iterator[Read]:
    """Every sequence at the ends of units that it keeps, and at the rows of f.

    Replaced tokens can be read anywhere, all sequences at the same rows. A hidden one would take a run of its own.
    """
    masks = of_tokens(~kept, asked.groups)
    if asked.settings.mask != "attention":
        rows = _rows(asked, line, np.ones(kept.shape[1], bool))
        yield from read_in_parts(asked.lm, line.ids, rows, masks, asked.settings)
        return
    for number, stays in enumerate(kept):
        one = slice(number, number + 1)
        for read in read_in_parts(asked.lm, line.ids, _rows(asked, line, stays), masks[one], asked.settings):
            yield Read((number,), read.rows, read.log_probs)


def _rows(asked: Asked, line: Line, stays: Sets) -> Sequence[int]:
    ends = [stop - 1 for (_, stop), stay in zip(asked.groups, stays, strict=True) if stay]
    return sorted({*line.rows, *(end for end in ends if end < line.rows[-1])})


def _after_units(asked: Asked, line: Line, p: Floats) -> Floats:
    """(N, U) Σ weight · p of each token where it is read after every unit."""
    ends = np.array([stop - 1 for _, stop in asked.groups])
    found = np.zeros((len(p), len(ends)))
    for k, term in enumerate(line.terms):
        at = np.minimum(ends, term.row)
        at[-1] = term.row
        found += term.weight * p[:, at, k]
    return found


METHOD = Method(
    name="progressive_inference",
    title="Progressive inference",
    meaning="What many masked texts make of the answer on their way to the end, shared out among the words.",
    score=score,
    unit="probability",
    is_signed=True,
    source="Kariyappa et al. 2024",
    place=76,
)
