"""The method as a textbook would write it: one thing at a time, over the whole sequence, logits at every position.

1. The transition keeps every head's attention of one forward and multiplies whole rollout matrices.
2. The KL runs the model once for every masked token.
3. The Hessian takes one double backward for every token and probe. All of them share one graph of the gradient; the
   published research code shares it over the probes of a token, so this is the kinder reading.

Model, probes and formulas are the engine's; what differs is how the work is cut. Nothing else may call this.
"""

import functools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from heta_core.bench.flops import counted
from heta_core.components.kl import kl
from heta_core.estimators.probes import signs
from heta_core.language_model import LanguageModel, embed, log_probs, running
from heta_core.parts import Floats
from heta_core.passes.capture import Layer, read


def transition(lm: LanguageModel, ids: tuple[int, ...]) -> Floats:
    """(T,) M at the last position. One forward that keeps (L, H, T, T)."""
    kept = read(lm, ids, _attention_and_strength, tuple(range(len(ids)))).kept  # (L, H, T, T + 1)
    attention, strength = kept[..., :-1], kept[..., -1]
    identity = torch.eye(len(ids), dtype=kept.dtype, device=kept.device)
    mixing = 0.5 * attention.mean(1) + 0.5 * identity  # (L, T, T)
    flow, rollout = torch.zeros_like(strength[0, 0]), identity
    for layer in range(len(kept) - 1, -1, -1):
        for head in range(kept.shape[1]):
            flow = flow + (rollout @ attention[layer, head])[-1] * strength[layer, head]
        rollout = rollout @ mixing[layer]
    return _numpy(flow / flow.sum())


def _attention_and_strength(layer: Layer) -> Tensor:
    """(H, T, T + 1) the attention of a layer, and beside it ‖ v_i W_O ‖₁ of every head."""
    dtype = torch.promote_types(layer.values.dtype, torch.float32)
    written = layer.values.to(dtype) @ layer.weight.to(dtype)  # (H, T, D)
    return torch.cat([layer.probabilities.to(dtype), written.abs().sum(-1)[..., None]], -1)


def information(lm: LanguageModel, ids: tuple[int, ...], log_p: Tensor) -> Floats:
    """(T,) nats, KL(p ‖ p with token i's embedding zero). T forwards.

    Args:
        log_p: (V,) nats, the unmasked prediction.
    """
    embeddings = embed(lm, ids)
    with running(lm):
        return _numpy(torch.stack([kl(log_p, _masked(lm, embeddings, i)) for i in range(len(ids))]))


def information_flops(lm: LanguageModel, ids: tuple[int, ...]) -> int:
    """What `information` counts: every forward is over the same positions, so one stands for all."""
    embeddings = embed(lm, ids)
    with running(lm):
        return len(ids) * counted(lambda: _masked(lm, embeddings, 0))


@torch.no_grad()
def _masked(lm: LanguageModel, embeddings: Tensor, i: int) -> Tensor:
    """(V,) nats, the prediction with token i masked."""
    masked = embeddings.clone()
    masked[i] = 0
    return log_probs(_logits(lm, masked)[-1])


def sensitivity(lm: LanguageModel, ids: tuple[int, ...], token_id: int, probes: range, seed: int) -> Floats:
    """(T,) S of log p(token_id). One forward, one backward, one double backward for every token and probe."""
    with running(lm):
        graph = _opened(lm, embed(lm, ids), token_id)
        means = [
            torch.stack([_product(graph, i, probe).abs().sum() for probe in _probes(graph, i, probes, seed)]).mean()
            for i in range(len(ids))
        ]
    return _numpy(torch.stack(means))


def sensitivity_flops(lm: LanguageModel, ids: tuple[int, ...], token_id: int, n_probes: int) -> int:
    """What `sensitivity` counts: every product goes over the same positions, so one stands for all."""
    embeddings, opened = embed(lm, ids), list[_Graph]()
    with running(lm):
        opening = counted(lambda: opened.append(_opened(lm, embeddings, token_id)))
        probe = torch.ones_like(embeddings[0])
        return opening + len(ids) * n_probes * counted(functools.partial(_product, opened[0], 0, probe))


@dataclass(frozen=True, slots=True, eq=False)
class _Graph:
    leaf: Tensor  # (T, D)
    gradient: Tensor  # (T, D) ∇f, differentiable


def _opened(lm: LanguageModel, embeddings: Tensor, token_id: int) -> _Graph:
    leaf = embeddings.clone().requires_grad_(True)
    with torch.enable_grad():
        f = log_probs(_logits(lm, leaf)[-1])[token_id]
        (gradient,) = torch.autograd.grad(f, leaf, create_graph=True)
    return _Graph(leaf, gradient)


def _product(graph: _Graph, i: int, probe: Tensor) -> Tensor:
    """(D,) 𝓗_ii r."""
    direction = torch.zeros_like(graph.leaf)
    direction[i] = probe
    (product,) = torch.autograd.grad(graph.gradient, graph.leaf, direction, retain_graph=True)
    return product[i]


def _probes(graph: _Graph, i: int, probes: range, seed: int) -> Tensor:
    """(m, D) the engine's own sign vectors of token i."""
    return torch.from_numpy(signs(seed, i, probes, graph.leaf.shape[1])).to(graph.leaf)


def _logits(lm: LanguageModel, embeddings: Tensor) -> Tensor:
    """(T, V), at every position."""
    logits: Tensor = lm.model(inputs_embeds=embeddings[None], use_cache=False).logits[0]
    return logits


def _numpy(values: Tensor) -> Floats:
    return np.asarray(values.double().cpu().numpy())
