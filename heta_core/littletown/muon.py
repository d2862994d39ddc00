"""Muon: momentum whose matrix is brought to orthogonality by Newton-Schulz steps before it is applied.

`torch.optim.Muon` iterates matrix by matrix in bfloat16, which a CPU does slowly; here matrices of one
shape are stacked and iterated together in float32. Reference: Keller Jordan et al., 2024.
"""

from collections.abc import Iterable

import torch
from torch import nn

# Quintic with maximal slope at zero, Jordan's coefficients; five steps bring singular values near 1.
QUINTIC = (3.4445, -4.7750, 2.0315)
N_STEPS = 5
EPSILON = 1e-7  # a zero gradient stays zero instead of becoming NaN
RMS = 0.2  # entries of an update are as large as AdamW's, so both take the same rate


def orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    """(n, a, b) matrices with a <= b, their singular values brought near 1."""
    a, b, c = QUINTIC
    x: torch.Tensor = matrices / (matrices.norm(dim=(-2, -1), keepdim=True) + EPSILON)
    for _ in range(N_STEPS):
        gram = x @ x.mT
        x = a * x + torch.baddbmm(gram, gram, gram, beta=b, alpha=c) @ x
    return x


class Muon(torch.optim.Optimizer):
    """Muon with Nesterov momentum and decoupled weight decay, for 2-D weights of hidden layers."""

    def __init__(
        self,
        weights: Iterable[nn.Parameter],
        *,
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(weights, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update of every weight."""
        for group in self.param_groups:
            by_shape: dict[tuple[int, int], list[nn.Parameter]] = {}
            for weight in group["params"]:
                rows, columns = weight.shape
                by_shape.setdefault((min(rows, columns), max(rows, columns)), []).append(weight)
            for weights in by_shape.values():
                self._step(weights, group)

    def _step(self, weights: list[nn.Parameter], group: dict[str, float]) -> None:
        lr, momentum = group["lr"], group["momentum"]
        updates = []
        for weight in weights:
            if weight.grad is None:
                raise ValueError("Need a gradient for every weight, one has none: call backward first.")
            state = self.state[weight]
            average = state.setdefault("momentum", torch.zeros_like(weight))
            average.lerp_(weight.grad, 1 - momentum)
            update = weight.grad.lerp(average, momentum)
            updates.append(update.mT if update.shape[0] > update.shape[1] else update)
        scale = RMS * max(weights[0].shape) ** 0.5
        for weight, update in zip(weights, orthogonal(torch.stack(updates)), strict=True):
            weight.mul_(1 - lr * group["weight_decay"])
            weight.add_(update.mT if weight.shape[0] > weight.shape[1] else update, alpha=-lr * scale)
