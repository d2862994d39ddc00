"""ALTI-Logit against its paper in dense loops over the models' own modules, and the families that it refuses."""

import numpy as np
import oracles
import pytest
import torch
from conftest import random_model
from test_methods import CHOICES, IDS, PAIRS, asked, scored
from torch import Tensor, nn
from transformers import Gemma2Config, OPTConfig, PreTrainedModel, PreTrainedTokenizerFast

from heta_core.errors import UnsupportedModelError
from heta_core.language_model import LanguageModel
from heta_core.loading import wrap
from heta_core.methods import alti_logit
from heta_core.parts import Floats
from heta_core.passes.stream import logit_directions

CLOSE = 1e-5  # norms and softmax are float32 in some float64 models


def last_stream(model: PreTrainedModel, ids: tuple[int, ...]) -> Tensor:
    """(T, D) what enters the last norm."""
    seen: list[Tensor] = []
    handle = final_norm(model).register_forward_pre_hook(lambda _, given: seen.append(given[0][0]))
    model(torch.tensor([ids]))
    handle.remove()
    return seen[0]


def final_norm(model: PreTrainedModel) -> nn.Module:
    return model.transformer.ln_f if hasattr(model, "transformer") else model.model.norm


def read_off(model: PreTrainedModel, x: Tensor, written: Tensor, token_id: int) -> float:
    """The logit that a vector adds where the stream ends as x: the last norm with its scale at its value."""
    norm = final_norm(model)
    if isinstance(norm, nn.LayerNorm):
        scale = (x.var(unbiased=False) + norm.eps).sqrt()
        normed = (written - written.mean()) / scale * norm.weight
    else:
        normed = written / (x.square().mean() + norm.variance_epsilon).sqrt() * norm.weight
    return float(normed @ model.lm_head.weight[token_id])


@torch.no_grad()
def led_back(lm: LanguageModel, ids: tuple[int, ...], row: int, token_id: int) -> Floats:
    """(T,) a of one logit: T_ij vector by vector."""
    model = oracles.eager(lm.model)
    attention = oracles.attention_of(lm.model, ids)
    states = model(torch.tensor([ids]), output_hidden_states=True).hidden_states
    blocks = model.transformer.h if hasattr(model, "transformer") else model.model.layers
    end, n = last_stream(model, ids), len(ids)
    mixed, total = np.eye(n), np.zeros(n)
    for layer, block in enumerate(blocks):
        x = states[layer][0]
        value_matrix, value_bias, output_matrix = oracles.matrices(model, block)
        norm = block.ln_1 if hasattr(block, "ln_1") else block.input_layernorm
        values = norm(x) @ value_matrix + value_bias
        output_bias = block.attn.c_proj.bias if model.config.model_type == "gpt2" else 0.0
        n_heads, width = attention.shape[1], 4
        parts = torch.zeros(n, n, x.shape[1], dtype=x.dtype)
        for i in range(n):
            for j in range(i + 1):
                for h in range(n_heads):
                    group = h * (values.shape[1] // width) // n_heads
                    value = values[j, group * width : (group + 1) * width]
                    parts[i, j] += attention[layer, h, i, j] * (value @ output_matrix[h * width : (h + 1) * width])
        updates = np.array([read_off(model, end[row], part, token_id) for part in parts[row]])
        total += updates @ mixed
        share = np.zeros((n, n))
        for i in range(n):
            y = x[i] + parts[i].sum(0) + output_bias
            for j in range(i + 1):
                part = parts[i, j] + (x[i] if i == j else 0)
                share[i, j] = max(0.0, float(y.abs().sum() - (y - part).abs().sum()))
            share[i] /= share[i].sum() or 1.0
        mixed = share @ mixed
    return total


def test_every_update_is_led_back_as_in_the_paper(lm: LanguageModel) -> None:
    expected = led_back(lm, IDS, len(IDS) - 1, 11)
    assert scored(asked(lm), "alti_logit") == pytest.approx(expected, abs=CLOSE)
    of_blocks = [expected[start:stop].sum() for start, stop in PAIRS]
    assert scored(asked(lm, groups=PAIRS), "alti_logit") == pytest.approx(of_blocks, abs=CLOSE)


def test_of_a_contrast_it_is_the_difference_and_of_a_span_the_sum(gpt2: LanguageModel) -> None:
    said, foil = (led_back(gpt2, IDS, 7, token_id) for token_id in (11, 12))
    assert scored(asked(gpt2, choice=CHOICES["contrast"]), "alti_logit") == pytest.approx(said - foil, abs=CLOSE)
    span = sum(led_back(gpt2, IDS[:6], row, IDS[row + 1]) for row in (3, 4, 5))
    assert scored(asked(gpt2, choice=CHOICES["span"]), "alti_logit") == pytest.approx(span, abs=CLOSE)


def test_two_strings_are_read_each_with_its_own_tokens(llama: LanguageModel) -> None:
    said = sum(led_back(llama, IDS[:6], row, IDS[row + 1]) for row in (4, 5))
    foil = sum(led_back(llama, (*IDS[:5], 20), row, token_id) for row, token_id in ((4, 20), (5, 21)))
    found = scored(asked(llama, choice=CHOICES["strings"]), "alti_logit")
    assert found == pytest.approx((said - foil)[:5], abs=CLOSE)


def test_the_logit_is_linear_in_the_stream_along_its_direction(lm: LanguageModel) -> None:
    question = asked(lm)
    (line,) = question.objective.lines
    model = oracles.eager(lm.model)
    with torch.no_grad():
        end = last_stream(model, IDS)[-1]
        some = torch.randn(len(end), generator=torch.Generator().manual_seed(0), dtype=end.dtype)
        expected = read_off(model, end, some, 11)
    assert float(logit_directions(lm, line)[0] @ some) == pytest.approx(expected, abs=CLOSE)


def test_rows_in_small_pieces_are_the_same(llama: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = scored(asked(llama), "alti_logit")
    monkeypatch.setattr(alti_logit, "_PIECE", 3 * len(IDS) * 16)
    assert scored(asked(llama), "alti_logit") == pytest.approx(whole, abs=1e-12)


SIZES = {"vocab_size": 264, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4}
IDS_OF = {"bos_token_id": 256, "eos_token_id": 256, "pad_token_id": None}


@pytest.mark.parametrize(
    ("config", "why"),
    [
        (
            Gemma2Config(**SIZES, **IDS_OF, num_key_value_heads=2, intermediate_size=32, head_dim=4),
            "a layer hands on something else",
        ),
        (
            OPTConfig(**SIZES, **IDS_OF, ffn_dim=32, word_embed_proj_dim=16, max_position_embeddings=64),
            "a layer has no one part beside its attention",
        ),
    ],
    ids=["norm-after-attention", "loose-feed-forward"],
)
def test_a_layer_that_adds_something_else_is_refused(
    config: object, why: str, tokenizer: PreTrainedTokenizerFast
) -> None:
    lm = wrap(random_model(config), tokenizer)
    with pytest.raises(UnsupportedModelError, match=why):
        scored(asked(lm), "alti_logit")
    assert not [m for m in lm.model.modules() if m._forward_hooks or m._forward_pre_hooks]
