"""Weights that are spread over devices or packed: the same numbers, and clear words where there are none."""

import copy
import gc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import cpu_offload, disk_offload, dispatch_model
from conftest import TINY_CONFIGS, byte_tokenizer, random_model
from transformers import PreTrainedTokenizerFast

from heta_core.engine import attribute
from heta_core.errors import LoadError, OutOfMemoryError
from heta_core.faithfulness.scrambling import scrambled_copy
from heta_core.language_model import LanguageModel
from heta_core.loading import load, wrap
from heta_core.models import building, offloading
from heta_core.passes.capture import Layer
from heta_core.placement import n_bytes_away
from heta_core.settings import Settings

TEXT = "where it is"
KINDS = ("llama", "gpt2", "phi3")


@pytest.fixture(scope="module", params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    random_model(TINY_CONFIGS[request.param]).float().save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Only a part of a tiny model fits into memory; where the rest goes."""
    monkeypatch.setattr(offloading, "room", lambda: {"cpu": 30_000})
    monkeypatch.setattr(offloading.tempfile, "tempdir", str(tmp_path))
    return tmp_path


def numbers(lm: LanguageModel, settings: Settings = Settings(probes=3)) -> dict[str, np.ndarray]:
    found = attribute(lm, TEXT, settings=settings)
    assert found.transition and found.hessian and found.information
    parts = {"transition": found.transition.flow, "hessian": found.hessian.scores, "kl": found.information.kl}
    return {**parts, "effect": found.information.log_p, "scores": found.scores}


def check_same(one: LanguageModel, other: LanguageModel, **settings: object) -> None:
    asked = Settings(probes=3, **settings)
    for (name, a), b in zip(numbers(one, asked).items(), numbers(other, asked).values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6 * np.abs(b).max(), err_msg=name)


def test_what_is_on_disk_counts_as_in_memory(folder: Path, little_memory: Path) -> None:
    lm, whole = load(folder, device="auto"), load(folder, device="cpu")
    assert "disk" in lm.source.device and n_bytes_away(lm.model) > 0 and lm.device.type == "cpu"
    assert replace(lm.source, device="cpu") == whole.source
    assert (lm.has_prefix, lm.feed_forward is None) == (whole.has_prefix, whole.feed_forward is None) == (True, False)
    check_same(lm, whole)


@pytest.mark.parametrize(
    "settings",
    [
        {"estimator": "finite_difference"},
        {"estimator": "coloured"},
        {"estimator": "gauss_newton"},
        {"layers": 1},
        {"mask": "attention"},
    ],
    ids=str,
)
def test_every_way_runs_on_what_is_on_disk(
    tmp_path: Path, tokenizer: PreTrainedTokenizerFast, settings: dict[str, object]
) -> None:
    model = random_model(TINY_CONFIGS["llama"])
    away = disk_offload(copy.deepcopy(model), str(tmp_path), execution_device=torch.device("cpu"))
    check_same(wrap(away, tokenizer), wrap(model, tokenizer), **settings)


@pytest.mark.parametrize("kind", KINDS)
def test_what_accelerate_brings_to_a_forward_can_be_wrapped(
    tokenizer: PreTrainedTokenizerFast, tmp_path: Path, kind: str
) -> None:
    model = random_model(TINY_CONFIGS[kind])
    in_memory = cpu_offload(copy.deepcopy(model), execution_device=torch.device("cpu"))
    on_disk = disk_offload(copy.deepcopy(model), str(tmp_path), execution_device=torch.device("cpu"))
    whole = wrap(model, tokenizer)
    for away in (wrap(in_memory, tokenizer), wrap(on_disk, tokenizer)):
        assert all(p.is_meta for p in away.model.parameters())
        assert away.source.weights_id == whole.source.weights_id
        check_same(away, whole)


def test_a_model_in_one_place_with_hooks_is_one_like_any_other(tokenizer: PreTrainedTokenizerFast) -> None:
    model = random_model(TINY_CONFIGS["gpt2"])
    hooked = dispatch_model(copy.deepcopy(model), {"": "cpu"}, force_hooks=True)
    check_same(wrap(hooked, tokenizer), wrap(model, tokenizer))


def test_the_folder_goes_with_the_model(folder: Path, little_memory: Path) -> None:
    lm = load(folder, device="auto")
    (made,) = little_memory.glob("heta-offloaded-*")
    assert made.is_dir()
    del lm
    gc.collect()
    assert not made.exists()


def test_the_folder_goes_where_there_is_no_model(
    folder: Path, little_memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("cannot")

    monkeypatch.setattr(building.AutoModelForCausalLM, "from_pretrained", fail)
    with pytest.raises(LoadError, match="could not be built from its files: cannot"):
        load(folder, device="auto")
    assert not list(little_memory.glob("heta-offloaded-*"))


def test_a_graph_that_cannot_hold_the_weights_is_refused(
    folder: Path, little_memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The graph keeps what a forward was run with, so it has to fit; the rest of the run needs no graph."""
    lm = load(folder, device="auto")
    away = n_bytes_away(lm.model)
    monkeypatch.setattr("heta_core.passes.room.n_bytes_away", lambda _: 10**15)
    with pytest.raises(OutOfMemoryError, match="needs about"):
        attribute(lm, TEXT)
    assert away > 0


def test_a_spread_model_is_not_scrambled(folder: Path, little_memory: Path) -> None:
    with pytest.raises(LoadError, match="A copy with other weights needs the model in one place"):
        scrambled_copy(load(folder, device="auto"))


def test_all_of_a_model_that_fits_stays_in_memory(folder: Path) -> None:
    lm = load(folder, device="auto")
    assert n_bytes_away(lm.model) == 0
    check_same(lm, load(folder))


def test_weights_that_are_nowhere_are_refused(tokenizer: PreTrainedTokenizerFast) -> None:
    model = random_model(TINY_CONFIGS["gpt2"])
    model.transformer.h[1].to("meta")
    with pytest.raises(LoadError, match=r"or brought there by accelerate, but 'transformer\.h\.1\.\S+' is neither"):
        wrap(model, tokenizer)


@pytest.mark.parametrize("packing", ["8bit", "4bit"])
def test_packed_weights_need_their_library(folder: Path, packing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offloading, "find_spec", lambda _: None)
    with pytest.raises(LoadError, match=r"need the library bitsandbytes, found none: install it \(pip install bits"):
        load(folder, dtype=packing)
    with pytest.raises(LoadError, match=r"one device here: name it in the place of 'auto'"):
        load(folder, dtype=packing, device="auto")


def test_what_a_reader_sees_is_where_its_own_tensors_are() -> None:
    """With layers on several devices; `meta` stands for another one here."""
    layer = Layer(3, *(torch.ones(2) for _ in range(5)), None, None)
    assert layer.on(torch.device("cpu")) is layer
    moved = layer.on(torch.device("meta"))
    assert moved.index == 3 and moved.weight.is_meta and moved.projected.is_meta and moved.gate is None
