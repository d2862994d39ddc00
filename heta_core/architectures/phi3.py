"""Phi-3: one fused projection without biases, queries | keys | values, keys and values in groups."""

from transformers import Phi3Config

from heta_core.architectures._contract import Architecture, side_by_side

PHI3 = Architecture(
    name="phi3",
    title="Phi-3",
    model_types=("phi3",),
    layers="model.layers",
    attention="self_attn",
    values="qkv_proj",
    split=side_by_side,
    output="o_proj",
    tiny_configs=lambda: (
        Phi3Config(
            vocab_size=264,
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            intermediate_size=32,
            max_position_embeddings=128,
            original_max_position_embeddings=128,
            initializer_range=0.3,
            bos_token_id=256,
            eos_token_id=256,
            pad_token_id=None,
        ),
    ),
)
