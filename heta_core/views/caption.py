"""The result in plain words, by rules from its numbers."""

from dataclasses import dataclass

import numpy as np

from heta_core.attribution import Attribution
from heta_core.views import ranking, words
from heta_core.views.words import percent, quoted

# With less than this the model would rather say something else, or nearly so.
GUESS_BELOW = 0.5
# Twice its even part is the least that a token must hold to stand out; of very few tokens no more than this.
_STANDS_OUT, _ALWAYS_STANDS_OUT = 2.0, 0.6


@dataclass(frozen=True, slots=True)
class Caption:
    """What the picture says, and by which choices it came about."""

    text: str
    method: str


def caption(attribution: Attribution) -> Caption:
    """Two short texts. Nothing is said about what is not known yet."""
    rows = ranking.rows(attribution)
    sentences = [_guess(attribution), _leader(attribution, rows[0]), _changers(rows), _silent_terms(attribution)]
    return Caption(" ".join(s for s in sentences if s), _method(attribution))


def is_guess(attribution: Attribution) -> bool:
    """The target is not the model's first choice, or less likely than not."""
    p = attribution.prediction
    return p.rank > 1 or float(np.exp(p.log_p)) < GUESS_BELOW


def _guess(a: Attribution) -> str:
    p, chance = a.prediction, percent(float(np.exp(a.prediction.log_p)))
    target = quoted(a.target.piece)
    if p.rank > 1:
        first = p.candidates[0]
        return (
            f"The model would rather say {quoted(first.piece)} ({percent(first.probability)}); "
            f"{target} is its choice number {p.rank:,}, at {chance}."
        )
    return f"{target} is a guess: the model gives it {chance}." if is_guess(a) else ""


def _leader(a: Attribution, row: ranking.Row) -> str:
    if a.transition is None:
        return "Nothing is known yet about what the answer came from."
    name = quoted(a.tokens.pieces[row.position])
    if row.share is None:
        known = "by KL" if row.kl is not None else "by transition"
        waits = "the Hessian" if row.kl is not None else "KL and the Hessian"
        return f"So far, {known}, {name} comes first; {waits} may change that."
    if row.share == 0:
        return "Every score is zero: nothing in the text can be named."
    if row.share < min(_STANDS_OUT / a.n_context, _ALWAYS_STANDS_OUT):
        return (
            f"No token stands out: the highest, {name}, carries {percent(row.share, 0)} of the score, "
            f"an even part would be {percent(1 / a.n_context, 0)}."
        )
    return f"{name} carries {percent(row.share, 0)} of the score (rank 1 of {a.n_context}). {_without(a, row)}"


def _without(a: Attribution, row: ranking.Row) -> str:
    """What masking the leading token does."""
    if row.p_masked is None or row.effect is None or row.first_choice is None:
        return ""
    target = quoted(a.target.piece)
    before, after = percent(float(np.exp(a.prediction.log_p))), percent(row.p_masked)
    if abs(row.effect) < ranking.LEAST_EFFECT or before == after:
        change = f"{target} stays at {before}"
    else:
        change = f"{target} {'falls' if row.effect > 0 else 'rises'} from {before} to {after}"
    says = "would say" if row.changes_answer else "still says"
    return f"Without it the model {says} “{row.first_choice}”: {change}."


def _changers(rows: tuple[ranking.Row, ...]) -> str:
    if rows[0].changes_answer is None:
        return ""
    n = sum(bool(row.changes_answer) for row in rows)
    if n == 0:
        return "No single token changes the answer when it is masked."
    return "One token changes the answer when it is masked." if n == 1 else f"{n} tokens change the answer when masked."


def _silent_terms(a: Attribution) -> str:
    if a.combined is None:
        return ""
    names = [title for title, zero in zip(("Hessian", "KL"), a.combined.is_zero_term, strict=True) if zero]
    return f"{' and '.join(names)}: zero on every token, so nothing of the score comes from there." if names else ""


def _method(a: Attribution) -> str:
    """The scaling, each term's part, the mask and the estimator."""
    parts = []
    combined = a.combined
    if combined is not None:
        w = a.weights
        parts.append(f"Scaling: {words.SCALINGS[w.scaling]}, β {w.beta:g}, γ {w.gamma:g}")
        if combined.hessian_share is not None:
            share = combined.hessian_share
            parts.append(f"{percent(share, 0)} of the score is Hessian, {percent(1 - share, 0)} KL")
    parts.append(f"masked: {words.MASKS[a.settings.mask]}")
    if a.hessian is not None:
        low, high = int(a.hessian.n_probes.min()), int(a.hessian.n_probes.max())
        probes = "1 probe" if high == 1 else f"{low} probes" if low == high else f"{low} to {high} probes"
        exact = "exact, all sign vectors" if a.settings.estimator == "dense" else f"an estimate from {probes} a token"
        parts.append(f"Hessian: {exact} ({a.settings.estimator})")
    return " · ".join(parts)
