"""Adapters: merged into the model that they are for, or left in it; refused in words where they cannot be."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import TINY_CONFIGS, byte_tokenizer, random_model
from peft import IA3Config, LoraConfig, PeftConfig, PeftModel, PrefixTuningConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from heta_core.engine import attribute
from heta_core.errors import LoadError, UnsupportedModelError
from heta_core.loading import load, wrap
from heta_core.models import fingerprint
from heta_core.models.card import card
from heta_core.settings import Settings

# Of peft, about what it asks transformers.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
TEXT, SETTINGS = "what it learned", Settings(probes=3)
TARGETS = {"llama": ["q_proj", "v_proj", "o_proj"], "gpt2": ["c_attn", "c_proj"]}


def make_base(folder: Path, kind: str) -> Path:
    random_model(TINY_CONFIGS[kind]).float().save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


def adapted(base: Path, config: PeftConfig, seed: int = 1) -> PeftModel:
    """The model in a folder with an adapter whose weights are random, and none of them zero."""
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base, attn_implementation="eager"), config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name or "ia3_" in name:
                parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    return model.eval()


def lora(kind: str, **more: object) -> LoraConfig:
    return LoraConfig(r=3, target_modules=TARGETS[kind], task_type="CAUSAL_LM", fan_in_fan_out=kind == "gpt2", **more)


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: make_base(tmp_path_factory.mktemp(kind), kind) for kind in TARGETS}


@pytest.fixture
def adapter(bases: dict[str, Path], tmp_path: Path) -> Path:
    """An adapter of the tiny Llama in a folder that a test may damage."""
    adapted(bases["llama"], lora("llama")).save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


def change(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("more", [{}, {"use_rslora": True}, {"use_dora": True}], ids=["lora", "rslora", "dora"])
def test_an_adapter_counts_the_same_merged_and_unmerged(
    bases: dict[str, Path], tmp_path: Path, tokenizer: PreTrainedTokenizerFast, kind: str, more: dict[str, bool]
) -> None:
    model = adapted(bases[kind], lora(kind, **more))
    model.save_pretrained(tmp_path)
    merged, unmerged, plain = load(tmp_path), wrap(model, tokenizer), load(bases[kind])
    assert merged.source.family == unmerged.source.family == kind
    assert merged.has_prefix and unmerged.has_prefix
    assert merged.feed_forward is not None and unmerged.feed_forward is not None
    # Merged weights are rounded to float32 once: that alone is left to differ when both are run in float64.
    for lm in (merged, unmerged, plain):
        lm.model.double()
    a, b, c = (attribute(lm, TEXT, settings=SETTINGS) for lm in (merged, unmerged, plain))
    for name in ("transition", "hessian"):
        one, other = (getattr(result, name).scores for result in (a, b))
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-4 * one.max())
    np.testing.assert_allclose(a.scores, b.scores, rtol=0, atol=1e-4 * a.scores.max())
    assert np.abs(a.scores - c.scores).max() > 0.01 * c.scores.max()


def test_an_adapter_that_only_scales_is_merged_too(bases: dict[str, Path], tmp_path: Path) -> None:
    config = IA3Config(target_modules=["v_proj"], feedforward_modules=[], task_type="CAUSAL_LM")
    adapted(bases["llama"], config).save_pretrained(tmp_path)
    found, plain = (attribute(load(f), TEXT, settings=SETTINGS) for f in (tmp_path, bases["llama"]))
    assert np.abs(found.scores - plain.scores).max() > 0.01 * plain.scores.max()


def test_a_result_names_the_model_and_the_adapter(adapter: Path, bases: dict[str, Path]) -> None:
    lm, base = load(adapter), bases["llama"]
    assert lm.source.model == f"{base} + {adapter}"
    assert lm.source.weights_id == fingerprint.of_files(
        [base / "model.safetensors", adapter / "adapter_model.safetensors"]
    )
    assert lm.source.weights_id != load(base).source.weights_id
    assert load(lm.source.model).source == lm.source
    assert lm.source.n_parameters == load(base).source.n_parameters


def test_what_is_known_beforehand_is_that_of_the_model(adapter: Path, bases: dict[str, Path]) -> None:
    found, base = card(adapter), card(bases["llama"])
    assert (found.name, found.n_parameters) == (f"{bases['llama']} + {adapter}", base.n_parameters)


def test_another_adapter_is_another_model(adapter: Path, bases: dict[str, Path], tmp_path: Path) -> None:
    adapted(bases["llama"], lora("llama"), seed=2).save_pretrained(tmp_path / "other")
    assert load(adapter).source.weights_id != load(tmp_path / "other").source.weights_id


def test_an_adapter_goes_on_the_model_that_is_named(adapter: Path, bases: dict[str, Path], tmp_path: Path) -> None:
    copied = Path(shutil.copytree(bases["llama"], tmp_path / "copy"))
    change(adapter / "adapter_config.json", base_model_name_or_path="nobody/nothing")
    with pytest.raises(
        LoadError, match=r"is added to nobody/nothing, which has to be here too\. nobody/nothing is not on"
    ):
        load(adapter)
    assert load(f"{copied} + {adapter}").source.model == f"{copied} + {adapter}"


def test_a_wrapped_model_stays_as_it_was(bases: dict[str, Path], tokenizer: PreTrainedTokenizerFast) -> None:
    model = adapted(bases["llama"], lora("llama")).train()
    before = {name: (p.requires_grad, p.clone()) for name, p in model.named_parameters()}
    lm = wrap(model, tokenizer)
    assert lm.source.model.endswith(" + default")
    attribute(lm, TEXT, settings=SETTINGS)
    assert model.training
    assert any("lora_" in name and grad for name, (grad, _) in before.items())
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad == before[name][0] and torch.equal(parameter, before[name][1])


def test_an_adapter_changes_the_fingerprint_of_a_wrapped_model(
    bases: dict[str, Path], tokenizer: PreTrainedTokenizerFast
) -> None:
    one, other = (wrap(adapted(bases["llama"], lora("llama"), seed), tokenizer).source for seed in (1, 2))
    assert one.weights_id != other.weights_id


def test_an_adapter_is_rounded_with_its_model(adapter: Path) -> None:
    assert load(adapter, dtype="bfloat16").dtype == torch.bfloat16


def test_tokens_before_the_text_are_refused(bases: dict[str, Path], tokenizer: PreTrainedTokenizerFast) -> None:
    config = PrefixTuningConfig(num_virtual_tokens=2, task_type="CAUSAL_LM")
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(bases["llama"]), config)
    with pytest.raises(UnsupportedModelError, match=r"adds to weights is needed \(LORA, .* is of type 'PREFIX_TUNING'"):
        wrap(model, tokenizer)


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"peft_type": "PROMPT_TUNING"}, UnsupportedModelError, "adapter is of type 'PROMPT_TUNING': merge it"),
        ({"peft_type": None}, UnsupportedModelError, "adapter is of type 'None'"),
        ({"task_type": "SEQ_CLS"}, UnsupportedModelError, "made for SEQ_CLS: take one made for CAUSAL_LM"),
        ({"base_model_name_or_path": None}, LoadError, "must say which model it is for"),
        (
            {"base_model_name_or_path": "/etc"},
            LoadError,
            r"which has to be here too\. .*found no config\.json in '/etc'",
        ),
        ({"megatron_config": {"a": 1}}, LoadError, "importing a module that it names"),
        ({"target_modules": ["no_proj"]}, LoadError, "does not fit .*Target modules"),
        ({"target_modules": ["v_proj"]}, LoadError, "has, and the model has no place for, 8 of its weights"),
        ({"target_modules": ["k_proj", "q_proj", "v_proj", "o_proj"]}, LoadError, "lacks 4 of its weights"),
        ({"r": 5}, LoadError, "does not fit .*size mismatch"),
    ],
)
def test_an_adapter_that_does_not_fit_is_named(
    adapter: Path, changes: dict[str, object], kind: type[LoadError], message: str
) -> None:
    change(adapter / "adapter_config.json", **changes)
    with pytest.raises(kind, match=message):
        load(adapter)


def test_pickles_of_an_adapter_are_never_opened(adapter: Path) -> None:
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises(LoadError, match=r"found only adapter_model\.bin: pickle files can run code"):
        load(adapter)


def test_damaged_adapters_are_named(adapter: Path) -> None:
    weights = adapter / "adapter_model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-9])
    with pytest.raises(LoadError, match=r"adapter_model\.safetensors is damaged"):
        load(adapter)
    weights.write_bytes(whole)
    (adapter / "adapter_config.json").write_text("{")
    with pytest.raises(LoadError, match=r"adapter_config\.json .* is damaged"):
        load(adapter)


def test_a_number_that_is_none_is_not_merged(adapter: Path) -> None:
    weights = load_file(adapter / "adapter_model.safetensors")
    next(iter(weights.values()))[0, 0] = float("nan")
    save_file(weights, adapter / "adapter_model.safetensors", metadata={"format": "pt"})
    with pytest.raises(LoadError, match=r"does not fit .*NaN"):
        load(adapter)


def test_a_whole_model_beside_an_adapter_is_not_guessed_about(adapter: Path, bases: dict[str, Path]) -> None:
    shutil.copy(bases["llama"] / "model.safetensors", adapter)
    with pytest.raises(LoadError, match="a whole model and an adapter, and it is not said which"):
        load(adapter)
    (adapter / "model.safetensors").unlink()
    change(adapter / "adapter_config.json", base_model_name_or_path=str(adapter))
    with pytest.raises(LoadError, match="is an adapter too: merge that one first"):
        load(adapter)
    with pytest.raises(LoadError, match="is a whole model: name it alone"):
        load(f"{bases['llama']} + {bases['llama']}")
    with pytest.raises(LoadError, match="added to weights as they are, on one device"):
        load(f"{bases['llama']} + {adapter}", device="auto")
