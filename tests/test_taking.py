"""What a reader takes along: page, pictures, snippet and link, also for tokens that break careless files."""

import html
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import made
import numpy as np
import pytest
import samples
from made_blocks import in_blocks
from test_views import EVERY

from heta_core.attribution import Attribution
from heta_core.errors import HetaError, InputError, ReportError
from heta_core.grouping import sentences
from heta_core.language_model import LanguageModel
from heta_core.report import dumps, loads
from heta_core.settings import Settings, Weights
from heta_core.taking import link
from heta_core.taking.page import page, report_in
from heta_core.taking.snippet import snippet
from heta_core.targets import Choice, as_asked
from heta_core.views import charts, lettering, looking, picture, scale, still, words
from heta_core.views.lettering import Style
from heta_core.views.words import Component

ROOT = Path(__file__).resolve().parents[1]
SVG = "{http://www.w3.org/2000/svg}"
NASTY = (
    *("</script><script>alert(1)</script>", "<img src=x onerror=alert(2)>", "\"'`>", "\u2028", "\u202eevil\u202c"),
    *("</noscript>", "<!--", "]]>", "&#60;", "\x00\x1b", "\ufffe", "👩\u200d👩\u200d👧", "e\u0301", "今天"),
)
ATTACK = samples.result(["<s>", *NASTY, " cup"], says=(" cup", "</script>"))
RESULTS = [*EVERY, ATTACK]
LONG = samples.result(["<s>", *(f" word{i}" for i in range(300))], says=(" word1", " word2"))


def in_sentences() -> Attribution:
    base = samples.result()
    return in_blocks(base, sentences(base.tokens, base.n_context))


def drawn(svg: str) -> list[str]:
    """Every text of a picture, in order."""
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def cells(table: str) -> dict[tuple[int, str], str]:
    """(unit, field) → what the table of a page says."""
    found = {}
    for row in re.findall(r'<tr data-unit="(\d+)">(.*?)</tr>', table, re.DOTALL):
        for name, cell in re.findall(r'<td data-of="(\w+)">(.*?)</td>', row[1], re.DOTALL):
            found[int(row[0]), name] = html.unescape(cell)
    return found


# the page


@pytest.mark.parametrize("result", RESULTS)
def test_a_page_holds_the_report_and_opens_as_it(result: Attribution) -> None:
    report = report_in(page(result))
    assert json.loads(report) == json.loads(dumps(result))
    assert dumps(loads(report)) == dumps(loads(dumps(result)))


@pytest.mark.parametrize("result", RESULTS)
def test_no_token_ends_the_element_that_it_stands_in(result: Attribution) -> None:
    text = page(result)
    assert re.findall(r"<(/?script[^>]*)>", text) == [
        *('script type="application/json" id="report"', "/script", 'script type="application/json" id="view"'),
        *("/script", "script", "/script"),
    ]
    assert "<img" not in text and text.count("</noscript>") == 1 and "<!--" not in text
    assert not any(c in text for c in "\u2028\u2029\u202e\x00\x1b")


def test_a_page_forbids_every_script_but_its_own_and_all_network() -> None:
    text = page(ATTACK)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'" and re.fullmatch(r"'sha256-[\w+/]{43}='", rules["script-src"])
    assert set(rules) == {"default-src", "script-src", "style-src", "base-uri", "form-action"}
    tags = set(re.findall(r"<([a-z]\w*)", text.split("<script>", maxsplit=1)[0]))
    assert tags <= {
        *("html", "head", "meta", "title", "style", "body", "main", "div", "noscript", "details", "summary", "table"),
        *("thead", "tbody", "tr", "th", "td", "footer", "p", "button", "script", "h1", "span", "sup", "sub", "b", "br"),
        "small",
    }
    styles = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)[0]
    assert "url(" not in styles and "@import" not in styles


@pytest.mark.parametrize("result", RESULTS)
def test_the_numbers_of_a_page_are_those_of_its_report(result: Attribution) -> None:
    a = loads(dumps(result))
    view = json.loads(re.findall(r'id="view">(.*?)</script>', page(result), re.DOTALL)[0])
    table = cells(still.table(a))
    for name, values in (
        ("transition", a.transition.scores if a.transition else None),
        ("hessian", a.hessian.scores if a.hessian else None),
        ("hessian_error", a.hessian.standard_error if a.hessian else None),
        ("kl", a.information.kl if a.information else None),
        ("log_p_masked", a.information.log_p if a.information else None),
    ):
        said = [table[i, name] for i in range(a.n_units)]
        if values is None:
            assert set(said) == {"not known"}
            continue
        known = ["not known" if np.isnan(v) else np.float32(v) for v in values]
        assert [s if s == "not known" else np.float32(s) for s in said] == known
        if name in ("transition", "hessian", "hessian_error"):
            assert [None if v is None else np.float32(v) for v in view[name]] == [
                None if isinstance(v, str) else v for v in known
            ]


def test_what_is_no_page_of_ours_is_refused() -> None:
    with pytest.raises(ReportError, match="without a report in it"):
        report_in("<!doctype html><p>hello</p>")
    broken = re.sub(r'"version": \d+', '"version": 99', page(ATTACK))
    with pytest.raises(ReportError, match="Need version"):
        loads(report_in(broken))


@pytest.mark.parametrize(
    ("result", "end"),
    [
        (made.span(), "<b>.</b></p>"),
        (made.contrast(), "<b> garden</b> <i>rather than</i> <b> kitchen</b></p>"),
        (
            made.contrast(["<s>", "a"], said=("<b>",), foil=("&",)),
            "<b>&lt;b&gt;</b> <i>rather than</i> <b>&amp;</b></p>",
        ),
    ],
)
def test_without_scripts_a_page_still_says_what_was_asked(result: Attribution, end: str) -> None:
    text = still.text(result)
    assert end in text and text.count("<sub>") == result.n_units
    assert text.count("said") >= result.n_units - result.unit_of(result.target.position)


# the pictures


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize("component", ["final", "transition", "hessian", "kl"])
def test_every_token_stands_in_the_picture_with_its_number(result: Attribution, component: Component) -> None:
    svg = picture.svg(result, component)
    groups = ElementTree.fromstring(svg).findall(f"{SVG}g")
    shown = looking.look(result, component)
    grounds = [g.find(f"{SVG}rect").get("fill") for g in groups]  # type: ignore[union-attr]
    texts = [[t.text for t in g.findall(f"{SVG}text")] for g in groups]
    assert len(groups) >= result.n_units + 1
    for i in range(result.n_units):
        tint = scale.tint(shown.parts[i], "light", shown.hues[i])
        assert any(t[-1:] == [shown.marked(i)] and g == tint for t, g in zip(texts, grounds, strict=True))


@pytest.mark.parametrize("result", RESULTS)
def test_a_picture_says_how_it_was_made_and_holds_no_markup_of_tokens(result: Attribution) -> None:
    for svg in (picture.svg(result), picture.svg(result, theme="dark"), charts.breakdown(result)):
        said = " ".join(drawn(svg))
        assert "masked: its embedding set to zero" in said and "seed 0" in said and "Model littletown" in said
        parts = list(ElementTree.fromstring(svg).iter())
        assert {part.tag.removeprefix(SVG) for part in parts} <= {"svg", "title", "rect", "g", "text", "path"}
        assert not [name for part in parts for name in part.attrib if name.startswith("on") or name.endswith("href")]
        assert re.search(r"\d\xa0%|nats", said)


@pytest.mark.parametrize("result", [LONG, ATTACK, in_sentences(), made.span(), samples.string_contrast()])
def test_nothing_of_a_picture_is_cut_off(result: Attribution) -> None:
    for svg in (picture.svg(result), charts.breakdown(result), charts.heads(result, 1)):
        root = ElementTree.fromstring(svg)
        wide, high = (float(root.get(side) or 0) for side in ("width", "height"))
        for box in list(root.iter(f"{SVG}rect"))[1:]:
            assert float(box.get("x") or 0) + float(box.get("width") or 0) <= wide - 31.9
        for text in root.iter(f"{SVG}text"):
            end = float(text.get("x") or 0) + float(text.get("textLength") or 0)
            assert end <= wide - 31.9 and float(text.get("y") or 0) <= high - 8


def test_a_line_of_the_text_is_a_line_of_the_picture() -> None:
    result = samples.result(["<s>", "a", ".\n", "b", "\n\n", " cup"])
    tops = {t.text: float(t.get("y") or 0) for t in ElementTree.fromstring(picture.svg(result)).iter(f"{SVG}text")}
    assert tops["a"] == tops["."] < tops["b"] == tops["⏎⏎"]


def test_tokens_of_a_block_share_one_ground_and_number() -> None:
    result = in_sentences()
    groups = ElementTree.fromstring(picture.svg(result)).findall(f"{SVG}g")
    first = [t.text for t in groups[1].findall(f"{SVG}text")]
    assert first == ["Mia", "ran", "to", "the", "museum", ".", looking.look(result, "final").numbers[1]]


def test_a_contrast_has_two_hues_and_says_them_without_colour() -> None:
    result = samples.contrast()
    shown, svg = looking.look(result, "final"), picture.svg(result)
    assert {"heat", "against", "neutral"} == set(shown.hues)
    assert [s for s in drawn(svg) if s.startswith("▼")] == [
        *(shown.marked(i) for i, s in enumerate(shown.signs) if s < 0),
        "▼ speaks for “map”",
    ]


def test_a_partial_result_is_drawn_as_what_is_known_of_it() -> None:
    first, second, *_ = samples.growing(samples.result())
    assert looking.look(first, "final").component == "transition"
    assert looking.look(second, "final").component == "kl"
    assert not looking.look(first, "hessian").is_known
    assert "No component is known yet." in drawn(picture.svg(first, "hessian"))
    with pytest.raises(ReportError, match="needs a component"):
        charts.breakdown(replace(first, transition=None))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_on_every_hue(theme: scale.Theme) -> None:
    palette = scale.PALETTES[theme]
    for hue in ("heat", "against", "neutral", "transition"):
        for part in np.linspace(0, 1, 6):
            assert scale.contrast(palette.text, scale.tint(float(part), theme, hue)) >= 4.5
    assert scale.contrast(palette.on_ink, palette.ink) >= 4.5 and scale.contrast(palette.on_ink, palette.foil) >= 4.5


def test_the_chart_of_components_has_every_number_and_says_what_it_leaves_out() -> None:
    result = samples.result()
    said = drawn(charts.breakdown(result))
    for i in range(result.n_units):
        error = float(result.hessian.standard_error[i])
        assert words.with_error(float(result.hessian.scores[i]), error) in said
    assert any(
        "The 60 highest of 301 tokens in reading order; the other 241 hold" in s for s in drawn(charts.breakdown(LONG))
    )


def test_the_cells_of_a_word_sum_to_its_transition() -> None:
    result = made.span()
    said = drawn(charts.heads(result, 0))
    share = float(result.transition.scores[0])
    assert words.number(100 * share) in said  # one layer, one head
    assert any(s.startswith(f"“<s>”: {words.percent(share)} of the flow") for s in said)
    with pytest.raises(ReportError, match="must stand at 0 to 5, found 6"):
        charts.heads(result, 6)


def test_texts_are_measured_wrapped_and_cut() -> None:
    style = Style(10, "#000000")
    assert lettering.width("iW1", style) == pytest.approx((222 + 944 + 556) / 100)
    assert lettering.width("今🦊", style) == 20 and lettering.width("👩\u200d👩", style) == 10
    assert lettering.width("e\u0301", style) == lettering.width("e", style)
    assert lettering.wrapped("aa aa aa", 26, style) == ["aa aa", "aa"]
    assert lettering.wrapped("a" * 5, 12, style) == ["aa", "aa", "a"]
    assert lettering.wrapped("", 12, style) == [""]
    assert "".join(lettering.cut("abc" * 50, 40, style)) == "abc" * 50
    assert lettering.escaped("<\x00\ufffe&\ud800") == "&lt;\ufffd\ufffd&amp;\ufffd"


# the snippet


@pytest.mark.parametrize("result", RESULTS)
def test_a_snippet_is_python_whatever_the_tokens_are(result: Attribution) -> None:
    code = snippet(result)
    compile(code, "snippet", "exec")
    assert len(code.splitlines()) == code.count("\n")  # no character of the text breaks a line, not even a comment's


def test_a_snippet_says_only_what_is_not_as_usual() -> None:
    code = snippet(replace(samples.result(weights=Weights()), settings=Settings(seed=3, chunk=4, memory=10**9)))
    assert "settings=Settings(seed=3),\n    weights=Weights(),\n" in code
    assert "groups=((0, 1), (1, 7)" in snippet(in_sentences())


@pytest.mark.parametrize(
    ("choice", "options"),
    [
        (Choice(), {}),
        (Choice(), {"weights": Weights(scaling="unit", beta=0.25), "groups": "words"}),
        (Choice(4, stop=6), {}),
        (Choice(7, 351, foil=(368,)), {}),
    ],
)
def test_a_snippet_computes_the_same_numbers_again(choice: Choice, options: dict[str, object]) -> None:
    from heta_core import attribute, load

    lm: LanguageModel = load("littletown")
    text = "Noah went to the garden. Question: Where is Noah?"
    result = attribute(lm, text, choice=choice, settings=Settings(probes=2, seed=5), **options)  # type: ignore[arg-type]
    scope: dict[str, object] = {}
    exec(snippet(loads(dumps(result))), scope)
    again = scope["why"]
    assert isinstance(again, Attribution)
    assert (again.tokens, again.target, again.settings.seed) == (result.tokens, result.target, 5)
    np.testing.assert_allclose(again.scores, result.scores, rtol=1e-6)


# the link


@pytest.mark.parametrize(
    "result",
    [
        samples.result(),
        samples.odd(),
        ATTACK,
        samples.observed(samples.words(samples.SCENE), 9),
        made.span(),
        made.contrast(asked=(" garden & shed", " kitchen=sink")),
        samples.string_contrast(),
        in_sentences(),
        in_blocks(samples.result(), ((0, 3), (3, 10), (10, 38))),
        replace(
            samples.result(), settings=Settings(probes="auto", tolerance=0.2, mask="token", mask_token=7, layers=1)
        ),
    ],
)
def test_a_link_asks_for_the_same_again(result: Attribution) -> None:
    fragment = link.written(result)
    assert fragment.startswith("#heta?") and re.fullmatch(r"[\x21-\x7e]+", fragment)
    asked = link.read(fragment)
    assert (asked.model, asked.prompt, asked.ids) == ("littletown", result.tokens.text, result.tokens.ids)
    assert asked.choice == as_asked(result.target)
    assert (asked.settings, asked.weights) == (result.settings, result.weights)
    if result.groups is None:
        assert asked.groups is None
    else:
        assert asked.groups in (result.groups, "sentences")


def test_a_link_that_is_typed_by_hand_needs_a_model_and_a_prompt_alone() -> None:
    asked = link.read("#heta?model=gpt2&prompt=The+capital%20of")
    assert (asked.model, asked.prompt, asked.choice, asked.settings) == ("gpt2", "The capital of", Choice(), None)
    assert link.read(link.saved("a/b c")).saved == "a/b c"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("prompt=hello", "needs the id of a model"),
        ("model=<script>alert(1)</script>&prompt=a", "needs the id of a model"),
        ("model=/etc/passwd&prompt=a", "needs the id of a model"),
        ("model=../../x&prompt=a", "needs the id of a model"),
        ("model=gpt2", "needs a prompt"),
        ("model=gpt2&prompt=a&at=-1", "whole number from 0 as at, found '-1'"),
        ("model=gpt2&prompt=a&at=1e9", "whole number from 0 as at"),
        ("model=gpt2&prompt=a&token=٣", "whole number from 0 as token"),
        ("model=gpt2&prompt=a&beta=much", "number as beta"),
        ("model=gpt2&prompt=a&beta=nan", "finite number"),
        ("model=gpt2&prompt=a&beta=0&gamma=0", "both 0"),
        ("model=gpt2&prompt=a&mask=hole", "mask must be one of"),
        ("model=gpt2&prompt=a&probes=1000000", "probes up to 200"),
        ("model=gpt2&prompt=a&groups=3.2", "blocks that end one after the other"),
        ("model=gpt2&prompt=a&said=x", "one side of a comparison"),
        ("model=gpt2&prompt=a&evil=1", "says 'evil'"),
        ("model=gpt2&model=gpt2&prompt=a", "something twice"),
        ("model=gpt2&prompt=" + "a" * 70_000, "at most 64,000 characters"),
        ("model=gpt2&prompt=a&ids=1..2", "whole number"),
    ],
)
def test_a_link_that_makes_no_sense_says_so_in_one_line(said: str, told: str) -> None:
    with pytest.raises(HetaError, match=re.escape(told)) as error:
        link.read(f"#heta?{said}")
    assert len(str(error.value)) < 250 and "\n" not in str(error.value)
    with pytest.raises(InputError, match="goes on with"):
        link.read("#other")


def test_no_link_is_written_that_could_not_be_sent_or_opened_elsewhere() -> None:
    with pytest.raises(InputError, match="at most 8,000 characters"):
        link.written(samples.result(["<s>", *(" word" for _ in range(2000))]))
    base = samples.result()
    with pytest.raises(InputError, match="folder"):
        link.written(replace(base, source=replace(base.source, model="/home/me/model")))


def test_taking_along_brings_neither_torch_nor_streamlit() -> None:
    names = "heta_core.taking.page, heta_core.taking.snippet, heta_core.taking.link, heta_core.views.charts"
    code = f"import sys, {names}; print(*{{'torch', 'transformers', 'streamlit', 'plotly'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
