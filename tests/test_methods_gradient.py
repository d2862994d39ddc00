"""Gradient methods against captum, the definitions of their papers, and each other."""

import copy
from collections.abc import Callable

import captum.attr
import numpy as np
import oracles_curvature as oracle
import pytest
import torch
from test_methods import CHOICES, PAIRS, asked, scored
from torch import Tensor

from heta_core.language_model import LanguageModel
from heta_core.methods.integrated_gradients import integrated
from heta_core.parts import Floats
from heta_core.settings import Settings
from heta_core.targets import Choice, Objective

SUM = 1e-5  # norms and softmax are float32 in some float64 models


def f_of(lm: LanguageModel, objective: Objective) -> Callable[[Tensor], Tensor]:
    """f of (B, T, D) embeddings in full runs of a copy with eager attention; nothing of the code under test."""
    model = copy.deepcopy(lm.model)
    model.set_attn_implementation("eager")

    def f(contexts: Tensor) -> Tensor:
        total = torch.zeros(len(contexts), dtype=contexts.dtype)
        for line in objective.lines:
            rest = oracle.embedded(model, line.ids)[contexts.shape[1] :]
            for row, context in enumerate(contexts):
                log_p = model(inputs_embeds=torch.cat([context, rest])[None]).logits[0].log_softmax(-1)
                said = torch.stack([term.weight * log_p[term.row, term.token_id] for term in line.terms]).sum()
                total = total + said * torch.eye(len(contexts), dtype=contexts.dtype)[row]
        return total

    return f


def context_of(lm: LanguageModel, objective: Objective) -> Tensor:
    return oracle.embedded(lm.model, objective.lines[0].ids)[: objective.n_context]


def blocks(scores: Floats) -> Floats:
    return np.array([scores[start:stop].sum() for start, stop in PAIRS])


def test_gradient_norm_is_captum_s_saliency(lm: LanguageModel) -> None:
    question = asked(lm)
    context = context_of(lm, question.objective)[None].clone().requires_grad_(True)
    found = captum.attr.Saliency(f_of(lm, question.objective)).attribute(context, abs=False)[0]
    assert scored(question, "gradient_norm") == pytest.approx(found.norm(dim=-1).numpy(), rel=1e-5)
    of_blocks = [float(found[start:stop].norm()) for start, stop in PAIRS]
    assert scored(asked(lm, groups=PAIRS), "gradient_norm") == pytest.approx(of_blocks, rel=1e-5)


def test_input_times_gradient_is_captum_s(lm: LanguageModel) -> None:
    question = asked(lm)
    context = context_of(lm, question.objective)[None].clone().requires_grad_(True)
    found = captum.attr.InputXGradient(f_of(lm, question.objective)).attribute(context)[0].sum(-1)
    assert scored(question, "input_gradient") == pytest.approx(found.detach().numpy(), abs=SUM)


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_integrated_gradients_are_captum_s(gpt2: LanguageModel, choice: Choice) -> None:
    question = asked(gpt2, choice=choice)
    context = context_of(gpt2, question.objective)[None]
    way = captum.attr.IntegratedGradients(f_of(gpt2, question.objective))
    expected, delta = way.attribute(context, n_steps=50, method="gausslegendre", return_convergence_delta=True)
    found = integrated(question)
    assert found.scores == pytest.approx(expected[0].sum(-1).numpy(), abs=SUM)
    assert found.gap == pytest.approx(abs(float(delta)), abs=SUM)
    assert found.gap < 1e-9  # float64 throughout, and smooth: its embeddings of zeros still have their positions
    print(f"gap {found.gap:.2g} of {found.rise:.3g} nats")


def test_integrated_gradients_on_every_family_are_captum_s_and_tell_their_gap(lm: LanguageModel) -> None:
    question = asked(lm, groups=PAIRS)
    f, context = f_of(lm, question.objective), context_of(lm, question.objective)[None]
    expected = captum.attr.IntegratedGradients(f).attribute(context, n_steps=50, method="gausslegendre")
    found = integrated(question)
    assert found.scores == pytest.approx(blocks(expected[0].sum(-1).numpy()), abs=SUM)
    with torch.no_grad():
        assert found.rise == pytest.approx(float(f(context) - f(torch.zeros_like(context))), abs=SUM)
    assert (found.scores == scored(question, "integrated_gradients")).all()
    print(f"{lm.source.model}: gap {found.gap:.2g} of {found.rise:.3g} nats")


def test_integrated_gradients_in_small_batches_are_the_same(gpt2: LanguageModel) -> None:
    one, other = (scored(asked(gpt2, settings=Settings(batch=batch)), "integrated_gradients") for batch in (None, 7))
    assert one == pytest.approx(other, abs=1e-12)


@pytest.mark.parametrize("name", ["input_gradient", "integrated_gradients"])
def test_a_signed_contrast_is_the_difference_of_its_two_words(llama: LanguageModel, name: str) -> None:
    both, said, foil = (
        scored(asked(llama, choice=choice), name)
        for choice in (CHOICES["contrast"], Choice(token_id=11), Choice(token_id=12))
    )
    assert both == pytest.approx(said - foil, abs=SUM)


def test_the_gradient_norm_of_a_contrast_is_that_of_the_difference(llama: LanguageModel) -> None:
    """Contrastive gradient norm (Yin & Neubig 2022): ‖∇(log p(target) − log p(foil))‖."""
    model = copy.deepcopy(llama.model)
    model.set_attn_implementation("eager")
    question = asked(llama, choice=CHOICES["contrast"])
    leaf = context_of(llama, question.objective).clone().requires_grad_(True)
    log_p = oracle.log_p(model, leaf)
    (gradient,) = torch.autograd.grad(log_p[11] - log_p[12], leaf)
    assert scored(question, "gradient_norm") == pytest.approx(gradient.norm(dim=-1).numpy(), rel=1e-5)
