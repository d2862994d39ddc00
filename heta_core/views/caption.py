"""The result in plain words, by rules from its numbers."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from heta_core.attribution import Attribution
from heta_core.views import estimates, naming, precision, ranking, words
from heta_core.views.standing import standing
from heta_core.views.words import percent, quoted

# With less than this the model would rather say something else, or nearly so.
GUESS_BELOW = 0.5


@dataclass(frozen=True, slots=True)
class Caption:
    """What the picture says, and by which choices it came about."""

    text: str
    method: str


def caption(attribution: Attribution) -> Caption:
    """Two short texts. Nothing is said about what is not known yet."""
    a, rows = attribution, ranking.rows(attribution)
    opening = {"token": _guess, "span": _span, "contrast": _contrast, "string contrast": _contrast}[a.target.kind](a)
    sentences = [opening, _leader(a, rows[0]), _sides(a, rows), _changers(a, rows), _silent_terms(a), _scored(a)]
    return Caption(" ".join(s for s in sentences if s), method(a))


def is_guess(attribution: Attribution) -> bool:
    """The target is not the model's first choice, or less likely than not; of a span at some token, or on average."""
    a = attribution
    return any(p.rank > 1 for p in a.predictions) or a.log_p / len(a.predictions) < math.log(GUESS_BELOW)


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


def _span(a: Attribution) -> str:
    """How likely the whole span is, and where the model would rather have said something else."""
    whole = f"{naming.said(a)}: {naming.certainty(a)}."
    others = [k for k, p in enumerate(a.predictions) if p.rank > 1]
    if others:
        p, piece = a.predictions[others[0]], a.target.said[others[0]].piece
        first = f"{quoted(p.candidates[0].piece)} ({percent(p.candidates[0].probability)})"
        more = len(others) - 1
        too = f", and something else at {more} more of its {len(a.predictions)} tokens" if more else ""
        return f"{whole} The model would rather say {first} in the place of {quoted(piece)}{too}."
    each = percent(float(np.exp(a.log_p / len(a.predictions))))
    return f"{whole} It is a guess: {each} a token." if is_guess(a) else whole


def _contrast(a: Attribution) -> str:
    """Which of the two is likelier and by how much, what else the model would say, and what is compared at all."""
    one, other = naming.said(a), naming.foil(a)
    if abs(a.f) < ranking.LEAST_EFFECT:
        told = f"{one} and {other} are equally likely ({naming.certainty(a)})."
    elif a.f > 0:
        told = f"{one} is {naming.times(a.f)} as likely as {other} ({naming.certainty(a)})."
    else:
        told = f"{other} is the likelier: {naming.times(-a.f)} as likely as {one} ({naming.certainty(a)})."
    first = a.prediction.candidates[0]
    if first.token_id not in (a.target.token_id, a.target.foil[0].token_id):
        told += f" The model would rather say {quoted(first.piece)} ({percent(first.probability)})."
    if a.target.asked is not None:
        asked = " and ".join(quoted(text) for text in a.target.asked)
        told += f" Of {asked} the first tokens that differ are compared."
    return told


def _leader(a: Attribution, row: ranking.Row) -> str:
    if a.gate is None or (not a.is_gated and row.information is None):
        return "Nothing is known yet about what the answer came from."
    name = quoted(a.units.pieces[row.unit])
    if row.share is None:
        term = _term(a)
        known = f"by {term}" if row.information is not None else "by transition"
        waits = "the Hessian" if row.information is not None else f"{term} and the Hessian"
        return f"So far, {known}, {name} comes first; {waits} may change that."
    if row.share == 0:
        return "Every score is zero: nothing in the text can be named."
    found = standing(a)
    if found is not None and found.is_flat:
        return (
            f"No {naming.unit(a)} stands out: the highest, {name}, carries {percent(row.share, 0)} of the score, "
            f"chance alone would give the largest of {a.n_units} parts {percent(found.by_chance, 0)}."
        )
    return f"{name} carries {percent(row.share, 0)} of the score (rank 1 of {a.n_units}). {_without(a, row)}"


def _without(a: Attribution, row: ranking.Row) -> str:
    """What masking the leading token does."""
    if row.p_masked is None or row.effect is None or row.first_choice is None:
        return ""
    says = f"{'would say' if row.changes_answer else 'still says'} “{row.first_choice}”"
    if a.target.kind == "token":
        return f"Without it the model {says}: {_fall(a, row)}."
    is_small, falls = abs(row.effect) < ranking.LEAST_EFFECT, "falls" if row.effect > 0 else "rises"
    if a.information is not None and a.information.places is not None:
        said = a.target.said[int(a.information.places[row.unit]) - a.target.position]
        says += f" in the place of {quoted(said.piece)}"
    is_other = row.changes_answer or not a.target.rest
    start = f"Without it the model {says}" if is_other else "Without it no first choice along the tokens is another"
    if a.foil:
        return f"{start}; f {'stays at' if is_small else f'{falls} to'} {naming.signed(a.f - row.effect)} nats."
    return f"{start}; log p of the span {'stays' if is_small else f'{falls} by {words.number(abs(row.effect))} nats'}."


def _fall(a: Attribution, row: ranking.Row) -> str:
    """The target's probability before and after."""
    assert row.p_masked is not None and row.effect is not None
    target = quoted(a.target.piece)
    before, after = percent(float(np.exp(a.prediction.log_p))), percent(row.p_masked)
    if abs(row.effect) < ranking.LEAST_EFFECT or before == after:
        return f"{target} stays at {before}"
    return f"{target} {'falls' if row.effect > 0 else 'rises'} from {before} to {after}"


def _sides(a: Attribution, rows: tuple[ranking.Row, ...]) -> str:
    """What speaks most for the one and for the other of a contrast."""
    if not a.foil or a.information is None:
        return ""
    effects = {row.unit: row.effect or 0.0 for row in rows}
    told = []
    for name, side in ((naming.said(a), 1), (naming.foil(a), -1)):
        best = max(effects, key=lambda i: side * effects[i])
        if side * effects[best] < ranking.LEAST_EFFECT:
            told.append(f"nothing speaks for {name}")
        else:
            verb = "" if told and told[0].startswith("“") else "speaks most "
            speaker = quoted(a.units.pieces[best])
            told.append(f"{speaker} {verb}for {name} (Δ {naming.signed(effects[best])} nats)")
    return f"{told[0][0].upper()}{told[0][1:]}, {told[1]}."


def _changers(a: Attribution, rows: tuple[ranking.Row, ...]) -> str:
    if rows[0].changes_answer is None:
        return ""
    answer = "a first choice along the span" if a.target.kind == "span" else "the answer"
    n = sum(bool(row.changes_answer) for row in rows)
    one, many = words.UNITS[naming.scored(a)]
    if n == 0:
        return f"No single {one} changes {answer} when it is masked."
    return f"One {one} changes {answer} when it is masked." if n == 1 else f"{n} {many} change {answer} when masked."


def _scored(a: Attribution) -> str:
    """Whose tokens are scored where more than one token is explained."""
    if a.target.kind == "span":
        return "The tokens of the span are scored too: they explain those after them."
    if a.target.kind == "string contrast":
        return "Whole strings are compared, so only what precedes both is scored, not their own tokens."
    return ""


def _term(a: Attribution) -> str:
    """The name of what the score weighs beside the Hessian."""
    return "|Δ|" if a.foil else "KL"


def _silent_terms(a: Attribution) -> str:
    if a.combined is None:
        return ""
    names = [title for title, zero in zip(("Hessian", _term(a)), a.combined.is_zero_term, strict=True) if zero]
    return f"{' and '.join(names)}: zero on every token, so nothing of the score comes from there." if names else ""


def method(attribution: Attribution) -> str:
    """The scaling, each term's part, the mask and the estimator."""
    a = attribution
    return " · ".join(s for s in (_scaling(a), terms(a), *_means(a)) if s)


def terms(attribution: Attribution) -> str:
    """How much of the score each term makes up; empty where there is none."""
    combined = attribution.combined
    if combined is None or combined.hessian_share is None:
        return ""
    share = combined.hessian_share
    return f"{percent(share, 0)} of the score is Hessian, {percent(1 - share, 0)} {_term(attribution)}"


def basis(attribution: Attribution) -> str:
    """The method without the terms' parts, which differ between the steps of a generation."""
    return " · ".join(s for s in (_scaling(attribution), *_means(attribution)) if s)


def _scaling(a: Attribution) -> str:
    w = a.weights
    gate = "" if a.is_gated else "No gate: this model's attention cannot be read · "
    return "" if a.combined is None else f"{gate}Scaling: {words.SCALINGS[w.scaling]}, β {w.beta:g}, γ {w.gamma:g}"


def _means(a: Attribution) -> Iterator[str]:
    """The information term where it is not plainly the KL, the mask, the estimator and the precision."""
    if a.foil:
        yield "information term: |Δ| (contrast)"
    if a.target.kind == "span":
        yield "KL: the sum along the span as it stands"
    scored = naming.scored(a)
    if a.groups is not None:
        blocks = "blocks of tokens" if scored == "segments" else f"{words.UNITS[scored][1]} as blocks"
        yield f"scored: {blocks}, not sums over tokens"
    yield f"masked: {words.masking(a.settings.mask, scored)}"
    yield estimates.told(a)
    yield precision.told(a.source.dtype)
