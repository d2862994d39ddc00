"""Float32, bfloat16 and float16: what is summed up is summed in float32, and what half precision costs is known."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import samples
import torch
from conftest import TINY_CONFIGS, random_model
from scipy.stats import spearmanr
from transformers import PreTrainedTokenizerFast

from heta_core.attribution import Attribution
from heta_core.datasets import generated
from heta_core.engine import attribute
from heta_core.errors import NotDifferentiableError, SettingsError
from heta_core.language_model import LanguageModel
from heta_core.loading import load, wrap
from heta_core.passes.curvature import first_gradient, open_gauss_newton, open_window, surface
from heta_core.passes.prefix import Chunk
from heta_core.passes.slopes import slopes
from heta_core.settings import Settings
from heta_core.shell.lines import report
from heta_core.targets import next_token
from heta_core.views import caption, strip

IDS = (256, 40, 41, 99, 7, 120, 3)
HALVES = ("bfloat16", "float16")


def in_dtype(lm: LanguageModel, dtype: str) -> LanguageModel:
    return wrap(copy.deepcopy(lm.model).to(getattr(torch, dtype)), lm.tokenizer, name=f"{lm.source.model}, {dtype}")


@pytest.mark.parametrize("dtype", ["float32", *HALVES])
def test_every_family_is_explained_in_every_precision(lm: LanguageModel, dtype: str) -> None:
    """Against float64 on the very same weights, so that only what is computed is rounded."""
    low = in_dtype(lm, dtype)
    high = wrap(copy.deepcopy(low.model).double(), lm.tokenizer)
    found, exact = (attribute(one, "what it costs", settings=Settings(probes=4)) for one in (low, high))
    assert found.source.dtype == dtype
    assert found.target.token_id == exact.target.token_id
    # Relative to the largest score: 2⁻⁸ of bfloat16, through two layers, twice differentiated.
    margin = {"float32": 1e-3, "bfloat16": 0.2, "float16": 0.05}[dtype]
    np.testing.assert_allclose(found.scores, exact.scores, rtol=0, atol=margin * exact.scores.max())


@pytest.mark.parametrize("dtype", HALVES)
def test_what_is_summed_is_at_least_in_float32(gpt2: LanguageModel, dtype: str) -> None:
    low = in_dtype(gpt2, dtype)
    over, whole = surface(low, next_token(IDS, 9)), Chunk(0, len(IDS), 0, None)
    assert over.context.dtype == getattr(torch, dtype)
    for window in (open_window(over, whole), open_gauss_newton(over, whole)):
        directions = torch.ones(1, *window.gradient.shape)
        assert window.gradient.dtype == window.products(directions).dtype == torch.float32
    assert first_gradient(over).dtype == torch.float32
    (found,) = slopes(low, over.objective, 1, lambda _: over.context[None], Settings())
    assert found.values.dtype == found.gradients.dtype == torch.float32


def changed(tokenizer: PreTrainedTokenizerFast, *, embeddings: float = 1, head: float = 1) -> LanguageModel:
    """A random model in float16, some of its weights multiplied."""
    model = random_model(TINY_CONFIGS["llama"])
    with torch.no_grad():
        model.get_input_embeddings().weight *= embeddings
        model.get_output_embeddings().weight *= head
    return wrap(model.to(torch.float16), tokenizer)


def test_a_curvature_beyond_float16_is_an_error_that_helps(tokenizer: PreTrainedTokenizerFast) -> None:
    """Embeddings a hundredth as long bend ten thousand times as much."""
    with pytest.raises(NotDifferentiableError, match=r"NaN or infinity: load the model in float32, or in bfloat16"):
        attribute(changed(tokenizer, embeddings=1e-2), "steep")


def test_a_curvature_that_float16_loses_is_an_error_that_helps(tokenizer: PreTrainedTokenizerFast) -> None:
    """Of a prediction that is sure nearly nothing bends."""
    sure = changed(tokenizer, head=50)
    with pytest.raises(
        NotDifferentiableError, match=r"in float16 those of \d+ of \d+ units are too small.*bfloat16 or"
    ):
        attribute(sure, "sure about it")
    same = wrap(copy.deepcopy(sure.model).to(torch.bfloat16), tokenizer)
    assert attribute(same, "sure about it").hessian is not None


def test_a_step_that_half_precision_does_not_resolve_is_refused(gpt2: LanguageModel) -> None:
    low, settings = in_dtype(gpt2, "bfloat16"), Settings(estimator="finite_difference", probes=1)
    with pytest.raises(SettingsError, match=r"in bfloat16 less than 0\.062 is lost to rounding: load the model in"):
        attribute(low, "step", settings=settings)
    assert attribute(low, "step", settings=replace(settings, step=0.1)).hessian is not None


def test_a_result_says_in_which_precision_it_was_computed() -> None:
    made = samples.result()
    assert "float32" not in caption.method(made)
    low = replace(made, source=replace(made.source, dtype="bfloat16"))
    assert "computed in bfloat16: one to two digits of a score are good" in caption.method(low)
    assert "computed in bfloat16" in report(low, 3)
    assert "computed in bfloat16" in str(strip.payload(low)["method"])


@pytest.fixture(scope="module")
def town() -> LanguageModel:
    return load("littletown")


def rho(one: Attribution, other: Attribution) -> float:
    return float(spearmanr(one.scores, other.scores).statistic)


@pytest.mark.figures
def test_bfloat16_keeps_the_order_of_the_final_score(town: LanguageModel) -> None:
    low = load("littletown", dtype="bfloat16")
    rows = []
    for example in generated(None, 50, 3).examples:
        a, b = (attribute(lm, example.prompt) for lm in (town, low))
        assert a.hessian is not None and b.hessian is not None
        off = float(np.abs(b.scores - a.scores).max() / a.scores.max())
        top = np.argsort(-a.scores)[:5]
        rows.append((rho(a, b), off, float(np.median(np.abs(b.scores[top] / a.scores[top] - 1)))))
        print(f"{len(rows):3} {len(a.scores):3} tokens, p {np.exp(a.log_p):.4f}: {rows[-1]}", flush=True)
    found = np.array(rows)
    print(
        f"Spearman: median {np.median(found[:, 0]):.4f}, least {found[:, 0].min():.4f}, "
        f"below 0.98 {(found[:, 0] < 0.98).sum()} of {len(found)}; off by, of the largest score, median "
        f"{np.median(found[:, 1]):.3f}, most {found[:, 1].max():.3f}; of their own size, the five highest, median "
        f"{np.median(found[:, 2]):.3f}, most {found[:, 2].max():.3f}"
    )
    assert np.median(found[:, 0]) > 0.995 and found[:, 0].min() > 0.98


def test_differences_of_gradients_agree_on_the_embedded_model(town: LanguageModel) -> None:
    """With the same probes; what is left is the rounding of float32 and the square of the step."""
    off: list[float] = []
    for example in generated(None, 6, 3).examples:
        a, b = (
            attribute(town, example.prompt, settings=Settings(estimator=name, probes=2))
            for name in ("block_probes", "finite_difference")
        )
        assert a.hessian is not None and b.hessian is not None
        off += (np.abs(b.hessian.scores / a.hessian.scores - 1)).tolist()
    print(f"finite_difference against block_probes: median {np.median(off):.2%}, 90% {np.quantile(off, 0.9):.2%}")
    assert np.median(off) < 0.01
