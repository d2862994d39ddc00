"""Models of a known size, as facts: what the configuration of the published model says. Nothing here imports torch."""

from dataclasses import dataclass, field

from heta_core.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Shape:
    """A published model without its weights."""

    model_type: str
    n_parameters: int
    options: dict[str, int | bool] = field(default_factory=dict)  # where they differ from those of its family


SHAPES: dict[str, Shape] = {
    "gpt2": Shape("gpt2", 124_439_808),
    "gpt2-medium": Shape("gpt2", 354_823_168, {"n_embd": 1024, "n_layer": 24, "n_head": 16}),
    "smollm2-135m": Shape(
        "llama",
        134_515_008,
        {
            "vocab_size": 49152,
            "hidden_size": 576,
            "num_hidden_layers": 30,
            "num_attention_heads": 9,
            "num_key_value_heads": 3,
            "intermediate_size": 1536,
            "max_position_embeddings": 8192,
            "tie_word_embeddings": True,
        },
    ),
    "qwen2.5-0.5b": Shape(
        "qwen2",
        494_032_768,
        {
            "vocab_size": 151936,
            "hidden_size": 896,
            "num_hidden_layers": 24,
            "num_attention_heads": 14,
            "num_key_value_heads": 2,
            "intermediate_size": 4864,
            "max_position_embeddings": 32768,
            "tie_word_embeddings": True,
        },
    ),
    "qwen3-0.6b": Shape(
        "qwen3",
        596_049_920,
        {
            "vocab_size": 151936,
            "hidden_size": 1024,
            "num_hidden_layers": 28,
            "num_attention_heads": 16,
            "num_key_value_heads": 8,
            "head_dim": 128,
            "intermediate_size": 3072,
            "max_position_embeddings": 40960,
            "tie_word_embeddings": True,
        },
    ),
    "tinyllama-1.1b": Shape(
        "llama",
        1_100_048_384,
        {
            "vocab_size": 32000,
            "hidden_size": 2048,
            "num_hidden_layers": 22,
            "num_attention_heads": 32,
            "num_key_value_heads": 4,
            "intermediate_size": 5632,
            "max_position_embeddings": 2048,
        },
    ),
    "llama-3.2-1b": Shape(
        "llama",
        1_235_814_400,
        {
            "vocab_size": 128256,
            "hidden_size": 2048,
            "num_hidden_layers": 16,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "intermediate_size": 8192,
            "max_position_embeddings": 131072,
            "tie_word_embeddings": True,
        },
    ),
    "phi-3-mini": Shape(
        "phi3",
        3_821_079_552,
        {
            "vocab_size": 32064,
            "hidden_size": 3072,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "intermediate_size": 8192,
            "max_position_embeddings": 4096,
        },
    ),
}


def shape_of(name: str) -> Shape:
    """The shape that a name stands for.

    Raises:
        SettingsError: there is none.
    """
    if name not in SHAPES:
        raise SettingsError(f"A known shape is needed, got {name!r}: take one of {', '.join(SHAPES)}.")
    return SHAPES[name]
