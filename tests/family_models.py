"""The smallest model of every type that transformers can load as a causal language model, in float64."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel

# What a size is called in one configuration or another. Only what a configuration knows is set.
SIZES: dict[str, Any] = {
    **dict.fromkeys(("vocab_size", "vocab_size_per_layer_input"), 264),
    **dict.fromkeys(("hidden_size", "n_embd", "d_model", "dim_model", "embedding_size", "word_embed_proj_dim"), 16),
    **dict.fromkeys(("lru_width", "attention_hidden_size"), 16),
    **dict.fromkeys(("n_layer", "n_layers", "num_layers", "num_hidden_layers", "decoder_layers"), 2),
    **dict.fromkeys(("n_head", "n_heads", "num_attention_heads", "num_heads", "decoder_attention_heads"), 4),
    **dict.fromkeys(("num_key_value_heads", "num_kv_heads"), 2),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "n_inner", "d_inner", "ffn_hidden_size", "dim_ff", "dff"), 32),
    **dict.fromkeys(("intermediate_size_mlp", "decoder_ffn_dim", "dense_intermediate_size"), 32),
    **dict.fromkeys(("head_dim", "dim_head", "v_head_dim", "qk_nope_head_dim", "qk_rope_head_dim"), 4),
    **dict.fromkeys(("rotary_dim", "kv_channels", "index_head_dim", "swa_head_dim", "d_rel", "attention_head_dim"), 4),
    **dict.fromkeys(("kv_lora_rank", "q_lora_rank", "qk_head_dim", "sliding_window", "window_size"), 8),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len"), 128),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"), 4),
    **dict.fromkeys(("num_experts_per_tok", "moe_topk", "moe_k", "top_k_experts"), 2),
    **dict.fromkeys(("moe_intermediate_size", "shared_expert_intermediate_size", "expert_ffn_hidden_size"), 16),
    **dict.fromkeys(("n_shared_experts", "n_group", "topk_group", "first_k_dense_replace", "pretraining_tp"), 1),
    **dict.fromkeys(("moe_shared_expert_intermediate_size", "shared_intermediate_size"), 16),
    **dict.fromkeys(("mamba_n_heads", "linear_num_key_heads", "linear_num_value_heads", "mamba_num_heads"), 4),
    **dict.fromkeys(("mamba_d_head", "linear_key_head_dim", "linear_value_head_dim", "mamba_head_dim"), 8),
    **dict.fromkeys(("mamba_d_state", "state_size", "ssm_state_size", "mamba_dt_rank"), 4),
    **dict.fromkeys(("mamba_n_groups", "n_groups", "mamba_ngroups"), 1),
    **dict.fromkeys(("index_n_heads", "linear_num_heads", "swa_num_attention_heads"), 4),
    **dict.fromkeys(("index_topk", "swa_num_key_value_heads", "conv_L_cache"), 3),
    "hidden_size_per_layer_input": 4,
    "linear_head_dim": 8,
    "initializer_range": 0.3,
    "bos_token_id": 256,
    "eos_token_id": 256,
    "pad_token_id": 0,
    "num_nextn_predict_layers": 0,
}
# What the sizes above do not settle: shapes that must fit each other, and layers of every kind that a family has.
FULL, LINEAR = "full_attention", "linear_attention"
_PART_OF_BLT = {"vocab_size": 264, "hidden_size": 16, "hidden_size_global": 16, "num_hidden_layers": 1} | {
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "intermediate_size": 32,
}
_SHARING = {"hidden_size": 16, "num_hidden_layers": 2, "num_kv_shared_layers": 2, "vocab_size": 264, "head_dim": 4} | {
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 32,
    "hidden_size_per_layer_input": 0,
    "vocab_size_per_layer_input": 0,
    "layer_types": [FULL, FULL],
}
_ROPE = {"rope_type": "default", "rope_theta": 1e4}
SPECIAL: dict[str, dict[str, Any]] = {
    "bamba": {"attn_layer_indices": [1]},
    "blt": {"encoder_hash_byte_group_vocab": 50, "encoder_hash_byte_group_size": [3]}
    | dict.fromkeys(("patcher_config", "encoder_config", "decoder_config", "global_config"), _PART_OF_BLT),
    "cohere_compass_text": {"rope_parameters": {FULL: {**_ROPE, "mrope_section": [1, 1, 0]}}},
    "dbrx": {
        "attn_config": {"kv_n_heads": 2, "clip_qkv": 0.5, "rope_theta": 1e4},
        "ffn_config": {"ffn_hidden_size": 32},
    },
    "dots3_note_text": dict.fromkeys(("swa_num_attention_heads", "swa_num_key_value_heads"), 4)
    | dict.fromkeys(("swa_q_lora_rank", "swa_kv_lora_rank", "swa_head_dim", "head_dim"), 8)
    | dict.fromkeys(("swa_qk_nope_head_dim", "swa_v_head_dim"), 4),
    "falcon": {"new_decoder_architecture": True},
    "falcon_h1": {"mamba_d_ssm": 32},
    "gemma3n_text": {
        "num_kv_shared_layers": 0,
        "intermediate_size": [32, 32],
        "activation_sparsity_pattern": [0.0, 0.0],
    },
    "gemma4_assistant": {"text_config": {"model_type": "gemma4_text", **_SHARING}, "backbone_hidden_size": 16},
    "gemma4_unified_assistant": {"text_config": {"model_type": "gemma4_unified_text", **_SHARING}},
    "gpt_bigcode": {"multi_query": False},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "granitemoehybrid": {"layer_types": [LINEAR, FULL]},
    "inkling_text": {"swa_num_key_value_heads": 2},
    "inkling2_text": {"swa_num_key_value_heads": 2},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "lfm2": {"layer_types": ["conv", FULL]},
    "lfm2_moe": {"layer_types": ["conv", FULL]},
    "mamba2": {"num_heads": 4, "head_dim": 8},
    "mpt": {"attn_config": {"clip_qkv": 0.5}},
    "nemotron_h": {"layers_block_type": [LINEAR, FULL, "mlp", "moe"]},
    "olmo": {"clip_qkv": 0.5},
    "olmoe": {"clip_qkv": 0.5},
    "qwen4_exp_text": {
        **dict.fromkeys(("indexer_n_heads", "indexer_kv_heads", "indexer_compress_ratio"), 1),
        **{"indexer_head_dim": 4, "indexer_budget": 4, "hc_count": 2, "hc_lowrank": 4},
    },
    "recurrent_gemma": {"block_types": ["recurrent", "attention"]},
    "xlstm": {"hidden_size": 128, "num_heads": 2},
    "zamba": {"layers_block_type": [LINEAR, "hybrid", "hybrid"], "attention_head_dim": 8, "attention_hidden_size": 32}
    | {"num_hidden_layers": 3, "num_key_value_heads": 4},
    "zamba2": {"layers_block_type": [LINEAR, "hybrid", "hybrid"], "num_hidden_layers": 3, "n_mamba_heads": 4}
    | {"num_key_value_heads": 4, "attention_hidden_size": ..., "attention_head_dim": ..., "kv_channels": ...},
    "zaya": {"num_experts_per_tok": 1},
}
# Fails in float64 unless a number without a type is float64 too (`torch.full((), …)`).
DEFAULT_FLOAT64 = ("xglm",)
# Routes in float32 whatever its weights are in.
FLOAT32 = ("inkling2_text",)


def tiny_config(model_type: str) -> PreTrainedConfig:
    """Two layers, sixteen wide, four heads; every kind of layer that the family's own default has."""
    kind = CONFIG_MAPPING[model_type]
    default, aliases = _default(kind), getattr(kind, "attribute_map", {})
    known = set(default) | set(aliases)
    sizes = {k: v for k, v in SIZES.items() if k in known and aliases.get(k) not in SIZES}
    for name, of_layers in default.items():
        if name.endswith("layer_types") and isinstance(of_layers, list):
            kinds = sorted(set(of_layers))
            sizes[name] = [kinds[k % len(kinds)] for k in range(2)]
    if "kv_lora_rank" in default:
        sizes["num_key_value_heads"] = 4  # latent attention has no groups
    chosen = sizes | SPECIAL.get(model_type, {})
    return kind(**{k: v for k, v in chosen.items() if v is not ...})


def _default(kind: type[PreTrainedConfig]) -> dict[str, Any]:
    try:
        return kind().to_dict()
    except Exception:  # noqa: BLE001 - some defaults do not pass their own validation
        return {name: None for name in kind.__dataclass_fields__}


def random_model(config: PreTrainedConfig, seed: int = 0) -> PreTrainedModel:
    """A float64 model in which biases, norms, gates and sinks are random too, so that forgetting one of them shows."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(copy.deepcopy(config), experts_implementation="eager").eval()
    model = model.float() if config.model_type in FLOAT32 else model.double()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1 or parameter.std() == 0:
                parameter += 0.3 * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
    return model


@contextmanager
def as_it_needs(model_type: str) -> Iterator[None]:
    """The type of numbers without one, while a model of this type runs."""
    if model_type not in DEFAULT_FLOAT64:
        yield
        return
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@contextmanager
def all_in_double() -> Iterator[None]:
    """Families compute softmax, norms and gates in float32 inside of a float64 model; here they do not.

    They ask for it by `torch.float32` and `Tensor.float` when they run, so both are float64 meanwhile.
    """
    wide = mock.patch.multiple(torch, float32=torch.float64, float=torch.float64)
    with wide, mock.patch.object(torch.Tensor, "float", torch.Tensor.double):
        yield
