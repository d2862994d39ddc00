"""A result as one HTML file that opens from disk: strip or film at work, every number, and the report itself.

1. The report is written first and read back: everything on the page is drawn from what is embedded in it.
2. The page's scripts are those of the app. They put every token into text nodes; what stands in the file besides is
   escaped, JSON included, so that no token can end the element that it stands in.
3. A Content-Security-Policy forbids everything but this one script, by its hash: no network, no other script, whatever
   a token says. Styles may stand inline because bars get their lengths so; they cannot fetch anything either.
"""

import base64
import hashlib
import html
import json
import re
from dataclasses import dataclass

from heta_core.attribution import Attribution
from heta_core.errors import ReportError
from heta_core.generated import GenerationAttribution
from heta_core.parts import Floats
from heta_core.report import dumps, loads, loads_generation
from heta_core.taking.screen import SCREEN, script, style
from heta_core.views import film, naming, origin, still, strip

# Nothing in a JSON text needs these as they are: in strings, the only place where they occur, an escape says the same.
# The last ones turn the direction of what follows them, also for those who read the file in an editor.
_MARKUP, _BREAKS = "<>&", "\u2028\u2029"
_TURNS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_UNSAFE = {ord(character): f"\\u{ord(character):04x}" for character in _MARKUP + _BREAKS + _TURNS}
_EMBEDDED = re.compile(r'<script type="application/json" id="report">(.*?)</script>', re.DOTALL)


def page(result: Attribution | GenerationAttribution) -> str:
    """The whole file.

    Raises:
        ReportError: no reason is known yet, a number is not finite, or the report would be too long to be opened again.
    """
    report = dumps(result)
    if isinstance(result, GenerationAttribution):
        return _film(loads_generation(report), report)
    a = loads(report)
    told = f"{still.text(a)}</noscript>\n{_numbers('Every number', still.table(a))}"
    parts = _Parts(naming.question(a), ("strip", "plane", "offline"), ("disk", "offline"), told, origin.told(a))
    return _file(parts, report, _view(a))


def _film(g: GenerationAttribution, report: str) -> str:
    """Of a generation the film of its steps; a table of the numbers of each would be longer than all else."""
    if not g.steps:
        raise ReportError("A page needs the reasons of a step, found none: wait for the first of them.")
    title = naming.continued(g)
    told = f"{still.film(g)}</noscript>\n{_numbers('Every number of this step', '')}"
    drawn = film.payload(g)
    steps = [step | _exactly(g.at(k)) for k, step in enumerate(drawn["steps"])]
    view: dict[str, object] = {"film": drawn | {"steps": steps}, "columns": still.columns(g.at(0))}
    foot = " · ".join(filter(None, (origin.told(g), film.decoded(g.decoding))))
    parts = _Parts(title, ("strip", "plane", "film", "offline"), ("film", "disk", "offline_film"), told, foot)
    return _file(parts, report, view)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is not the same in every file."""

    title: str
    styles: tuple[str, ...]
    scripts: tuple[str, ...]  # after those of the screen
    told: str  # HTML that needs no script, from inside of <noscript> on
    foot: str


def _file(parts: _Parts, report: str, view: dict[str, object]) -> str:
    code = script(*SCREEN, *parts.scripts)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(code)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{html.escape(parts.title)}</title>\n<style>\n{style(*parts.styles)}</style>\n</head>\n<body>\n"
        f'<main>\n<div class="heta"></div>\n<noscript>\n{parts.told}'
        f'<footer><p>{html.escape(parts.foot)}</p>\n<p><button type="button" id="save">Save the report (JSON)'
        "</button> HETA Explorer opens the report, and this file as well, without a model.</p></footer>\n</main>\n"
        f'<script type="application/json" id="report">{_embedded(report)}</script>\n'
        f'<script type="application/json" id="view">{_embedded(json.dumps(view, ensure_ascii=False))}</script>\n'
        f"<script>{code}</script>\n</body>\n</html>\n"
    )


def _numbers(title: str, table: str) -> str:
    return f'<details id="numbers"><summary>{title}</summary>\n<div class="wide">{table}</div></details>\n'


def report_in(text: str) -> str:
    """The report that a page has in it.

    Raises:
        ReportError: there is none.
    """
    found = _EMBEDDED.search(text)
    if found is None:
        raise ReportError("Need a page saved by this app, found HTML without a report in it: open another file.")
    return found[1]


def _policy(code: str) -> str:
    """What the page may do: run this script and be styled."""
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    rules = ("default-src 'none'", f"script-src 'sha256-{digest}'", "style-src 'unsafe-inline'")
    return "; ".join((*rules, "base-uri 'none'", "form-action 'none'"))


def _embedded(text: str) -> str:
    """JSON as it may stand in an element: the same values, no character that could end it."""
    return text.translate(_UNSAFE)


def _view(a: Attribution) -> dict[str, object]:
    """What is drawn, with the report's own digits where the app's screen makes do with six."""
    return strip.payload(a) | _exactly(a)


def _exactly(a: Attribution) -> dict[str, object]:
    hessian, information = a.hessian, a.information
    return {
        "transition": _exact(a.transition.scores if a.transition else None),
        "hessian": _exact(hessian.scores if hessian else None),
        "hessian_error": _exact(hessian.standard_error if hessian else None),
        "kl": _exact(a.information_scores),
        "log_p_masked": _exact(information.log_p if information else None),
    }


def _exact(values: Floats | None) -> list[float | None] | None:
    if values is None:
        return None
    return [None if value != value else float(still.exact(value)) for value in values.tolist()]
