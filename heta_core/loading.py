"""A model id, a folder or a model in memory → a `LanguageModel` on which the method's equations hold."""

import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from weakref import WeakKeyDictionary

from torch import nn
from transformers import PreTrainedModel

from heta_core.architectures import Architecture, find, known, unread
from heta_core.errors import LoadError, UnsupportedModelError
from heta_core.language_model import LanguageModel
from heta_core.models import fingerprint
from heta_core.models.adapters import merged, unwrapped
from heta_core.models.building import Dtype, build, chosen_device, chosen_dtype, read_config, read_tokenizer
from heta_core.models.checks import check_equations, feed_forward, has_prefix
from heta_core.models.download import Progress, RemoteModel, describe_remote
from heta_core.models.files import inspect
from heta_core.models.finding import found, tokenizer_folder
from heta_core.models.hub import EMBEDDED, LocalModel, available
from heta_core.models.offloading import AUTO, Packing, packing_of, placed, precision
from heta_core.parts import Source
from heta_core.placement import missing, parameters, places
from heta_core.tokens import Tokenizer

__all__ = ["EMBEDDED", "LocalModel", "RemoteModel", "available", "describe_remote", "load", "wrap"]

# One lock for each model however often it is wrapped: two wrappers must not run hooks in one model at once.
_LOCKS: WeakKeyDictionary[PreTrainedModel, threading.RLock] = WeakKeyDictionary()


def load(
    name: str | Path,
    *,
    dtype: Dtype | Packing | None = None,
    device: str | None = None,
    download: bool = False,
    progress: Progress | None = None,
) -> LanguageModel:
    """The embedded model, a model of the Hugging Face hub by its id, or a folder; or an adapter, with its model.

    Args:
        name: "littletown", an id like "gpt2" or "owner/name", or the path of a folder. Of an adapter the same, merged
            into the model that it names; or into another, "MODEL + ADAPTER".
        dtype: float32 if not given. "8bit" and "4bit" with the library bitsandbytes.
        device: the GPU if not given and there is one; "auto" spreads the weights over the GPUs, memory and disk.
        download: whether the hub may be asked for what is not on this computer.
        progress: called with what is being done and the part of it that is done.

    Raises:
        LoadError: there is no such model, or it cannot be loaded; the message says why and what helps.
        UnsupportedModelError: it is no decoder-only model, or the method's equations do not hold on it.
        OutOfMemoryError: it does not fit into memory.
    """
    number, one = chosen_dtype(dtype), None if device == AUTO else chosen_device(device)
    located, adapter = found(name, download=download, progress=progress)
    files = inspect(located.folder, located.name)
    config = read_config(files, located.name)
    tokenizer = read_tokenizer(tokenizer_folder(located, adapter), located.name)
    tell = progress or _silent
    tell("weights", 0.0)
    with placed(one, packing_of(dtype), config, adapter) as place:
        model = build(files, config, located.name, number, place, partial(tell, "weights"))
    called, revision, weights = located.name, located.revision, files.weights
    if adapter is not None:
        model = merged(model, adapter)
        called, revision, weights = adapter.on(called, revision, weights)
    tell("checks", 0.0)
    lm = _checked(model, tokenizer, _source(model, tokenizer, called, revision, fingerprint.of_files(weights)))
    tell("checks", 1.0)
    return lm


def wrap(model: nn.Module, tokenizer: Tokenizer, *, name: str | None = None) -> LanguageModel:
    """A model that is already in memory. It is left as it is: `running` puts back whatever a run needs changed.

    Its weights may be spread over devices by accelerate, and an adapter of peft may be in it, merged or not.

    Args:
        model: of transformers, or one that peft has wrapped.
        name: what results call it; its `name_or_path` or its class if not given.

    Raises:
        LoadError: the model has no language-model head, or some of its weights are nowhere.
        UnsupportedModelError: the method's equations do not hold on it.
    """
    runs, adapted = unwrapped(model)
    if runs.get_output_embeddings() is None:
        raise LoadError(
            f"A model with a language-model head is needed, found {type(runs).__name__}: load it with "
            "AutoModelForCausalLM."
        )
    away = missing(runs)
    if away is not None:
        raise LoadError(
            f"All weights must be in memory, or brought there by accelerate, but {away!r} is neither: load the model "
            "again."
        )
    called = name or adapted or runs.name_or_path or type(runs).__name__
    revision = getattr(runs.config, "_commit_hash", None)
    return _checked(runs, tokenizer, _source(runs, tokenizer, called, revision, fingerprint.of_model(runs)))


def _source(model: PreTrainedModel, tokenizer: Tokenizer, name: str, revision: str | None, weights_id: str) -> Source:
    return Source(
        model=name,
        revision=revision,
        weights_id=weights_id,
        tokenizer_id=fingerprint.of_tokenizer(tokenizer, model.config.get_text_config().vocab_size),
        family="",  # known once a family's equations hold
        n_parameters=sum(p.numel() for _, p in parameters(model)),
        dtype=precision(model),
        device=places(model),
        versions=fingerprint.versions(),
    )


def _checked(model: PreTrainedModel, tokenizer: Tokenizer, source: Source) -> LanguageModel:
    """The model with the first architecture on which the equations hold; its attention may not be known.

    A family that has a file must be as the file says: a model of it whose attention is another is damaged.
    """
    refusals: list[UnsupportedModelError] = []
    for architecture in find(model):
        try:
            return _as(architecture, model, tokenizer, source)
        except UnsupportedModelError as refusal:
            refusals.append(refusal)
    model_type = model.config.get_text_config().model_type
    if refusals and any(model_type in a.model_types for a in known()):
        raise refusals[0]
    found = refusals[0].reason if refusals else "nothing in its layers looks like attention"
    try:
        return _as(unread(model, found), model, tokenizer, source)
    except UnsupportedModelError as refusal:
        families = ", ".join(a.title for a in known())
        raise UnsupportedModelError(
            f"A decoder-only language model is needed, found {model_type!r}: {refusal} Known families: {families}."
        ) from refusal


def _as(architecture: Architecture, model: PreTrainedModel, tokenizer: Tokenizer, source: Source) -> LanguageModel:
    """The model read as a family says, once the equations hold."""
    lm = LanguageModel(
        model,
        tokenizer,
        architecture,
        replace(source, family=architecture.name),
        has_prefix=False,
        feed_forward=None,
        lock=_LOCKS.setdefault(model, threading.RLock()),
    )
    check_equations(lm)
    return replace(lm, has_prefix=has_prefix(lm), feed_forward=feed_forward(lm))


def _silent(_stage: str, _part: float) -> None:
    """No one watches."""
