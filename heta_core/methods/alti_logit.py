r"""ALTI-Logit: what values add to the logit, led back to the text (Ferrando et al. 2023, arXiv 2305.12535).

1. Attention writes T_ij⁽ˡ⁾ = Σ_h A⁽ˡʰ⁾[i,j] · v_j⁽ˡʰ⁾ W_O⁽ˡʰ⁾ into position i for what it reads at j, the values with
   their biases. The logit is g·x + const in what the stream holds at the predicting row r, the last norm's scale held
   at its value; so layer l's update for what is read at j is Δ⁽ˡ⁾[j] = g·T_rj⁽ˡ⁾.
2. What layer l reads at j is not token j any more. ALTI (Ferrando et al. 2022) says how near each part comes to the
   whole, y_i = x_i + Σ_j T_ij + b_O: c_ij = max(0, ‖y_i‖₁ − ‖y_i − (T_ij + [i=j]·x_i)‖₁), rows scaled to sum 1. With
   M⁽⁰⁾ = 1 and M⁽ˡ⁾ = C⁽ˡ⁾ M⁽ˡ⁻¹⁾:
3. a = Σ_l Δ⁽ˡ⁾ M⁽ˡ⁻¹⁾, summed over rows: of a span over its logits, of a contrast it is their difference.

As in the paper, what feed-forwards, the predicting token's own embedding and b_O add to the logit goes to no token. A
row of C in which no part comes near the whole stays zero: what is read there goes to no token either.
"""

import numpy as np
import torch
from torch import Tensor

from heta_core.errors import NotDifferentiableError
from heta_core.methods._contract import Asked, Method, Scoring
from heta_core.parts import Work
from heta_core.passes.capture import Layer
from heta_core.passes.stream import logit_directions, read_stream
from heta_core.targets import Line

_PIECE = 2**24  # numbers of (rows, T, D) that are there at once


def score(asked: Asked, _draw: int) -> Scoring:
    """(U,) a summed over the tokens of each unit, in units of a logit. Two forwards and a short backward a line.

    Raises:
        UnsupportedModelError: a layer does more than add its attention and its feed-forward to what enters it, or
            what follows the last one has no linear part that is known here.
        NotDifferentiableError: a contribution is not finite.
    """
    objective, found = asked.objective, []
    for line in objective.lines:
        found.append(_of_line(asked, line)[: objective.n_context].double().cpu().numpy())
        yield Work(forwards=2, backwards=1), None
    scores = np.sum(found, axis=0)
    if not np.isfinite(scores).all():
        raise NotDifferentiableError("A contribution is NaN or infinity: load the model in float32.")
    yield Work(), asked.summed(scores)


def _of_line(asked: Asked, line: Line) -> Tensor:
    """(T,) a of one line."""
    directions = logit_directions(asked.lm, line)
    led_back = torch.eye(len(line.ids), dtype=directions.dtype, device=directions.device)  # M

    def reader(layer: Layer, entered: Tensor) -> Tensor:
        nonlocal led_back
        updates = logit_updates(layer, directions, line.rows) @ led_back
        led_back = mixing(layer, entered) @ led_back
        return updates

    return read_stream(asked.lm, line, reader).sum((0, 1))


def logit_updates(layer: Layer, directions: Tensor, rows: tuple[int, ...]) -> Tensor:
    """(P, T) Δ of one layer: g·T_rj at each of P rows.

    Args:
        directions: (P, D) g.
    """
    wide = directions.dtype
    seen = torch.einsum("hed,pd->hpe", layer.weight.to(wide), directions)
    if layer.gate is not None:
        seen = seen * layer.gate[:, list(rows)].to(wide)
    along = torch.einsum("hje,hpe->hpj", layer.values.to(wide), seen)
    return (layer.probabilities[:, list(rows)].to(wide) * along).sum(0)


def mixing(layer: Layer, entered: Tensor) -> Tensor:
    """(T, T) C of one layer.

    Args:
        entered: (T, D) x, what entered the layer.
    """
    wide = torch.promote_types(entered.dtype, torch.float32)
    stream = entered.to(wide)
    whole = stream + layer.projected.to(wide)  # y
    n_tokens, width = stream.shape
    size = max(1, _PIECE // (n_tokens * width))
    near = torch.cat([_nearness(layer, whole, stream, s, min(s + size, n_tokens)) for s in range(0, n_tokens, size)])
    total = near.sum(-1, keepdim=True)
    return torch.where(total > 0, near / total, 0)


def _nearness(layer: Layer, whole: Tensor, stream: Tensor, start: int, stop: int) -> Tensor:
    """(n, T) c of rows start … stop−1."""
    parts = _written(layer, start, stop, stream.dtype)
    rows = torch.arange(len(parts), device=parts.device)
    parts[rows, start + rows] += stream[start:stop]
    y = whole[start:stop]
    return (y.abs().sum(-1, keepdim=True) - (y[:, None] - parts).abs().sum(-1)).clamp(min=0)


def _written(layer: Layer, start: int, stop: int, wide: torch.dtype) -> Tensor:
    """(n, T, D) T_ij of rows start … stop−1: summed head by head, so that no (H, n, T, D) is there."""
    parts = layer.projected.new_zeros(stop - start, *layer.projected.shape, dtype=wide)
    for head, (values, weight) in enumerate(zip(layer.values.to(wide), layer.weight.to(wide), strict=True)):
        read = values if layer.gate is None else values * layer.gate[head, start:stop, None].to(wide)
        parts += layer.probabilities[head, start:stop, :, None].to(wide) * (read @ weight)
    return parts


METHOD = Method(
    name="alti_logit",
    title="ALTI-Logit",
    meaning="What attention adds to the target's logit for each token, led back through the layers to the text.",
    score=score,
    unit="logits",
    is_signed=True,
    source="Ferrando et al. 2023",
    place=62,
)
