"""What the page's component gets of a result: plain JSON, the same numbers, and every kind of target."""

import json
from dataclasses import replace

import numpy as np
import pytest
import samples

from heta_core.attribution import Attribution
from heta_core.parts import Information, Sensitivity, Transition
from heta_core.settings import Weights
from heta_core.views import strip, words

SPAN, CONTRAST, STRINGS = samples.span(), samples.contrast(), samples.string_contrast()
EVERY = [
    *(samples.result(), samples.odd(), samples.observed(samples.words(samples.SCENE), 9), SPAN, CONTRAST, STRINGS),
    *(partial for whole in (samples.result(), SPAN, CONTRAST) for partial in samples.growing(whole)),
]
# Six significant digits are sent.
ROUNDED = 5e-6


def small() -> Attribution:
    """Three tokens with round numbers: M = ½ ¼ ¼, S = 2 2 0, I = 1 0 3, p(b) = 0.72."""
    base = samples.result(["<s>", "a", " b"], says=(" b", " c"), weights=Weights())
    choices = (base.prediction.candidates[0], base.prediction.candidates[1], base.prediction.candidates[0])
    return replace(
        base,
        transition=Transition(np.array([[[2.0, 1.0, 1.0]]]), np.zeros(1)),
        information=Information(np.array([1.0, 0.0, 3.0]), base.prediction.log_p - np.array([0.5, 1.0, -0.1]), choices),
        hessian=Sensitivity(
            np.array([2.0, 2.0, 0.0]),
            np.array([0.1, 0.25, 0.0]),
            np.array([10, 10, 10]),
            np.array([1.0, 1.0, 0.0]),
            ("block_probes",) * 3,
        ),
    )


def test_the_strip_of_a_small_result_is_this() -> None:
    view = strip.payload(small())
    names = ("tokens", "labels", "n_context", "transition", "hessian", "hessian_error", "kl", "fraction")
    assert {name: view[name] for name in names} == {
        "tokens": [["", "<s>", "", "special"], ["", "a", "", ""], [" ", "b", "", ""]],
        "labels": ["<s>", "a", "b"],
        "n_context": 3,
        "transition": [0.5, 0.25, 0.25],
        "hessian": [2.0, 2.0, 0.0],
        "hessian_error": [0.1, 0.25, 0.0],
        "kl": [1.0, 0.0, 3.0],
        "fraction": 1.0,
    }
    assert view["target"] == {
        **{"kind": "token", "start": 3, "stop": 4, "token_id": 1000, "label": "b", "is_observed": False},
        **{"foil": None, "foil_ids": [], "asked": None},
    }
    masked = view["masked"]
    p = [0.72 * np.exp(-0.5), 0.72 * np.exp(-1), 0.72 * np.exp(0.1)]
    assert masked["p"] == pytest.approx(p, rel=ROUNDED) and masked["p_foil"] is masked["places"] is None
    assert (masked["says"], masked["changes"], masked["raises"]) == (["b", "c", "b"], [1], [2])


@pytest.mark.parametrize("result", EVERY)
def test_a_payload_is_plain_json_and_holds_every_token_once(result: Attribution) -> None:
    view = strip.payload(result)
    assert json.loads(json.dumps(view, allow_nan=False)) == view
    assert len(view["tokens"]) == len(view["labels"]) == len(result.tokens)
    for name, part in (("transition", result.transition), ("kl", result.information), ("hessian", result.hessian)):
        assert (view[name] is None) == (part is None)
        assert part is None or len(view[name]) == result.n_context


@pytest.mark.parametrize("result", EVERY)
def test_a_number_takes_six_digits_and_is_the_results(result: Attribution) -> None:
    view = strip.payload(result)
    numbers = [x for name in ("transition", "hessian", "kl") for x in view[name] or ()]
    assert numbers == [float(f"{x:.6g}") for x in numbers]
    if result.is_complete:
        assert view["transition"] == pytest.approx(result.transition.scores, rel=ROUNDED)
        assert view["kl"] == pytest.approx(result.information_scores, rel=ROUNDED)
        assert view["masked"]["effect"] == pytest.approx(result.effect, rel=ROUNDED, abs=1e-12)


def test_tokens_that_share_a_character_are_marked_and_spell_it_once() -> None:
    odd = samples.odd()
    foxes = [i for i, piece in enumerate(odd.tokens.pieces) if piece == " 🦊"]
    parts = strip.token_parts(odd.tokens)
    assert [parts[i] for i in foxes] == [[" ", "🦊", "", "part 1/2"], ["", "", "", "part 2/2"]]
    assert [strip.labels(odd.tokens)[i] for i in foxes] == ["🦊 1/2", "🦊 2/2"]


def test_a_span_has_each_of_its_tokens_and_all_of_them_together() -> None:
    view = strip.payload(SPAN)
    target, prediction = view["target"], view["prediction"]
    assert (target["kind"], target["start"], target["stop"], target["label"]) == ("span", 17, 20, "green cup.")
    assert view["n_context"] == target["stop"] - 1 and target["foil"] is None
    assert [said["label"] for said in prediction["tokens"]] == ["green", "cup", "."]
    assert [said["rank"] for said in prediction["tokens"]] == [p.rank for p in SPAN.predictions]
    assert prediction["p"] == pytest.approx(np.prod([said["p"] for said in prediction["tokens"]]), rel=2e-5)
    assert prediction["p_each"] == pytest.approx(prediction["p"] ** (1 / 3), rel=2e-5)
    assert prediction["log_p"] == pytest.approx(SPAN.log_p, rel=ROUNDED)


def test_a_change_of_a_spans_answer_is_one_at_its_place() -> None:
    masked = strip.payload(SPAN)["masked"]
    assert masked["places"] == SPAN.information.places.tolist()
    assert masked["changes"] == [18] and masked["places"][18] == 19  # the first choice at 19 is what is compared
    # The same word is no change where it is said anyway, and one where another word is.
    first = SPAN.predictions[2].candidates
    last = replace(SPAN.later[1], candidates=(first[1], first[0], *first[2:]))
    elsewhere = replace(SPAN, later=(SPAN.later[0], last))
    assert strip.payload(elsewhere)["masked"]["changes"] == []


@pytest.mark.parametrize(("result", "foil"), [(CONTRAST, "map"), (STRINGS, "key lamp coin")])
def test_a_contrast_has_both_sides_and_the_effect_in_the_place_of_the_kl(result: Attribution, foil: str) -> None:
    view = strip.payload(result)
    prediction, masked = view["prediction"], view["masked"]
    assert (view["target"]["kind"], view["target"]["foil"]) == (result.target.kind, foil)
    assert view["target"]["foil_ids"] == [said.token_id for said in result.target.foil]
    assert prediction["f"] == pytest.approx(result.f, rel=ROUNDED)
    assert np.log(prediction["p"] / prediction["p_foil"]) == pytest.approx(result.f, rel=1e-5)
    assert [said["rank"] for said in prediction["foil"]] == [p.rank for p in result.foil]
    assert view["kl"] == [abs(x) for x in masked["effect"]]
    odds = np.log(np.array(masked["p"]) / np.array(masked["p_foil"]))
    assert result.f - odds == pytest.approx(masked["effect"], abs=2e-5)
    assert masked["raises"] == [i for i, x in enumerate(masked["effect"]) if x < -1e-3] != []


def test_what_was_typed_stands_beside_what_is_compared() -> None:
    asked = strip.payload(samples.contrast(asked=(" cup holder", " map of Rome\n")))["target"]["asked"]
    assert asked == ["cup holder", "map of Rome"]


def test_what_is_too_unlikely_for_a_number_is_not_never() -> None:
    unlikely = replace(samples.result(), prediction=replace(samples.result().prediction, log_p=-900.0))
    assert strip.payload(unlikely)["prediction"]["p"] > 0


def test_the_components_of_a_contrast_are_named_for_what_they_are() -> None:
    assert words.components("token") == words.COMPONENTS
    for kind in ("contrast", "string contrast"):
        effect = words.components(kind)[3]
        assert (effect.name, effect.title, effect.plain, effect.unit) == ("kl", "Effect", "|Δ|", "nats")
        assert "KL" not in " ".join(c.meaning for c in words.components(kind))
    assert "added up" in words.components("span")[3].meaning


def test_only_a_rise_that_a_reader_would_notice_is_marked() -> None:
    result = samples.result()
    assert result.information is not None
    effect = np.zeros(result.n_context)
    effect[[2, 3, 4]] = -0.01, -0.03, 0.5
    masked = replace(result.information, log_p=result.log_p - effect)
    told = strip.payload(replace(result, information=masked))["masked"]
    assert told["raises"] == [3]
