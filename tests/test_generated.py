"""A generation checks itself where it is born, and its JSON comes back as it was or not at all."""

import json
import random
from dataclasses import replace

import made
import numpy as np
import pytest
import samples
from test_report import mutated

from heta_core.errors import ReportError
from heta_core.generated import GenerationAttribution
from heta_core.report import dumps, loads, loads_generation
from heta_core.settings import Decoding, Weights
from heta_core.targets import Said
from heta_core.tokens import Segment
from heta_core.views import export, matrix, ranking

SMALL = made.generation()
CHAT = replace(SMALL.tokens, segments=(Segment(0, 1, "template", "user", 0), Segment(1, 3, "content", "user", 0)))
RESULTS = {
    "finished": SMALL,
    "given": made.generation(n_given=2),
    "branch": made.generation(n_given=1),
    "chat": replace(SMALL, tokens=CHAT),
    "sampled": replace(SMALL, decoding=Decoding(method="sample", top_k=5, top_p=0.9, temperature=0.7, stop=("\n",))),
    "odd tokens": made.generation(["<s>", *samples.HOSTILE], [samples.HOSTILE[0], " 🦊", " 🦊", "\n"]),
    "text alone": replace(SMALL, ending=None, steps=()),
    "nothing new": replace(SMALL, n_prompt=5, ending="context", steps=()),
    "transition alone": made.bare(SMALL),
    "one Hessian": made.bare(SMALL).with_step(1, SMALL.steps[1]),
}
TEXT = dumps(SMALL)


def changed(path: str, value: object) -> str:
    """The small generation with one field replaced."""
    return made.changed(path, value, TEXT)


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_writing_a_generation_that_was_read_gives_the_same_text(result: GenerationAttribution) -> None:
    text = dumps(result)
    again = loads_generation(text)
    assert dumps(again) == text
    for name in ("tokens", "n_prompt", "n_given", "decoding", "ending", "settings", "source", "weights", "work"):
        assert getattr(again, name) == getattr(result, name)
    assert [step.target for step in again.steps] == [step.target for step in result.steps]


def test_a_reopened_generation_has_the_same_numbers() -> None:
    again = loads_generation(dumps(SMALL))
    for component in ("final", "transition", "hessian", "kl", "effect"):
        # Stored as float32, half a unit in its last place; a share is a quotient of sums of such numbers.
        np.testing.assert_allclose(again.matrix(component), SMALL.matrix(component), rtol=1e-6, atol=1e-6)


REFUSED = {
    "an attribution": (
        dumps(samples.result()),
        "format 'heta-generation', found 'heta-attribution': open it on the page",
    ),
    "other JSON": ("{}", "found other JSON"),
    "another version": (changed("version", 9), "version 1"),
    "a prompt of no tokens": (changed("n_prompt", 0), "prompt must have 1 to 5"),
    "a prompt longer than the text": (changed("n_prompt", 6), "prompt must have 1 to 5"),
    "more given than new": (changed("n_given", 3), "n_given must be 0 to 2"),
    "too few steps": (changed("steps", json.loads(TEXT)["steps"][:1]), "step for each of 2 tokens, found 1"),
    "steps in another order": (changed("steps", json.loads(TEXT)["steps"][::-1]), "one value for each of|must explain"),
    "a step that explains another place": (changed("n_prompt", 2), "step for each of 3 tokens, found 2"),
    "a step whose token does not stand there": (changed("steps.0.target.token_id", 9), "observed target"),
    "a step that is not in the text": (changed("steps.0.target.is_observed", False), "must explain the token at 3"),
    "a step of several tokens": (
        changed("steps.0.target.rest", [{"token_id": 4, "piece": " the"}]),
        "later needs one prediction",
    ),
    "a step with a rank of zero": (changed("steps.1.prediction.rank", 0), "rank"),
    "a probability of two": (changed("steps.1.prediction.candidates.0.probability", 2.0), "probabilities"),
    "no decoding": (changed("decoding", None), "a decoding exactly where"),
    "a decoding that is none": (changed("decoding.temperature", 0), "temperature must be"),
    "an unknown end": (changed("ending", "tired"), "ending must be one of"),
    "all given, but decoded": (changed("ending", "given"), "a decoding exactly where"),
    "steps of a text that still grows": (changed("ending", None), "steps once the text has ended"),
    "a negative time": (changed("seconds", [["kl", -1.0]]), "times from 0"),
    "nothing planned": (changed("work.planned", 0), "counts"),
    "a span of text beyond its end": (changed("tokens.spans.4", [90, 99]), "spans inside|spans that spell"),
    "truncated": (TEXT[:-9], "damaged"),
}


@pytest.mark.parametrize(("text", "says"), REFUSED.values(), ids=REFUSED)
def test_a_bad_generation_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(ReportError, match=says):
        loads_generation(text)


def test_a_generation_is_no_attribution() -> None:
    with pytest.raises(ReportError, match="open it on the page Generate"):
        loads(TEXT)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_damaged_is_refused_or_still_a_generation_that_can_be_drawn(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(200):
        text = mutated(rng, TEXT)
        try:
            found = loads_generation(text)
        except ReportError:
            continue
        assert dumps(loads_generation(dumps(found))) == dumps(found)
        export.generation_csv(found)
        assert found.fraction >= 0 and len(ranking.steps_table(found)) == len(found.steps)
        if found.steps:
            matrix.matrix(found, "transition")


def test_a_step_is_an_attribution_of_its_own() -> None:
    a = SMALL.at(1)
    assert (a.target.position, a.n_context, a.target.piece) == (4, 4, " the")
    assert a.is_complete and a.with_weights(Weights(beta=0)).scores.sum() > 0
    assert SMALL.with_weights(Weights(beta=0)).at(1).weights.beta == 0


def test_a_matrix_has_a_column_for_each_step_and_nothing_beyond_its_context() -> None:
    kl = SMALL.matrix("kl")
    np.testing.assert_array_equal(kl, [[0, 0], [0, 0], [2, 0], [np.nan, 2]])
    final = SMALL.matrix("final")
    np.testing.assert_allclose(np.nansum(final, 0), 1)
    assert np.isnan(made.bare(SMALL).matrix("final")).all()


def test_a_generation_is_complete_when_every_step_is() -> None:
    assert SMALL.is_complete and SMALL.fraction == 31 / 31
    assert not made.bare(SMALL).with_step(1, SMALL.steps[1]).is_complete
    assert not replace(SMALL, ending=None, steps=()).is_complete


def test_the_table_has_a_row_for_each_step_and_token() -> None:
    table = SMALL.to_dataframe()
    assert list(table["step"]) == [0] * 3 + [1] * 4
    assert list(table["target"].unique()) == [" to", " the"]
    assert len(replace(SMALL, steps=()).to_dataframe()) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: replace(SMALL, n_prompt=0),
        lambda: replace(SMALL, n_prompt=6),
        lambda: replace(SMALL, n_given=3),
        lambda: replace(SMALL, steps=SMALL.steps[:1]),
        lambda: replace(SMALL, steps=SMALL.steps[::-1]),
        lambda: SMALL.with_step(0, replace(SMALL.steps[0], target=replace(SMALL.steps[0].target, is_observed=False))),
        lambda: SMALL.with_step(
            0, replace(SMALL.steps[0], target=replace(SMALL.steps[0].target, foil=(Said(7, " x"),)))
        ),
    ],
)
def test_what_cannot_be_is_refused(wrong: object) -> None:
    with pytest.raises(ReportError):
        wrong()  # type: ignore[operator]
