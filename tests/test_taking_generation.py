"""What a reader takes along of a generation: page, pictures and snippet, also for tokens that break careless files."""

import json
import re
from collections import Counter
from dataclasses import replace
from xml.etree import ElementTree

import made_generation
import numpy as np
import pytest
import samples
from test_taking import NASTY, SVG

from heta_core.errors import ReportError
from heta_core.generated import GenerationAttribution
from heta_core.report import dumps, loads, loads_generation
from heta_core.settings import Decoding, Settings, Weights
from heta_core.taking.page import page, report_in
from heta_core.taking.snippet import snippet
from heta_core.tokens import Segment, from_text
from heta_core.views import heatmap, looking, naming, scale, still, words
from heta_core.views.words import Component

SHOWN = made_generation.generation()
ATTACK = made_generation.generation(["<s>", *NASTY], ("</script>", "<img src=x onerror=alert(3)>", "\u202e", " cup"))
PARTIAL = list(made_generation.growing(SHOWN))
RESULTS = [SHOWN, ATTACK, PARTIAL[-4], PARTIAL[len(made_generation.ANSWER) + 1]]


def drawn(root: ElementTree.Element) -> list[str]:
    """Every text of a picture, in order."""
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def view_of(text: str) -> dict:
    return json.loads(re.findall(r'id="view">(.*?)</script>', text, re.DOTALL)[0])


@pytest.mark.parametrize("result", RESULTS)
def test_a_page_holds_the_report_and_opens_as_it(result: GenerationAttribution) -> None:
    report = report_in(page(result))
    assert dumps(loads_generation(report)) == dumps(loads_generation(dumps(result)))
    with pytest.raises(ReportError, match="page Generate"):
        loads(report)


@pytest.mark.parametrize("result", RESULTS)
def test_no_token_ends_the_element_that_it_stands_in(result: GenerationAttribution) -> None:
    text = page(result)
    assert re.findall(r"<(/?script[^>]*)>", text) == [
        *('script type="application/json" id="report"', "/script", 'script type="application/json" id="view"'),
        *("/script", "script", "/script"),
    ]
    assert "<img" not in text and text.count("</noscript>") == 1 and "<!--" not in text
    assert not any(c in text for c in "\u2028\u2029\u202e\x00\x1b")
    assert "default-src 'none'" in text and "url(" not in text and "@import" not in text


@pytest.mark.parametrize("result", RESULTS)
def test_the_numbers_of_every_step_of_a_page_are_those_of_its_report(result: GenerationAttribution) -> None:
    text = page(result)
    g, view = loads_generation(report_in(text)), view_of(text)["film"]
    for k, drawn in enumerate(view["steps"]):
        a = g.at(k)
        known = {
            "transition": a.transition.scores if a.transition else None,
            "hessian": a.hessian.scores if a.hessian else None,
            "hessian_error": a.hessian.standard_error if a.hessian else None,
            "kl": a.information.kl if a.information else None,
            "log_p_masked": a.information.log_p if a.information else None,
        }
        for name, values in known.items():
            expected = None if values is None else [None if np.isnan(v) else np.float32(v) for v in values]
            said = drawn[name]
            assert (None if said is None else [None if v is None else np.float32(v) for v in said]) == expected


def test_without_scripts_every_step_is_there_with_the_number_of_every_token() -> None:
    told = re.findall(r"<noscript>(.*?)</noscript>", page(SHOWN), re.DOTALL)[0]
    assert told == "\n" + still.film(loads_generation(dumps(SHOWN)))
    assert told.count("<h2>Step ") == SHOWN.n_new
    assert told.count("<sub>") == sum(range(SHOWN.n_prompt, len(SHOWN.tokens)))


def test_a_text_that_still_grows_is_no_page_yet() -> None:
    with pytest.raises(ReportError, match="reasons of a step"):
        page(PARTIAL[2])


def test_a_film_is_named_by_what_was_said() -> None:
    assert naming.continued(SHOWN) == "Why did the model say “took the green cup to the museum.”?"
    long = made_generation.generation(samples.words("Then Kate"), [" word"] * 40)
    assert len(naming.continued(long)) < 100 and " … " in naming.continued(long)


# the pictures


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize("component", ["final", "transition", "hessian", "kl"])
def test_every_cell_of_the_matrix_stands_in_its_picture_with_its_number(
    result: GenerationAttribution, component: Component
) -> None:
    shown = next((c for c in looking.instead(component) if not np.isnan(result.matrix(c)).all()), None)
    if shown is None:
        with pytest.raises(ReportError, match="of a step, found none"):
            heatmap.svg(result, component)
        return
    raw = result.matrix(shown)
    parts = raw / np.nanmax(np.where(np.isnan(raw), 0, raw), axis=0)
    hue = "heat" if shown == "final" else shown
    known = [(r, k) for r in range(len(raw)) for k in range(result.n_new) if not np.isnan(raw[r, k])]
    root = ElementTree.fromstring(heatmap.svg(result, component))
    grounds = [rect.get("fill") for rect in root.iter(f"{SVG}rect")][1:]
    assert grounds == [scale.tint(float(parts[cell]), "light", hue) for cell in known]
    said = drawn(root)
    numbers = [looking.said(shown, float(raw[cell])) for cell in known]
    assert not Counter(numbers) - Counter(said)
    labels = [words.label(p).replace("\ufffe", "\ufffd") for p in result.tokens.pieces[: len(raw)]]
    assert not Counter(label for label in labels if len(label) < 15) - Counter(said)
    assert all(words.percent(np.exp(s.prediction.log_p), 0) in said for s in result.steps)


def test_a_matrix_of_many_steps_goes_on_below_and_says_what_it_leaves_out() -> None:
    long = made_generation.generation(["<s>", *(f" word{i}" for i in range(130))], [f" said{i}" for i in range(43)])
    root = ElementTree.fromstring(heatmap.svg(long, theme="dark"))
    said = drawn(root)
    assert said.count("p") == 3 and [f"said{i}" in said for i in range(43)] == [True] * 43
    assert any("he 120 highest of 173 tokens in reading order; the other 53 hold" in text for text in said)
    wide, high = (float(root.get(side) or 0) for side in ("width", "height"))
    for box in list(root.iter(f"{SVG}rect"))[1:]:
        assert float(box.get("x") or 0) + float(box.get("width") or 0) <= wide - 31.9
    for text in root.iter(f"{SVG}text"):
        lean = 0.5 if text.get("transform") else 1.0  # names of columns are turned by 60°
        end = float(text.get("x") or 0) + lean * float(text.get("textLength") or 0)
        assert end <= wide - 31.9 and float(text.get("y") or 0) <= high - 8


def test_a_picture_of_a_generation_says_how_it_was_made_and_holds_no_markup_of_tokens() -> None:
    for result in RESULTS:
        root = ElementTree.fromstring(heatmap.svg(result))
        said = " ".join(drawn(root))
        assert "the most probable word at each step" in said and "masked: its embedding set to zero" in said
        parts = list(root.iter())
        assert {part.tag.removeprefix(SVG) for part in parts} <= {"svg", "title", "rect", "text", "path"}
        assert not [name for part in parts for name in part.attrib if name.startswith("on") or name.endswith("href")]
    assert "2 of 8 steps are not finished." in " ".join(drawn(ElementTree.fromstring(heatmap.svg(PARTIAL[-4]))))


def test_faint_numbers_can_be_read() -> None:
    for theme, palette in scale.PALETTES.items():
        for hue in ("heat", "transition", "hessian", "kl"):
            assert scale.contrast(palette.muted, scale.tint(heatmap.FAINT, theme, hue)) >= 4.5


# the snippet


def run(code: str) -> GenerationAttribution:
    scope: dict[str, object] = {}
    exec(code, scope)
    again = scope["why"]
    assert isinstance(again, GenerationAttribution)
    return again


@pytest.mark.parametrize("result", RESULTS)
def test_a_snippet_is_python_whatever_the_tokens_are(result: GenerationAttribution) -> None:
    code = snippet(result)
    compile(code, "snippet", "exec")
    assert len(code.splitlines()) == code.count("\n")


@pytest.mark.parametrize(
    "options",
    [
        {"decoding": Decoding(steps=3)},
        {"decoding": Decoding(method="sample", steps=4, temperature=1.5, top_k=20, seed=9, stop=(".",))},
        {"decoding": Decoding(steps=4), "given": (368,), "weights": Weights(scaling="unit", beta=0.25)},
    ],
)
def test_a_snippet_says_and_computes_the_same_again(
    options: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    from heta_core import generate, load

    lm = load("littletown")
    settings = Settings(probes=2, seed=5)
    result = generate(lm, "Noah went to the garden. Then Noah", settings=settings, **options)  # type: ignore[arg-type]
    again = run(snippet(loads_generation(dumps(result))))
    assert (again.tokens, again.n_prompt, again.n_given) == (result.tokens, result.n_prompt, result.n_given)
    assert (again.decoding, again.settings.seed, again.weights) == (result.decoding, 5, result.weights)
    np.testing.assert_allclose(again.matrix("final"), result.matrix("final"), rtol=1e-6)
    assert "Other words" not in capsys.readouterr().out


def test_a_snippet_of_a_given_answer_to_a_chat_keeps_who_said_what() -> None:
    from heta_core import explain, load

    lm = load("littletown")
    prompt = from_text(lm.tokenizer, "Noah went to the garden.")
    chat = replace(prompt, segments=(Segment(0, 3, "role", "user", 0), Segment(3, len(prompt), "content", "user", 0)))
    result = explain(lm, chat, " Then Noah", settings=Settings(probes=2))
    again = run(snippet(loads_generation(dumps(result))))
    assert again.decoding is None and again.tokens == result.tokens and again.prompt == chat
    np.testing.assert_allclose(again.matrix("final"), result.matrix("final"), rtol=1e-6)
