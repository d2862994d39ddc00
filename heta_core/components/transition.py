r"""Semantic transition M: how much of what each token holds flows, through attention, to the prediction.

1. The residual stream carries half of each position on and attention mixes the other half (Abnar & Zuidema 2020):
   Ā⁽ˡ⁾ = ½ · mean_h A⁽ˡʰ⁾ + ½ · 1.
2. What leaves layer l at position j reaches the prediction with weight u⁽ˡ⁾[j]:
   u⁽ᴸ⁻¹⁾ is one at the predicting position, u⁽ˡ⁾ = u⁽ˡ⁺¹⁾ Ā⁽ˡ⁺¹⁾.
3. One head hands on Φ⁽ˡʰ⁾(i→T) = Σ_j u⁽ˡ⁾[j] · A⁽ˡʰ⁾[j,i] of token i, with the strength of its value there,
   n⁽ˡʰ⁾[i] = ‖ v_i⁽ˡʰ⁾ W_O⁽ˡʰ⁾ ‖₁. Where a gate g multiplies what a head hands to W_O, the strength is that which the
   reader lets in: Φ·n is Σ_j u⁽ˡ⁾[j] · A⁽ˡʰ⁾[j,i] · ‖ (v_i⁽ˡʰ⁾ ⊙ g_j⁽ˡʰ⁾) W_O⁽ˡʰ⁾ ‖₁.
4. M[i] = (1/Z) Σ_{l,h} Φ⁽ˡʰ⁾(i→T) · n⁽ˡʰ⁾[i], Z so that M sums to 1.

The paper's research code chains each head with its own index only; its equations, followed here, mix over heads.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from heta_core.errors import UnsupportedModelError
from heta_core.groups import Groups
from heta_core.language_model import LanguageModel, rounding
from heta_core.parts import Floats, Transition
from heta_core.passes.capture import Layer, Trace, read

_PIECE = 2**24  # numbers of (readers, T, D) that are there at once


def transition(lm: LanguageModel, trace: Trace) -> Transition:
    """M at the last of a trace's positions. One forward.

    Raises:
        UnsupportedModelError: the attention cannot be read, or its rows do not sum to 1 and no sinks are declared.
        ReportError: nothing flows (Z = 0), or a value is not finite.
    """
    return transitions(lm, trace)[-1]


def transitions(lm: LanguageModel, trace: Trace) -> tuple[Transition, ...]:
    """M at each of a trace's positions, over the tokens up to and with that position. One forward for all.

    Raises:
        UnsupportedModelError: the attention cannot be read, or its rows do not sum to 1 and no sinks are declared.
        ReportError: nothing flows (Z = 0), or a value is not finite.
    """
    lm.architecture.check_attention()
    assert trace.head_means is not None
    shares = sink_shares(lm, trace.head_means)
    arriving = arrivals(trace.head_means, trace.positions)
    second = read(lm, trace.ids, lambda layer: head_flow(layer, arriving[layer.index]), trace.positions)
    flow = _numpy(second.kept)  # (L, P, H, T)
    return tuple(Transition(flow[:, k, :, : p + 1], _numpy(shares[:, p])) for k, p in enumerate(trace.positions))


def mean_transition(found: Sequence[Transition], n_context: int) -> Transition:
    """M of several explained tokens: the mean of theirs over the first T tokens, each row padded with zeros.

    Raises:
        ReportError: nothing flows from those tokens.
    """
    if len(found) == 1:
        return found[0]
    flow = np.zeros((*found[0].flow.shape[:2], n_context))
    for one in found:
        n = min(n_context, one.flow.shape[2])
        flow[:, :, :n] += one.flow[:, :, :n] / (one.total * len(found))
    return Transition(flow, np.mean([one.sink_share for one in found], axis=0))


def grouped(found: Transition, groups: Groups) -> Transition:
    """M of groups of tokens: the sum of theirs, layer by layer and head by head."""
    starts = [start for start, _ in groups]
    return Transition(np.add.reduceat(found.flow, starts, axis=2), found.sink_share)


def arrivals(head_means: Tensor, positions: tuple[int, ...]) -> Tensor:
    """(L, P, T) u: the weight with which what leaves layer l at position j reaches each of P predictions.

    Args:
        head_means: (L, T, T) attention, averaged over heads.
    """
    n_layers, n_tokens, _ = head_means.shape
    identity = torch.eye(n_tokens, dtype=head_means.dtype, device=head_means.device)
    u = [identity[list(positions)]]
    for layer in range(n_layers - 1, 0, -1):
        mixing = 0.5 * head_means[layer] + 0.5 * identity
        u.append(u[-1] @ mixing)
    return torch.stack(u[::-1])


def head_flow(layer: Layer, arriving: Tensor) -> Tensor:
    """(P, H, T) Φ·n of one layer.

    Args:
        arriving: (P, T) u of this layer.
    """
    if layer.gate is not None:
        return _gated_flow(layer, layer.gate, arriving)
    handed_on = torch.einsum("pj,hji->phi", arriving, layer.probabilities.to(arriving.dtype))
    return handed_on * value_strength(layer)


def _gated_flow(layer: Layer, gate: Tensor, arriving: Tensor) -> Tensor:
    """(P, H, T) where the strength depends on who reads: Σ_j u[j] · A[j,i] · ‖(v_i ⊙ g_j) W_O‖₁.

    One head at a time, and only as many readers j at once as fit into one piece of (readers, T, D).
    """
    dtype = arriving.dtype
    n_tokens, width = layer.projected.shape
    every = torch.arange(n_tokens, device=arriving.device)
    readers = torch.split(every, max(1, _PIECE // (n_tokens * width)))
    flow = arriving.new_zeros(len(arriving), len(layer.values), n_tokens)
    for head, (values, weight) in enumerate(zip(layer.values.to(dtype), layer.weight.to(dtype), strict=True)):
        for some in readers:
            read = values * gate[head, some, None].to(dtype)  # (n, T, Dh)
            strength = (read @ weight).abs().sum(-1)
            flow[:, head] += arriving[:, some] @ (layer.probabilities[head, some].to(dtype) * strength)
    return flow


def value_strength(layer: Layer) -> Tensor:
    """(H, T) n: the 1-norm of what each head writes into the stream for each token it reads, head by head.

    One head at a time: (H, T, D) at once would be the largest tensor of the pass.
    """
    dtype = torch.promote_types(layer.values.dtype, torch.float32)
    heads = zip(layer.values.to(dtype), layer.weight, strict=True)
    return torch.stack([(values @ weight.to(dtype)).abs().sum(-1) for values, weight in heads])


def sink_shares(lm: LanguageModel, head_means: Tensor) -> Tensor:
    """(L, T) the part of each position's attention that goes to no token; zero unless the family has sinks.

    Raises:
        UnsupportedModelError: the rest is more than rounding and the family declares no sinks.
    """
    missing = 1 - head_means.sum(-1)
    if lm.architecture.has_sinks:
        return missing.clamp(min=0)  # a row above 1 is rounding
    # Each probability is rounded to the model's precision, so a row misses 1 by at most that; softmax itself sums T
    # terms in float32, also inside a float64 model.
    tolerance = rounding(lm.dtype) + len(head_means[0]) * torch.finfo(torch.float32).eps
    worst = float(missing.abs().max())
    if not worst <= tolerance:
        raise UnsupportedModelError(
            f"Attention rows must sum to 1; found a row that misses it by {worst:.2g}. The family has attention sinks "
            "that its file in heta_core/architectures does not declare: declare them with has_sinks=True."
        )
    return torch.zeros_like(missing)


def _numpy(values: Tensor) -> Floats:
    return np.asarray(values.double().cpu().numpy())
