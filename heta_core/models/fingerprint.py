"""Which weights and which vocabulary a result came from, as short hashes."""

import hashlib
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import torch
from transformers import PreTrainedModel

from heta_core.placement import parameters
from heta_core.tokens import Tokenizer

# A sample is enough to tell fine-tunes apart: training moves every weight.
_N_SAMPLES = 64
_SAMPLE_BYTES = 4096
_LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "numpy")


def of_files(paths: Sequence[Path]) -> str:
    """Weights on disk: header, size and an evenly spaced sample of every safetensors file."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        size = path.stat().st_size
        digest.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as file:
            header = int.from_bytes(file.read(8), "little")
            digest.update(file.read(header))
            for k in range(_N_SAMPLES):
                file.seek(8 + header + (size - 8 - header) * k // _N_SAMPLES)
                digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()[:16]


def of_model(model: PreTrainedModel) -> str:
    """Weights in memory: name, shape, dtype and an evenly spaced sample of every parameter."""
    digest = hashlib.sha256()
    for name, parameter in parameters(model):
        digest.update(f"{name} {tuple(parameter.shape)} {parameter.dtype}\n".encode())
        flat = parameter.detach().flatten()
        n_samples = min(_N_SAMPLES, len(flat))
        where = torch.arange(n_samples, device=flat.device) * len(flat) // max(n_samples, 1)
        digest.update(flat[where].double().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def of_tokenizer(tokenizer: Tokenizer, vocabulary: int) -> str:
    """The vocabulary: what each id spells, and which ids are special."""
    known = getattr(tokenizer, "get_vocab", None)
    spelled: Mapping[str, int] = known() if known else {_spell(tokenizer, i): i for i in range(vocabulary)}
    digest = hashlib.sha256()
    for piece, token_id in sorted(spelled.items(), key=lambda item: item[1]):
        digest.update(f"{token_id} {piece!r}\n".encode())
    digest.update(repr(sorted(tokenizer.all_special_ids)).encode())
    return digest.hexdigest()[:16]


def versions() -> tuple[tuple[str, str], ...]:
    """(library, version) of what a number can depend on."""
    return tuple((name, version(name)) for name in _LIBRARIES)


def _spell(tokenizer: Tokenizer, token_id: int) -> str:
    return tokenizer.decode([token_id], skip_special_tokens=False, clean_up_tokenization_spaces=False)
