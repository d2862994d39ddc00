"""An attribution as lines of text: what is explained, the ranking with bars, and what the numbers rest on."""

import math
import unicodedata
from collections.abc import Iterator

from heta_core.attribution import Attribution
from heta_core.parts import Candidate
from heta_core.views import caption, ranking
from heta_core.views.words import label, number, percent, quoted

_BAR, _TOKEN = 12, 12  # columns of the longest bar and of a token
_PROMPT = 400  # characters of the text repeated above the ranking
_HESSIAN, _KL = "▒", "█"
_CAVEAT = (
    "M transition, S Hessian, I KL. The score has no sign; Δ has one: above 0 the token speaks for the target, below "
    "it against. M and I are the same for every word the model could say here."
)


def report(attribution: Attribution, top: int) -> str:
    """The whole answer for one prompt; `top` rows of the ranking, 0 for all."""
    told = caption.caption(attribution)
    basis = f"{_HESSIAN} Hessian term M·β·S, {_KL} KL term M·γ·I · {told.method}"
    parts = ["\n".join(_heading(attribution)), "\n".join(_table(attribution, top)), f"{told.text}\n{basis}\n{_CAVEAT}"]
    return "\n\n".join(parts)


def _heading(a: Attribution) -> Iterator[str]:
    said, p = a.target, a.prediction
    yield f"Why did {a.source.model} say {quoted(said.piece)}?"
    before = a.tokens.text[: max((stop for _, stop in a.tokens.spans[: a.n_context]), default=0)]
    yield "  " + ("… " if len(before) > _PROMPT else "") + label(before[-_PROMPT:])
    yield (
        f"  target: token {said.token_id} at position {said.position} ({'in the text' if said.is_observed else 'next'})"
        f" · p {percent(math.exp(p.log_p))} · rank {p.rank} · entropy {number(p.entropy)} nats"
    )
    yield "  the model's choices: " + " · ".join(_choice(c) for c in p.candidates[:4])


def _choice(candidate: Candidate) -> str:
    return f"{quoted(candidate.piece)} {percent(candidate.probability)}"


def _table(a: Attribution, top: int) -> Iterator[str]:
    rows = ranking.rows(a)
    shown = rows[: top or len(rows)]
    longest = max((row.share or 0.0 for row in shown), default=0.0) or 1.0
    yield (
        f"{'#':>4}  {'token':<{_TOKEN}} {'share':>7} {'':<{_BAR}} {'M':>6} {'S':>15} {'I':>7} {'Δ nats':>8}  without it"
    )
    for row in shown:
        parts = f"{percent(row.transition or 0.0):>6} {_estimate(row):>15} {number(row.kl or 0.0):>7}"
        yield (
            f"{row.position:>4}  {_fitted(row.label, _TOKEN)} {percent(row.share or 0.0):>7} "
            f"{_bar(row, _BAR / longest):<{_BAR}} {parts} {_effect(row):>8}  "
            f"{'→' if row.changes_answer else '='} {row.first_choice}"
        )
    if len(shown) < len(rows):
        hidden = percent(ranking.hidden_share(shown, rows))
        yield f"      {len(rows) - len(shown)} more hold {hidden} (--top 0 shows all)"


def _bar(row: ranking.Row, columns: float) -> str:
    hessian, both = round(columns * (row.hessian_part or 0.0)), round(columns * (row.share or 0.0))
    return _HESSIAN * hessian + _KL * (both - hessian)


def _estimate(row: ranking.Row) -> str:
    error = "" if row.hessian_error is None else f" ± {number(row.hessian_error)}"
    return number(row.hessian or 0.0) + error


def _effect(row: ranking.Row) -> str:
    effect = row.effect or 0.0
    return "≈ 0" if abs(effect) < ranking.LEAST_EFFECT else f"{effect:+.3f}"


def _fitted(text: str, width: int) -> str:
    """The text in exactly `width` columns, where wide characters take two."""
    if sum(map(_columns, text)) > width:
        while sum(map(_columns, text)) > width - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (width - sum(map(_columns, text)))


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
