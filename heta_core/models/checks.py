"""Whether the method's equations hold on a model, tried on a short text before anything is believed.

(a) reconstruction: the attention probabilities and the values that the family's file points at rebuild what goes into
    the output projection, and its matrix rebuilds what comes out; every layer has such attention, runs once, and
    nothing but attention carries anything from one token to another;
(b) embeddings: the model fed with input embeddings says what it says when fed with ids;
(c) causality: what a position says does not depend on later tokens;
(d) prefix: behind cached keys and values the model says the same, with the same first gradients;
(e) feed-forward: so it does where the last layer's is run at the read positions alone.

(a), (b) and (c) failing refuses the model. (d) or (e) failing costs time only: all positions run instead.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from heta_core.components.transition import sink_shares
from heta_core.errors import NotDifferentiableError, UnsupportedModelError
from heta_core.language_model import LanguageModel, embed, log_probs, rounding, running
from heta_core.passes.capture import Layer, capture, head_means, read, without_attention
from heta_core.passes.curvature import Surface, open_window, surface
from heta_core.passes.feeding import feed_forward_of
from heta_core.passes.prefix import Chunk, chunks, last_logits, logits_at
from heta_core.targets import next_token

# Long enough that a chunk of half of it has a prefix of several tokens, short enough to cost a blink.
_N_TOKENS = 12

# Two runs of one network in another order of sums differ by rounding, which every layer adds to and some enlarge. In
# units of √L times the rounding of one number, random models of 2 to 32 layers (GPT-2, GPT-J, Llama; weights from
# small to saturating; float32, bfloat16, float64) differ by up to 20 in logits and 250 in gradients. What must be
# seen is of another size: an ignored cache or a leaking mask moves either by half of itself or more.
_DEEP_MARGIN = 1000.0
_MOST_DEEP = 0.1  # half precision would otherwise excuse anything

# What a wrong path, split, shape or call raises inside of a forward; memory errors have their own class by then.
_FAILURES = (AttributeError, IndexError, KeyError, TypeError, ValueError, RuntimeError, AssertionError)


def check_equations(lm: LanguageModel) -> None:
    """(a), (b) and (c) hold; of a family whose attention is not read (b) and (c).

    Raises:
        UnsupportedModelError: one does not; the message says which and by how much.
    """
    ids = sample_ids(lm)
    if lm.has_transition:
        _check_reconstruction(lm, ids)
    try:
        _check_finite(lm, ids)
        _check_embeddings(lm, ids)
        _check_causality(lm, ids)
        if lm.has_transition:
            _check_carrying(lm, ids)
    except _FAILURES as error:  # what takes something else than ids and embeddings fails in its own way
        raise _refusal(lm, f"it cannot be run on a text ({type(error).__name__}: {error})") from error


def sample_ids(lm: LanguageModel) -> tuple[int, ...]:
    """A short text of ordinary ids, spread evenly over the vocabulary."""
    special = set(lm.tokenizer.all_special_ids)
    ordinary = [i for i in range(lm.vocabulary) if i not in special]
    n_tokens = min(_N_TOKENS, lm.max_context or _N_TOKENS)
    return tuple(ordinary[(k * len(ordinary)) // n_tokens] for k in range(n_tokens))


def _check_reconstruction(lm: LanguageModel, ids: tuple[int, ...]) -> None:
    def misses(layer: Layer) -> Tensor:
        return torch.stack([_miss_of_mixing(layer), _miss_of_projection(layer)])

    _check_layers(lm)
    try:
        kept = read(lm, ids, misses, (len(ids) - 1,)).kept
        worst = kept.max(0).values.tolist()
        sink_shares(lm, head_means(lm, ids, (len(ids) - 1,)))
    except _FAILURES as error:
        raise _refusal(lm, f"reading its attention failed ({type(error).__name__}: {error})") from error
    for miss, equation in zip(worst, ("attention · values = input of W_O", "input · W_O + b = output"), strict=True):
        if not miss <= 1:
            raise _refusal(lm, f"{equation} does not hold: off by {miss:.2g} times what rounding explains")
    if len(kept) != len(lm.architecture.blocks(lm.model)):
        raise _refusal(lm, "its layers run more than once")


def _check_layers(lm: LanguageModel) -> None:
    """Refuse a model that holds attention in some of its layers only."""
    blocks, missing = lm.architecture.blocks(lm.model), 0
    for block in blocks:
        try:
            lm.architecture.site(block)
        except AttributeError:
            missing += 1
    if 0 < missing < len(blocks):
        raise _refusal(lm, f"{missing} of its {len(blocks)} layers hold no attention like that of the others")


def _miss_of_mixing(layer: Layer) -> Tensor:
    """max |A V − input(W_O)| over what rounding explains."""
    dtype = torch.promote_types(layer.values.dtype, torch.float32)
    rebuilt = layer.probabilities.to(dtype) @ layer.values.to(dtype)  # (H, T, Dh)
    if layer.gate is not None:
        rebuilt = rebuilt * layer.gate.to(dtype)
    return _miss(rebuilt.transpose(0, 1).flatten(1), layer.mixed, n_terms=rebuilt.shape[1])


def _miss_of_projection(layer: Layer) -> Tensor:
    """max |x W_O + b − output(W_O)| over what rounding explains."""
    dtype = torch.promote_types(layer.values.dtype, torch.float32)
    rebuilt = layer.mixed.to(dtype) @ layer.weight.flatten(0, 1).to(dtype)
    if layer.bias is not None:
        rebuilt = rebuilt + layer.bias
    return _miss(rebuilt, layer.projected, n_terms=layer.mixed.shape[-1])


def _miss(rebuilt: Tensor, found: Tensor, *, n_terms: int) -> Tensor:
    """The largest difference of two sums of n terms, in units of the tolerance.

    The model rounds the sum once to its own precision (kernels that split a sum, a few times: 4) and adds its terms
    in float32 or better, where n roundings wander like √n, with a margin of 8.
    """
    single = torch.finfo(torch.float32).eps
    relative = 4 * rounding(found.dtype) + 8 * math.sqrt(n_terms) * single
    scale = found.abs().max().to(rebuilt.dtype)
    return (rebuilt - found).abs().max() / (relative * scale + torch.finfo(torch.float32).tiny)


def _check_finite(lm: LanguageModel, ids: tuple[int, ...]) -> None:
    if not torch.isfinite(capture(lm, ids).log_p).all():
        raise UnsupportedModelError(
            f"Finite logits are needed, {lm.source.model} gives NaN or infinity in {lm.source.dtype}: load it with "
            "dtype='float32'."
        )


def _check_embeddings(lm: LanguageModel, ids: tuple[int, ...]) -> None:
    by_ids = capture(lm, ids).log_p
    with running(lm), torch.no_grad():
        embeddings = embed(lm, ids)
        by_embeddings = log_probs(last_logits(lm, embeddings[None], None))[0]
        last_logits(lm, 0.5 * embeddings[None], None)  # of no token: fails where a model looks up whose they are
    if not embeddings.equal(embed(lm, ids)):
        raise _refusal(lm, "it changes the embeddings that it is given")
    if not _agree(lm, _centred(by_embeddings), _centred(by_ids)):
        raise _refusal(
            lm,
            "with input embeddings it does not say what it says with ids "
            f"(log-probabilities differ by up to {_difference(by_embeddings, by_ids)} nats)",
        )


def _check_causality(lm: LanguageModel, ids: tuple[int, ...]) -> None:
    middle = len(ids) // 2
    with_later = capture(lm, ids, (middle - 1,)).log_p
    alone = capture(lm, ids[:middle]).log_p
    if not _agree(lm, _centred(with_later), _centred(alone)):
        raise _refusal(
            lm,
            "it is not decoder-only: later tokens change what a position says "
            f"(log-probabilities differ by up to {_difference(with_later, alone)} nats)",
        )


def _check_carrying(lm: LanguageModel, ids: tuple[int, ...]) -> None:
    """Where attention adds nothing, no token reaches another: no state-space part runs beside it."""
    *before, last = ids
    one, other = (without_attention(lm, (*others, last)) for others in (before, before[::-1]))
    if not _agree(lm, _centred(one), _centred(other)):
        raise _refusal(lm, "tokens reach each other past its attention")


def has_prefix(lm: LanguageModel) -> bool:
    """(d): a run behind a cached prefix gives the full run's logits and first gradients."""
    behind, whole = (replace(lm, has_prefix=trusts) for trusts in (True, False))
    return _say_the_same(behind, whole, lambda side, over: list(chunks(side, over.inputs, len(over.inputs) // 3))[-1])


def feed_forward(lm: LanguageModel) -> nn.Module | None:
    """(e): the last layer's feed-forward, if without it elsewhere a position has the same logits and gradients."""
    found = feed_forward_of(lm.model, lm.architecture)
    alone, whole = (replace(lm, feed_forward=part) for part in (found, None))
    return found if _say_the_same(alone, whole, lambda _, over: Chunk(0, len(over.inputs), 0, None)) else None


def _say_the_same(
    one: LanguageModel, other: LanguageModel, chunk_of: Callable[[LanguageModel, Surface], Chunk]
) -> bool:
    """Two ways to run a model agree in the logits and first gradients of a chunk, up to rounding."""
    ids = sample_ids(one)
    try:
        found = [_said(surface(lm, next_token(ids, ids[0])), chunk_of) for lm in (one, other)]
    except (*_FAILURES, NotDifferentiableError):
        # Families without a cache, or with one of another kind, fail in their own ways, as do parts that take or give
        # something else; what has no gradient cannot be checked.
        return False
    return all(_agree(one, first, second) for first, second in zip(*found, strict=True))


def _said(over: Surface, chunk_of: Callable[[LanguageModel, Surface], Chunk]) -> tuple[Tensor, ...]:
    """(V,) centred log-probabilities in the middle of a chunk and at the end, and (n, D) first gradients of it."""
    chunk = chunk_of(over.lm, over)
    rows = over.context[None, chunk.first :]
    with running(over.lm), torch.no_grad():
        at = ((chunk.start + chunk.stop) // 2 - chunk.first, rows.shape[1] - 1)
        log_p = log_probs(logits_at(over.lm, rows, chunk.copy_of_cache(1), at))[0]
        last = log_probs(last_logits(over.lm, rows, chunk.copy_of_cache(1)))[0]  # read alone, it runs in another way
    return *map(_centred, log_p), _centred(last), open_window(over, chunk).gradient


def _centred(log_p: Tensor) -> Tensor:
    """Log-probabilities without the offset they share, which would hide a difference between them."""
    return log_p - log_p.mean()


def _agree(lm: LanguageModel, one: Tensor, other: Tensor) -> bool:
    """Two runs of the network differ by no more than rounding."""
    n_layers = len(lm.architecture.blocks(lm.model)) if lm.architecture.layers else 1
    relative = min(_MOST_DEEP, _DEEP_MARGIN * math.sqrt(n_layers) * rounding(lm.dtype))
    return bool((one - other).norm() <= relative * other.norm())


def _difference(one: Tensor, other: Tensor) -> str:
    return f"{float((one - other).abs().max()):.2g}"


def _refusal(lm: LanguageModel, found: str) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"The method's equations must hold on {lm.source.model} ({lm.architecture.title}), but {found}: "
        "take a model of another family.",
        found,
    )
