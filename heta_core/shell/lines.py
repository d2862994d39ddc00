"""An attribution as lines of text: what is explained, the ranking with bars, and what the numbers rest on."""

import math
import unicodedata
from collections.abc import Iterator

from heta_core.attribution import Attribution
from heta_core.parts import Candidate, Prediction
from heta_core.targets import Said
from heta_core.views import caption, naming, ranking
from heta_core.views.words import UNITS, label, number, percent, quoted

_BAR, _TOKEN, _BLOCK = 12, 12, 32  # columns of the longest bar, of a token and of a block of them
_PROMPT = 400  # characters of the text repeated above the ranking
_MOST_EACH = 8  # tokens of a longer target that are told one by one
HESSIAN, KL = "▒", "█"


def report(attribution: Attribution, top: int) -> str:
    """The whole answer for one prompt; `top` rows of the ranking, 0 for all."""
    a, told = attribution, caption.caption(attribution)
    basis = f"{legend(is_gated=a.is_gated, information='|Δ|' if a.foil else 'I')} · {told.method}"
    parts = ["\n".join(_heading(a)), "\n".join(_table(a, top)), f"{told.text}\n{basis}\n{_caveat(a)}"]
    return "\n\n".join(parts)


def legend(*, is_gated: bool, information: str = "I") -> str:
    """What the two parts of a bar are."""
    gate, name = "M·" if is_gated else "", "KL" if information == "I" else information
    return f"{HESSIAN} Hessian term {gate}β·S, {KL} {name} term {gate}γ·{information}"


def _caveat(a: Attribution) -> str:
    """What the columns are, and which of them do not know what is explained."""
    for_, against, same = "the target", "against", "M and I are the same for every word the model could say here."
    if a.target.kind == "span":
        for_, same = "the span", "M and I are those of the places, whatever stands there. * a token of the span."
    if a.foil:
        for_, against = naming.said(a), f"for {naming.foil(a)}"
        same = "The score weighs |Δ| in the place of I."
    gate = "M transition, "
    if not a.is_gated:
        gate, same = (
            "No M: the attention of this model cannot be read; ",
            same.replace("M and I are", "I is").replace("those", "that"),
        )
    return (
        f"{_of_blocks(a)}{gate}S Hessian, I KL. The score has no sign; Δ has one: above 0 the {naming.unit(a)} "
        f"speaks for {for_}, below it {against}. {same}"
    )


def _of_blocks(a: Attribution) -> str:
    """What a row stands for where it is no token."""
    if a.groups is None:
        return ""
    one, many = UNITS[naming.scored(a)]
    return (
        f"The {many} are masked and probed as blocks, so these are not sums over their tokens. # counts the tokens "
        f"before, n those inside. S grows faster than a {one} is long: S/n beside it. "
    )


def shortened(text: str) -> str:
    """The end of a long text on one line."""
    return ("… " if len(text) > _PROMPT else "") + label(text[-_PROMPT:])


def _heading(a: Attribution) -> Iterator[str]:
    said, p = a.target, a.prediction
    yield naming.question(a, a.source.model)
    yield "  " + shortened(a.tokens.text[: max((stop for _, stop in a.tokens.spans[: said.position]), default=0)])
    if said.kind == "token":
        yield (
            f"  target: token {said.token_id} at position {said.position} "
            f"({'in the text' if said.is_observed else 'next'}) · {chances(p)}"
        )
    elif said.kind == "span":
        yield f"  target: tokens {said.position}:{said.stop} (in the text) · {naming.certainty(a)}"
        yield "  each: " + _each(said.said, a.predictions)
        return
    else:
        yield f"  compared at position {said.position}: {naming.certainty(a)}"
        if said.kind == "string contrast":
            yield "  each: " + _each(said.said, a.predictions)
            yield "  against: " + _each(said.foil, a.foil)
    yield "  the model's choices: " + " · ".join(_choice(c) for c in p.candidates[:4])


def chances(p: Prediction) -> str:
    """How likely one token was, and how open the model was."""
    return f"p {percent(math.exp(p.log_p))} · rank {p.rank} · entropy {number(p.entropy)} nats"


def _each(said: tuple[Said, ...], predictions: tuple[Prediction, ...]) -> str:
    """The tokens of a longer target, each with its probability."""
    told = [
        f"{quoted(s.piece)} {percent(math.exp(p.log_p))}" + (f" (rank {p.rank})" if p.rank > 1 else "")
        for s, p in zip(said, predictions, strict=True)
    ]
    return " · ".join(told[:_MOST_EACH]) + (f" · {len(told) - _MOST_EACH} more" if len(told) > _MOST_EACH else "")


def _choice(candidate: Candidate) -> str:
    return f"{quoted(candidate.piece)} {percent(candidate.probability)}"


def _table(a: Attribution, top: int) -> Iterator[str]:
    rows = ranking.rows(a)
    shown = rows[: top or len(rows)]
    longest = max((row.share or 0.0 for row in shown), default=0.0) or 1.0
    one, has_blocks = naming.unit(a), a.groups is not None
    width = _BLOCK if has_blocks else _TOKEN
    size, density = (f" {'n':>4}", f" {'S/n':>7}") if has_blocks else ("", "")
    yield (
        f"{'#':>4}  {one:<{width}} {'share':>7} {'':<{_BAR}}{size} {'M':>6} {'S':>15}{density} {'I':>7} {'Δ nats':>8}  "
        "without it"
    )
    for row in shown:
        if has_blocks:
            size, density = f" {row.n_tokens:>4}", f" {number(row.hessian_density or 0.0):>7}"
        gate = percent(row.transition) if row.transition is not None else "–"
        parts = f"{gate:>6} {_estimate(row):>15}{density} {number(row.kl or 0.0):>7}"
        start = f"{row.position:>4}{'*' if row.is_explained else ' '}"
        yield f"{start} {opening(row, longest, width)}{size} {parts} {ending(row)}"
    yield from hidden(shown, rows)


def hidden(shown: tuple[ranking.Row, ...], rows: tuple[ranking.Row, ...]) -> Iterator[str]:
    """What the rows hold that are not shown, where there are any."""
    if len(shown) < len(rows):
        part = percent(ranking.hidden_share(shown, rows))
        yield f"      {len(rows) - len(shown)} more hold {part} (--top 0 shows all)"


def opening(row: ranking.Row, longest: float, width: int = _TOKEN) -> str:
    """The token or block and its share, as a number and as a bar beside that of the `longest` share."""
    return f"{_fitted(row.label, width)} {percent(row.share or 0.0):>7} {_bar(row, _BAR / longest):<{_BAR}}"


def ending(row: ranking.Row) -> str:
    """What masking it does."""
    return f"{_effect(row):>8}  {'→' if row.changes_answer else '='} {row.first_choice}"


def _bar(row: ranking.Row, columns: float) -> str:
    hessian, both = round(columns * (row.hessian_part or 0.0)), round(columns * (row.share or 0.0))
    return HESSIAN * hessian + KL * (both - hessian)


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
