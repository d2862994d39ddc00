"""Semantic transition: the definition, its limits, and several positions at once."""

import copy
from dataclasses import replace

import numpy as np
import oracles
import pytest
import torch
from conftest import TINY_CONFIGS, byte_tokenizer, random_model
from torch import Tensor

from heta_core.components.transition import arrivals, transition, transitions
from heta_core.errors import InputError, ReportError, UnsupportedModelError
from heta_core.language_model import LanguageModel
from heta_core.loading import wrap
from heta_core.passes.capture import Layer, capture, read

IDS = (256, 64, 3, 90, 64, 17)
# Half of the families take softmax in float32 inside a float64 model; both sides read the same probabilities, so what
# is left is float64 rounding of sums of a few hundred terms. The brief asks for 1e-8.
TIGHT = 1e-8


def deep_model(model_type: str) -> LanguageModel:
    config = copy.deepcopy(TINY_CONFIGS[model_type])
    config.num_hidden_layers = 4
    if getattr(config, "layer_types", None):
        config.layer_types = ["full_attention"] * 4
    return wrap(random_model(config), byte_tokenizer())


def test_flow_is_the_sum_over_paths(lm: LanguageModel) -> None:
    found = transition(lm, capture(lm, IDS)).flow
    np.testing.assert_allclose(found, oracles.flow(lm.model, IDS), rtol=TIGHT, atol=TIGHT)


@pytest.mark.parametrize("model_type", ["gpt2", "qwen2"])
def test_flow_is_the_sum_over_paths_through_four_layers(model_type: str) -> None:
    lm = deep_model(model_type)
    found = transition(lm, capture(lm, IDS)).flow
    np.testing.assert_allclose(found, oracles.flow(lm.model, IDS), rtol=TIGHT, atol=TIGHT)


def test_scores_are_a_distribution_over_the_context(lm: LanguageModel) -> None:
    found = transition(lm, capture(lm, IDS))
    assert found.scores.shape == (len(IDS),)
    assert (found.scores >= 0).all()
    assert found.scores.sum() == pytest.approx(1, abs=1e-12)
    assert found.sink_share.shape == (lm.model.config.num_hidden_layers,)
    assert not found.sink_share.any()


def test_one_token_takes_the_whole_flow(lm: LanguageModel) -> None:
    assert transition(lm, capture(lm, IDS[:1])).scores == pytest.approx([1.0])


def test_what_reaches_the_prediction_is_carried_whole(lm: LanguageModel) -> None:
    u = arrivals(capture(lm, IDS).head_means, (2, 5))
    torch.testing.assert_close(u.sum(-1), torch.ones_like(u[..., 0]), rtol=0, atol=1e-6)
    assert not u[:, 0, 3:].any()  # nothing that comes later


def test_several_positions_at_once_equal_each_alone(lm: LanguageModel) -> None:
    positions = (1, 3, 5)
    together = capture(lm, IDS, positions)
    for k, (position, found) in enumerate(zip(positions, transitions(lm, together), strict=True)):
        alone = capture(lm, IDS[: position + 1])
        # Softmax over another row length may differ in its last float32 digit.
        np.testing.assert_allclose(found.flow, transition(lm, alone).flow, rtol=1e-5, atol=1e-9)
        torch.testing.assert_close(together.log_probs[k], alone.log_p, rtol=1e-5, atol=1e-5)


def test_predictions_are_the_models_own(lm: LanguageModel) -> None:
    with torch.no_grad():
        logits = oracles.eager(lm.model)(torch.tensor([IDS])).logits[0, -1]
    torch.testing.assert_close(capture(lm, IDS).log_p, logits - logits.logsumexp(-1), rtol=1e-12, atol=1e-12)


def test_float64_stays_float64(lm: LanguageModel) -> None:
    trace = capture(lm, IDS)
    assert trace.head_means.dtype == trace.log_probs.dtype == torch.float64


def test_half_precision_is_summed_in_float32(gpt2: LanguageModel) -> None:
    lm = wrap(copy.deepcopy(gpt2.model).to(torch.bfloat16), gpt2.tokenizer)
    trace = capture(lm, IDS)
    assert trace.head_means.dtype == trace.log_probs.dtype == torch.float32
    # bfloat16 has 8 bits: a hundredth of relative error survives two layers.
    np.testing.assert_allclose(transition(lm, trace).scores, transition(gpt2, capture(gpt2, IDS)).scores, rtol=0.1)


@pytest.mark.parametrize("positions", [(), (-1,), (6,), (0, 6)])
def test_a_position_outside_the_context_is_refused(gpt2: LanguageModel, positions: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="Positions must lie in 0 … 5"):
        capture(gpt2, IDS, positions)


def test_no_hook_is_left_behind(lm: LanguageModel) -> None:
    def broken(_layer: Layer) -> Tensor:
        raise KeyError("inside a hook")

    transition(lm, capture(lm, IDS))
    with pytest.raises(KeyError, match="inside a hook"):
        read(lm, IDS, broken, (5,))
    assert not [m for m in lm.model.modules() if m._forward_hooks or m._forward_pre_hooks]


def test_a_row_short_of_one_is_refused_unless_the_family_has_sinks(gpt2: LanguageModel) -> None:
    trace = capture(gpt2, IDS)
    short = replace(trace, head_means=trace.head_means * 0.75)
    with pytest.raises(UnsupportedModelError, match=r"must sum to 1; found a row that misses it by 0\.25"):
        transition(gpt2, short)
    sinking = replace(gpt2, architecture=replace(gpt2.architecture, has_sinks=True))
    assert transition(sinking, short).sink_share == pytest.approx([0.25, 0.25])


def test_no_flow_at_all_is_an_error_and_no_number() -> None:
    model = random_model(TINY_CONFIGS["gpt2"])
    with torch.no_grad():
        for block in model.transformer.h:
            block.attn.c_proj.weight.zero_()
    lm = wrap(model, byte_tokenizer())
    with pytest.raises(ReportError, match="flow"):
        transition(lm, capture(lm, IDS))
