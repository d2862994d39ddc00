"""What the technical words of the pages mean: one entry for each, written down in `assets/glossary.json`.

A form is a word as it stands on a page. One that is written small is found in any case and with an s at its end; one
with a capital, a sign or of two letters at most is found as it is. Where forms overlap the longest counts.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

_FILE = Path(__file__).resolve().parents[2] / "assets" / "glossary.json"
PAGE = "Learn"  # where the entries stand
PARAMETER = "word"
_SHORTEST = 3  # letters of a form that is found in any case


@dataclass(frozen=True, slots=True)
class Entry:
    """One word."""

    id: str
    title: str
    forms: tuple[str, ...]  # as it stands on the pages
    definition: str
    see: tuple[str, ...]  # ids of other entries
    formula: str = ""
    source: str = ""
    lesson: str = ""  # id of the lesson that shows it

    @property
    def name(self) -> str:
        """The title without what it is called besides."""
        return re.split(r", | \(", self.title)[0]


@cache
def entries() -> tuple[Entry, ...]:
    """All of them, by the alphabet of their titles; Greek letters last."""
    read = json.loads(_FILE.read_text("utf-8"))
    found = (Entry(**one | {"forms": tuple(one["forms"]), "see": tuple(one["see"])}) for one in read)
    return tuple(sorted(found, key=lambda entry: entry.title.casefold()))


@cache
def by_id() -> dict[str, Entry]:
    """The same by what addresses call them."""
    return {entry.id: entry for entry in entries()}


def address(word: str) -> str:
    """Of an entry, as any page can link it: relative, so that it holds wherever the app is served."""
    return f"{PAGE}?{PARAMETER}={word}"


def occurring(text: str) -> set[str]:
    """The ids of the entries of which a form stands in a text."""
    forms, pattern = _pattern()
    return {forms[_key(match[0])] for match in pattern.finditer(text)}


@cache
def _pattern() -> tuple[dict[str, str], re.Pattern[str]]:
    """What forms belong to, and an expression that finds them, the longest first."""
    forms = {_key(form): entry.id for entry in entries() for form in entry.forms}
    longest = sorted((form for entry in entries() for form in entry.forms), key=len, reverse=True)
    return forms, re.compile("|".join(map(_expression, longest)))


def is_exact(form: str) -> bool:
    """It is found as it is alone."""
    return len(form) < _SHORTEST or form != form.lower()


def _expression(form: str) -> str:
    own = re.escape(form)
    end = r"(?!\w)" if re.match(r"\w", form[-1]) else ""
    start = r"(?<!\w)" if re.match(r"\w", form[0]) else ""
    return f"{start}{own}{end}" if is_exact(form) else f"{start}(?i:{own}s?){end}"


def _key(found: str) -> str:
    """A form, or what was found of one, without case and the s of a plural."""
    forms = _exact_forms()
    return found if found in forms else found.lower().removesuffix("s")


@cache
def _exact_forms() -> frozenset[str]:
    return frozenset(form for entry in entries() for form in entry.forms if is_exact(form))


def line(words: Iterable[str]) -> str:
    """Links to entries as HTML, by their alphabet, folded; each opens beside the page, which loses nothing."""
    chosen = sorted((by_id()[word] for word in words), key=lambda entry: entry.title.casefold())
    links = " · ".join(f'<a href="{address(e.id)}" target="_blank" rel="noopener">{escape(e.name)}</a>' for e in chosen)
    folded = f"<details><summary>Words on this page, explained</summary>{links}</details>"
    return f'<nav class="heta-words" aria-label="Words on this page">{folded}</nav>'


def payload(word: str | None, lessons: Mapping[str, str]) -> dict[str, object]:
    """All entries as the browser draws them, and which is asked for: its id, or what is no entry.

    Args:
        lessons: titles of the lessons that there are, by id; to others nothing leads.
    """
    known = by_id()
    return {
        "asked": word if word in known else None,
        "unknown": word if word and word not in known else None,
        "entries": [_shown(entry, lessons) for entry in entries()],
    }


def _shown(entry: Entry, lessons: Mapping[str, str]) -> dict[str, object]:
    title = lessons.get(entry.lesson)
    return {
        "id": entry.id,
        "title": entry.title,
        "forms": [form for form in entry.forms if form.casefold() not in entry.title.casefold()],
        "definition": entry.definition,
        "formula": entry.formula,
        "source": entry.source,
        "see": [{"id": other, "name": by_id()[other].name} for other in entry.see],
        "lesson": {"name": entry.lesson, "title": title} if title else None,
    }
