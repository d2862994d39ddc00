"""GPT-J: separate projections without biases, attention and feed-forward side by side."""

from transformers import GPTJConfig

from heta_core.architectures._contract import Architecture, separate

GPTJ = Architecture(
    name="gptj",
    title="GPT-J",
    model_types=("gptj",),
    layers="transformer.h",
    attention="attn",
    values="v_proj",
    split=separate,
    output="out_proj",
    tiny_configs=lambda: (
        GPTJConfig(
            vocab_size=264,
            n_embd=16,
            n_layer=2,
            n_head=4,
            n_inner=32,
            n_positions=128,
            rotary_dim=4,
            initializer_range=0.3,
            bos_token_id=256,
            eos_token_id=256,
        ),
    ),
)
