"""The JSON of a result: exact round trips, and a refusal in words for everything else."""

import base64
import copy
import json
import random
from dataclasses import replace

import made
import numpy as np
import pytest
import samples

from heta_core import report
from heta_core.attribution import Attribution
from heta_core.errors import ReportError
from heta_core.report import dumps, loads
from heta_core.taking.page import page
from heta_core.views import caption, picture, strip

RESULTS = {
    "finished": samples.result(),
    "odd tokens": samples.odd(),
    "span": made.span(),
    "span of odd tokens": made.span(["<s>", "Hi", *samples.HOSTILE, " 🦊", " 🦊"], start=3),
    "contrast": made.contrast(asked=(" garden shed", " kitchen")),
    "groups": made.grouped(),
    "string contrast": made.contrast(said=(" garden", " shed"), foil=(" kitchen",)),
    **{f"partial {i}": a for i, a in enumerate(samples.growing(samples.result()))},
}
TEXT = dumps(samples.result(["<s>", "a", " b", " c"], says=(" b", " c")))
SPAN, CONTRAST = dumps(made.span()), dumps(made.contrast())
GROUPED = dumps(made.grouped())
WHOLE = dumps(made.contrast(said=(" garden", " shed"), foil=(" kitchen",)))


def ints(*values: int) -> dict[str, object]:
    """An array as the JSON holds it."""
    return {
        "dtype": "int32",
        "shape": [len(values)],
        "base64": base64.b64encode(np.array(values, "<i4").tobytes()).decode(),
    }


def changed(path: str, value: object, text: str = TEXT) -> str:
    """A report, the small one where no other is given, with one field replaced."""
    return made.changed(path, value, text)


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_writing_what_was_read_gives_the_same_text(result: Attribution) -> None:
    text = dumps(result)
    assert dumps(loads(text)) == text


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_a_reopened_result_draws_the_same_view(result: Attribution) -> None:
    written = strip.payload(result)
    again = strip.payload(loads(dumps(result)))
    assert again.keys() == written.keys()
    for name, value in written.items():
        if name in ("transition", "hessian", "hessian_error", "density", "kl") and value is not None:
            # Stored as float32, drawn with six digits: two neighbours of those are at most a unit in the sixth apart.
            # Of a contrast "kl" is |Δ|, a difference of log-probabilities of a few nats, each rounded at 2e-7.
            least = 1e-6 if name == "kl" and result.foil else 1e-30
            np.testing.assert_allclose(
                np.array(again[name], float), np.array(value, float), rtol=1.01e-5, atol=least, err_msg=name
            )
        elif name != "masked":
            assert again[name] == value


def test_everything_but_arrays_comes_back_as_it_was() -> None:
    result = samples.result()
    again = loads(dumps(result))
    for name in ("tokens", "target", "prediction", "settings", "source", "weights", "work", "seconds", "method"):
        assert getattr(again, name) == getattr(result, name)


def test_no_report_holds_nan() -> None:
    for text in map(dumps, RESULTS.values()):
        assert "NaN" not in text and "Infinity" not in text


def test_an_unknown_standard_error_is_named_missing_and_comes_back_unknown() -> None:
    partial = list(samples.growing(samples.result()))[2]
    packed = json.loads(dumps(partial))["hessian"]["standard_error"]
    assert packed["missing"] == list(range(partial.n_context))
    reopened = loads(dumps(partial))
    assert reopened.hessian is not None
    assert np.isnan(reopened.hessian.standard_error).all()


def test_a_report_from_before_there_were_groups_scores_tokens() -> None:
    document = json.loads(TEXT)
    del document["groups"]
    again = loads(json.dumps(document | {"version": 1}))
    assert again.groups is None and dumps(again) == TEXT


def test_groups_come_back_as_they_were() -> None:
    result = made.grouped()
    again = loads(dumps(result))
    assert again.groups == result.groups and again.units == result.units
    assert again.n_units == 3 and again.n_context == 5


REFUSED = {
    "nothing": ("", "damaged"),
    "no JSON": ("hello", "damaged"),
    "other JSON": ("[1, 2]", "found other JSON"),
    "another format": (changed("format", "inseq"), "found other JSON"),
    "a later version": (changed("version", report.VERSION + 1), "Need version 1 to"),
    "no version": (changed("version", 0), "Need version 1 to"),
    "a boolean version": (changed("version", True), "Need version 1 to"),
    "groups that leave a gap": (changed("groups", [[0, 1], [2, 4]], GROUPED), "contradicts itself: Groups must follow"),
    "groups of another number": (changed("groups", [[0, 1], [1, 5]], GROUPED), "one value for each of 2 groups"),
    "groups of three": (changed("groups", [[0, 1, 2]], GROUPED), "must have 2 entries"),
    "one group": (changed("groups", [0, 1], GROUPED), "must be a list"),
    "no groups in this version": (TEXT.replace(', "groups": null', ""), "lacks the field 'groups'"),
    "truncated": (TEXT[:-20], "damaged"),
    "NaN": (TEXT.replace('"entropy": 0.81', '"entropy": NaN'), "finite"),
    "infinity": (TEXT.replace('"entropy": 0.81', '"entropy": -Infinity'), "finite"),
    "a number beyond every bound": (TEXT.replace('"entropy": 0.81', '"entropy": 1e999'), "finite"),
    "thousands of digits": (TEXT.replace('"entropy": 0.81', f'"entropy": {"9" * 5000}'), "damaged"),
    "deep nesting": ('{"format": ' + "[" * 200_000, "nested deeper"),
    "nesting in a field": (changed("tokens.ids", [[[1]]]), "whole number"),
    "a missing field": (TEXT.replace('"entropy": 0.81, ', ""), "lacks the field 'entropy'"),
    "an unknown field": (changed("prediction.extra", 1), "does not know the field 'extra'"),
    "a name twice": (TEXT.replace('"entropy": 0.81', '"entropy": 0.81, "entropy": 0.81'), "twice"),
    "too few pieces": (changed("tokens.pieces", ["<s>"]), "equally long"),
    "a piece that is no text": (changed("tokens.pieces.1", 7), "must be a text"),
    "half a surrogate pair": (changed("tokens.pieces.1", "\ud800"), "surrogate"),
    "a piece that is not what its span says": (changed("tokens.pieces.1", "z"), "spans that spell"),
    "a span beyond the text": (changed("tokens.spans.1", [90, 99]), "spans inside"),
    "a negative id": (changed("tokens.ids.1", -1), "ids from 0"),
    "a huge id": (changed("target.token_id", 2**31), "ids from 0"),
    "a target beyond the text": (changed("target.position", 9), "must stand at"),
    "a target that does not stand there": (changed("target.is_observed", True), "observed target"),
    "a span without places": (changed("information.places", None, SPAN), "places of first choices"),
    "a place outside the span": (changed("information.places", ints(9, 9, 9, 9, 9, 9), SPAN), "places of first"),
    "a span that stands elsewhere": (changed("target.rest.0.token_id", 3, SPAN), "observed target"),
    "a span that nothing precedes": (changed("target.position", 0, SPAN), "one value for each"),
    "a span without its predictions": (changed("later", [], SPAN), "later needs one prediction for each of 2"),
    "a foil without its prediction": (changed("foil", [], CONTRAST), "foil needs one prediction for each of 1"),
    "a contrast without a foil": (changed("target.foil", [], CONTRAST), "foil needs one prediction for each of 0"),
    "a contrast without the foil's log p": (changed("information.log_p_foil", None, CONTRAST), "the foil's log"),
    "a foil's rank of zero": (changed("foil.0.rank", 0, CONTRAST), "rank"),
    "a string contrast without places": (changed("information.places", None, WHOLE), "places of first choices"),
    "three texts compared": (changed("target.asked", ["a", "b", "c"], CONTRAST), "must have 2 entries"),
    "segments that leave the text": (
        changed("tokens.segments", [{"start": 0, "stop": 9, "kind": "role", "role": "user", "message": 0}]),
        "Segments must follow",
    ),
    "a generation": (dumps(made.generation()), "format 'heta-attribution', found 'heta-generation': open it on the"),
    "rank zero": (changed("prediction.rank", 0), "rank"),
    "no candidates": (changed("prediction.candidates", []), "candidates"),
    "a probability of two": (changed("prediction.candidates.0.probability", 2.0), "probabilities"),
    "a positive log-probability": (changed("prediction.log_p", 1.0), "probabilities"),
    "an unknown mask": (changed("settings.mask", "drop"), "mask must be one of"),
    "a negative weight": (changed("weights.beta", -1), "beta"),
    "no work planned": (changed("work.planned", 0), "counts"),
    "a shape that the bytes do not fill": (changed("information.kl.shape", [5]), "fill the shape"),
    "a shape too large to multiply": (changed("information.kl.shape", [2**62, 2**62]), "fill the shape"),
    "a negative shape": (changed("information.kl.shape", [-4]), "array"),
    "no base64": (changed("information.kl.base64", "§§"), "base64"),
    "an unknown dtype": (changed("information.kl.dtype", "complex64"), "array of float32"),
    "no array": (changed("information.kl", [0.1]), "an array with"),
    "another number of tokens": (
        changed("information.kl", {"dtype": "float32", "shape": [1], "base64": base64.b64encode(b"\0" * 4).decode()}),
        "equally long",
    ),
    "negative scores": (
        changed("hessian.scores.base64", base64.b64encode(np.full(4, -1, "<f4").tobytes()).decode()),
        "negative",
    ),
    "NaN in an array": (
        changed("hessian.scores.base64", base64.b64encode(np.full(4, np.nan, "<f4").tobytes()).decode()),
        "finite",
    ),
    "missing scores": (changed("hessian.scores.missing", [0]), "finite"),
    "a missing place that is not there": (changed("hessian.scores.missing", [4]), "missing"),
    "standard errors of another length": (
        changed("hessian.n_probes", {"dtype": "int32", "shape": [1], "base64": base64.b64encode(b"\1\0\0\0").decode()}),
        "equally long",
    ),
}


@pytest.mark.parametrize(("text", "says"), REFUSED.values(), ids=REFUSED)
def test_a_bad_report_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(ReportError, match=says):
        loads(text)


def test_a_report_beyond_the_limit_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "LARGEST", 100)
    with pytest.raises(ReportError, match="at most 100"):
        loads(TEXT)
    with pytest.raises(ReportError, match="save the table as CSV"):
        report.dumps(samples.result())


@pytest.mark.parametrize("where", ["log_p", "kl"])
def test_a_number_that_is_not_finite_is_not_written(where: str) -> None:
    result = samples.result()
    assert result.information is not None
    getattr(result.information, where)[0] = np.inf
    with pytest.raises(ReportError, match="finite"):
        dumps(result)


def test_a_boolean_is_no_number() -> None:
    with pytest.raises(ReportError, match="whole number"):
        loads(changed("prediction.rank", True))


ODDITIES = (None, True, -1, 0, 3, 10**30, 1e300, -0.5, "", "x", [], {}, [[1]], {"a": None}, "\ud800", "AAAA")


def mutated(rng: random.Random, text: str) -> str:
    """A report with one to three places replaced, dropped or repeated, sometimes cut off."""
    document = json.loads(text)
    for _ in range(rng.randint(1, 3)):
        place: object = document
        while isinstance(place, dict | list) and place:
            names = list(place) if isinstance(place, dict) else range(len(place))
            name = rng.choice(list(names))
            child = place[name]
            if not isinstance(child, dict | list) or not child or rng.random() < 0.25:
                if rng.random() < 0.25:
                    del place[name]
                else:
                    place[name] = (
                        rng.choice(ODDITIES)
                        if rng.random() < 0.8
                        else copy.deepcopy(rng.choice(list(document.values())))
                    )
                break
            place = child
    text = json.dumps(document)
    return text[: rng.randrange(len(text))] if rng.random() < 0.15 else text


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_damaged_is_refused_or_still_a_result_that_can_be_drawn(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(250):
        text = mutated(rng, rng.choice((TEXT, SPAN, CONTRAST, WHOLE, GROUPED)))
        try:
            result = loads(text)
        except ReportError:
            continue
        assert dumps(loads(dumps(result))) == dumps(result)
        json.dumps(strip.payload(result), allow_nan=False)
        caption.caption(result)
        page(result)
        picture.svg(result)


def test_a_changed_weight_is_kept() -> None:
    result = samples.result()
    other = replace(result, weights=replace(result.weights, beta=0.2))
    assert loads(dumps(other)).weights.beta == 0.2
