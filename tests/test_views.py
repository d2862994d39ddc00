"""What is drawn of a result, compared as exact text, also for tokens that break careless views."""

import csv
import io
import json
from dataclasses import replace
from xml.etree import ElementTree

import made
import numpy as np
import pytest
import samples

from heta_core.attribution import Attribution
from heta_core.errors import ReportError
from heta_core.parts import Information, Sensitivity, Transition
from heta_core.settings import Settings, Weights
from heta_core.views import caption, export, figures, ranking, scale, strip, words
from heta_core.views.words import Drawn

FINISHED = samples.result()
STEPS = list(samples.growing(FINISHED))
EVERY = [FINISHED, samples.odd(), samples.observed(samples.words(samples.SCENE), 9), *STEPS]
NBSP = "\u00a0"


def small(**parts: object) -> Attribution:
    """Three tokens with round numbers: M = ½ ¼ ¼, S = 2 2 0, I = 1 0 3, p(b) = 0.72."""
    base = samples.result(["<s>", "a", " b"], says=(" b", " c"), weights=Weights())
    choices = (base.prediction.candidates[0], base.prediction.candidates[1], base.prediction.candidates[0])
    log_p = base.prediction.log_p
    whole = replace(
        base,
        transition=Transition(np.array([[[2.0, 1.0, 1.0]]]), np.zeros(1)),
        information=Information(np.array([1.0, 0.0, 3.0]), log_p - np.array([0.5, 1.0, -0.1]), choices),
        hessian=Sensitivity(
            np.array([2.0, 2.0, 0.0]), np.array([0.1, 0.25, 0.0]), np.array([10, 10, 10]), np.array([1.0, 1.0, 0.0])
        ),
    )
    return replace(whole, **parts)


@pytest.mark.parametrize(
    ("piece", "cut", "label"),
    [
        (" cup", Drawn(" ", "cup", ""), "cup"),
        (".\n", Drawn("", ".", "\n"), "."),
        ("\n\n", Drawn("", "⏎⏎", "\n\n"), "⏎⏎"),
        (" ", Drawn("", "␣", ""), "␣"),
        (" " * 40, Drawn("", "␣×40", ""), "␣×40"),
        ("", Drawn("", "∅", ""), "∅"),
        ("\t", Drawn("", "⇥", ""), "⇥"),
        ("\x00a", Drawn("", "␀a", ""), "␀a"),
        ("\u202eabc", Drawn("", "⟨U+202E⟩abc", ""), "⟨U+202E⟩abc"),
        ("👩\u200d🌾", Drawn("", "👩\u200d🌾", ""), "👩\u200d🌾"),
        ("<b>&", Drawn("", "<b>&", ""), "<b>&"),
        ("שלום", Drawn("", "שלום", ""), "שלום"),
    ],
)
def test_a_token_is_drawn_as_what_it_is(piece: str, cut: Drawn, label: str) -> None:
    assert (words.drawn(piece), words.label(piece)) == (cut, label)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        *((0.72, 1, "72.0 %"), (0.0, 1, "0.0 %"), (1.0, 1, "100.0 %"), (1e-6, 1, "< 0.1 %"), (1 - 1e-6, 1, "> 99.9 %")),
        *((0.004, 0, "< 1 %"), (0.996, 0, "> 99 %"), (0.0149, 0, "1 %")),
    ],
)
def test_a_share_never_rounds_to_nothing_or_all(value: float, digits: int, text: str) -> None:
    assert words.percent(value, digits) == text.replace(" %", f"{NBSP}%")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0, "0"), (97.64, "97.6"), (7.534, "7.53"), (0.1672, "0.167"), (0.0123, "0.012"), (1e-7, "< 0.001")),
        *((123456.7, "123,457"), (-2.5, "−2.50")),
    ],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert words.number(value) == text


def test_an_error_has_the_decimals_of_its_estimate() -> None:
    assert words.with_error(97.64, 15.83) == "97.6 ± 15.8"
    assert words.with_error(97.64, None) == "97.6 ± ?"


def test_text_on_every_tint_can_be_read() -> None:
    for theme in ("light", "dark"):
        palette = scale.PALETTES[theme]
        for part in np.linspace(0, 1, 11):
            assert scale.contrast(palette.text, scale.tint(float(part), theme)) >= 4.5


def test_the_components_can_be_told_from_the_page_in_both_themes() -> None:
    for palette in scale.PALETTES.values():
        for colour in (palette.transition, palette.hessian, palette.kl):
            assert scale.contrast(colour, palette.ground) >= 3  # WCAG 2 on graphics


def test_the_highest_value_takes_the_full_tint() -> None:
    assert scale.intensity(np.array([0.0, 2.0, 1.0])).tolist() == [0.0, 1.0, 0.5]
    assert scale.intensity(np.zeros(2)).tolist() == [0.0, 0.0]


def test_the_strip_of_a_small_result_is_this() -> None:
    view = strip.payload(small())
    masked = view.pop("masked")
    names = ("tokens", "labels", "n_context", "target", "transition", "hessian", "hessian_error", "kl", "fraction")
    assert {name: view[name] for name in names} == {
        "tokens": [["", "<s>", "", "special"], ["", "a", "", ""], [" ", "b", "", ""]],
        "labels": ["<s>", "a", "b"],
        "n_context": 3,
        "target": {"token_id": 1000, "label": "b", "is_observed": False},
        "transition": [0.5, 0.25, 0.25],
        "hessian": [2.0, 2.0, 0.0],
        "hessian_error": [0.1, 0.25, 0.0],
        "kl": [1.0, 0.0, 3.0],
        "fraction": 1.0,
    }
    assert masked["p"] == pytest.approx([0.72 * np.exp(-0.5), 0.72 * np.exp(-1), 0.72 * np.exp(0.1)])
    assert (masked["says"], masked["changes"], masked["raises"]) == (["b", "c", "b"], [1], [2])


@pytest.mark.parametrize("result", EVERY)
def test_a_payload_is_plain_json_and_holds_every_token_once(result: Attribution) -> None:
    view = strip.payload(result)
    assert json.loads(json.dumps(view, allow_nan=False)) == view
    assert len(view["tokens"]) == len(view["labels"]) == len(result.tokens)
    for name, part in (("transition", result.transition), ("kl", result.information), ("hessian", result.hessian)):
        assert (view[name] is None) == (part is None)
        assert part is None or len(view[name]) == result.n_context


def test_tokens_that_share_a_character_are_marked_and_spell_it_once() -> None:
    odd = samples.odd()
    foxes = [i for i, piece in enumerate(odd.tokens.pieces) if piece == " 🦊"]
    parts = strip.token_parts(odd.tokens)
    assert [parts[i] for i in foxes] == [[" ", "🦊", "", "part 1/2"], ["", "", "", "part 2/2"]]
    assert [strip.labels(odd.tokens)[i] for i in foxes] == ["🦊 1/2", "🦊 2/2"]


def test_rows_of_a_small_result() -> None:
    first, second, third = ranking.rows(small())
    # Raw: M·(½S + ½I) = ¾, ¼, ⅜, in all 1⅜.
    assert [row.position for row in (first, second, third)] == [0, 2, 1]
    assert first.share == pytest.approx(0.75 / 1.375)
    assert (first.hessian_part, first.kl_part) == (pytest.approx(0.5 / 1.375), pytest.approx(0.25 / 1.375))
    assert (third.first_choice, third.changes_answer, second.changes_answer) == ("c", True, False)
    assert ranking.hidden_share((first,), (first, second, third)) == pytest.approx(1 - 0.75 / 1.375)


@pytest.mark.parametrize("result", EVERY)
def test_every_token_has_one_row(result: Attribution) -> None:
    rows = ranking.rows(result)
    assert sorted(row.position for row in rows) == list(range(result.n_context))
    assert [row.rank for row in rows] == list(range(1, result.n_context + 1))


def spoken(result: Attribution) -> str:
    return caption.caption(result).text.replace(NBSP, " ")


def test_the_caption_says_what_the_numbers_say() -> None:
    assert spoken(small()) == (
        "No token stands out: the highest, “<s>”, carries 55 % of the score, an even part would be 33 %. "
        "One token changes the answer when it is masked."
    )
    assert spoken(FINISHED) == (
        "“cup” carries 79 % of the score (rank 1 of 38). Without it the model would say “map”: “cup” falls from "
        "72.0 % to 0.3 %. One token changes the answer when it is masked."
    )
    assert caption.caption(FINISHED).method.replace(NBSP, " ") == (
        "Scaling: balanced, β 0.5, γ 0.5 · 29 % of the score is Hessian, 71 % KL · masked: its embedding set to zero · "
        "Hessian: an estimate from 10 probes a token (block_probes)"
    )


def test_a_guess_is_called_one() -> None:
    assert spoken(samples.result(choice=1)).startswith(
        "The model would rather say “cup” (72.0 %); “map” is its choice number 2, at 20.0 %."
    )
    unsure = replace(FINISHED, prediction=replace(FINISHED.prediction, log_p=float(np.log(0.3))))
    assert spoken(unsure).startswith("“cup” is a guess: the model gives it 30.0 %.")
    assert strip.payload(unsure)["prediction"]["is_guess"]


def test_nothing_is_said_of_what_is_not_known() -> None:
    assert [spoken(step) for step in STEPS[:2]] == [
        "So far, by transition, “cup” comes first; KL and the Hessian may change that.",
        "So far, by KL, “cup” comes first; the Hessian may change that. "
        "One token changes the answer when it is masked.",
    ]
    assert "of the score" not in caption.caption(STEPS[1]).method


def test_a_term_that_is_zero_everywhere_says_so() -> None:
    none = Sensitivity(np.zeros(3), np.zeros(3), np.full(3, 10), np.zeros(3))
    assert "Hessian: zero on every token" in spoken(small(hessian=none))
    nothing = small(hessian=none, information=replace(small().information, kl=np.zeros(3)))
    assert "Every score is zero" in spoken(nothing)


def test_a_mask_that_helps_is_said_to() -> None:
    helped = small(weights=Weights(beta=0, gamma=1))
    helped = replace(helped, transition=Transition(np.array([[[0.1, 0.1, 9.8]]]), np.zeros(1)))
    assert "“b” carries > 99 % of the score (rank 1 of 3). Without it the model still says “b”: “b” rises" in spoken(
        helped
    )


def test_an_exact_hessian_is_not_called_an_estimate() -> None:
    dense = replace(FINISHED, settings=Settings(estimator="dense"))
    assert caption.caption(dense).method.endswith("Hessian: exact, all sign vectors (dense)")


@pytest.mark.parametrize("result", EVERY)
def test_exports_escape_every_token_and_hold_each_once(result: Attribution) -> None:
    page = export.html_page(result)
    assert "<script" not in page and "onerror" not in page and "http://" not in page.replace("(http://e.x/y)", "")
    assert page.count('<span style="--v:') + page.count('<span class="changes" style=') == result.n_context
    picture = ElementTree.fromstring(export.svg(result))
    groups = picture.findall("{http://www.w3.org/2000/svg}g")
    assert len(groups) == result.n_context + 1
    titles = [g[0].text.split(": ")[0] if ": " in g[0].text else g[0].text for g in groups[:-1]]
    assert titles == [label.split(": ")[0] for label in strip.labels(result.tokens)[: result.n_context]]
    rows = list(csv.DictReader(io.StringIO(export.csv_text(result))))
    assert [int(row["position"]) for row in rows] == [row.position for row in ranking.rows(result)]


def test_a_spreadsheet_takes_no_token_for_a_formula() -> None:
    text = export.csv_text(samples.result(["<s>", "=1+1", " b"], says=(" b", " @c")))
    assert "'=1+1" in text and ",=1+1" not in text


@pytest.mark.parametrize("result", EVERY)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_show_the_same_numbers_and_no_markup(result: Attribution, theme: scale.Theme) -> None:
    figure = figures.breakdown(result, theme)
    known = {"Transition": result.transition, "Hessian": result.hessian, "KL": result.information}
    assert [bar.name for bar in figure.data] == [name for name, part in known.items() if part is not None]
    for bar in figure.data:
        values = {"Transition": "scores", "Hessian": "scores", "KL": "kl"}[bar.name]
        positions = [c[0] for c in bar.customdata]
        assert list(bar.y) == [getattr(known[bar.name], values)[i] for i in positions]
    assert "<script" not in figure.to_json()


def test_error_bars_stand_on_the_hessian_alone() -> None:
    bars = {bar.name: bar for bar in figures.breakdown(FINISHED).data}
    assert list(bars["Hessian"].error_y.array) == list(FINISHED.hessian.standard_error)
    assert bars["KL"].error_y.array is None


def test_the_heads_of_a_token_sum_to_its_transition() -> None:
    figure = figures.heads(FINISHED, 3)
    assert np.sum(figure.data[0].z) == pytest.approx(100 * FINISHED.transition.scores[3])
    with pytest.raises(ReportError, match="must stand at 0 to 37, found 38"):
        figures.heads(FINISHED, 38)
    sinking = replace(FINISHED, transition=Transition(FINISHED.transition.flow, np.full(4, 0.25)))
    assert f"up to 25.0{NBSP}% of a layer" in figures.heads(sinking, 3).layout.title.text


def test_what_a_figure_leaves_out_is_stated() -> None:
    long = samples.result(["<s>", *(f" w{i}" for i in range(90))], says=(" w1", " w2"))
    figure = figures.breakdown(long)
    hidden = ranking.hidden_share(ranking.rows(long)[: figures.MOST_BARS], ranking.rows(long))
    assert len(figure.data[0].x) == figures.MOST_BARS
    assert f"the other 31 hold {words.percent(hidden)} of the score" in figure.layout.title.text


def test_the_answer_of_a_span_is_that_of_the_place_where_it_changes() -> None:
    a = made.span()
    assert [ranking.answer_of(a, i) for i in range(a.n_context)] == [4, 6, 4, 4, 5, 6]
    by_position = sorted(ranking.rows(a), key=lambda row: row.position)
    assert [row.changes_answer for row in by_position] == [True, True, False, False, False, False]
