"""Families: each file's facts rebuild its own attention; wrong facts and strange models are refused."""

import copy
import sys
import types
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import transformers
from conftest import TINY_CONFIGS, random_model
from torch import Tensor, nn
from transformers import (
    BitNetConfig,
    BloomConfig,
    DiffLlamaConfig,
    FalconConfig,
    GPTNeoXConfig,
    LlamaForCausalLM,
    MambaConfig,
    OPTConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
)

from heta_core.architectures import Architecture, find, known
from heta_core.discovery import declared
from heta_core.errors import UnsupportedModelError
from heta_core.language_model import LanguageModel
from heta_core.loading import wrap
from heta_core.models.checks import check_equations, has_prefix, sample_ids
from heta_core.passes.capture import Layer, read

SIZES = {"vocab_size": 264, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4}
IDS = {"bos_token_id": 256, "eos_token_id": 256, "pad_token_id": None}


def test_every_family_is_found_by_its_file() -> None:
    folder = Path(__file__).parents[1] / "heta_core" / "architectures"
    files = sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_"))
    assert [family.name for family in known()] == files


def test_every_model_type_of_a_family_has_a_tiny_model() -> None:
    assert sorted(TINY_CONFIGS) == sorted(t for family in known() for t in family.model_types)


def test_the_family_of_a_model_is_the_one_that_names_its_type(lm: LanguageModel) -> None:
    assert find(lm.model) == (lm.architecture,)
    assert lm.source.family == lm.architecture.name


def test_attention_times_values_enters_the_output_projection(lm: LanguageModel) -> None:
    def difference(layer: Layer) -> Tensor:
        rebuilt = torch.cat([a @ v for a, v in zip(layer.probabilities, layer.values, strict=True)], -1)
        return (rebuilt - layer.mixed).abs().max()

    # The model multiplies the same float64 numbers.
    assert read(lm, sample_ids(lm), difference, (0,)).kept.max() < 1e-12


def test_the_output_projection_is_its_matrix(lm: LanguageModel) -> None:
    def difference(layer: Layer) -> Tensor:
        rebuilt = sum(layer.mixed[:, h * 4 : h * 4 + 4] @ layer.weight[h] for h in range(len(layer.weight))) + (
            0 if layer.bias is None else layer.bias
        )
        return (rebuilt - layer.projected).abs().max()

    assert read(lm, sample_ids(lm), difference, (0,)).kept.max() < 1e-12


def test_heads_of_one_group_share_their_values(llama: LanguageModel) -> None:
    values = read(llama, sample_ids(llama), lambda layer: layer.values, (0,)).kept[0]
    assert len(values) == 4
    assert values[0].equal(values[1]) and values[2].equal(values[3])
    assert not values[1].equal(values[2])


def test_the_equations_hold_and_a_prefix_can_be_trusted(lm: LanguageModel) -> None:
    check_equations(lm)
    assert has_prefix(lm)


def test_a_wrong_order_of_heads_is_noticed(lm: LanguageModel) -> None:
    right = lm.architecture.split
    wrong = replace(lm.architecture, split=lambda x, n_heads, width: right(x, n_heads, width).flip(1))
    with pytest.raises(UnsupportedModelError, match=r"attention · values = input of W_O does not hold"):
        check_equations(replace(lm, architecture=wrong))


def test_queries_taken_for_values_are_noticed(gpt2: LanguageModel) -> None:
    wrong = replace(gpt2.architecture, split=lambda x, n_heads, width: x[:, : n_heads * width].reshape(len(x), -1, 4))
    with pytest.raises(UnsupportedModelError, match="does not hold"):
        check_equations(replace(gpt2, architecture=wrong))


def test_a_transposed_output_matrix_is_noticed(llama: LanguageModel) -> None:
    class Transposed(nn.Module):
        def __init__(self, inner: nn.Linear) -> None:
            super().__init__()
            self.weight = nn.Parameter(inner.weight.T.clone())

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.weight

    model = copy.deepcopy(llama.model)
    for layer in model.model.layers:
        layer.self_attn.o_proj = Transposed(layer.self_attn.o_proj)
    with pytest.raises(UnsupportedModelError, match=r"input · W_O \+ b = output does not hold"):
        wrap(model, llama.tokenizer)


def test_a_path_that_is_not_there_is_named(gpt2: LanguageModel) -> None:
    wrong = replace(gpt2.architecture, values="v_proj")
    with pytest.raises(UnsupportedModelError, match=r"no attribute `?'?v_proj"):
        check_equations(replace(gpt2, architecture=wrong))


@pytest.mark.parametrize(
    ("config", "split"),
    [
        (OPTConfig(**SIZES, **IDS, ffn_dim=32, word_embed_proj_dim=16, max_position_embeddings=64), "separate"),
        (GPTNeoXConfig(**SIZES, **IDS, intermediate_size=32), "group_by_group"),
        (FalconConfig(**SIZES, **IDS, num_kv_heads=2, new_decoder_architecture=True), "group_by_group"),
        (FalconConfig(**SIZES, **IDS, multi_query=True, new_decoder_architecture=False), "side_by_side"),
    ],
    ids=["opt", "neox", "falcon", "falcon-multi-query"],
)
def test_a_family_without_a_file_is_read_by_convention(
    config: PreTrainedConfig, split: str, tokenizer: PreTrainedTokenizerFast
) -> None:
    lm = wrap(random_model(config), tokenizer)
    assert lm.architecture.name == f"{config.model_type} (by convention)"
    assert lm.architecture.split.__name__ == split


GROUPED = {**SIZES, **IDS, "num_key_value_heads": 2, "intermediate_size": 32}


@pytest.mark.slow
@pytest.mark.parametrize(
    "config",
    [
        transformers.PhiConfig(**SIZES, **IDS, intermediate_size=32),
        transformers.Starcoder2Config(**GROUPED),
        transformers.Gemma2Config(**GROUPED, head_dim=4),
        transformers.Gemma3TextConfig(**GROUPED, head_dim=4),
        transformers.Olmo2Config(**GROUPED),
        transformers.CohereConfig(**GROUPED),
        transformers.GraniteConfig(**GROUPED),
        transformers.SmolLM3Config(**GROUPED),
        transformers.StableLmConfig(**GROUPED),
        transformers.NemotronConfig(**GROUPED),
        transformers.Glm4Config(**GROUPED, head_dim=4),
        transformers.Exaone4Config(**GROUPED),
        transformers.GPTBigCodeConfig(
            vocab_size=264, n_embd=16, n_layer=2, n_head=4, n_positions=64, bos_token_id=256, eos_token_id=256
        ),
    ],
    ids=lambda config: config.model_type,
)
def test_more_families_are_read_by_convention(config: PreTrainedConfig, tokenizer: PreTrainedTokenizerFast) -> None:
    assert wrap(random_model(config), tokenizer).has_prefix


def test_a_family_that_counts_positions_off_the_mask_is_known_as_one(tokenizer: PreTrainedTokenizerFast) -> None:
    bloom = BloomConfig(vocab_size=264, hidden_size=16, n_layer=2, n_head=4, bos_token_id=256, eos_token_id=256)
    assert wrap(random_model(bloom), tokenizer).architecture.has_positions_from_mask


@pytest.mark.parametrize(
    "config",
    [
        DiffLlamaConfig(**SIZES, **IDS, num_key_value_heads=2, head_dim=4, intermediate_size=32),
        BitNetConfig(**SIZES, **IDS, num_key_value_heads=2, intermediate_size=32),
        MambaConfig(vocab_size=264, hidden_size=16, num_hidden_layers=2, state_size=4, **IDS),
    ],
    ids=["subtracts-attention", "norm-before-output", "no-attention"],
)
def test_a_family_whose_attention_cannot_be_rebuilt_is_taken_without_it(
    config: PreTrainedConfig, tokenizer: PreTrainedTokenizerFast
) -> None:
    lm = wrap(random_model(config), tokenizer)
    assert not lm.has_transition and lm.source.family == f"{config.model_type} (without its attention)"


class TwoSided(LlamaForCausalLM):
    """A Llama whose first token sees the last."""

    def forward(self, input_ids: Tensor | None = None, inputs_embeds: Tensor | None = None, **more: object) -> object:
        rows = self.get_input_embeddings()(input_ids) if inputs_embeds is None else inputs_embeds
        return super().forward(inputs_embeds=rows + rows.mean(1, keepdim=True), **more)


class Shifted(LlamaForCausalLM):
    """A Llama whose tokens reach the next one without attention, as short convolutions do."""

    def forward(self, input_ids: Tensor | None = None, inputs_embeds: Tensor | None = None, **more: object) -> object:
        rows = self.get_input_embeddings()(input_ids) if inputs_embeds is None else inputs_embeds
        return super().forward(inputs_embeds=rows + nn.functional.pad(rows, (0, 0, 1, -1)), **more)


class TwiceFed(LlamaForCausalLM):
    """A Llama that also looks its ids up a second time, as models with embeddings in every layer do."""

    def forward(self, input_ids: Tensor | None = None, inputs_embeds: Tensor | None = None, **more: object) -> object:
        if input_ids is not None:
            inputs_embeds = 2 * self.get_input_embeddings()(input_ids)
        return super().forward(inputs_embeds=inputs_embeds, **more)


class Forgetful(LlamaForCausalLM):
    """A Llama that ignores the cache it is given, as state-space models do."""

    def forward(self, past_key_values: object = None, **more: object) -> object:
        return super().forward(**{**more, "use_cache": False})


def remade(kind: type[LlamaForCausalLM], llama: LanguageModel) -> LlamaForCausalLM:
    model = kind(copy.deepcopy(llama.model.config)).double()
    model.load_state_dict(llama.model.state_dict())
    return model


def test_a_model_that_sees_later_tokens_is_refused(llama: LanguageModel) -> None:
    with pytest.raises(UnsupportedModelError, match="not decoder-only: later tokens change"):
        wrap(remade(TwoSided, llama), llama.tokenizer)


def test_a_model_whose_tokens_reach_each_other_past_attention_is_refused(llama: LanguageModel) -> None:
    with pytest.raises(UnsupportedModelError, match="tokens reach each other past its attention"):
        wrap(remade(Shifted, llama), llama.tokenizer)


def test_a_model_that_needs_its_ids_is_refused(llama: LanguageModel) -> None:
    with pytest.raises(UnsupportedModelError, match="with input embeddings it does not say what it says with ids"):
        wrap(remade(TwiceFed, llama), llama.tokenizer)


def test_a_model_that_ignores_its_cache_runs_in_full(llama: LanguageModel) -> None:
    assert not wrap(remade(Forgetful, llama), llama.tokenizer).has_prefix


def test_numbers_beyond_the_precision_are_named(llama: LanguageModel) -> None:
    model = copy.deepcopy(llama.model)
    with torch.no_grad():
        model.lm_head.weight[0] = float("inf")
    with pytest.raises(UnsupportedModelError, match="NaN or infinity in float64"):
        wrap(model, llama.tokenizer)


def test_a_broken_file_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "families_of_a_test"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "_private.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert declared("families_of_a_test", Architecture) == ()
    (package / "broken.py").write_text("import a_module_that_does_not_exist\n")
    with pytest.raises(ModuleNotFoundError, match="a_module_that_does_not_exist"):
        declared("families_of_a_test", Architecture)
    (package / "broken.py").write_text("")
    with pytest.raises(TypeError, match="broken must declare a Architecture"):
        declared("families_of_a_test", Architecture)


def test_a_value_that_two_files_name_counts_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "families_that_share"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "first.py").write_text("from types import SimpleNamespace\nONE = SimpleNamespace()\n")
    (package / "second.py").write_text("from families_that_share.first import ONE\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert len(declared("families_that_share", types.SimpleNamespace)) == 1
    assert "families_that_share.second" in sys.modules
