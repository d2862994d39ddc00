"""Models of the Hugging Face hub that a newcomer may want, smallest first: those that this computer has room for."""

from dataclasses import dataclass

from heta_core.memory import told_available

_BYTES = 4.4  # in memory for each parameter: float32, and a tenth more for a short run


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A model that is not on this computer yet. Nothing here asks the hub."""

    name: str
    n_parameters: float
    is_gated: bool = False  # its licence must be accepted at the hub first


_ALL = (
    Suggestion("distilgpt2", 82e6),
    Suggestion("gpt2", 124e6),
    Suggestion("HuggingFaceTB/SmolLM2-135M", 135e6),
    Suggestion("EleutherAI/pythia-160m", 162e6),
    Suggestion("Qwen/Qwen3-0.6B", 596e6),
    Suggestion("meta-llama/Llama-3.2-1B", 1.24e9, is_gated=True),
    Suggestion("microsoft/Phi-3-mini-4k-instruct", 3.82e9),
    Suggestion("mistralai/Mistral-7B-v0.3", 7.25e9),
)


def suggested() -> tuple[Suggestion, ...]:
    """Those that fit into the memory that is free now; all where the system does not say."""
    free = told_available()
    return tuple(one for one in _ALL if free is None or _BYTES * one.n_parameters <= free)
