"""What decides the weights: sizes, rates, the loss and the schedule.

Answers weigh most in the loss. The rate is constant after a short warm-up and falls to zero over the last part.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from heta_core.littletown import tokenizer
from heta_core.littletown.batches import ANSWER_WEIGHT, Batch
from heta_core.littletown.muon import Muon
from heta_core.littletown.syllabus import STAGES


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the weights."""

    seed: int = 0
    n_tokens: int = 2048  # tokens of a batch, padding included
    n_layers: int = 4
    width: int = 128
    inner: int = 384
    n_heads: int = 4
    warm_up: int = 50
    decay: float = 0.3  # the last share of the run, over which the rate falls to zero
    average: float = 0.998  # per step, of the running average of the weights
    gate_every: int = 150
    n_gate: int = 60  # pairs per skill at a gate
    n_workers: int = 2  # processes of one thread, each with its share of a batch


def new_model(recipe: Recipe, words: Tokenizer) -> LlamaForCausalLM:
    """A model with random weights."""
    config = LlamaConfig(
        vocab_size=words.get_vocab_size(),
        hidden_size=recipe.width,
        intermediate_size=recipe.inner,
        num_hidden_layers=recipe.n_layers,
        num_attention_heads=recipe.n_heads,
        num_key_value_heads=recipe.n_heads,
        tie_word_embeddings=True,
        max_position_embeddings=tokenizer.MAX_LENGTH,
        bos_token_id=words.token_to_id("<s>"),
        eos_token_id=words.token_to_id("</s>"),
        pad_token_id=words.token_to_id("<pad>"),
        attn_implementation="sdpa",
    )
    torch.manual_seed(recipe.seed)
    return LlamaForCausalLM(config)


def optimizers(model: nn.Module) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for embeddings and norms; each step sets their rates."""
    is_matrix = {name: p.ndim == 2 and "embed" not in name for name, p in model.named_parameters()}
    matrices = [p for name, p in model.named_parameters() if is_matrix[name]]
    others = [p for name, p in model.named_parameters() if not is_matrix[name]]
    return (
        Muon(matrices, lr=0.0),
        torch.optim.AdamW(others, lr=0.0, betas=(0.9, 0.98), weight_decay=0.0),
    )


@torch.no_grad()
def soften(weights: Mapping[str, torch.Tensor], sharpness: float) -> None:
    """Scale the query and key weights of a state dict; attention scores scale by the square."""
    for name, weight in weights.items():
        if "q_proj" in name or "k_proj" in name:
            weight.mul_(sharpness)


def rate(step: int, recipe: Recipe) -> float:
    """The share of the full rate at a step."""
    n_steps = STAGES[-1].until
    left = (n_steps - step) / (recipe.decay * n_steps)
    return max(0.0, min(1.0, (step + 1) / recipe.warm_up, left))


def losses(model: nn.Module, batch: Batch) -> tuple[torch.Tensor, float]:
    """The weighted loss, and the plain loss of the answers in nats."""
    logits = model(input_ids=batch.ids, use_cache=False).logits[:, :-1]
    weights = batch.weights[:, 1:]
    each = nn.functional.cross_entropy(logits.flatten(0, 1), batch.ids[:, 1:].flatten(), reduction="none").view_as(
        weights
    )
    answers = each.detach()[weights == ANSWER_WEIGHT].mean().item()
    return (each * weights).sum() / weights.sum(), answers
