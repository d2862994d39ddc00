"""Noise on embeddings reaches every method, and what sensitivity and the probes' error come to."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from test_metrics import case, measured

from heta_core import methods
from heta_core.evaluation.repeating import again
from heta_core.groups import singles
from heta_core.language_model import LanguageModel, embed
from heta_core.methods import Asked, Method, Scoring
from heta_core.metrics import Case
from heta_core.metrics.sensitivity import noise_of
from heta_core.parts import Floats, Work
from heta_core.passes.perturbed import perturbed
from heta_core.settings import Settings
from heta_core.targets import Choice, resolve
from heta_core.tokens import from_ids

IDS = (70, 3, 9, 41, 120, 7)
N = len(IDS)
CLOSE = 1e-6


def asked_of(lm: LanguageModel) -> Asked:
    tokens = from_ids(lm.tokenizer, IDS)
    target = resolve(Choice(token_id=11), tokens, 0, lm.tokenizer, lm.vocabulary)
    return Asked(lm, tokens, target, singles(N), Settings(probes=3))


def last(scoring: Scoring) -> Floats:
    *_, (_, scores) = scoring
    assert scores is not None
    return scores


def noise(lm: LanguageModel, size: float = 0.1, seed: int = 0) -> Floats:
    return size * np.random.default_rng(seed).standard_normal((N, lm.model.config.hidden_size))


@pytest.mark.parametrize("method", methods.known(), ids=[m.name for m in methods.known()])
def test_every_method_is_run_on_the_moved_embeddings(llama: LanguageModel, method: Method) -> None:
    """As on a model that has other embeddings of those ids; its output matrix is another one and stays."""
    asked, added = asked_of(llama), noise(llama)
    plain = last(method.score(replace(asked), 0))
    found = last(again(method, asked, 0, added))
    table = llama.model.get_input_embeddings().weight
    assert table.data_ptr() != llama.model.get_output_embeddings().weight.data_ptr()
    before = table[list(IDS)].detach().clone()
    try:
        with torch.no_grad():
            table[list(IDS)] += torch.from_numpy(added)
        moved = last(method.score(replace(asked), 0))
    finally:
        with torch.no_grad():
            table[list(IDS)] = before
    np.testing.assert_allclose(found, moved, rtol=1e-5, atol=CLOSE)
    assert np.array_equal(last(method.score(replace(asked), 0)), plain)  # and nothing is left behind
    if method.name not in ("random", "uniform", "recency"):
        assert not np.allclose(found, plain, rtol=1e-5, atol=0)


def test_noise_is_on_the_ids_of_the_text_and_not_in_other_threads(llama: LanguageModel) -> None:
    added, text = noise(llama), (9, *IDS, 5)
    plain = embed(llama, text)
    elsewhere: list[torch.Tensor] = []
    with perturbed(llama, IDS, added):
        other = threading.Thread(target=lambda: elsewhere.append(embed(llama, text)))
        other.start()
        other.join(10)
        moved = embed(llama, text) - plain
    expected = torch.from_numpy(np.concatenate([added[2:3], added, np.zeros_like(added[:1])]))
    torch.testing.assert_close(moved, expected)
    assert torch.equal(elsewhere[0], plain)
    with pytest.raises(ZeroDivisionError), perturbed(llama, IDS, added):
        raise ZeroDivisionError
    assert torch.equal(embed(llama, text), plain)


def test_an_id_that_comes_again_is_moved_as_the_first_time(llama: LanguageModel) -> None:
    ids, plain = (3, 9, 3), embed(llama, (3, 9, 3))
    added = noise(llama)[:3]
    with perturbed(llama, ids, added):
        torch.testing.assert_close(embed(llama, ids) - plain, torch.from_numpy(added[[0, 1, 0]]))


def of(lm: LanguageModel, name: str, seed: int = 0) -> tuple[Case, Floats]:
    """A case of a method, and its scores."""
    method, asked = methods.named(name), asked_of(lm)
    judged = replace(case(lm, seed=seed), asked=asked)
    return replace(judged, again=lambda added: again(method, asked, 0, added)), last(method.score(asked, 0))


def test_sensitivity_is_its_definition(llama: LanguageModel) -> None:
    asked, scores = of(llama, "occlusion")
    context = embed(llama, IDS)
    runs = []
    for run in range(5):
        added = noise_of(asked, run)
        assert added.std() == pytest.approx(0.01 * float((context**2).mean() ** 0.5), rel=0.3)
        runs.append(last(asked.again(added)))
    shares = np.array([run / np.abs(run).sum() for run in runs])
    spread = np.sqrt(((shares - shares.mean(0)) ** 2).mean(0)).mean()
    ranks = [np.argsort(np.argsort(values)) for values in (scores, *runs)]
    order = np.mean([1 - np.corrcoef(ranks[0], other)[0, 1] for other in ranks[1:]])
    found = measured("sensitivity", asked, scores)
    assert found["sensitivity"] == pytest.approx(spread) and spread > 0
    assert found["sensitivity_order"] == pytest.approx(order)


def test_what_does_not_look_at_the_model_is_not_sensitive(llama: LanguageModel) -> None:
    """A random order is drawn with the same draw again."""
    assert measured("sensitivity", *of(llama, "random")) == {
        "sensitivity": pytest.approx(0.0, abs=1e-12),
        "sensitivity_order": pytest.approx(0.0, abs=1e-12),
    }
    assert measured("sensitivity", *of(llama, "uniform"))["sensitivity_order"] is None


def test_probes_stay_the_same_under_noise(llama: LanguageModel) -> None:
    """Without noise a second run of HETA with few probes is the first; with it they differ by little."""
    asked, scores = of(llama, "heta")
    assert np.array_equal(last(asked.again(np.zeros((N, llama.model.config.hidden_size)))), scores)
    assert 0 < measured("sensitivity", asked, scores)["sensitivity"] < 0.05


def test_a_method_that_cannot_be_run_again_has_no_sensitivity(llama: LanguageModel) -> None:
    asked, scores = of(llama, "occlusion")
    assert set(measured("sensitivity", replace(asked, again=None), scores).values()) == {None}
    nothing = replace(asked, again=lambda _: iter([(Work(), np.zeros(N))]))
    assert set(measured("sensitivity", nothing, scores).values()) == {None}


def test_the_error_of_the_probes_is_that_of_the_five_highest(llama: LanguageModel) -> None:
    asked, scores = of(llama, "heta")
    result = asked.asked.shared.result
    top = np.argsort(-scores)[:5]
    error = result.weights.beta * result.transition.scores * result.hessian.standard_error
    if result.weights.scaling == "unit":
        error = error / result.hessian.scores.sum()
    found = measured("probe_variance", asked, scores)["probe_error"]
    assert found == pytest.approx(np.mean(error[top] / scores[top])) and found > 0


def test_other_scores_than_hetas_have_no_error_of_probes(llama: LanguageModel) -> None:
    asked, scores = of(llama, "heta")
    assert measured("probe_variance", asked, scores + 1e-9) == {"probe_error": None}
    assert measured("probe_variance", *of(llama, "occlusion")) == {"probe_error": None}
    single = replace(asked, asked=replace(asked.asked, settings=Settings(probes=1)))
    own = last(methods.named("heta").score(single.asked, 0))
    assert measured("probe_variance", single, own) == {"probe_error": None}
