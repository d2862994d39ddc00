"""Families: where every model type stands, and the whole method against oracles on every one that is proven."""

import json
from dataclasses import replace

import families
import numpy as np
import oracles_curvature as oracle
import oracles_families
import pytest
import torch
import transformers
from family_models import all_in_double, as_it_needs

from heta_core.components.hessian import sensitivity
from heta_core.components.kl import effects, information
from heta_core.components.transition import transition
from heta_core.errors import UnsupportedModelError
from heta_core.estimators.probes import signs
from heta_core.families import TABLE, Standing, standing, table
from heta_core.language_model import LanguageModel
from heta_core.models.checks import check_equations
from heta_core.passes.capture import capture
from heta_core.settings import Settings
from heta_core.targets import next_token

EVERY_DAY = (
    *("llama", "mistral", "qwen2", "qwen3", "gemma2", "gemma3_text", "phi", "phi3", "gpt2", "gptj", "gpt_neox"),
    *("opt", "bloom", "falcon", "mpt", "mixtral", "olmo2", "starcoder2"),
)
PROVEN = [
    pytest.param(t, marks=[] if t in EVERY_DAY else pytest.mark.slow)
    for t, found in table().items()
    if found.standing == "proven"
]
IDS, TARGET = (70, 3, 9, 41, 120), 11  # five tokens: no size of the models
# With every float32 inside of the models widened both ways round at 1e-16; without, curvature would differ by 4e-6.
TOLERANCE = 1e-10


@pytest.mark.slow
def test_the_table_is_what_a_walk_over_every_type_finds() -> None:
    assert json.loads(TABLE.read_text())["transformers"] == transformers.__version__
    assert families.walk() == table()


def test_every_type_that_transformers_loads_stands_in_the_table() -> None:
    assert sorted(table()) == sorted(families.CAUSAL)
    assert all(found.reason or found.standing == "proven" for found in table().values())
    assert standing("llama") == Standing("proven", "") and standing("no such type") is None
    assert set(EVERY_DAY) <= {p.values[0] for p in PROVEN}


@pytest.mark.parametrize("model_type", PROVEN)
def test_a_wrong_order_of_heads_is_noticed(model_type: str) -> None:
    lm = families.loaded(model_type)
    right = lm.architecture.split

    def wrong(made: torch.Tensor, n_heads: int, width: int) -> torch.Tensor:
        values = right(made, n_heads, width)
        return values.flip(1) if values.shape[1] > 1 else values.roll(1, -1)

    with as_it_needs(model_type), pytest.raises(UnsupportedModelError, match="attention · values = input of W_O does"):
        check_equations(replace(lm, architecture=replace(lm.architecture, split=wrong)))


@pytest.mark.parametrize("model_type", PROVEN)
def test_the_components_equal_their_oracles(model_type: str) -> None:
    with as_it_needs(model_type), all_in_double():
        lm = families.loaded(model_type)
        layers = oracles_families.layers(lm.model, IDS)
        assert len(layers) == lm.model.config.get_text_config().num_hidden_layers
        flow = transition(lm, capture(lm, IDS)).flow
        np.testing.assert_allclose(flow, oracles_families.flow(layers), rtol=TOLERANCE, atol=1e-12)
        equals_one_mask_at_a_time(lm)
        equals_the_dense_hessian(lm)


@torch.no_grad()
def equals_one_mask_at_a_time(lm: LanguageModel) -> None:
    model, embeddings = oracles_families.eager(lm.model), embedded(lm)
    log_p = oracle.log_p(model, embeddings)
    *_, (_, found) = effects(lm, next_token(IDS, TARGET).lines[0], len(IDS), log_p[None], Settings(chunk=2))
    kl = information(lm, next_token(IDS, TARGET), [found]).kl
    after = [oracle.log_p(model, embeddings * (torch.arange(len(IDS)) != i)[:, None]) for i in range(len(IDS))]
    # The KL is flat to first order where the two are equal, hence the absolute part.
    np.testing.assert_allclose(kl, [oracle.divergence(log_p, q) for q in after], rtol=1e-8, atol=1e-12)


def equals_the_dense_hessian(lm: LanguageModel, at: int = 1, n_probes: int = 2) -> None:
    *_, (_, found) = sensitivity(lm, next_token(IDS, TARGET), Settings(probes=n_probes, chunk=2, seed=5))
    model, leaf = oracles_families.eager(lm.model), embedded(lm).clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(oracle.log_p(model, leaf)[TARGET], leaf, create_graph=True)
    rows = [torch.autograd.grad(g, leaf, retain_graph=True)[0][at] for g in gradient[at]]
    block = torch.stack(rows).numpy()  # (D, D)
    norms = np.abs(signs(5, at, range(n_probes), len(block)) @ block).sum(-1)
    np.testing.assert_allclose(found.scores[at], norms.mean(), rtol=0, atol=TOLERANCE * norms.max())


def embedded(lm: LanguageModel) -> torch.Tensor:
    """As the model itself looks them up: some scale what stands in the matrix."""
    return lm.model.get_input_embeddings()(torch.tensor(IDS)).detach()
