"""From a name to a model: what loads, what is refused and in which words, and how results are traced to weights."""

import copy
import json
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import TINY_CONFIGS, byte_tokenizer, random_model
from safetensors.torch import load_file, save_file
from transformers import GPT2Model, PreTrainedTokenizerFast

from heta_core.engine import attribute
from heta_core.errors import InputError, LoadError, OutOfMemoryError, UnsupportedModelError
from heta_core.language_model import LanguageModel
from heta_core.loading import available, load, wrap
from heta_core.models import building, fingerprint, hub
from heta_core.settings import Settings
from heta_core.targets import Choice


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("llama")
    random_model(TINY_CONFIGS["llama"]).save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """A model folder that a test may damage."""
    return Path(shutil.copytree(original, tmp_path / "model"))


def change(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_folder_loads_frozen_eager_and_in_float32(folder: Path) -> None:
    lm = load(folder)
    assert lm.dtype == torch.float32
    assert lm.model.config._attn_implementation == "eager"
    assert not any(p.requires_grad for p in lm.model.parameters())
    assert not any(m.training for m in lm.model.modules())
    assert lm.has_prefix
    assert (lm.source.model, lm.source.family, lm.source.dtype, lm.source.device) == (
        str(folder),
        "llama",
        "float32",
        "cpu",
    )
    assert dict(lm.source.versions)["torch"] == torch.__version__


def test_precision_can_be_chosen(folder: Path) -> None:
    assert load(folder, dtype="float64", device="cpu").dtype == torch.float64
    assert load(folder, dtype="bfloat16").source.dtype == "bfloat16"


def test_a_folder_loads_from_any_directory_by_a_relative_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert load("model").source.model == "model"
    assert load("./model").source.model == "./model"


def test_loading_a_folder_uses_no_network(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a folder needs no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    load(folder)
    available()


def test_the_embedded_model_is_found_from_any_directory(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(__file__).resolve().parents[1]
    assert root / "assets" / "littletown" == hub.EMBEDDED_FOLDER
    monkeypatch.setattr(hub, "EMBEDDED_FOLDER", folder)
    monkeypatch.chdir(tmp_path)
    embedded = load("littletown")
    assert embedded.source.model == "littletown"
    assert embedded.has_prefix and embedded.feed_forward is not None  # else runs are slower, and nothing would say so
    assert next((m.name, m.place) for m in available()) == ("littletown", "embedded")


def test_a_checkout_without_the_embedded_model_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "EMBEDDED_FOLDER", tmp_path)
    with pytest.raises(LoadError, match="must lie in assets/littletown beside the package, found none"):
        load("littletown")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../x", r"found no config\.json in '\.\./x'"),
        ("owner/../../etc", r"found no config\.json in"),
        ("/etc", r"found no config\.json in '/etc'"),
        ("~/no-such-model", r"found no config\.json in '~/no-such-model'"),
        ("a\\b", "found no config"),
        ("a\0b", "found a NUL character"),
        ("https://example.org/owner/name", "found an address: .*Give its part 'owner/name'"),
        ("a/b/c", "A model id like 'name' or 'owner/name' is needed, found 'a/b/c'"),
        ("", "A model id like 'name' or 'owner/name' is needed, found ''"),
        ("name with spaces", "is needed, found 'name with spaces'"),
        ("x" * 5000, "found 'xxx.*name too long|found 'xxx.*check the spelling"),
    ],
)
def test_a_name_that_is_no_model_is_refused(name: str, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        load(name, download=True)


def test_pickles_are_never_opened(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(LoadError, match=r"found only pytorch_model\.bin: pickle files can run code"):
        load(folder)


def test_a_folder_without_weights_says_so(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(LoadError, match=r"Weights as model\.safetensors are needed, found none in model"):
        load(folder)


def test_a_folder_without_a_tokenizer_says_so(folder: Path) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(LoadError, match="needs a tokenizer beside its weights, found none of tokenizer"):
        load(folder)


def test_a_damaged_tokenizer_says_so(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(LoadError, match=r"The tokenizer of .* cannot be read"):
        load(folder)


def test_code_that_comes_with_a_model_is_never_run(folder: Path) -> None:
    (folder / "modeling_own.py").write_text("raise SystemExit('code of the model folder ran')")
    change(
        folder / "config.json",
        model_type="own",
        auto_map={"AutoConfig": "modeling_own.Config", "AutoModelForCausalLM": "modeling_own.Model"},
    )
    with pytest.raises(LoadError, match=r"only be loaded by running code that comes with it \(model type 'own'\)"):
        load(folder)


def test_code_that_comes_with_a_tokenizer_is_never_run(folder: Path) -> None:
    (folder / "tokenization_own.py").write_text("raise SystemExit('code of the model folder ran')")
    change(
        folder / "tokenizer_config.json",
        tokenizer_class="OwnTokenizer",
        auto_map={"AutoTokenizer": ["tokenization_own.OwnTokenizer", None]},
    )
    with pytest.raises(LoadError, match=r"tokenizer of .* only be loaded by running code"):
        load(folder)


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"model_type": "unheard-of"}, LoadError, "a model type that transformers knows, found 'unheard-of'"),
        ({"model_type": "t5"}, UnsupportedModelError, "A decoder-only language model is needed, .* type 't5'"),
        ({"is_encoder_decoder": True}, UnsupportedModelError, "A decoder-only language model is needed"),
        ({"quantization_config": {"quant_method": "gptq"}}, UnsupportedModelError, "is quantised: take the model it"),
        ({"num_attention_heads": 3}, LoadError, "cannot be used: .*not a multiple of the number of attention heads"),
        ({"num_hidden_layers": 3}, LoadError, r"lacks 9 of its weights, the first is model\.layers\.2"),
        ({"vocab_size": 300}, LoadError, "could not be built|lacks"),
    ],
)
def test_a_configuration_that_does_not_fit_is_named(
    folder: Path, changes: dict[str, object], kind: type[LoadError], message: str
) -> None:
    change(folder / "config.json", **changes)
    with pytest.raises(kind, match=message):
        load(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe"])
def test_a_damaged_configuration_is_named(folder: Path, content: bytes) -> None:
    (folder / "config.json").write_bytes(content)
    with pytest.raises(LoadError, match=r"config\.json is damaged"):
        load(folder)


@pytest.mark.parametrize("damage", ["cut", "header", "empty"])
def test_damaged_weights_are_named(folder: Path, damage: str) -> None:
    path = folder / "model.safetensors"
    content = path.read_bytes()
    path.write_bytes({"cut": content[:-4], "header": b"\xff" * 8 + content[8:], "empty": b""}[damage])
    with pytest.raises(LoadError, match=r"model\.safetensors is damaged"):
        load(folder)


def test_an_index_that_leaves_its_folder_is_refused(folder: Path) -> None:
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "../../other.safetensors"}}')
    with pytest.raises(LoadError, match="must name files of its own folder"):
        load(folder)


def test_a_missing_shard_is_named(folder: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(LoadError, match=r"1 of 2 weight files missing, the first is model-2\.safetensors"):
        load(folder)


def test_a_missing_weight_is_an_error_and_no_random_number(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.self_attn.v_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(LoadError, match=r"lacks 1 of its weights, the first is model\.layers\.1\.self_attn\.v_proj"):
        load(folder)


def test_a_model_larger_than_memory_is_refused_before_it_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "free_memory", lambda _device: 1000)
    with pytest.raises(OutOfMemoryError, match=r"needs about 0\.0 GB of memory \(.*\), 0\.0 GB are free: take a"):
        load(folder)


def test_memory_that_runs_out_while_loading_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(building.AutoModelForCausalLM, "from_pretrained", full)
    with pytest.raises(OutOfMemoryError, match="less is free"):
        load(folder)


def test_free_memory_is_known_here_or_not_at_all() -> None:
    free = building.free_memory(torch.device("cpu"))
    assert free is None or free > 0
    assert building.free_memory(torch.device("meta")) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": "int8"}, "dtype must be one of float64, float32, bfloat16, float16, 8bit, 4bit, got 'int8'"),
        ({"device": "toaster"}, "A device of this computer is needed, got 'toaster', found cpu"),
        ({"device": "meta"}, "A device of this computer is needed, got 'meta'"),
    ],
)
def test_options_that_cannot_be_met_are_named(folder: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(LoadError, match=message):
        load(folder, **options)


def test_progress_is_told(folder: Path) -> None:
    told: list[tuple[str, float]] = []
    load(folder, progress=lambda stage, part: told.append((stage, part)))
    parts = [part for stage, part in told if stage == "weights"]
    assert parts == sorted(parts) and parts[0] == 0 and 0.5 < parts[-1] < 1
    assert told[len(parts) :] == [("checks", 0.0), ("checks", 1.0)]


def test_loading_says_nothing_of_its_own(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    load(folder)
    assert capfd.readouterr() == ("", "")


def test_a_model_without_a_head_is_refused(tokenizer: PreTrainedTokenizerFast) -> None:
    with pytest.raises(LoadError, match="language-model head is needed, found GPT2Model"):
        wrap(GPT2Model(TINY_CONFIGS["gpt2"]), tokenizer)


def test_offloaded_weights_are_refused(tokenizer: PreTrainedTokenizerFast) -> None:
    model = random_model(TINY_CONFIGS["gpt2"])
    model.transformer.h[1].to("meta")
    with pytest.raises(LoadError, match=r"in memory, or brought there by accelerate, but 'transformer\.h\.1"):
        wrap(model, tokenizer)


def test_a_wrapped_model_keeps_the_name_it_is_given(tokenizer: PreTrainedTokenizerFast) -> None:
    model = random_model(TINY_CONFIGS["gpt2"])
    assert wrap(model, tokenizer, name="mine").source.model == "mine"
    assert wrap(model, tokenizer).source.model == "GPT2LMHeadModel"


def test_weights_are_told_apart_by_one_changed_matrix(gpt2: LanguageModel) -> None:
    other = random_model(TINY_CONFIGS["gpt2"])
    assert fingerprint.of_model(other) == gpt2.source.weights_id
    with torch.no_grad():
        other.transformer.h[1].attn.c_proj.weight += 1e-6
    assert fingerprint.of_model(other) != gpt2.source.weights_id


def test_files_are_told_apart_by_their_numbers(folder: Path) -> None:
    path = folder / "model.safetensors"
    before = fingerprint.of_files([path])
    assert fingerprint.of_files([path]) == before
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    assert fingerprint.of_files([path]) != before


def test_tokenizers_are_told_apart_with_or_without_a_table(tokenizer: PreTrainedTokenizerFast) -> None:
    class Bare:
        """As much of a tokenizer as is used."""

        def __init__(self, shift: int) -> None:
            self.all_special_ids = [256]
            self.shift = shift

        def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
            return [ord(c) for c in text]

        def decode(self, token_ids: list[int], *, skip_special_tokens: bool, clean_up_tokenization_spaces: bool) -> str:
            return "".join(chr(i + self.shift) for i in token_ids)

    ids = {fingerprint.of_tokenizer(t, 264) for t in (tokenizer, Bare(0), Bare(1))}
    assert len(ids) == 3
    assert fingerprint.of_tokenizer(Bare(0), 264) in ids


# what still runs, and what does not


def test_a_sharded_model_is_the_same_model(original: Path, tmp_path: Path) -> None:
    whole = load(original)
    whole.model.save_pretrained(tmp_path, max_shard_size="20KB")
    whole.tokenizer.save_pretrained(tmp_path)  # type: ignore[attr-defined]
    shards = sorted(tmp_path.glob("model-*.safetensors"))
    assert len(shards) > 1
    lm = load(tmp_path)
    assert all(torch.equal(a, b) for a, b in zip(lm.model.parameters(), whole.model.parameters(), strict=True))
    assert lm.source.weights_id == fingerprint.of_files(shards)
    shards[-1].write_bytes(shards[-1].read_bytes()[:-1] + b"\x00")
    assert load(tmp_path).source.weights_id != lm.source.weights_id


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
@pytest.mark.parametrize("is_tied", [True, False])
def test_a_head_of_its_own_and_a_shared_one_both_run(
    kind: str, is_tied: bool, tokenizer: PreTrainedTokenizerFast
) -> None:
    config = copy.deepcopy(TINY_CONFIGS[kind])
    config.tie_word_embeddings = is_tied
    lm = wrap(random_model(config), tokenizer)
    shares = lm.model.get_output_embeddings().weight is lm.model.get_input_embeddings().weight
    assert shares == is_tied
    found = attribute(lm, "head", settings=Settings(probes=2))
    assert found.scores.shape == (len(found.tokens),) and found.scores.any()


def test_a_vocabulary_padded_beyond_the_tokenizer_runs(folder: Path) -> None:
    """The rows beyond can be said too, whatever they spell."""
    lm = load(folder)
    assert lm.vocabulary == 264 > len(lm.tokenizer.get_vocab()) == 257  # type: ignore[attr-defined]
    found = attribute(lm, "pad", choice=Choice(token_id=263), settings=Settings(probes=1))
    assert found.target.token_id == 263
    assert np.isfinite(found.scores).all()


def test_a_tokenizer_of_a_larger_vocabulary_is_refused_where_it_shows(folder: Path) -> None:
    lm = load(folder)
    lm.tokenizer.add_tokens([f"word{k}" for k in range(40)])  # type: ignore[attr-defined]
    assert attribute(lm, "ordinary", settings=Settings(probes=1)).scores.any()
    with pytest.raises(InputError, match=r"Ids must be from 0 to 263.*: the tokenizer belongs to another model"):
        attribute(lm, "a word39")


@pytest.mark.parametrize("special", [{}, {"bos_token": None, "eos_token": None}])
def test_a_tokenizer_without_marks_of_beginning_and_end_runs(folder: Path, special: dict[str, None]) -> None:
    table = json.loads((folder / "tokenizer.json").read_text())
    table["post_processor"] = None
    (folder / "tokenizer.json").write_text(json.dumps(table))
    change(folder / "tokenizer_config.json", **special)
    lm = load(folder)
    found = attribute(lm, "bare", settings=Settings(probes=1))
    assert found.tokens.ids == tuple(lm.tokenizer.encode("bare", add_special_tokens=False))
    assert len(found.tokens) == 4 and found.scores.any()


@pytest.mark.parametrize("name", ["model.layers.0.self_attn.v_proj.weight", "model.norm.weight"])
def test_a_weight_that_is_no_number_is_refused(folder: Path, name: str) -> None:
    weights = load_file(folder / "model.safetensors")
    weights[name].view(-1)[0] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UnsupportedModelError, match=r"NaN|nan"):
        load(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"architectures": ["LlamaForSequenceClassification"]},
            "was saved as LlamaForSequenceClassification, whose head",
        ),
        ({"architectures": ["LlamaForRewardModel"]}, "language-model head"),
        ({"model_type": "bert"}, r"of type 'bert' \(.*\): take a model that continues text"),
        ({"model_type": "gemma3"}, "of type 'gemma3'"),
        ({"model_type": "t5"}, "of type 't5': take"),
        ({"model_type": "vit"}, "of type 'vit': take"),
        ({"is_encoder_decoder": True}, "decoder-only"),
    ],
)
def test_what_does_not_continue_text_is_refused_before_it_is_built(
    folder: Path, changes: dict[str, object], message: str
) -> None:
    change(folder / "config.json", **changes)
    with pytest.raises(UnsupportedModelError, match=message):
        load(folder)
