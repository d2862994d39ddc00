"""A result as plain HTML that neither scripts nor styles are needed to read. Every token is escaped here.

Numbers stand as the report has them: the shortest digits that name the same float32.
"""

import html
import math
from collections.abc import Iterator

import numpy as np

from heta_core.attribution import Attribution
from heta_core.generated import GenerationAttribution
from heta_core.views import caption, naming, ranking, strip, words
from heta_core.views.looking import look

_UNKNOWN = "not known"


def exact(value: float) -> str:
    """The shortest digits that name the same float32, as reports store numbers."""
    return str(np.float32(value))


def text(attribution: Attribution, level: str = "h1") -> str:
    """The question, the strip with the number of every token, and what it says."""
    a = attribution
    said = caption.caption(a)
    return (
        f"<{level}>{html.escape(naming.question(a))}</{level}>\n"
        f"<p>{html.escape(naming.certainty(a))}, {html.escape(a.source.model)}</p>\n"
        f'<p class="still" dir="auto">{"".join(_tokens(a))}{_answer(a)}</p>\n'
        f"<p>{html.escape(said.text)}<br><small>{html.escape(said.method)}</small></p>\n"
    )


def film(generation: GenerationAttribution) -> str:
    """The same for every step of a generation, one below the other."""
    g = generation
    steps = (f"<h2>Step {k + 1} of {g.n_new}</h2>\n{text(g.at(k), 'h3')}" for k in range(g.n_new))
    return f"<h1>{html.escape(naming.continued(g))}</h1>\n{''.join(steps)}"


def table(attribution: Attribution) -> str:
    """Every number of every token or block, the highest score first."""
    a = attribution
    body = "\n".join(
        f'<tr data-unit="{row.unit}"><th scope="row">{html.escape(row.label)}</th>'
        + "".join(f'<td data-of="{name}">{html.escape(cell)}</td>' for name, _, cell in _cells(a, row))
        + "</tr>"
        for row in ranking.rows(a)
    )
    titles = "".join(f'<th scope="col">{html.escape(title)}</th>' for _, title in columns(a))
    head = f'<tr><th scope="col">{naming.unit(a)}</th>{titles}</tr>'
    return f"<table>\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>\n"


def columns(attribution: Attribution) -> list[tuple[str, str]]:
    """(field, title) of every number."""
    a = attribution
    return [(name, title) for name, title, _ in _cells(a, ranking.rows(a)[0])]


def _cells(a: Attribution, row: ranking.Row) -> Iterator[tuple[str, str, str]]:
    """(field, title, what stands there) of one row. Raw numbers are exact, parts of the score have six digits."""
    information = a.information
    masked = None if information is None else float(information.log_p[row.unit])
    yield "rank", "rank", str(row.rank)
    yield "position", "position", str(row.position)
    if a.groups is not None:
        yield "n_tokens", "tokens", str(row.n_tokens)
    yield "share", "share of the score", _UNKNOWN if row.share is None else f"{row.share:.6g}"
    if a.is_gated:
        yield "transition", "Transition", _number(row.transition)
    yield "hessian", "Hessian", _number(row.hessian)
    yield "hessian_error", "± standard error", _number(row.hessian_error)
    if a.groups is not None:
        yield "hessian_density", "Hessian a token", _number(row.hessian_density)
    yield "kl", "KL, nats", _number(row.kl)
    yield "effect", f"Δ{_for(a)}, nats", _UNKNOWN if row.effect is None else f"{row.effect:.6g}"
    yield "log_p_masked", "log p when masked", _number(masked)
    if a.foil:
        foil = None if information is None or information.log_p_foil is None else information.log_p_foil[row.unit]
        yield "log_p_foil_masked", "log p of the other when masked", _number(None if foil is None else float(foil))
    yield "first_choice", "first choice then", row.first_choice if row.first_choice is not None else _UNKNOWN


def _for(a: Attribution) -> str:
    return f" (above 0 for {naming.said(a)}, below for {naming.foil(a)})" if a.foil else ""


def _number(value: float | None) -> str:
    return _UNKNOWN if value is None or math.isnan(value) else exact(value)


def _tokens(a: Attribution) -> Iterator[str]:
    """Every scored unit once, with its number."""
    shown, changes = look(a, "final"), {row.unit for row in ranking.rows(a) if row.changes_answer}
    marks, begins = strip.shared(a.units), a.unit_of(a.target.position)
    for i, piece in enumerate(a.units.pieces[: a.n_units]):
        seen = words.visible(piece) if not marks[i] or marks[i].startswith("1/") else ""
        mark = f"<sup>{marks[i]}</sup>" if marks[i] else ""
        kinds = ["changes"] * (i in changes) + ["said"] * (i >= begins)
        kind = f' class="{" ".join(kinds)}"' if kinds else ""
        part = f"{62 * shown.parts[i]:.1f}%"
        yield f'<span{kind} style="--v:{part}">{html.escape(seen)}{mark}</span><sub>{shown.marked(i)}</sub>'


def _answer(a: Attribution) -> str:
    """What follows the scored tokens: the target, or the last token of a span, whose others are scored."""
    said = a.target.said[-1].piece if a.target.kind == "span" else a.target.text
    rather = f" <i>rather than</i> <b>{html.escape(words.visible(a.target.foil_text))}</b>" if a.foil else ""
    return f"<b>{html.escape(words.visible(said))}</b>{rather}"
