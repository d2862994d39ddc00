"""The account of a run as one HTML file that opens from disk: no script, no network, light and dark.

What a model or a data file wrote is escaped here, and a Content-Security-Policy forbids whatever is no style.
"""

import html
from collections.abc import Iterable, Iterator

from heta_core.evaluation.account import MOST_PROBLEMS, Account, Part, Row, Table, reasons, settings_told
from heta_core.evaluation.telling import ARROWS, HEADS, UNKNOWN, cells, counts, heading, number, provenance
from heta_core.methods import named
from heta_core.views import words
from heta_core.views.scale import PALETTES, Theme

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 76rem; margin: 0 auto; padding: 2rem 1.25rem 4rem }
h1 { font-size: 1.7rem; margin: 0 0 .5rem }
h2 { font-size: 1.3rem; margin: 3rem 0 .25rem; padding-top: 1rem; border-top: 1px solid var(--line) }
h3 { font-size: 1.05rem; margin: 2rem 0 .25rem }
p { margin: .25rem 0 .75rem; max-width: 60rem } small, .aside { color: var(--muted); font-size: .85rem }
.open { padding: .5rem .75rem; border-left: 3px solid var(--heat); background: var(--wash) }
.wide { overflow-x: auto } .wide:focus-visible, summary:focus-visible { outline: 2px solid var(--heat) }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; width: 100% }
th, td { padding: .35rem .5rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line) }
thead th { color: var(--muted); font-weight: 600 } tbody th { text-align: left; font-weight: 500 }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--ground) }
tr.random { color: var(--muted) }
.ends { display: flex; justify-content: space-between; font-weight: 400 }
.draw { width: 9rem; min-width: 7rem } .draw > div { position: relative; height: 1.1rem; margin: 0 5px }
.draw i { position: absolute; top: 50%; border-radius: 2px }
.draw .span { height: 3px; margin-top: -1.5px; background: var(--muted) }
.draw .dot { width: 9px; height: 9px; margin: -4.5px; border-radius: 50%; background: var(--heat) }
.random .dot { background: var(--muted) }
.draw .chance { width: 0; top: -.35rem; bottom: -.35rem; border-left: 1px solid var(--muted) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; font-size: .9rem; margin: .5rem 0 }
dt { color: var(--muted) } dd { margin: 0; overflow-wrap: anywhere }
details { margin: .75rem 0 } summary { cursor: pointer } li { overflow-wrap: anywhere; font-size: .9rem }
@media (max-width: 40rem) { dl { display: block } dd { margin-bottom: .5rem } }
@media print { .wide { overflow: visible } body { font-size: 11px } }
"""


def page(found: Account) -> str:
    """The whole file."""
    models = ", ".join(dict.fromkeys(part.model for part in found.parts)) or "no model"
    open_ = "" if found.is_complete else '<p class="open">Not complete: the same command goes on from here.</p>\n'
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{escaped(models)}: a run of HETA Explorer</title>\n<style>{_colours()}{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>A run of HETA Explorer</h1>\n{open_}<p>{escaped(_brief(found))}</p>\n"
        f"{''.join(map(_part, found.parts))}<h2>How it was computed</h2>\n"
        f"{_about(settings_told(found.plan))}{_about(provenance(found))}</main>\n</body>\n</html>\n"
    )


def _colours() -> str:
    def of(theme: Theme) -> str:
        p = PALETTES[theme]
        line, wash = (f"color-mix(in srgb, {p.muted} {part}%, {p.ground})" for part in (30, 10))
        return (
            f":root {{ --ground: {p.ground}; --text: {p.text}; --muted: {p.muted}; --heat: {p.heat}; "
            f"--line: {line}; --wash: {wash} }}"
        )

    return f"\n{of('light')}\n@media (prefers-color-scheme: dark) {{ {of('dark')} }}"


def _brief(found: Account) -> str:
    """What every number below rests on, in a sentence."""
    plan = found.plan
    return (
        f"Scores of {plan.grouping or 'tokens'} made with mask {plan.settings.mask}, judged under mask "
        f"{plan.check_mask}, seed {plan.seed}. Beside each mean its 95 % interval and the paired difference from "
        "random scores; all else stands at the end."
    )


def _about(found: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{escaped(what)}</dt><dd>{escaped(told)}</dd>" for what, told in found)
    return f"<dl>{rows}</dl>\n"


def _part(part: Part) -> str:
    tables = "".join(_table(table) for table in part.tables)
    return f"<h2>{escaped(heading(part))}</h2>\n<p>{counts(part)}</p>\n{tables}{''.join(_problems(part))}"


def _table(table: Table) -> str:
    measure, baseline = table.measure, named("random").title
    chance = next((row.mean.mean for row in table.rows if row.method == baseline and row.mean), None)
    low, high = _extent(table, chance)
    unit = f", {escaped(measure.unit)}" if measure.unit else ""
    first, *others = (f'<th scope="col">{head}</th>' for head in HEADS)
    heads = f'{first}<th scope="col">{_scale(low, high)}</th>{"".join(others)}'
    body = "\n".join(
        f'<tr{" class=random" if row.method == baseline else ""}><th scope="row">{escaped(row.method)}</th>'
        + f'<td class="draw">{_drawn(row, chance, low, high)}</td>'
        + "".join(f"<td>{escaped(cell)}</td>" for cell in cells(row)[1:])
        + "</tr>"
        for row in table.rows
    )
    return (
        f"<h3>{escaped(measure.title)}{unit} <small>{ARROWS[measure.better]}</small></h3>\n"
        f'<p>{escaped(measure.meaning)} <span class="aside">{escaped(table.protocol)}{_dashed(chance)}</span></p>\n'
        f'<div class="wide" tabindex="0" role="region" aria-label="{escaped(measure.title)}"><table>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>\n"
        "</table></div>\n"
    )


def _dashed(chance: float | None) -> str:
    return "" if chance is None else " The upright line stands at the mean of random scores."


def _extent(table: Table, chance: float | None) -> tuple[float, float]:
    ends = [end for row in table.rows if row.mean for end in (row.mean.low, row.mean.high, row.mean.mean)]
    ends += [] if chance is None else [chance]
    return (min(ends), max(ends)) if ends else (0.0, 0.0)


def _scale(low: float, high: float) -> str:
    """What the ends of the drawing stand for."""
    if high <= low:
        return UNKNOWN
    return f'<span class="ends"><span>{number(low)}</span><span>{number(high)}</span></span>'


def _drawn(row: Row, chance: float | None, low: float, high: float) -> str:
    """The mean as a dot on its interval, and a line where random scores are: numbers stand beside it."""
    if row.mean is None or high <= low:
        return ""

    def at(value: float) -> str:
        return f"{100 * (value - low) / (high - low):.2f}%"

    width = f"{100 * (row.mean.high - row.mean.low) / (high - low):.2f}%"
    line = "" if chance is None else f'<i class="chance" style="left:{at(chance)}"></i>'
    return (
        f'<div aria-hidden="true">{line}<i class="span" style="left:{at(row.mean.low)};width:{width}"></i>'
        f'<i class="dot" style="left:{at(row.mean.mean)}"></i></div>'
    )


def _problems(part: Part) -> Iterator[str]:
    if not part.problems:
        return
    n = len(part.problems)
    yield f"<details><summary>Skipped and failed: {n:,}</summary>\n"
    if n > MOST_PROBLEMS:
        yield f"<ul>{''.join(f'<li>{k:,} × {escaped(why)}</li>' for why, k in reasons(part)[:MOST_PROBLEMS])}</ul>\n"
        yield f"<p>The first {MOST_PROBLEMS}, the others stand in rows.csv:</p>\n"
    listed = (
        f"<li><b>{escaped(name)}</b>: {escaped(f'{method}, {why}' if method else why)}</li>"
        for name, method, why in part.problems[:MOST_PROBLEMS]
    )
    yield f"<ul>\n{chr(10).join(listed)}\n</ul></details>\n"


def escaped(text: str) -> str:
    """A text as HTML, with what is not seen made visible."""
    return html.escape(words.visible(text).replace("\n", " ⏎ "))
