"""A model id, a folder or a model in memory → a `LanguageModel` on which the method's equations hold."""

import threading
from dataclasses import replace
from pathlib import Path
from weakref import WeakKeyDictionary

from transformers import PreTrainedModel

from heta_core.architectures import find, known
from heta_core.errors import LoadError, UnsupportedModelError
from heta_core.language_model import LanguageModel
from heta_core.models import fingerprint
from heta_core.models.building import Dtype, build, chosen_device, chosen_dtype, read_config, read_tokenizer
from heta_core.models.checks import check_equations, feed_forward, has_prefix
from heta_core.models.download import Progress, RemoteModel, describe_remote
from heta_core.models.files import inspect
from heta_core.models.hub import EMBEDDED, LocalModel, available, locate
from heta_core.parts import Source
from heta_core.tokens import Tokenizer

__all__ = ["EMBEDDED", "LocalModel", "RemoteModel", "available", "describe_remote", "load", "wrap"]

# One lock for each model however often it is wrapped: two wrappers must not run hooks in one model at once.
_LOCKS: WeakKeyDictionary[PreTrainedModel, threading.RLock] = WeakKeyDictionary()


def load(
    name: str | Path,
    *,
    dtype: Dtype | None = None,
    device: str | None = None,
    download: bool = False,
    progress: Progress | None = None,
) -> LanguageModel:
    """The embedded model, a model of the Hugging Face hub by its id, or a folder.

    Args:
        name: "littletown", an id like "gpt2" or "owner/name", or the path of a folder.
        dtype: float32 if not given.
        device: the GPU if not given and there is one.
        download: whether the hub may be asked for what is not on this computer.
        progress: called with what is being done and the part of it that is done.

    Raises:
        LoadError: there is no such model, or it cannot be loaded; the message says why and what helps.
        UnsupportedModelError: it is no decoder-only model, or the method's equations do not hold on it.
        OutOfMemoryError: it does not fit into memory.
    """
    number, place = chosen_dtype(dtype), chosen_device(device)
    located = locate(name, download=download, progress=progress)
    files = inspect(located.folder, located.name)
    config = read_config(files, located.name)
    tokenizer = read_tokenizer(located.folder, located.name)
    tell = progress or _silent
    tell("weights", 0.0)
    model = build(files, config, located.name, number, place)
    tell("checks", 0.0)
    weights_id = fingerprint.of_files(files.weights)
    lm = _checked(model, tokenizer, _source(model, tokenizer, located.name, located.revision, weights_id))
    tell("checks", 1.0)
    return lm


def wrap(model: PreTrainedModel, tokenizer: Tokenizer, *, name: str | None = None) -> LanguageModel:
    """A model that is already in memory. It is left as it is: `running` puts back whatever a run needs changed.

    Args:
        name: what results call it; its `name_or_path` or its class if not given.

    Raises:
        LoadError: the model has no language-model head, or some of its weights are not in memory.
        UnsupportedModelError: the method's equations do not hold on it.
    """
    if model.get_output_embeddings() is None:
        raise LoadError(
            f"A model with a language-model head is needed, found {type(model).__name__}: load it with "
            "AutoModelForCausalLM."
        )
    away = next((name for name, p in model.named_parameters() if p.device.type == "meta"), None)
    if away is not None:
        raise LoadError(f"All weights must be in memory, but {away!r} is not: load the model without offloading.")
    called = name or model.name_or_path or type(model).__name__
    revision = getattr(model.config, "_commit_hash", None)
    return _checked(model, tokenizer, _source(model, tokenizer, called, revision, fingerprint.of_model(model)))


def _source(model: PreTrainedModel, tokenizer: Tokenizer, name: str, revision: str | None, weights_id: str) -> Source:
    return Source(
        model=name,
        revision=revision,
        weights_id=weights_id,
        tokenizer_id=fingerprint.of_tokenizer(tokenizer, model.config.get_text_config().vocab_size),
        family="",  # known once a family's equations hold
        n_parameters=sum(p.numel() for p in model.parameters()),
        dtype=str(model.dtype).removeprefix("torch."),
        device=str(model.device),
        versions=fingerprint.versions(),
    )


def _checked(model: PreTrainedModel, tokenizer: Tokenizer, source: Source) -> LanguageModel:
    """The model with the first architecture on which the equations hold."""
    refusals: list[UnsupportedModelError] = []
    for architecture in find(model):
        lm = LanguageModel(
            model,
            tokenizer,
            architecture,
            replace(source, family=architecture.name),
            has_prefix=False,
            feed_forward=None,
            lock=_LOCKS.setdefault(model, threading.RLock()),
        )
        try:
            check_equations(lm)
        except UnsupportedModelError as refusal:
            refusals.append(refusal)
        else:
            return replace(lm, has_prefix=has_prefix(lm), feed_forward=feed_forward(lm))
    model_type = model.config.get_text_config().model_type
    families = ", ".join(a.title for a in known())
    if refusals and any(model_type in a.model_types for a in known()):
        raise refusals[0]
    raise UnsupportedModelError(
        f"A known model family is needed, found {model_type!r}, and guessing where its attention sits did not "
        f"succeed{f' ({refusals[0]})' if refusals else ''}. Known families: {families}."
    )


def _silent(_stage: str, _part: float) -> None:
    """No one watches."""
