"""A user's model is left as it was, whatever happens inside a run."""

import copy
import threading

import pytest
import torch
from conftest import TINY_CONFIGS, random_model
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from heta_core.components.transition import transition
from heta_core.errors import InputError, OutOfMemoryError
from heta_core.language_model import LanguageModel, check_length, embed, log_probs, rounding, running
from heta_core.loading import wrap
from heta_core.passes.capture import capture

IDS = (256, 64, 3, 90)


def state(model: PreTrainedModel) -> dict[str, object]:
    """Everything of a model that a run could have changed."""
    return {
        "weights": {name: hash(t.detach().numpy().tobytes()) for name, t in model.state_dict().items()},
        "gradients": {name: p.grad for name, p in model.named_parameters()},
        "requires_grad": {name: p.requires_grad for name, p in model.named_parameters()},
        "training": {name: m.training for name, m in model.named_modules()},
        "hooks": {
            name: (len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks))
            for name, m in model.named_modules()
        },
        "config": copy.deepcopy(vars(model.config)),
        "attention": model.config._attn_implementation,
        "classes": [type(m) for m in model.modules()],
    }


def users_model(model_type: str = "gpt2") -> PreTrainedModel:
    """As a user may hand it in: training, trainable in part, fused attention, its own wishes in the configuration."""
    model = random_model(TINY_CONFIGS[model_type])
    model.config.return_dict = False
    model.train()
    first, second = model.get_submodule("transformer.h" if model_type == "gpt2" else "model.layers").children()
    first.eval()
    second.requires_grad_(False)
    return model


@pytest.mark.parametrize("model_type", ["gpt2", "llama"])
def test_a_users_model_is_unchanged(model_type: str, tokenizer: PreTrainedTokenizerFast) -> None:
    model = users_model(model_type)
    before = state(model)
    assert before["attention"] == "sdpa"
    lm = wrap(model, tokenizer)
    transition(lm, capture(lm, IDS))
    assert state(model) == before


def test_a_users_model_is_unchanged_after_an_error(tokenizer: PreTrainedTokenizerFast) -> None:
    model = users_model()
    before = state(model)
    lm = wrap(model, tokenizer)
    with pytest.raises(RuntimeError, match="in the middle"), running(lm) as inside:
        assert not inside.training
        raise RuntimeError("in the middle")
    assert state(model) == before


def test_inside_a_run_the_model_is_frozen_eager_and_evaluating(tokenizer: PreTrainedTokenizerFast) -> None:
    lm = wrap(users_model(), tokenizer)
    with running(lm) as model:
        assert model.config._attn_implementation == "eager"
        assert not any(m.training for m in model.modules())
        assert not any(p.requires_grad for p in model.parameters())
        with running(lm):
            pass
        assert model.config._attn_implementation == "eager"  # the inner run put back what it found


def test_dropout_plays_no_part(tokenizer: PreTrainedTokenizerFast) -> None:
    lm = wrap(users_model(), tokenizer)
    assert capture(lm, IDS).log_p.equal(capture(lm, IDS).log_p)


def test_wrapping_twice_shares_one_lock(tokenizer: PreTrainedTokenizerFast) -> None:
    model = random_model(TINY_CONFIGS["gpt2"])
    first, second = wrap(model, tokenizer), wrap(model, tokenizer)
    entered = threading.Event()

    def other() -> None:
        with running(second):
            entered.set()

    thread = threading.Thread(target=other)
    with running(first):
        thread.start()
        assert not entered.wait(0.05)
    thread.join(5)
    assert entered.is_set()


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"),
        MemoryError(),
    ],
    ids=["gpu", "cpu", "python"],
)
def test_out_of_memory_has_a_name_and_advice(gpt2: LanguageModel, error: BaseException) -> None:
    with pytest.raises(OutOfMemoryError, match="tiny-gpt2 needs more memory than cpu has left: shorten"), running(gpt2):
        raise error


def test_an_error_of_another_kind_keeps_its_class(gpt2: LanguageModel) -> None:
    with pytest.raises(RuntimeError, match="shapes do not fit") as caught, running(gpt2):
        raise RuntimeError("shapes do not fit")
    assert type(caught.value) is RuntimeError


def test_embeddings_are_the_models_own(lm: LanguageModel) -> None:
    found = embed(lm, IDS)
    assert found.equal(lm.model.get_input_embeddings().weight[list(IDS)])
    assert not found.requires_grad


@pytest.mark.parametrize("unknown", [-1, 264])
def test_an_id_outside_the_vocabulary_is_refused(gpt2: LanguageModel, unknown: int) -> None:
    with pytest.raises(InputError, match=f"from 0 to 263, the model's vocabulary; the text has {unknown}"):
        embed(gpt2, (1, unknown))


def test_a_text_longer_than_the_context_is_refused(gpt2: LanguageModel) -> None:
    check_length(gpt2, 128)
    with pytest.raises(InputError, match="takes at most 128 tokens, the text has 129"):
        check_length(gpt2, 129)


def test_log_probs_go_up_from_half_precision_and_never_down() -> None:
    assert log_probs(torch.zeros(3, dtype=torch.bfloat16)).dtype == torch.float32
    assert log_probs(torch.zeros(3, dtype=torch.float64)).dtype == torch.float64
    assert log_probs(torch.zeros(4)).exp().sum() == pytest.approx(1)


def test_rounding_is_never_finer_than_float32() -> None:
    assert rounding(torch.float64) == rounding(torch.float32) == 2**-23
    assert rounding(torch.bfloat16) == 2**-7


def test_facts_are_read_off_the_model(lm: LanguageModel) -> None:
    assert lm.vocabulary == 264
    assert lm.max_context == 128
    assert lm.dtype == torch.float64
    assert lm.device.type == "cpu"
