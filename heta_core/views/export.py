"""A result as files that need no program of ours: HTML, SVG and CSV. Every token is escaped here."""

import csv
import html
import io
import unicodedata
from dataclasses import asdict, fields

import numpy as np

from heta_core.attribution import Attribution
from heta_core.generated import GenerationAttribution
from heta_core.views import caption, naming, ranking, strip, words
from heta_core.views.scale import PALETTES, intensity, tint
from heta_core.views.words import percent

# A spreadsheet takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS, _CELL, _LINE = 84, 9.6, 34  # of the SVG: characters in a line, their width and the line's height at 16 px

_STYLE = """
:root { color-scheme: light dark; --heat: #1d4ed8; --ground: #fff; --text: #1a1d29; --line: #d9dce5 }
@media (prefers-color-scheme: dark) { :root { --heat: #7aa2ff; --ground: #171614; --text: #f4f5f8; --line: #3a3d47 } }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; background: var(--ground); color: var(--text);
  font: 1rem/1.6 system-ui, sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
.strip { font-size: 1.2rem; line-height: 2; white-space: pre-wrap }
.strip span { border-radius: 0.25em; background: color-mix(in srgb, var(--heat) var(--v), transparent) }
.strip span.changes { border-bottom: 3px dotted }
.strip span.said { font-weight: bold }
td, th { padding: 0.2rem 0.9rem 0.2rem 0; border-bottom: 1px solid var(--line); text-align: start }
small { opacity: 0.75 }
"""


def html_page(attribution: Attribution) -> str:
    """One page without scripts or addresses: question, strip, caption and every row."""
    a = attribution
    words_of = caption.caption(a)
    question = naming.question(a)
    sure = f"{naming.certainty(a)}, {a.source.model}"
    masked = "masked" if a.target.kind == "token" else "Δ, nats"
    one = "word" if a.groups is None else naming.unit(a)
    density = () if a.groups is None else ("tokens", "Hessian a token")
    header = ("rank", one, "share", "Transition", "Hessian", *density, "KL", masked, "first choice then")
    body = "".join(
        f"<tr>{''.join(f'<td>{html.escape(c)}</td>' for c in _cells(a, row))}</tr>\n" for row in ranking.rows(a)
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{html.escape(question)}</title>\n'
        f"<style>{_STYLE}</style>\n<h1>{html.escape(question)}</h1>\n<p>{html.escape(sure)}</p>\n"
        f'<p class="strip" dir="auto">{_spans(a)}{_answer(a)}</p>\n'
        f"<p>{html.escape(words_of.text)}<br><small>{html.escape(words_of.method)}</small></p>\n"
        f"<table><tr>{''.join(f'<th>{title}</th>' for title in header)}</tr>\n{body}</table>\n</html>\n"
    )


def svg(attribution: Attribution) -> str:
    """The strip as a picture in a typewriter's grid, which needs no measuring of fonts."""
    a = attribution
    parts, x, y = [], 0, 1
    values, tips = _intensities(a), [html.escape(_tip(a, i)) for i in range(a.n_units)]
    for token, (lead, body, tail, kind) in enumerate(strip.token_parts(a.tokens)[: a.n_context]):
        i = a.unit_of(token)
        mark = kind.removeprefix("part ") if kind.startswith("part ") else ""
        shown = (body + mark).replace("\n", "⏎")
        if x and x + len(lead) + _width(shown) > _COLUMNS:
            x, y = 0, y + 1
        elif x or not lead.isspace():
            x += len(lead)
        parts.append(_svg_token(shown, x, y, values[i], tips[i]))
        x += _width(shown)
        if "\n" in tail:
            x, y = 0, y + tail.count("\n")
    for k, (text, tip) in enumerate(_answers(a)):
        parts.append(_svg_token(text, x + 1, y + k, None, html.escape(tip)))
    y += len(_answers(a)) - 1
    width, height = (_COLUMNS + 30) * _CELL, (y + 1) * _LINE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'font-family="DejaVu Sans Mono, monospace" font-size="16">\n'
        f'<rect width="100%" height="100%" fill="{PALETTES["light"].ground}"/>\n{"".join(parts)}</svg>\n'
    )


def csv_text(attribution: Attribution) -> str:
    """One line per token or block, the highest first, with raw numbers; what is not known is empty.

    Tokens that a spreadsheet would take for a formula get an apostrophe in front.
    """
    file = io.StringIO()
    table = csv.DictWriter(file, [f.name for f in fields(ranking.Row)], lineterminator="\n")
    table.writeheader()
    for row in ranking.rows(attribution):
        table.writerow(_safe(row))
    return file.getvalue()


def generation_csv(generation: GenerationAttribution) -> str:
    """The same for every step of a generation, in order, with the step's token and how likely it was."""
    file = io.StringIO()
    names = {f.name: "step" if f.name == "step" else f"step_{f.name}" for f in fields(ranking.StepRow)}
    table = csv.DictWriter(file, [*names.values(), *(f.name for f in fields(ranking.Row))], lineterminator="\n")
    table.writeheader()
    for step in ranking.steps_table(generation):
        said = {names[name]: value for name, value in (asdict(step) | {"label": _cell(step.label)}).items()}
        for row in ranking.rows(generation.at(step.step)):
            table.writerow(said | _safe(row))
    return file.getvalue()


def _safe(row: ranking.Row) -> dict[str, object]:
    return asdict(row) | {"label": _cell(row.label), "first_choice": _cell(row.first_choice or "")}


def _cells(a: Attribution, row: ranking.Row) -> tuple[str, ...]:
    """What the HTML table says of one token or block."""
    unknown = "not known"
    masked = row.p_masked if a.target.kind == "token" else row.effect
    return (
        str(row.rank),
        row.label,
        percent(row.share, 0) if row.share is not None else unknown,
        words.number(row.transition) if row.transition is not None else unknown,
        words.with_error(row.hessian, row.hessian_error) if row.hessian is not None else unknown,
        *([] if a.groups is None else _density(row)),
        words.number(row.kl) if row.kl is not None else unknown,
        unknown if masked is None else percent(masked) if a.target.kind == "token" else _effect(a, masked),
        row.first_choice if row.first_choice is not None else unknown,
    )


def _density(row: ranking.Row) -> list[str]:
    """How many tokens a block has, and its S for each of them."""
    return [str(row.n_tokens), "not known" if row.hessian_density is None else words.number(row.hessian_density)]


def _effect(a: Attribution, nats: float) -> str:
    """Δ, and for which side of a contrast it speaks."""
    if abs(nats) < ranking.LEAST_EFFECT:
        return "≈ 0"
    side = f" for {naming.said(a) if nats > 0 else naming.foil(a)}" if a.foil else ""
    return f"{naming.signed(nats)}{side}"


def _answer(a: Attribution) -> str:
    """What follows the scored tokens: the target, or the last token of a span, whose others are scored."""
    said = a.target.said[-1].piece if a.target.kind == "span" else a.target.text
    rather = f" <i>rather than</i> <b>{html.escape(words.visible(a.target.foil_text))}</b>" if a.foil else ""
    return f"<b>{html.escape(words.visible(said))}</b>{rather}"


def _answers(a: Attribution) -> list[tuple[str, str]]:
    """(text, tip) of the boxes that follow the scored tokens in a picture."""
    if a.target.kind == "span":
        return [(words.label(a.target.said[-1].piece), "the last token of the span")]
    other = naming.foil(a)
    said = words.label(a.target.piece) if other is None else naming.said(a)
    return [(said, "the answer"), *([] if other is None else [(f"rather than {other}", "what it is compared with")])]


def _intensities(a: Attribution) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    combined = a.combined
    return intensity(combined.scores) if combined else np.zeros(a.n_units)


def _tip(a: Attribution, i: int) -> str:
    name = strip.labels(a.units)[i]
    combined = a.combined
    of = " of the span" if a.places[i][0] >= a.target.position else ""
    known = f"{percent(float(combined.shares[i]), 0)} of the score" if combined else "not known yet"
    return f"{name}{of}: {known}"


def _spans(a: Attribution) -> str:
    """The strip, every token once."""
    changes = {row.unit for row in ranking.rows(a) if row.changes_answer}
    parts = []
    marks, begins = strip.shared(a.units), a.unit_of(a.target.position)
    for i, (piece, value) in enumerate(zip(a.units.pieces, _intensities(a), strict=False)):
        shown = words.visible(piece) if not marks[i] or marks[i].startswith("1/") else ""
        mark = f"<sup>{marks[i]}</sup>" if marks[i] else ""
        kinds = ["changes"] * (i in changes) + ["said"] * (i >= begins)
        kind = f' class="{" ".join(kinds)}"' if kinds else ""
        tip = html.escape(_tip(a, i))
        parts.append(f'<span{kind} style="--v:{62 * value:.1f}%" title="{tip}">{html.escape(shown)}{mark}</span>')
    return "".join(parts)


def _svg_token(text: str, x: int, y: int, value: float | None, tip: str) -> str:
    """A box with a token in it; the answer has no value and is boxed in ink."""
    palette = PALETTES["light"]
    ground = "#1e2b57" if value is None else tint(value)
    ink = "#ffffff" if value is None else palette.text
    left, width = x * _CELL, max(1, _width(text)) * _CELL
    return (
        f'<g><title>{tip}</title><rect x="{left:.1f}" y="{y * _LINE - 20}" width="{width:.1f}" height="26" rx="4" '
        f'fill="{ground}"/><text x="{left:.1f}" y="{y * _LINE}" fill="{ink}" textLength="{width:.1f}" '
        f'lengthAdjust="spacingAndGlyphs" xml:space="preserve">{html.escape(text)}</text></g>\n'
    )


def _width(text: str) -> int:
    """Cells of the grid: East Asian wide characters and emoji take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text if not unicodedata.combining(c))


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
