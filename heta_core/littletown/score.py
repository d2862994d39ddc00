"""How often the model is right: on single questions, on both of a minimal pair, and after the evidence changed."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import nn

from heta_core.littletown.lessons import Instance, evidence_change, minimal_pair

CHUNK = 64  # prompts per forward


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of held-out instances, 0 to 1."""

    n: int
    accuracy: float  # the answer is the most probable next token
    pairs: float  # both answers of the minimal pair are
    follows: float  # the new answer is, after the evidence changed


@torch.no_grad()
def predictions(model: nn.Module, tokenizer: Tokenizer, prompts: Sequence[str]) -> list[int]:
    """The most probable next token of each prompt."""
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    found = [0] * len(prompts)
    for start in range(0, len(order), CHUNK):
        chosen = order[start : start + CHUNK]
        rows = [tokenizer.encode(prompts[i]).ids for i in chosen]
        longest = max(map(len, rows))
        ids = torch.tensor([r + [0] * (longest - len(r)) for r in rows])
        last = torch.tensor([len(r) - 1 for r in rows])
        logits = model(input_ids=ids, use_cache=False).logits[torch.arange(len(rows)), last]
        for i, token in zip(chosen, logits.argmax(-1).tolist(), strict=True):
            found[i] = token
    return found


def _right(model: nn.Module, tokenizer: Tokenizer, instances: Sequence[Instance]) -> list[bool]:
    answers = [tokenizer.encode(i.answer.strip(), add_special_tokens=False).ids for i in instances]
    said = predictions(model, tokenizer, [i.prompt for i in instances])
    return [[token] == answer for token, answer in zip(said, answers, strict=True)]


def score(model: nn.Module, tokenizer: Tokenizer, instances: Sequence[Instance]) -> Score:
    """Accuracy, pair accuracy and evidence use on instances of one skill."""
    n = len(instances)
    first = _right(model, tokenizer, instances)
    second = _right(model, tokenizer, [minimal_pair(i) for i in instances])
    moved = _right(model, tokenizer, [evidence_change(i) for i in instances])
    both = [a and b for a, b in zip(first, second, strict=True)]
    return Score(n, sum(first) / n, sum(both) / n, sum(moved) / n)


def pair_accuracy(model: nn.Module, tokenizer: Tokenizer, instances: Sequence[Instance]) -> float:
    """The share of minimal pairs of which both answers are right."""
    pairs = [*instances, *(minimal_pair(i) for i in instances)]
    right = _right(model, tokenizer, pairs)
    n = len(instances)
    return sum(a and b for a, b in zip(right[:n], right[n:], strict=True)) / n
