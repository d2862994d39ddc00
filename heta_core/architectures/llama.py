"""Llama and its kin: separate projections, keys and values in groups; biases in Qwen2, norms on queries in Qwen3."""

from transformers import LlamaConfig, MistralConfig, PreTrainedConfig, Qwen2Config, Qwen3Config

from heta_core.architectures._contract import Architecture, separate


def _tiny_configs() -> tuple[PreTrainedConfig, ...]:
    kinds: tuple[tuple[type[PreTrainedConfig], dict[str, int]], ...] = (
        (LlamaConfig, {}),
        (MistralConfig, {"sliding_window": 8}),
        (Qwen2Config, {}),
        (Qwen3Config, {}),
    )
    return tuple(
        kind(
            vocab_size=264,
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=4,
            intermediate_size=32,
            max_position_embeddings=128,
            initializer_range=0.3,
            bos_token_id=256,
            eos_token_id=256,
            **more,
        )
        for kind, more in kinds
    )


LLAMA = Architecture(
    name="llama",
    title="Llama, Mistral, Qwen2, Qwen3",
    model_types=("llama", "mistral", "qwen2", "qwen3"),
    layers="model.layers",
    attention="self_attn",
    values="v_proj",
    split=separate,
    output="o_proj",
    tiny_configs=_tiny_configs,
)
