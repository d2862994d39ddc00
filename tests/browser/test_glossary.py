"""Every technical word that a page shows is linked on it, and the link opens its entry."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import made_generation
import pytest
import samples
from axe import broken
from opening import ROUTES, open_all
from servers import free_port, served

from heta_core.datasets import Example
from heta_core.evaluation import record
from heta_core.evaluation.outcome import Answer, Outcome, Scored
from heta_core.evaluation.plan import Corpus, Plan
from heta_core.library import writing
from heta_core.library.entry import Shelf
from heta_core.metrics import known
from heta_core.report import dumps
from heta_core.settings import Settings
from heta_core.views import glossary
from pages.ui.glossary import WORDS

SHOWN = samples.result()
OTHER = samples.result(samples.words(samples.SCENE.replace("Kate have", "Noah have")), seed=3)
METHODS = ("heta", "occlusion", "random")
# What stands on the screen, in components as well, and the explanations that wait beside it; not the line of words
# itself, nor what a model has read or said, nor code.
READ = """() => {
  const skipped = ".tok, bdi, .answer, .gap, textarea, pre, code, .heta-words, style, script, noscript";
  const found = [];
  const read = (node) => {
    if (node.nodeType === 3) return found.push(node.textContent);
    if (node.nodeType !== 1 && node.nodeType !== 11) return;
    if (node.nodeType === 1) {
      const isTable = node.closest("canvas"); // drawn as a picture, with its cells inside for those who do not see it
      const isSeen = node.checkVisibility() || getComputedStyle(node).display === "contents"; // those have no box
      if (node.matches(skipped) || (!isTable && !isSeen)) return;
      if (node.dataset.tip) found.push(node.dataset.tip);
      if (node.shadowRoot) read(node.shadowRoot);
    }
    node.childNodes.forEach(read);
  };
  read(document.body);
  return found.join("\\n");
}"""
LINKED = """() => {
  const links = [];
  const look = (root) => {
    links.push(...[...root.querySelectorAll('a[href*="word="]')].map((a) => a.getAttribute("href")));
    root.querySelectorAll("*").forEach((node) => node.shadowRoot && look(node.shadowRoot));
  };
  look(document);
  return links;
}"""


THROUGH = """(ids) => {
  const roots = [...document.querySelectorAll("*")].map((node) => node.shadowRoot);
  const glossary = roots.map((root) => root?.querySelector(".glossary")).find(Boolean);
  for (const id of ids) glossary.querySelector(`.asked a[data-key$=".${id}"]`).click();
}"""


def run() -> str:
    """A run over two examples, one of them answered wrongly, with a number for every measure."""
    prompt = SHOWN.tokens.text
    measures = [measure.name for metric in known() for measure in metric.measures]
    at = prompt.index("Noah")
    example = Example(id="one", prompt=prompt, target=" cup", evidence=((0, 8),), distractor=((at, at + 4),))
    n = SHOWN.n_context
    scored = tuple(
        Scored(name, tuple(float(i % (k + 3)) for i in range(n)), tuple((m, 0.1 * (k + 1)) for m in measures), 0.1)
        for k, name in enumerate(METHODS)
    )
    outcomes = [
        Outcome(
            "littletown",
            "made",
            replace(example, id=name),
            tokens=SHOWN.tokens,
            target=SHOWN.target,
            answer=Answer(" cup", -0.1, rank, rank == 1, (2,)),
            stays=0.5,
            scored=scored,
        )
        for name, rank in (("right", 1), ("wrong", 2))
    ]
    plan = Plan(
        methods=METHODS,
        metrics=tuple(metric.name for metric in known()),
        settings=Settings(probes="auto"),
        models=("littletown",),
        corpora=(Corpus("made", "jsonl", 2, 0, "0123456789abcdef"),),
    )
    return record.plan_line(plan) + "".join(map(record.outcome_line, outcomes))


@pytest.fixture(scope="module")
def shelved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shelf, str, str]:
    """A library with two analyses that can be compared."""
    folder = tmp_path_factory.mktemp("glossary")
    (folder / "generation.json").write_text(dumps(made_generation.generation()), encoding="utf-8")
    (folder / "run.jsonl").write_text(run(), encoding="utf-8")
    shelf = Shelf(folder / "library.sqlite")
    return shelf, writing.save(shelf, SHOWN), writing.save(shelf, OTHER)


@pytest.fixture(scope="module")
def address(shelved: tuple[Shelf, str, str]) -> Iterator[str]:
    folder, port = shelved[0].path.parent, free_port()
    command = [sys.executable, str(Path(__file__).with_name("serve.py")), str(port), str(folder)]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HETA_LIBRARY", str(shelved[0].path))
        with served(command, port, folder / "server.txt") as url:
            yield url


@pytest.fixture
def page(browser) -> Iterator[object]:
    context = browser.new_context(viewport={"width": 1440, "height": 3000})
    page, wrong = context.new_page(), []
    page.set_default_timeout(30_000)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    context.close()
    assert wrong == []


def unlinked(page) -> dict[str, str]:
    """Entry → a line of the page that says a form of it, where no link leads to it."""
    page.locator(".heta-words").wait_for()
    linked = {link.partition("word=")[2] for link in page.evaluate(LINKED)}
    assert linked <= set(glossary.by_id())
    told = page.evaluate(READ).splitlines()
    return {word: line for line in told for word in glossary.occurring(line) if word not in linked}


def opened(page, address: str, label: str, query: str = "") -> None:
    page.goto(f"{address}{ROUTES[label]}{query}")
    page.wait_for_function(f"document.title.startsWith('{label} ')")


def test_every_word_of_a_page_is_linked_on_it(page, address: str, shelved: tuple[Shelf, str, str]) -> None:
    _, one, other = shelved
    for label, ready in (("Explore", ".strip .tok"), ("Generate", ".strip .tok"), ("Library", "h1")):
        opened(page, address, label)
        page.locator(ready).first.wait_for()
        open_all(page)
        if label == "Library":  # the same on every page
            page.get_by_role("button", name="About this model").click()
            page.get_by_text("licence:").wait_for()
        assert unlinked(page) == {}, label
        assert len(glossary.occurring(page.evaluate(READ))) >= len(WORDS[label]) // 2  # components as well

    opened(page, address, "Compare", f"?a={one}&b={other}")
    page.locator(".columns .tok").first.wait_for()
    assert unlinked(page) == {}

    opened(page, address, "Error analysis")
    page.get_by_text("What these are").click()
    page.get_by_text("An order drawn blindly").wait_for()
    assert unlinked(page) == {}
    page.get_by_role("button", name="Open a run").click()
    page.locator("input[type=file]").first.set_input_files(shelved[0].path.with_name("run.jsonl"))
    page.get_by_role("button", name="Open the file").click()
    page.get_by_role("heading", name="Methods").wait_for()
    open_all(page)
    assert unlinked(page) == {}


@pytest.mark.parametrize(("theme", "width"), [("dark", 390), pytest.param("light", 1440, marks=pytest.mark.figures)])
def test_a_word_opens_beside_the_page_and_leads_on(browser, address: str, theme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    first = context.new_page()
    opened(first, address, "Explore")
    first.locator(".heta-words summary").focus()
    first.keyboard.press("Enter")
    link = first.locator(".heta-words").get_by_role("link", name="Transition")
    link.focus()
    with context.expect_page() as beside:
        first.keyboard.press("Enter")
    page = beside.value
    page.set_default_timeout(30_000)
    asked = page.locator(".entry.asked")
    assert asked.locator("h2").inner_text().startswith("Transition")
    assert page.url == f"{address}Learn?word=transition"
    assert page.locator(".entry").first.get_attribute("data-id") == "transition"
    box = asked.bounding_box()
    assert box["y"] >= 0 and box["y"] < 900
    assert first.locator(".strip .tok").first.is_visible()  # and is still what it was
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    broken(page)

    page.evaluate(THROUGH, ["attention", "flow"])  # the second before the server has answered to the first
    page.wait_for_url("**/Learn?word=flow")
    assert page.locator(".entry.asked").get_attribute("data-id") == "flow"
    assert page.locator(".entry").count() == len(glossary.entries())
    find = page.get_by_label("Find a word")
    find.press_sequentially("hess")
    assert find.input_value() == "hess" and find.evaluate("node => node.matches(':focus')")
    shown = page.locator(".entry").evaluate_all("nodes => nodes.map((node) => node.dataset.id)")
    assert "hessian" in shown and len(shown) < len(glossary.entries())
    assert page.locator(".count").inner_text() == f"{len(shown)} of {len(glossary.entries())}"
    find.fill("no such word")
    assert page.locator(".entry").count() == 0 and page.locator(".count").inner_text().startswith("None of")
    context.close()


def test_what_is_no_entry_is_said_and_the_others_are_below(page, address: str) -> None:
    page.goto(f"{address}Learn?word=%3Cb%3Enothing%3C/b%3E")
    page.get_by_text("No entry is called “<b>nothing</b>”").wait_for()
    assert page.locator(".entry").count() == len(glossary.entries()) and page.locator(".asked").count() == 0
