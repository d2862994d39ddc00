"""A model whose attention cannot be read: KL and Hessian as ever, a score without a gate, and nothing called HETA."""

import re
from dataclasses import replace

import made
import numpy as np
import oracles_curvature as oracle
import pytest
import torch
from conftest import random_model
from transformers import BitNetConfig, MambaConfig, PreTrainedConfig, PreTrainedTokenizerFast

from heta_core.attribution import Attribution
from heta_core.combine import UNGATED
from heta_core.components.transition import transition
from heta_core.cost.estimate import plan
from heta_core.engine import attribute, attribute_steps
from heta_core.errors import ReportError, UnsupportedModelError
from heta_core.estimators.probes import signs
from heta_core.explaining import explain_by
from heta_core.faithfulness.stability import stability
from heta_core.generation import explain_steps
from heta_core.language_model import LanguageModel
from heta_core.loading import wrap
from heta_core.methods import known
from heta_core.passes.capture import capture
from heta_core.report import dumps, loads, loads_generation
from heta_core.settings import Settings
from heta_core.shell import lines
from heta_core.taking.page import page
from heta_core.views import caption, film, looking, naming, plane, side_by_side, strip

IDS = {"bos_token_id": 256, "eos_token_id": 256, "pad_token_id": None}
SIZES = {"vocab_size": 264, "hidden_size": 16, "num_hidden_layers": 2}
CONFIGS: dict[str, PreTrainedConfig] = {
    # A norm stands between the heads and W_O.
    "bitnet": BitNetConfig(**SIZES, **IDS, num_attention_heads=4, num_key_value_heads=2, intermediate_size=32),
    "mamba": MambaConfig(**SIZES, **IDS, state_size=4),
}
TEXT, TARGET = "Mia ran", 11
SETTINGS = Settings(probes=3, seed=5)


@pytest.fixture(scope="module")
def models(tokenizer: PreTrainedTokenizerFast) -> dict[str, LanguageModel]:
    return {name: wrap(random_model(config), tokenizer, name=name) for name, config in CONFIGS.items()}


@pytest.fixture(params=CONFIGS)
def unread(request: pytest.FixtureRequest, models: dict[str, LanguageModel]) -> LanguageModel:
    return models[request.param]


@pytest.fixture
def bitnet(models: dict[str, LanguageModel]) -> LanguageModel:
    return models["bitnet"]


@pytest.fixture(scope="module")
def result(models: dict[str, LanguageModel]) -> Attribution:
    return attribute(models["bitnet"], TEXT, settings=SETTINGS)


def test_the_family_says_why(models: dict[str, LanguageModel]) -> None:
    assert "input of W_O does not hold" in models["bitnet"].architecture.refusal
    assert models["mamba"].architecture.refusal == "nothing in its layers looks like attention"
    assert models["bitnet"].source.family == "bitnet (without its attention)"


def test_both_terms_are_those_of_the_definition(unread: LanguageModel) -> None:
    found = attribute(unread, TEXT, settings=SETTINGS)
    ids, n = found.tokens.ids, found.n_context
    with torch.no_grad():
        embedded = oracle.embedded(unread.model, ids)
        whole = oracle.log_p(unread.model, embedded)
        masked = [oracle.masked_log_p(unread.model, ids, i, torch.zeros_like(embedded[0])) for i in range(n)]
    kl = [oracle.divergence(whole, one) for one in masked]
    blocks = oracle.dense_blocks(unread.model, ids, found.target.token_id).numpy()
    drawn = np.stack([signs(5, i, range(3), blocks.shape[1]) for i in range(n)])  # (T, m, D)
    bent = np.abs(np.einsum("tij,tmj->tmi", blocks, drawn)).sum(-1).mean(-1)
    assert found.information is not None and found.hessian is not None
    # Both take logits or norms in float32 inside of a float64 model, which rounds each log-probability, about -log 264,
    # by up to 3e-7; a divergence has two of them.
    np.testing.assert_allclose(found.information.kl, kl, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.hessian.scores, bent, rtol=0, atol=1e-6 * bent.max())
    w = found.weights
    np.testing.assert_allclose(found.scores, w.beta * bent + w.gamma * np.array(kl), rtol=1e-5, atol=1e-6)


def test_no_transition_is_made_up(unread: LanguageModel) -> None:
    trace = capture(unread, (70, 3, 9))
    assert trace.head_means is None
    with pytest.raises(UnsupportedModelError, match=r"attention of every layer is needed, but of .* cannot be read"):
        transition(unread, trace)


def test_the_score_goes_by_another_name_from_the_first_step_on(bitnet: LanguageModel) -> None:
    steps = list(attribute_steps(bitnet, TEXT, settings=SETTINGS))
    assert {step.method for step in steps} == {UNGATED}
    assert all(step.transition is None for step in steps)
    assert caption.caption(steps[0]).text.endswith("Nothing is known yet about what the answer came from.")
    assert steps[-1].is_complete and steps[-1].work.fraction == 1
    assert steps[-1].work.done == plan(bitnet, TEXT, settings=SETTINGS).passes


@pytest.mark.parametrize("name", [method.name for method in known()])
def test_every_method_works_or_says_that_it_needs_the_attention(bitnet: LanguageModel, name: str) -> None:
    needs = {"first_order", "transition", "transition_hessian", "transition_kl", "last_attention", "attention_rollout"}
    needs |= {"alti_logit"}
    if name == "heta":  # the engine's own result, which says that it has no gate
        assert explain_by(bitnet, TEXT, name, settings=SETTINGS).method == UNGATED
    elif name in needs:
        with pytest.raises(UnsupportedModelError, match="attention"):
            explain_by(bitnet, TEXT, name, settings=SETTINGS)
    else:
        assert len(explain_by(bitnet, TEXT, name, settings=SETTINGS).scores) > 1


def test_heta_is_not_scored_without_its_gate(bitnet: LanguageModel, result: Attribution) -> None:
    from heta_core.groups import singles
    from heta_core.methods import Asked, named

    asked = Asked(bitnet, result.tokens, result.target, singles(result.n_context), SETTINGS)
    with pytest.raises(UnsupportedModelError, match=r"needs the transition.*`ungated`"):
        list(named("heta").score(asked, 0))
    *_, (_, scores) = named("ungated").score(asked, 0)
    np.testing.assert_allclose(scores, result.scores)


def test_hiding_from_attention_is_refused_where_something_else_may_hand_a_token_on(bitnet: LanguageModel) -> None:
    with pytest.raises(UnsupportedModelError, match="use the zero, mean or token mask"):
        attribute(bitnet, TEXT, settings=Settings(mask="attention"))


def test_a_report_keeps_it(result: Attribution) -> None:
    again = loads(dumps(result))
    assert not again.is_gated and again.is_complete
    np.testing.assert_allclose(again.scores, result.scores, rtol=1e-6)
    with pytest.raises(ReportError, match="without a gate needs a result without a transition"):
        replace(made.span(), method=UNGATED)


def test_every_step_of_a_generation_has_it(bitnet: LanguageModel) -> None:
    *_, grown = explain_steps(bitnet, "Mia", " ran", settings=Settings(probes=1))
    assert grown.is_complete and not grown.is_gated
    again = loads_generation(dumps(grown))
    np.testing.assert_allclose(again.matrix("final"), grown.matrix("final"), rtol=1e-6)
    assert [c["name"] for c in film.payload(grown)["shared"]["components"]] == ["final", "hessian", "kl"]
    assert "Ungated" in page(grown)


def test_views_name_it_and_draw_no_gate(result: Attribution) -> None:
    drawn = strip.payload(result)
    assert drawn["is_gated"] is False and drawn["transition"] is None
    assert [c["title"] for c in drawn["components"]] == ["Ungated", "Hessian", "KL"]
    assert "No gate: this model's attention cannot be read" in str(drawn["method"])
    assert looking.title(result, "final").startswith("Ungated score (")
    assert naming.method(result) == "β·S + γ·I, no gate"
    with pytest.raises(ReportError, match="cannot be read from this model"):
        looking.heads(result, 0)
    with pytest.raises(ReportError, match="there is no such plane"):
        plane.points(result)
    assert re.search(r"Mia.* – .* ± ", lines.report(result, 10).replace("\n", " "))
    found = stability(result)
    assert found is not None and found.units == result.top(5)


def test_beside_others_it_is_a_score_of_its_own_kind(result: Attribution, bitnet: LanguageModel) -> None:
    titles = [c["title"] for c in side_by_side.payload([result, result])["components"]]
    assert titles == ["Ungated", "Hessian", "KL"]
    other = explain_by(bitnet, TEXT, "occlusion", settings=SETTINGS)
    mixed = side_by_side.payload([result, other])["components"]
    assert mixed[0]["title"] == "Score" and mixed[0]["scales"] == [0, 1]
