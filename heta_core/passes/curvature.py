"""Products of the Hessian of what is explained with directions, batched.

1. The embeddings of a window's tokens are the only leaf; what precedes them is a cached prefix.
2. One forward and one backward that keeps its graph give ∇f of the window.
3. One more backward through ∇f for every direction v gives 𝓗 v in the window's rows (Pearlmutter 1994). A batch of
   directions shares one call.

Two other ways open a window on the same products: `open_gauss_newton` with the part of the Hessian that the curvature
of the last softmax makes, `open_differences` with central differences of first gradients.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from heta_core.errors import NotDifferentiableError, SettingsError
from heta_core.groups import Groups, singles
from heta_core.language_model import LanguageModel, embed, log_probs, running, wide
from heta_core.passes.entering import entered_by, entering, entry_of
from heta_core.passes.prefix import Chunk, logits_at
from heta_core.targets import Objective

# Of central differences, in standard deviations of the embeddings: against 0.1 a hundredth of the error in float64,
# against 0.001 a tenth of the rounding in float32.
STEP = 0.01
_LEAST_STEP = 8  # times the spacing of numbers: a step is then a sixteenth off at most


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """f over the embeddings of its context, cut into blocks of neighbouring tokens.

    Or over what enters one of the later layers: then `points` are those hidden states, and the layers below stand.
    """

    lm: LanguageModel
    objective: Objective
    blocks: Groups
    embeddings: tuple[Tensor, ...]  # (length, D) of every line, whole
    points: tuple[Tensor, ...]  # (length, D) the same, or what enters the layer
    entry: int | None = None  # its number

    @property
    def context(self) -> Tensor:
        """(T, D) where f is looked at."""
        return self.points[0][: self.objective.n_context]

    @property
    def inputs(self) -> Tensor:
        """(T, D) embeddings, which prefixes grow from."""
        return self.embeddings[0][: self.objective.n_context]


def surface(
    lm: LanguageModel, objective: Objective, blocks: Groups | None = None, *, layers: int | None = None
) -> Surface:
    """The surface whose blocks are single tokens, if no others are given.

    Args:
        layers: f as a function of what enters the last so many.

    Raises:
        SettingsError: the model has fewer layers.
        UnsupportedModelError: its layers take no hidden states that could be replaced.
    """
    embeddings = tuple(embed(lm, line.ids) for line in objective.lines)
    blocks = blocks or singles(objective.n_context)
    if layers is None:
        return Surface(lm, objective, blocks, embeddings, embeddings)
    entry = entry_of(lm, layers)
    points = tuple(entering(lm, rows, entry) for rows in embeddings)
    return Surface(lm, objective, blocks, embeddings, points, entry)


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """f over the embeddings of n tokens, start … start + n − 1."""

    start: int
    gradient: Tensor  # (n, D) ∇f, at least float32
    products: Callable[[Tensor], Tensor]  # (B, n, D) directions → (B, n, D), at least float32


def open_window(over: Surface, chunk: Chunk) -> Window:
    """One forward for each line and one backward, over the positions that the chunk's tokens can reach.

    What is predicted before the chunk is constant here and left out of f.

    Raises:
        NotDifferentiableError: no gradient reaches the embeddings; from the products, an operation of the model has no
            second derivative.
    """
    leaf = over.context[chunk.start : chunk.stop].clone().requires_grad_(True)
    with running(over.lm), torch.enable_grad():
        gradient = _gradient(over, chunk, leaf[None], keeps_graph=True)[0]
    if not gradient.requires_grad:
        raise NotDifferentiableError(
            "The Hessian needs a gradient that can be differentiated again; this model's gradient is constant."
        )
    return Window(chunk.start, wide(gradient.detach()), lambda v: wide(_through(over.lm, gradient, leaf, v)))


def _through(lm: LanguageModel, outputs: Tensor, leaf: Tensor, directions: Tensor) -> Tensor:
    """(B, …) of a batched backward through a graph that is kept."""
    try:
        with running(lm):
            (found,) = torch.autograd.grad(
                outputs, leaf, directions.to(outputs.dtype), is_grads_batched=True, retain_graph=True
            )
    except RuntimeError as error:
        if "derivative for" not in str(error) and "not implemented" not in str(error):
            raise
        raise NotDifferentiableError(
            f"The Hessian needs second derivatives, but this model has none: {error} Load it with eager attention, or "
            "take estimator='finite_difference'."
        ) from error
    return found


def _gradient(over: Surface, chunk: Chunk, leaves: Tensor, *, keeps_graph: bool) -> Tensor:
    """(B, n, D) ∇f at B versions of the chunk's embeddings. Gradients must be enabled."""
    values = [_value(over, number, leaves, chunk) for number in range(len(over.objective.lines))]
    (gradient,) = torch.autograd.grad(torch.stack(values).sum(), leaves, create_graph=keeps_graph)
    return gradient


def _value(over: Surface, number: int, leaves: Tensor, chunk: Chunk) -> Tensor:
    """What one line adds to f, summed over the versions of the chunk's embeddings."""
    line = over.objective.lines[number]
    rows = [row for row in line.rows if row >= chunk.start]
    terms = [term for term in line.terms if term.row >= chunk.start]
    log_p = log_probs(_logits(over, number, leaves, chunk, rows))  # (B, R, V)
    places = [rows.index(term.row) for term in terms]
    chosen = log_p[:, places, [term.token_id for term in terms]]
    return (chosen * chosen.new_tensor([term.weight for term in terms])).sum()


def _logits(over: Surface, number: int, leaves: Tensor, chunk: Chunk, rows: Sequence[int]) -> Tensor:
    """(B, R, V) at some rows of a line, with the chunk's points taken from the leaves."""
    n_versions, points = len(leaves), over.points[number]
    before, after = points[chunk.first : chunk.start], points[chunk.stop :]
    whole = torch.cat([before.expand(n_versions, -1, -1), leaves, after.expand(n_versions, -1, -1)], 1)
    inputs = whole
    if over.entry is not None:
        inputs = over.embeddings[number][chunk.first :].expand(n_versions, -1, -1)
    at = [row - chunk.first for row in rows]
    with entered_by(over.lm, over.entry, whole):
        return logits_at(over.lm, inputs, chunk.copy_of_cache(n_versions), at)


def open_gauss_newton(over: Surface, chunk: Chunk) -> Window:
    r"""The same for −Σ Jᵀ(diag p − ppᵀ)J, J the Jacobian of the logits at each row that is read (Schraudolph 2002).

    It is the Hessian of f without the curvature of the logits themselves. The word said does not enter.
    """
    (line,) = over.objective.lines
    leaf = over.context[chunk.start : chunk.stop].clone().requires_grad_(True)
    with running(over.lm), torch.enable_grad():
        rows = [row for row in line.rows if row >= chunk.start]
        logits = _logits(over, 0, leaf[None], chunk, rows)[0]
        probabilities = log_probs(logits.detach()).exp()
        weights = torch.zeros_like(logits, requires_grad=True)
        (pulled,) = torch.autograd.grad(logits, leaf, weights, create_graph=True)  # Jᵀ w, linear in w
    gradient = _gradient_alone(over, chunk)

    def products(directions: Tensor) -> Tensor:
        moved = wide(_through(over.lm, pulled, weights, directions))  # (B, R, V) J v
        mean = (probabilities * moved).sum(-1, keepdim=True)
        return -wide(_through(over.lm, logits, leaf, probabilities * (moved - mean)))

    return Window(chunk.start, gradient, products)


def open_differences(over: Surface, chunk: Chunk, step: float) -> Window:
    """The same by central differences of ∇f: two forwards and backwards for each direction, no second derivative.

    Args:
        step: how far each way, in standard deviations of the context's embeddings.
    """
    leaf = over.context[chunk.start : chunk.stop]
    _check_step(over, step)
    far = step * float(over.context.std())

    def products(directions: Tensor) -> Tensor:
        moves = far * directions
        leaves = torch.cat([leaf + moves, leaf - moves]).to(leaf.dtype).requires_grad_(True)
        with running(over.lm), torch.enable_grad():
            forth, back = wide(_gradient(over, chunk, leaves, keeps_graph=False)).chunk(2)
        return (forth - back) / (2 * far)

    return Window(chunk.start, _gradient_alone(over, chunk), products)


def _check_step(over: Surface, step: float) -> None:
    """Refuse a step that the numbers of the model hardly resolve."""
    least = _LEAST_STEP * torch.finfo(over.context.dtype).eps
    if step < least:
        raise SettingsError(
            f"finite_difference moves embeddings by {step:g} of their standard deviation, and in "
            f"{over.lm.source.dtype} less than {least:.2g} is lost to rounding: load the model in float32, or take a "
            "larger step."
        )


def first_gradient(over: Surface) -> Tensor:
    """(T, D) ∇f over the whole context."""
    return _gradient_alone(over, Chunk(0, over.objective.n_context, 0, None))


def _gradient_alone(over: Surface, chunk: Chunk) -> Tensor:
    """(n, D) ∇f, without its graph."""
    leaf = over.context[chunk.start : chunk.stop].clone().requires_grad_(True)
    with running(over.lm), torch.enable_grad():
        return wide(_gradient(over, chunk, leaf[None], keeps_graph=False)[0])
