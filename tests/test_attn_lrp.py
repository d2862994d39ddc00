"""AttnLRP against relevance handed back rule by rule, and what its one backward must leave alone."""

import copy

import pytest
import torch
from conftest import TINY_CONFIGS, random_model
from test_methods import CHOICES, IDS, PAIRS, asked, scored
from torch import Tensor
from transformers import BloomConfig, LlamaForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from heta_core.errors import UnsupportedModelError
from heta_core.language_model import LanguageModel, running
from heta_core.loading import wrap
from heta_core.methods.attn_lrp import relevance
from heta_core.passes.rules import ruled
from heta_core.targets import Choice

ADDS_UP = 1e-6  # norms and softmax are float32 inside a float64 Llama


def shares(relevance: Tensor, x: Tensor, weight: Tensor, made: Tensor) -> Tensor:
    """ε-rule of a linear map with ε = 0: R_j = Σ_i x_j w_ij R_i / z_i, z with the bias in it."""
    return x * ((relevance / made) @ weight)


def turned(x: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    return torch.cat([-x[..., half:], x[..., :half]], -1)


def turned_back(x: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    return torch.cat([x[..., half:], -x[..., :half]], -1)


class Layer:
    """One layer of a Llama by hand: forward, and relevance backward, one rule of the paper a line."""

    def __init__(self, block: torch.nn.Module, rotary: tuple[Tensor, Tensor]) -> None:
        self.block, (self.cos, self.sin) = block, rotary

    def forward(self, x: Tensor) -> Tensor:
        attention, mlp, n = self.block.self_attn, self.block.mlp, len(x)
        self.x, self.normed = x, self.block.input_layernorm(x)
        heads = [p(self.normed).view(n, -1, 4).transpose(0, 1) for p in (attention.q_proj, attention.k_proj)]
        self.plain_q, self.plain_k = heads[0], heads[1]
        self.q, self.k = (h * self.cos + turned(h) * self.sin for h in heads)
        self.v = attention.v_proj(self.normed).view(n, -1, 4).transpose(0, 1)
        self.many_k, self.many_v = (h.repeat_interleave(len(self.q) // len(h), 0) for h in (self.k, self.v))
        self.s = self.q @ self.many_k.transpose(1, 2) * attention.scaling
        later = torch.ones(n, n, dtype=torch.bool).triu(1)
        self.a = self.s.masked_fill(later, float("-inf")).softmax(-1)
        self.o = self.a @ self.many_v
        self.mixed = self.o.transpose(0, 1).reshape(n, -1)
        self.attended = attention.o_proj(self.mixed)
        self.middle = x + self.attended
        self.normed_middle = self.block.post_attention_layernorm(self.middle)
        self.gate, self.up = mlp.gate_proj(self.normed_middle), mlp.up_proj(self.normed_middle)
        self.hidden = mlp.act_fn(self.gate) * self.up
        self.fed = mlp.down_proj(self.hidden)
        self.out = self.middle + self.fed
        return self.out

    def backward(self, r: Tensor) -> Tensor:
        attention, mlp, n = self.block.self_attn, self.block.mlp, len(r)
        r_fed = r * self.fed / self.out
        r_hidden = shares(r_fed, self.hidden, mlp.down_proj.weight, self.fed)
        r_normed = shares(r_hidden / 2, self.normed_middle, mlp.gate_proj.weight, self.gate)
        r_normed = r_normed + shares(r_hidden / 2, self.normed_middle, mlp.up_proj.weight, self.up)
        r = r * self.middle / self.out + r_normed  # the norm hands on what it gets
        r_attended = r * self.attended / self.middle
        r_mixed = shares(r_attended, self.mixed, attention.o_proj.weight, self.attended)
        r_o = r_mixed.view(n, -1, 4).transpose(0, 1)
        terms = self.a[..., None] * self.many_v[:, None] * (r_o / self.o)[:, :, None] / 2  # (H, i, j, Dh)
        r_a, r_v = terms.sum(-1), terms.sum(1)
        r_s = self.s * (r_a - self.a * r_a.sum(-1, keepdim=True))
        products = self.q[:, :, None] * self.many_k[:, None] * attention.scaling
        terms = products * (r_s / self.s)[..., None] / 2
        r_q, r_k = terms.sum(2), terms.sum(1)
        r_k, r_v = (h.view(len(self.k), -1, n, 4).sum(1) for h in (r_k, r_v))
        r_q, r_k = (
            plain * (r / made * self.cos + turned_back(r / made * self.sin))
            for plain, r, made in ((self.plain_q, r_q, self.q), (self.plain_k, r_k, self.k))
        )
        r_normed = torch.zeros_like(self.normed)
        for r_head, made, projection in (
            (r_q, self.plain_q, attention.q_proj),
            (r_k, self.plain_k, attention.k_proj),
            (r_v, self.v, attention.v_proj),
        ):
            flat, z = (h.transpose(0, 1).reshape(n, -1) for h in (r_head, made))
            r_normed = r_normed + shares(flat, self.normed, projection.weight, z)
        return r * self.x / self.middle + r_normed


@torch.no_grad()
def handed_back(model: PreTrainedModel, ids: tuple[int, ...], token_id: int) -> Tensor:
    """(T,) relevance of a Llama's logit, layer by layer."""
    x = model.model.embed_tokens(torch.tensor(ids))
    rotary = tuple(r[0] for r in model.model.rotary_emb(x[None], torch.arange(len(ids))[None]))
    layers = [Layer(block, rotary) for block in model.model.layers]
    for layer in layers:
        x = layer.forward(x)
    r = torch.zeros_like(x)
    r[-1] = model.model.norm(x)[-1] * model.lm_head.weight[token_id]
    for layer in reversed(layers):
        r = layer.backward(r)
    return r.sum(-1)


@pytest.mark.parametrize("name", ["llama", "qwen2"])  # without and with biases
def test_one_backward_hands_back_what_the_rules_do(tiny_models: dict[str, LanguageModel], name: str) -> None:
    lm = tiny_models[name]
    expected = handed_back(copy.deepcopy(lm.model), IDS, 11).numpy()
    assert scored(asked(lm), "attn_lrp") == pytest.approx(expected, abs=1e-5)
    of_blocks = [expected[start:stop].sum() for start, stop in PAIRS]
    assert scored(asked(lm, groups=PAIRS), "attn_lrp") == pytest.approx(of_blocks, abs=1e-5)


@pytest.mark.parametrize("name", ["llama", "mistral", "qwen3", "phi3"])  # no biases
@pytest.mark.parametrize("choice", ["token", "span", "contrast"])
def test_with_attention_held_relevance_adds_up_to_the_logit(
    tiny_models: dict[str, LanguageModel], name: str, choice: str
) -> None:
    held = relevance(asked(tiny_models[name], choice=CHOICES[choice]), holds_attention=True)
    assert held.kept == pytest.approx(held.explained, abs=ADDS_UP)


def test_biases_and_positions_are_all_that_takes_a_share(lm: LanguageModel, tokenizer: PreTrainedTokenizerFast) -> None:
    model = copy.deepcopy(lm.model)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias") or "wpe" in name:
                parameter.zero_()
    held = relevance(asked(wrap(model, tokenizer)), holds_attention=True)
    assert held.kept == pytest.approx(held.explained, abs=ADDS_UP)


def test_otherwise_it_need_not_and_says_so(lm: LanguageModel) -> None:
    found = relevance(asked(lm))
    assert abs(found.kept - found.explained) > 1e-3
    print(f"{lm.source.model}: {found.kept:.3f} of {found.explained:.3f} arrive")


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_what_is_explained_is_the_logit(lm: LanguageModel, choice: Choice) -> None:
    question = asked(lm, choice=choice)
    total = 0.0
    with torch.no_grad():
        for line in question.objective.lines:
            logits = lm.model(torch.tensor([line.ids])).logits[0]
            total += sum(float(term.weight * logits[term.row, term.token_id]) for term in line.terms)
    assert relevance(question).explained == pytest.approx(total, abs=1e-5)


def test_relevance_of_a_contrast_is_the_difference(llama: LanguageModel) -> None:
    both, said, foil = (
        scored(asked(llama, choice=choice), "attn_lrp")
        for choice in (CHOICES["contrast"], Choice(token_id=11), Choice(token_id=12))
    )
    assert both == pytest.approx(said - foil, abs=ADDS_UP)


def leaf(lm: LanguageModel, ids: tuple[int, ...]) -> Tensor:
    return lm.model.get_input_embeddings()(torch.tensor([ids])).detach().requires_grad_(True)


def forward(lm: LanguageModel, rows: Tensor) -> Tensor:
    found: Tensor = lm.model(inputs_embeds=rows, use_cache=False).logits[0]
    assert found.requires_grad
    return found.detach()


@pytest.mark.parametrize("holds_attention", [False, True])
def test_the_forward_by_the_rules_is_the_model_s_and_sees_nothing_that_follows(
    lm: LanguageModel, holds_attention: bool
) -> None:
    rows, others = leaf(lm, IDS), leaf(lm, (*IDS[:6], 8, 1))
    with running(lm):
        plain = forward(lm, rows)
        with ruled(lm, holds_attention=holds_attention):
            found, other = forward(lm, rows), forward(lm, others)
    assert torch.equal(found, plain)
    assert torch.allclose(found[:6], other[:6], atol=1e-12)
    assert not torch.allclose(found[6:], other[6:], atol=1e-3)


class Doubled(torch.autograd.Function):
    """A function whose gradient torch is told, as fused kernels have."""

    @staticmethod
    def forward(_context: object, x: Tensor) -> Tensor:
        return 2 * x

    @staticmethod
    def backward(_context: object, gradient: Tensor) -> Tensor:
        return 2 * gradient


class OwnGradient(LlamaForCausalLM):
    """A Llama that uses it where no rule looks."""

    def forward(self, input_ids: Tensor | None = None, inputs_embeds: Tensor | None = None, **more: object) -> object:
        rows = self.get_input_embeddings()(input_ids) if inputs_embeds is None else inputs_embeds
        return super().forward(inputs_embeds=Doubled.apply(rows), **more)


def test_a_function_that_hides_its_inside_is_refused(tokenizer: PreTrainedTokenizerFast) -> None:
    lm = wrap(OwnGradient(copy.deepcopy(TINY_CONFIGS["llama"])).double().eval(), tokenizer)
    with pytest.raises(UnsupportedModelError, match="uses 'Doubled', which has none here"):
        relevance(asked(lm))


def test_after_a_refusal_nothing_is_left_in_the_model(tokenizer: PreTrainedTokenizerFast) -> None:
    bloom = BloomConfig(vocab_size=264, hidden_size=16, n_layer=2, n_head=4, bos_token_id=256, eos_token_id=256)
    lm = wrap(random_model(bloom), tokenizer)
    with pytest.raises(UnsupportedModelError, match=r"uses 'baddbmm', which has none here: take a model"):
        relevance(asked(lm))
    assert not [m for m in lm.model.modules() if m._forward_hooks or m._forward_pre_hooks]
    assert torch.ones(1).pow(2) == 1
