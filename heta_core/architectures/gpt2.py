"""GPT-2: one fused projection with biases, queries | keys | values; weights stored as (in, out)."""

from transformers import GPT2Config

from heta_core.architectures._contract import Architecture, side_by_side

GPT2 = Architecture(
    name="gpt2",
    title="GPT-2",
    model_types=("gpt2",),
    layers="transformer.h",
    attention="attn",
    values="c_attn",
    split=side_by_side,
    output="c_proj",
    tiny_configs=lambda: (
        GPT2Config(
            vocab_size=264,
            n_embd=16,
            n_layer=2,
            n_head=4,
            n_inner=32,
            n_positions=128,
            initializer_range=0.3,
            bos_token_id=256,
            eos_token_id=256,
        ),
    ),
)
