"""Downloads: nothing without consent, everything with it, and every way to fail in words."""

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest
from conftest import TINY_CONFIGS, byte_tokenizer, random_model
from huggingface_hub import constants
from huggingface_hub.errors import OfflineModeIsEnabled
from little_hub import COMMIT, TOKEN, serving
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from heta_core.errors import LoadError, UnsupportedModelError
from heta_core.loading import available, describe_remote, load
from heta_core.models import download, hub, suggested

# Of peft, about what it asks transformers.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    random_model(TINY_CONFIGS["gpt2"]).save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache, and no embedded model."""
    cache = tmp_path / "cache"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(hub, "EMBEDDED_FOLDER", tmp_path / "nothing")
    return cache


@pytest.fixture
def adapter_at_the_hub(folder: Path, tmp_path: Path) -> Path:
    """An adapter of the good model."""
    config = LoraConfig(r=2, target_modules=["c_proj"], task_type="CAUSAL_LM", fan_in_fan_out=True)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(folder), config)
    model.peft_config["default"].base_model_name_or_path = "someone/tiny"
    model.save_pretrained(tmp_path / "adapter", save_embedding_layers=False)
    return tmp_path / "adapter"


@pytest.fixture
def asked(
    folder: Path, cache: Path, tmp_path: Path, adapter_at_the_hub: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[str]]:
    """A hub with a good model, one of pickles and one of another kind; what it is asked."""
    pickles, translator = tmp_path / "pickles", tmp_path / "translator"
    for path in (pickles, translator):
        path.mkdir()
    shutil.copy(folder / "config.json", pickles)
    (pickles / "pytorch_model.bin").write_bytes(b"never opened")
    shutil.copy(folder / "model.safetensors", translator)
    (translator / "config.json").write_text('{"model_type": "t5", "is_encoder_decoder": true}')
    repos = {
        "someone/tiny": folder,
        "someone/gated": folder,
        "someone/pickles": pickles,
        "someone/translator": translator,
        "someone/adapter": adapter_at_the_hub,
    }
    with serving(repos) as (address, asked):
        monkeypatch.setattr(constants, "ENDPOINT", address)
        template = address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield asked


def test_nothing_is_asked_of_the_hub_without_consent(asked: list[str]) -> None:
    with pytest.raises(LoadError, match=r"someone/tiny is not on this computer.*describe_remote.*download=True"):
        load("someone/tiny")
    assert available() == ()
    assert asked == []


def test_size_and_licence_are_known_before_a_download(asked: list[str], folder: Path, cache: Path) -> None:
    remote = describe_remote("someone/tiny")
    assert remote.n_bytes == sum(p.stat().st_size for p in folder.iterdir())
    assert (remote.licence, remote.revision, remote.is_gated) == ("mit", COMMIT, False)
    assert asked == ["/api/models/someone/tiny"]
    assert not cache.exists()


def test_a_model_is_fetched_once_and_then_found(asked: list[str]) -> None:
    told: list[tuple[str, float]] = []
    lm = load("someone/tiny", download=True, progress=lambda stage, part: told.append((stage, part)))
    assert lm.source.revision == COMMIT
    assert ("download", 1.0) in told and told[-1] == ("checks", 1.0)
    n_asked = len(asked)
    assert load("someone/tiny").source == lm.source
    assert len(asked) == n_asked
    (entry,) = available()
    assert (entry.name, entry.place, entry.problem) == ("someone/tiny", "cache", None)
    assert entry.n_parameters == lm.source.n_parameters


def test_a_broken_off_download_is_not_taken_for_a_model(asked: list[str], cache: Path) -> None:
    load("someone/tiny", download=True)
    next(cache.rglob("model.safetensors")).unlink()
    with pytest.raises(LoadError, match="not on this computer"):
        load("someone/tiny")
    load("someone/tiny", download=True)


@pytest.mark.parametrize(
    ("repo_id", "kind", "message"),
    [
        ("someone/nothing", LoadError, "no public model 'someone/nothing': check the spelling.* HF_TOKEN"),
        ("someone/gated", LoadError, "only for those who accepted its licence: .* HF_TOKEN"),
        ("someone/closed", LoadError, r"The hub refuses someone/closed \(HTTP 403\): give a token .* HF_TOKEN"),
        ("someone/broken", LoadError, r"could not answer for someone/broken \(HTTP 500\)"),
        ("someone/pickles", LoadError, "pickle files can run code"),
        ("someone/translator", UnsupportedModelError, "A decoder-only language model is needed"),
    ],
)
def test_what_the_hub_refuses_is_said(asked: list[str], repo_id: str, kind: type[LoadError], message: str) -> None:
    with pytest.raises(kind, match=message):
        load(repo_id, download=True)
    assert not [path for path in asked if "/resolve/" in path]


def test_a_token_opens_what_is_gated_and_is_kept_nowhere(
    asked: list[str], cache: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    lm = load("someone/gated", download=True)
    assert lm.source.revision == COMMIT
    assert TOKEN not in repr(lm.source) + repr(describe_remote("someone/gated")) + repr(vars(lm.model.config))
    assert not [path for path in cache.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    with pytest.raises(LoadError) as refused:
        load("someone/closed", download=True)
    assert TOKEN not in str(refused.value)
    assert TOKEN not in "".join(capfd.readouterr())


def test_an_adapter_is_fetched_and_its_model_only_when_asked(asked: list[str]) -> None:
    with pytest.raises(LoadError, match=r"is added to someone/tiny, which has to be here too.*describe_remote"):
        load("someone/adapter", download=True)
    assert not [path for path in asked if path.startswith("/someone/tiny/resolve/")]
    load("someone/tiny", download=True)
    lm = load("someone/adapter")
    assert (lm.source.model, lm.source.revision) == ("someone/tiny + someone/adapter", f"{COMMIT} + {COMMIT}")
    assert load("someone/tiny + someone/adapter").source == lm.source
    assert ("someone/adapter", "adapter of someone/tiny") in [(m.name, m.model_type) for m in available()]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (httpx2.ConnectError("no route"), "cannot be reached for someone/tiny: check the network"),
        (OfflineModeIsEnabled("offline"), "HF_HUB_OFFLINE switches the network off"),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full"),
    ],
    ids=["no-network", "switched-off", "disk-full"],
)
def test_what_keeps_a_download_from_happening_is_said(
    cache: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(download.HfApi, "model_info", fail)
    with pytest.raises(LoadError, match=message):
        load("someone/tiny", download=True)


def test_a_disk_too_small_is_noticed_before_the_download(
    asked: list[str], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(LoadError, match=r"someone/tiny needs 0\.0 GB on disk, found 0\.0 GB free: make room"):
        load("someone/tiny", download=True)


def test_a_damaged_model_in_the_cache_is_listed_with_its_problem(asked: list[str], cache: Path) -> None:
    load("someone/tiny", download=True)
    weights = next(cache.rglob("model.safetensors"))
    weights.resolve().write_bytes(weights.read_bytes()[:-8])
    (entry,) = available()
    assert entry.problem is not None and "model.safetensors is damaged" in entry.problem


def test_models_in_folders_are_listed_by_their_path(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "own").symlink_to(folder)
    (tmp_path / "shelf" / "notes").mkdir()
    monkeypatch.setenv("HETA_MODEL_FOLDERS", os.pathsep.join([str(tmp_path / "shelf"), str(tmp_path / "nothing")]))
    (own,) = (model for model in available() if model.place == "folder")
    assert own.name == str(folder.resolve()) and own.problem is None and own.n_parameters > 0
    assert load(own.name).source.family == "gpt2"
    monkeypatch.delenv("HETA_MODEL_FOLDERS")
    monkeypatch.chdir(tmp_path)
    assert not [model for model in available() if model.place == "folder"]
    (tmp_path / "shelf").rename(tmp_path / "models")
    assert [model.name for model in available() if model.place == "folder"] == [own.name]


def test_only_what_fits_is_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = [one.n_parameters for one in suggested.suggested()]
    assert sizes == sorted(sizes)
    monkeypatch.setattr(suggested, "told_available", lambda: 600_000_000)
    assert [one.name for one in suggested.suggested()] == ["distilgpt2", "gpt2", "HuggingFaceTB/SmolLM2-135M"]
    assert all(4 * one.n_parameters < 600_000_000 for one in suggested.suggested())
    monkeypatch.setattr(suggested, "told_available", lambda: None)
    assert "mistralai/Mistral-7B-v0.3" in [one.name for one in suggested.suggested()]
