r"""The same question put to a copy of the model whose weights mean nothing (Adebayo et al. 2018, sanity checks).

1. The model is copied and parameters of the copy are redrawn: each from a normal distribution, then shifted and scaled
   to exactly the mean and the standard deviation that it had. All of them, or only those from the output down through
   the last so many layers (the cascade of the paper).
2. The copy is asked what the model was asked, with the same settings and probes.
3. The two maps are compared. One that stays the same without the weights has described the text, or the shape of the
   network, and not what the model learnt: do not believe it.

The loaded model is only read. The copy is freed with the generator.
"""

import copy
from collections.abc import Generator, Iterable
from dataclasses import replace

import torch
from torch import nn
from transformers import PreTrainedModel

from heta_core.agreement import overlap, spearman
from heta_core.attribution import Attribution
from heta_core.engine import attribute_steps
from heta_core.errors import OutOfMemoryError, SettingsError
from heta_core.faithfulness.masking import check_maker
from heta_core.faithfulness.scrambled import TOP, Scrambled
from heta_core.language_model import LanguageModel
from heta_core.loading import wrap
from heta_core.memory import in_words
from heta_core.parts import Work
from heta_core.passes.room import SAFE_PART, free
from heta_core.placement import check_whole
from heta_core.targets import as_asked


def scramble_steps(
    lm: LanguageModel, result: Attribution, *, n_last: int | None = None, seed: int = 0
) -> Generator[Scrambled, None, None]:
    """The map of a finished result on a scrambled copy, as it becomes known. Closing the generator cancels.

    Args:
        n_last: scramble the output and so many of the last layers; everything, embeddings included, if not given.

    Raises:
        InputError: another model made the map.
        SettingsError: the model has fewer layers.
        OutOfMemoryError: the copy does not fit into memory.
    """
    check_maker(lm, result)
    started = Scrambled(n_last, seed, Work(planned=max(1, result.work.done)))
    yield started
    other = scrambled_copy(lm, n_last=n_last, seed=seed)
    choice, settings = as_asked(result.target), result.settings
    asking = attribute_steps(
        other, result.tokens, choice=choice, settings=settings, weights=result.weights, groups=result.groups
    )
    partial = None
    for partial in asking:
        yield replace(started, work=partial.work.unfinished())
    assert partial is not None
    yield compared(started, result, partial)


def compared(started: Scrambled, result: Attribution, on_copy: Attribution) -> Scrambled:
    """How far the map of the copy agrees with the one it is compared with."""
    here, there = result.scores, on_copy.scores
    return replace(
        started,
        work=on_copy.work.finished(),
        scores=there,
        f=on_copy.f,
        order=spearman(here, there),
        n_shared=overlap(here, there, min(TOP, result.n_units)),
    )


def scrambled_copy(lm: LanguageModel, *, n_last: int | None = None, seed: int = 0) -> LanguageModel:
    """A copy that computes as the model does, from weights that mean nothing.

    Raises: as `scramble_steps`, and
        UnsupportedModelError: the method's equations do not hold on the copy.
    """
    check_whole(lm.model, "A copy with other weights")
    _check_room(lm)
    with lm.lock:
        model = copy.deepcopy(lm.model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in _chosen(lm, model, n_last):
            _redraw(parameter, generator)
    return wrap(model, lm.tokenizer, name=f"{lm.source.model}, scrambled")


def _check_room(lm: LanguageModel) -> None:
    """A second model has to fit beside the first."""
    needed, left = sum(p.numel() * p.element_size() for p in lm.model.parameters()), SAFE_PART * free(lm.device)
    if needed > left:
        raise OutOfMemoryError(
            f"A scrambled copy of {lm.source.model} needs {in_words(needed)}, and {in_words(left)} is "
            f"{SAFE_PART:.0%} of what {lm.device} has free: free some memory, or take a smaller model."
        )


def _chosen(lm: LanguageModel, model: PreTrainedModel, n_last: int | None) -> Iterable[nn.Parameter]:
    """The parameters that are redrawn, each once. A head that shares its matrix with the input stays with the input."""
    if n_last is None:
        return list(model.parameters())
    layers = lm.architecture.blocks(model)
    if not 1 <= n_last <= len(layers):
        raise SettingsError(f"The layers to scramble must be 1 to {len(layers)}, got {n_last}.")
    kept = {id(p) for layer in layers[:-n_last] for p in layer.parameters()}
    kept |= {id(p) for m in model.modules() if isinstance(m, nn.Embedding) for p in m.parameters()}
    return [p for p in model.parameters() if id(p) not in kept]


def _redraw(parameter: nn.Parameter, generator: torch.Generator) -> None:
    """Normal numbers of exactly the mean and standard deviation that the parameter has."""
    if parameter.numel() < 2:
        return
    values = parameter.double()
    drawn = torch.randn(values.shape, generator=generator, dtype=torch.float64).to(parameter.device)
    drawn = (drawn - drawn.mean()) / drawn.std()
    parameter.copy_(values.mean() + values.std() * drawn)
