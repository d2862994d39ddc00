"""Gates: what multiplies the heads' outputs before the output projection, made by a module of the attention.

A gate may have one factor for each number of a head, or one for each head.
"""

from torch import Tensor, nn


def sigmoid(attention: nn.Module, made: Tensor, n_heads: int, width: int) -> Tensor:
    """(T, H, Dh or 1) of a projection; with a bias of its own for each head where there is one (Beam)."""
    gate = made.reshape(len(made), n_heads, -1)
    bias = getattr(attention, "gate_bias", None)
    return (gate if bias is None else gate + bias[:, None]).sigmoid()


def softplus(attention: nn.Module, made: Tensor, n_heads: int, width: int) -> Tensor:
    """(T, H, Dh or 1) of a projection (Laguna)."""
    return nn.functional.softplus(made.reshape(len(made), n_heads, -1))


def beside_queries(attention: nn.Module, made: Tensor, n_heads: int, width: int) -> Tensor:
    """(T, H, Dh) of a projection that makes each head's query | its gate (Qwen3-Next)."""
    return made.reshape(len(made), n_heads, -1)[..., -width:].sigmoid()
