"""What another method says, as the same type of result: made, saved, opened and drawn like HETA's."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace

import made
import numpy as np
import pytest
import samples

from heta_core import attribute, dumps, explain_by, loads
from heta_core.attribution import Attribution
from heta_core.errors import InputError, ReportError
from heta_core.explaining import explain_by_steps
from heta_core.language_model import LanguageModel
from heta_core.library.entry import identity, title
from heta_core.methods import Asked, known, named
from heta_core.parts import Given
from heta_core.settings import Settings, Weights
from heta_core.tokens import from_text
from heta_core.views import caption, export, looking, picture, ranking, strip

TEXT = "The cat sat on the mat and the cat"
FEW = Settings(probes=2)


def signed(n: int = 5) -> Attribution:
    """Made-up scores of a signed method on the made-up context of five words."""
    return given(made.contrast(), np.linspace(-1, 2, n))


def given(a: Attribution, scores: np.ndarray, *, is_signed: bool = True) -> Attribution:
    said = Given(scores, "Occlusion", "nats", is_signed)
    return replace(a, transition=None, information=None, hessian=None, method="occlusion", given=said)


RESULTS = {
    "a contrast": signed(),
    "a token": given(samples.result(), np.arange(samples.result().n_units) - 3.0),
    "odd tokens, unsigned": given(samples.odd(), np.ones(samples.odd().n_units), is_signed=False),
    "groups": given(made.grouped(), np.array([0.0, -1.0, 0.0])),
    "nothing": given(made.span(), np.zeros(made.span().n_units)),
}


@pytest.mark.parametrize("method", [m.name for m in known() if m.name != "heta"])
def test_every_method_makes_a_result_with_its_own_scores(llama: LanguageModel, method: str) -> None:
    result = explain_by(llama, TEXT, method, settings=FEW)
    asked = Asked(
        llama,
        from_text(llama.tokenizer, TEXT),
        result.target,
        tuple((i, i + 1) for i in range(result.n_context)),
        FEW,
    )
    *_, (_, scores) = named(method).score(asked, 0)
    np.testing.assert_allclose(result.scores, scores, rtol=1e-12)
    assert (result.method, result.given.title) == (method, named(method).title)  # type: ignore[union-attr]
    assert result.is_complete and result.combined is None and result.transition is None
    assert result.work.fraction == 1 and loads(dumps(result)).scores == pytest.approx(result.scores, rel=1e-6)


def test_the_question_is_that_of_heta(llama: LanguageModel) -> None:
    one, other = attribute(llama, TEXT, settings=FEW), explain_by(llama, TEXT, "recency", settings=FEW)
    for name in ("tokens", "target", "prediction", "source", "settings", "weights", "groups"):
        assert getattr(one, name) == getattr(other, name)
    assert identity(one) != identity(other)
    by_heta = explain_by(llama, TEXT, "heta", settings=FEW)
    assert by_heta.given is None and np.array_equal(by_heta.scores, one.scores)


def test_words_are_scored_as_blocks(llama: LanguageModel) -> None:
    result = explain_by(llama, TEXT, "occlusion", settings=FEW, groups="words")
    assert result.groups is not None and len(result.scores) == len(result.groups) < result.n_context


def test_a_step_tells_how_far_it_is_and_scores_come_last(llama: LanguageModel) -> None:
    steps = list(explain_by_steps(llama, TEXT, "occlusion", settings=FEW))
    assert len(steps) > 2 and not any(step.is_complete or step.work.fraction == 1 for step in steps[:-1])
    assert [step.work.done for step in steps] == sorted(step.work.done for step in steps)
    assert steps[-1].is_complete and steps[-1].seconds[0][0] == "occlusion"


def test_what_cannot_be_asked_is_refused_at_once(llama: LanguageModel) -> None:
    with pytest.raises(InputError, match="no method 'guess'"):
        explain_by_steps(llama, TEXT, "guess")
    with pytest.raises(InputError, match="A prompt is needed"):
        explain_by_steps(llama, "", "occlusion")


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_it_is_written_and_read_as_it_was(result: Attribution) -> None:
    again = loads(dumps(result))
    assert dumps(again) == dumps(result) and again.given is not None and result.given is not None
    assert (again.given.title, again.given.unit, again.given.is_signed, again.method) == (
        *("Occlusion", "nats", result.given.is_signed),
        "occlusion",
    )


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_whatever_draws_scores_draws_these(result: Attribution) -> None:
    json.dumps(strip.payload(result), allow_nan=False)
    assert caption.caption(result).text and "NaN" not in picture.svg(result)
    rows = ranking.rows(result)
    assert [row.unit for row in rows[:3]] == list(result.top(3)) and rows[0].transition is None
    assert list(result.to_dataframe()["score"]) == result.scores.tolist()
    assert export.csv_text(result).count("\n") == result.n_units + 1
    assert "background" in result._repr_html_()


def test_shares_are_of_the_sizes_and_keep_their_signs() -> None:
    look = looking.look(signed(), "final")
    assert signed().shares == pytest.approx(np.array([-1, -0.25, 0.5, 1.25, 2]) / 5)
    assert (look.title, look.hues) == ("Occlusion", ("against", "against", "heat", "heat", "heat"))
    assert look.parts == pytest.approx((0.5, 0.125, 0.25, 0.625, 1)) and look.numbers[0] == "−20\u00a0%"
    for component in ("transition", "hessian", "kl"):
        assert looking.raw(signed(), component) is None and not looking.look(signed(), component).is_known  # type: ignore[arg-type]


def test_weights_change_nothing_of_it() -> None:
    assert signed().with_weights(Weights(beta=0.1, gamma=0.9)) is not None
    assert np.array_equal(signed().with_weights(Weights(beta=0.1, gamma=0.9)).scores, signed().scores)


def test_whose_scores_they_are_stands_in_the_title() -> None:
    assert title(signed()).endswith(" · Occlusion") and "Occlusion" not in title(made.contrast())


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: signed(4), "one value for each of 5 tokens, found 4"),
        (lambda: replace(signed(), method="heta"), "another method than HETA"),
        (lambda: replace(signed(), transition=made.contrast().transition), "without components"),
        (lambda: Given(np.array([1.0, np.nan]), "Odd"), "finite"),
        (lambda: Given(np.array([1.0, -1.0]), "Odd"), "must not be negative"),
        (lambda: Given(np.ones((2, 2)), "Odd", is_signed=True), "1 axes"),
        (lambda: Given(np.ones(2), " "), "title"),
    ],
)
def test_what_contradicts_itself_is_refused(build: Callable[[], object], says: str) -> None:
    with pytest.raises(ReportError, match=says):
        build()


def test_files_from_before_there_were_other_methods_open() -> None:
    for result in (samples.result(), made.grouped(), made.contrast()):
        document = json.loads(dumps(result))
        assert document["version"] == 3 and document.pop("given") is None
        assert dumps(loads(json.dumps(document | {"version": 2}))) == dumps(result)
        with pytest.raises(ReportError, match="lacks the field 'given'"):
            loads(json.dumps(document))


def array(values: list[float]) -> dict[str, object]:
    stored = base64.b64encode(np.array(values, "<f4").tobytes()).decode()
    return {"dtype": "float32", "shape": [len(values)], "base64": stored}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("given", {"scores": array([1] * 5), "title": "", "unit": "", "is_signed": False}),
        ("given", {"scores": array([1] * 4), "title": "x", "unit": "", "is_signed": False}),
        ("given", {"scores": array([-1] * 5), "title": "x", "unit": "", "is_signed": False}),
        ("given", {"scores": array([float("inf")] * 5), "title": "x", "unit": "", "is_signed": True}),
        ("given", {"scores": array([1] * 5), "title": "x", "unit": "", "is_signed": 1}),
        ("given", {"scores": array([1] * 5), "title": 7, "unit": "", "is_signed": True}),
        ("given", {"scores": array([1] * 5), "title": "x", "unit": "", "is_signed": True, "more": 1}),
        ("given", {"scores": array([1] * 5), "title": "x", "unit": "nats"}),
        ("given", [1, 2, 3]),
        ("given", "occlusion"),
        ("method", "heta"),
        ("transition", json.loads(dumps(made.contrast()))["transition"]),
    ],
)
def test_a_damaged_file_is_refused_in_words(field: str, value: object) -> None:
    text = dumps(signed())
    assert loads(text).n_units == 5
    with pytest.raises(ReportError):
        loads(json.dumps(json.loads(text) | {field: value}))
