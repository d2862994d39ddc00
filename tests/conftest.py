"""Two-layer random models of every family that has a file, in float64, built in memory once per session."""

import copy
import os
from collections.abc import Iterator

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

from heta_core.architectures import known
from heta_core.language_model import LanguageModel
from heta_core.loading import load, wrap

# Tests that run side by side share the cores, and would otherwise each take all of them.
if n_workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0")):
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // n_workers))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Every test, and what it is the first to ask for, begins from one seed: what failed once fails again."""
    torch.manual_seed(0)


TINY_CONFIGS = {c.model_type: c for family in known() for c in family.tiny_configs()}


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """One id for each byte, 0 … 255 by sorted symbol, and <s> = 256, which is put before every text."""
    vocabulary = {piece: i for i, piece in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    vocabulary["<s>"] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", vocabulary["<s>"])]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>")


def random_model(config: PreTrainedConfig, seed: int = 0) -> PreTrainedModel:
    """A float64 model whose biases and norms are random too, so that forgetting one of them shows."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(copy.deepcopy(config)).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter += 0.3 * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
    return model


@pytest.fixture(scope="session")
def littletown() -> LanguageModel:
    """The shipped model."""
    return load("littletown")


@pytest.fixture(scope="session", autouse=True)
def no_library() -> Iterator[None]:
    """No test touches the library of whoever runs it: neither pages nor the servers that tests start save anything.

    A test about the library names a file of its own.
    """
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HETA_LIBRARY", "off")
        yield


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    return byte_tokenizer()


@pytest.fixture(scope="session")
def tiny_models(tokenizer: PreTrainedTokenizerFast) -> dict[str, LanguageModel]:
    """Model type → model; every model type of every family file."""
    return {name: wrap(random_model(config), tokenizer, name=f"tiny-{name}") for name, config in TINY_CONFIGS.items()}


@pytest.fixture(params=TINY_CONFIGS)
def lm(request: pytest.FixtureRequest, tiny_models: dict[str, LanguageModel]) -> LanguageModel:
    """Each of the tiny models in turn."""
    return tiny_models[request.param]


@pytest.fixture
def gpt2(tiny_models: dict[str, LanguageModel]) -> LanguageModel:
    return tiny_models["gpt2"]


@pytest.fixture
def llama(tiny_models: dict[str, LanguageModel]) -> LanguageModel:
    return tiny_models["llama"]
