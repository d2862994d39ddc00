"""What is drawn of a result, compared as exact text, also for tokens that break careless views."""

import csv
import io
from dataclasses import replace

import made
import numpy as np
import pytest
import samples

from heta_core.attribution import Attribution
from heta_core.errors import ReportError
from heta_core.parts import Information, Sensitivity, Transition
from heta_core.settings import Settings, Weights
from heta_core.views import caption, export, figures, naming, ranking, scale, words
from heta_core.views.words import Drawn

FINISHED = samples.result()
STEPS = list(samples.growing(FINISHED))
SHED = {"said": (" garden", " shed"), "foil": (" kitchen",)}
OTHERS = {
    "span": made.span(),
    "contrast": made.contrast(),
    "string contrast": made.contrast(**SHED),
    "span of odd tokens": made.span(["<s>", "Hi", *samples.HOSTILE, " 🦊", " 🦊"], start=3),
    "contrast of odd tokens": made.contrast(["<s>", *samples.HOSTILE], said=(samples.HOSTILE[0],), foil=("\n",)),
}
EVERY = [FINISHED, samples.odd(), samples.observed(samples.words(samples.SCENE), 9), *STEPS, *OTHERS.values()]
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
            np.array([2.0, 2.0, 0.0]),
            np.array([0.1, 0.25, 0.0]),
            np.array([10, 10, 10]),
            np.array([1.0, 1.0, 0.0]),
            ("block_probes",) * 3,
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
        "No token stands out: the highest, “<s>”, carries 55 % of the score, chance alone "
        "would give the largest of 3 parts 61 %. "
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
    assert caption.is_guess(unsure)


def test_nothing_is_said_of_what_is_not_known() -> None:
    assert [spoken(step) for step in STEPS[:2]] == [
        "So far, by transition, “cup” comes first; KL and the Hessian may change that.",
        "So far, by KL, “cup” comes first; the Hessian may change that. "
        "One token changes the answer when it is masked.",
    ]
    assert "of the score" not in caption.caption(STEPS[1]).method


def test_a_term_that_is_zero_everywhere_says_so() -> None:
    none = Sensitivity(np.zeros(3), np.zeros(3), np.full(3, 10), np.zeros(3), ("block_probes",) * 3)
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
def test_a_table_for_spreadsheets_holds_every_token_once(result: Attribution) -> None:
    rows = list(csv.DictReader(io.StringIO(export.csv_text(result))))
    assert [int(row["position"]) for row in rows] == [row.position for row in ranking.rows(result)]


def test_a_spreadsheet_takes_no_token_for_a_formula() -> None:
    text = export.csv_text(samples.result(["<s>", "=1+1", " b"], says=(" b", " @c")))
    assert "'=1+1" in text and ",=1+1" not in text


@pytest.mark.parametrize("result", EVERY)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_show_the_same_numbers_and_no_markup(result: Attribution, theme: scale.Theme) -> None:
    figure = figures.breakdown(result, theme)
    known = {
        "Transition": result.transition and result.transition.scores,
        "Hessian": result.hessian and result.hessian.scores,
        "Δ" if result.foil else "KL": result.effect if result.foil else result.information and result.information.kl,
    }
    assert [bar.name for bar in figure.data] == [name for name, values in known.items() if values is not None]
    for bar in figure.data:
        assert list(bar.y) == [known[bar.name][c[0]] for c in bar.customdata]
    assert "<script" not in figure.to_json()


def test_the_bars_of_a_contrast_say_whom_they_speak_for() -> None:
    titles = [note.text for note in figures.breakdown(OTHERS["contrast of odd tokens"]).layout.annotations]
    assert titles[2] == "Δ, nats: above 0 for “&lt;script&gt;alert(1)&lt;/script&gt;”, below 0 for “⏎”"


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
    assert [row.is_explained for row in by_position] == [False] * 4 + [True] * 2


def test_the_caption_of_a_span_says_how_likely_all_of_it_is() -> None:
    assert spoken(made.span()) == (
        "“the garden.”: log p −1.14 nats over 3 tokens (−0.380 a token), p 32.0 %. "
        "“<s>” carries 55 % of the score (rank 1 of 6). Without it the model would say “road” in the place of “the”; "
        "log p of the span falls by 2.00 nats. 2 tokens change a first choice along the span when masked. "
        "The tokens of the span are scored too: they explain those after them."
    )
    assert "KL: the sum along the span as it stands" in caption.caption(made.span()).method


def test_a_span_is_a_guess_where_a_token_is_no_first_choice_or_the_mean_is_low() -> None:
    a = made.span()
    assert not caption.is_guess(a)
    low = replace(a, later=tuple(replace(p, log_p=-3.0) for p in a.later))
    assert "It is a guess: 10.7 % a token." in spoken(low) and caption.is_guess(low)
    other = made.prediction(0.8, 2, (made.ROAD, " road", 0.9))
    last = replace(a, later=(a.later[0], other))
    assert "The model would rather say “road” (90.0 %) in the place of “.”." in spoken(last)
    assert "and something else at 1 more of its 3 tokens" in spoken(replace(a, later=(other, other)))


def test_the_caption_of_a_contrast_weighs_both() -> None:
    assert spoken(made.contrast()) == (
        "“garden” is 3.00 times (e^1.10) as likely as “kitchen” (60.0 %, rank 1, against 20.0 %, rank 2; "
        "f +1.10 nats). “<s>” carries 50 % of the score (rank 1 of 5). Without it the model would say “kitchen”; f "
        "falls to −0.151 nats. “<s>” speaks most for “garden” (Δ +1.25 nats), “Mia” for “kitchen” (Δ −0.500 nats). "
        "One token changes the answer when it is masked."
    )
    assert "67 % of the score is Hessian, 33 % |Δ| · information term: |Δ| (contrast)" in caption.caption(
        made.contrast()
    ).method.replace(NBSP, " ")


def test_a_contrast_says_where_the_other_or_neither_is_likelier() -> None:
    a = made.contrast()
    (foil,) = a.foil
    assert spoken(replace(a, foil=(replace(foil, log_p=a.log_p + 20),))).startswith(
        "“kitchen” is the likelier: e^20.0 times as likely as “garden”"
    )
    assert spoken(replace(a, foil=(replace(foil, log_p=a.log_p),))).startswith(
        "“garden” and “kitchen” are equally likely"
    )
    road = made.prediction(0.3, 2, (made.ROAD, " road", 0.5))
    assert "The model would rather say “road” (50.0 %)." in spoken(replace(a, prediction=road))


def test_a_side_of_a_contrast_for_which_nothing_speaks_is_said_to_be_without() -> None:
    a = made.contrast()
    for log_p, told in (
        (a.log_p - 1.0, "speaks most for “garden” (Δ +1.00 nats), nothing speaks for “kitchen”."),
        (a.log_p + 1.0, "Nothing speaks for “garden”, “<s>” speaks most for “kitchen” (Δ −1.00 nats)."),
        (a.log_p, "Nothing speaks for “garden”, nothing speaks for “kitchen”."),
    ):
        even = replace(a.information, log_p=np.full(a.n_context, log_p))
        assert told in spoken(replace(a, information=even))


def test_what_is_compared_of_longer_texts_is_said() -> None:
    asked = made.contrast(asked=(" garden shed", " kitchen sink"))
    assert "Of “garden shed” and “kitchen sink” the first tokens that differ are compared." in spoken(asked)
    whole = spoken(made.contrast(**SHED))
    assert whole.startswith("“garden shed” is 1.50 times (e^0.405) as likely as “kitchen” (log p −1.20 against −1.61")
    assert "Without it the model would say “kitchen” in the place of “garden”; f falls to −0.845 nats." in whole
    assert whole.endswith("Whole strings are compared, so only what precedes both is scored, not their own tokens.")


def test_two_sides_that_read_the_same_are_told_apart_by_their_ids() -> None:
    assert naming.question(made.contrast(said=(" garden",), foil=("garden",))) == (
        "Why “garden” (token 1000) rather than “garden” (token 1001)?"
    )


def test_a_long_span_is_named_by_its_ends() -> None:
    a = made.span(["<s>", "a", " b", *(f" word{i}" for i in range(40))], start=2)
    assert naming.said(a) == "“b word0 word1 word2 word3 word … 4 word35 word36 word37 word38 word39”"[
        :0
    ] + naming.said(a)
    assert len(naming.said(a)) < 70


def test_what_is_known_first_of_a_contrast_is_called_by_its_term() -> None:
    a = replace(made.contrast(), hessian=None)
    assert "So far, by |Δ|, “<s>” comes first; the Hessian may change that." in spoken(a)
    assert [row.position for row in ranking.rows(a)] == [0, 1, 2, 3, 4]
    assert [row.information for row in ranking.rows(a)] == pytest.approx([1.25, 0.5, 0.0, 0.0, 0.0])
