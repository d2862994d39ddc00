"""The glossary: whole, short, without dead ends, and about nothing but what the pages say."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from heta_core.learning import lessons
from heta_core.taking.screen import SCREEN
from heta_core.teaching import shipped
from heta_core.views import glossary
from pages.learn import wording
from pages.ui.glossary import WORDS

ROOT = Path(__file__).resolve().parents[1]
LESSONS = {lesson.name: lesson for lesson in lessons()}
# By the part of Learn that draws a line of its own.
LEARN = {name: wording.of_lesson(lesson) for name, lesson in LESSONS.items()} | {"littletown": wording.of_town()}
MOST_LETTERS, MOST_SENTENCES = 260, 3
# Whose texts a reader sees.
PYTHON = (
    *("app.py", "pages/**/*.py", "heta_core/views/*.py", "heta_core/methods/*.py", "heta_core/metrics/*.py"),
    *("heta_core/evaluation/signs.py", "heta_core/estimators/*.py", "heta_core/cost/estimate.py"),
    *("heta_core/parts.py", "heta_core/settings.py", "heta_core/learning/*.py"),
)
ENTRIES = glossary.entries()


def sources(*patterns: str) -> Iterator[Path]:
    own = {"glossary.py", "glossary.js"}
    yield from (path for pattern in patterns for path in sorted(ROOT.glob(pattern)) if path.name not in own)


def strings(path: Path) -> Iterator[str]:
    """Every text of a module but its documentation."""
    tree = ast.parse(path.read_text("utf-8"))
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


@pytest.fixture(scope="module")
def said() -> str:
    """All that the interface may say, a text on a line."""
    scripts = (
        path.read_text("utf-8") for path in sources("assets/strip/*.js", "assets/learn/*.js", "assets/town/*.js")
    )
    without = (re.sub(r"/\*.*?\*/|//[^\n]*", "", script, flags=re.DOTALL) for script in scripts)
    return "\n".join([*(text for path in sources(*PYTHON) for text in strings(path)), *without])


def test_ids_titles_and_forms_are_unique() -> None:
    for own in ([e.id for e in ENTRIES], [e.name for e in ENTRIES]):
        assert sorted(own) == sorted(set(own))
    forms = [form.lower() if not glossary.is_exact(form) else form for e in ENTRIES for form in e.forms]
    assert sorted(forms) == sorted(set(forms))
    # One that the rule for plurals would find anyway says nothing.
    assert not [form for form in forms if f"{form}s" in forms and not glossary.is_exact(form)]


def test_ids_can_stand_in_an_address() -> None:
    assert not [e.id for e in ENTRIES if not re.fullmatch(r"[a-z]+(-[a-z]+)*", e.id)]


def test_every_form_is_found_as_its_entry() -> None:
    for entry in ENTRIES:
        for form in entry.forms:
            assert glossary.occurring(f"({form})") == {entry.id}, form


def test_what_leads_on_leads_somewhere() -> None:
    known = glossary.by_id()
    for entry in ENTRIES:
        assert entry.see and set(entry.see) <= set(known) - {entry.id}, entry.id
        assert len(set(entry.see)) == len(entry.see), entry.id
        assert entry.lesson in {"", *LESSONS}, entry.id
    assert {entry.lesson for entry in ENTRIES} >= set(LESSONS)  # each lesson has words


def texts_in(data: object) -> Iterator[str]:
    if isinstance(data, dict | list):
        for value in data.values() if isinstance(data, dict) else data:
            yield from texts_in(value)
    elif isinstance(data, str):
        yield data


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_says_the_words_that_lead_to_it(name: str) -> None:
    """In its texts, or in its picture."""
    own = {entry.id for entry in ENTRIES if entry.lesson == name}
    in_picture = set().union(*map(glossary.occurring, texts_in(shipped.data(name))))
    assert own <= wording.said_by(LESSONS[name]) | in_picture


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_definitions_are_short_and_whole(entry: glossary.Entry) -> None:
    assert len(entry.definition) <= MOST_LETTERS
    assert entry.definition[-1] == "." and entry.definition[0].isupper()
    assert len(re.findall(r"[.?]( |$)", entry.definition)) <= MOST_SENTENCES


def test_no_entry_is_about_a_word_that_no_page_says(said: str) -> None:
    assert not {entry.id for entry in ENTRIES} - glossary.occurring(said)


def test_every_entry_is_linked_from_a_page() -> None:
    known, linked = set(glossary.by_id()), set().union(*WORDS.values(), *LEARN.values())
    assert linked <= known
    assert not known - linked


def test_words_inside_of_others_are_not_found() -> None:
    assert glossary.occurring("overhead, researching, tokenise, flowers, S-shaped? Masks ASK") == {"hessian", "mask"}
    assert glossary.occurring("the log-probability") == {"log-probability"}  # and not the probability
    assert glossary.occurring("kl, m, s, i, dsa") == set()
    assert glossary.occurring("KL·M") == {"kl", "transition"}


def test_a_line_links_each_word_once_beside_the_page() -> None:
    line = glossary.line(["kl", "beta-gamma", "attention"])
    assert re.findall(r'<a href="Learn\?word=([a-z-]+)" target="_blank" rel="noopener">([^<]+)</a>', line) == [
        ("attention", "Attention"),
        ("kl", "KL"),
        ("beta-gamma", "β and γ"),
    ]


def test_what_is_asked_for_is_told_from_what_is_no_entry() -> None:
    for word, asked, unknown in (("kl", "kl", None), ("<b>", None, "<b>"), (None, None, None), ("", None, None)):
        payload = glossary.payload(word, {"gate": "The gate"})
        assert (payload["asked"], payload["unknown"]) == (asked, unknown)


def test_an_entry_leads_to_a_lesson_only_where_there_is_one() -> None:
    drawn = {e["id"]: e["lesson"] for e in glossary.payload(None, {"gate": "The gate"})["entries"]}  # type: ignore[attr-defined]
    assert drawn["transition"] == {"name": "gate", "title": "The gate"}
    assert drawn["hessian"] is None


def prose(path: Path) -> Iterator[str]:
    """What a module says to a reader: texts of several words, or that begin like one. Keys do not."""
    if path.suffix == ".js":
        return wording.spoken(path.read_text("utf-8"))
    return (text for text in strings(path) if text[:1].isupper() or re.search(r"\w \w", text))


# Where the words of a page are written down. What only some of its states say is here as well.
ROOMS = {
    "Explore": (
        *("app.py", "pages/ui/[c-dt]*.py", "heta_core/views/caption.py", "heta_core/views/words.py"),
        *("heta_core/views/estimates.py", "heta_core/views/precision.py", "heta_core/views/standing.py"),
        *("heta_core/views/naming.py", "heta_core/views/verdicts.py", "heta_core/views/figures.py"),
        *("heta_core/views/curves.py", "heta_core/views/looking.py"),
        *(f"assets/strip/{name}.js" for name in SCREEN),
    ),
    "Generate": (
        *("pages/1_*.py", "pages/generate/*.py", "heta_core/views/film.py", "heta_core/views/matrix.py"),
        *("heta_core/views/caption.py", "heta_core/views/words.py", "heta_core/views/estimates.py"),
        *("assets/strip/film.js", "assets/strip/forks.js", "assets/strip/generate.js"),
    ),
    "Library": ("pages/2_*.py", "pages/library/*.py"),
    "Compare": (
        *("pages/3_*.py", "pages/compare/*.py", "heta_core/views/side_by_side.py", "heta_core/views/differing.py"),
        *("heta_core/views/words.py", "heta_core/views/orders.py", "heta_core/views/naming.py"),
        "assets/strip/compare.js",
    ),
    "Error analysis": (
        *("pages/4_*.py", "pages/errors/*.py", "heta_core/evaluation/signs.py", "heta_core/views/intervals.py"),
        *("heta_core/methods/*.py", "heta_core/metrics/*.py"),
    ),
}


@pytest.mark.parametrize("page", sorted(WORDS))
def test_a_page_links_every_word_that_its_sources_say(page: str) -> None:
    assert not {word: told for word, told in said_in(*ROOMS[page]).items() if word not in WORDS[page]}


def said_in(*patterns: str) -> dict[str, tuple[str, str]]:
    """Entry → a file that says one of its words, and where."""
    files = list(sources(*patterns))
    assert files
    return {word: (path.name, text) for path in files for text in prose(path) for word in glossary.occurring(text)}


def test_learn_links_every_word_below_the_part_that_says_it() -> None:
    for name, words in LEARN.items():
        own = (f"assets/learn/{name}.js",) if name in LESSONS else ("assets/town/*.js", "pages/learn/town.py")
        said = said_in(*own)
        assert not {word: told for word, told in said.items() if word not in words}, name
    others = said_in("pages/5_*.py", "pages/learn/[!t]*.py", "assets/learn/main.js", "assets/learn/mounting.js")
    assert set(others) <= frozenset.intersection(*LEARN.values()), others
