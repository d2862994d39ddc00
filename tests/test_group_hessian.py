"""The curvature of blocks, against the whole Hessian; and whole runs on blocks, of long texts too."""

import copy
from dataclasses import replace

import numpy as np
import oracles_groups as definition
import pytest
import torch
from conftest import TINY_CONFIGS, byte_tokenizer, random_model
from narrow import narrow_model

from heta_core.attribution import Attribution
from heta_core.engine import attribute, attribute_steps
from heta_core.estimators.probes import signs
from heta_core.grouping import GROUPINGS, Grouping
from heta_core.groups import Groups, singles
from heta_core.language_model import LanguageModel
from heta_core.loading import wrap
from heta_core.report import dumps, loads
from heta_core.settings import MASKS, Mask, Settings
from heta_core.targets import Choice
from heta_core.tokens import from_ids

IDS = (70, 3, 9, 41, 9, 120, 7)
CUT: Groups = ((0, 1), (1, 4), (4, 5), (5, 7))
QUICK = Settings(probes=3, chunk=4)


def found(lm: LanguageModel, groups: Groups | None, settings: Settings = QUICK) -> Attribution:
    return attribute(lm, from_ids(lm.tokenizer, IDS), choice=Choice(token_id=11), settings=settings, groups=groups)


@pytest.mark.parametrize("groups", [CUT, ((0, 7),), ((0, 3), (3, 7))], ids=["mixed", "one", "two"])
def test_the_sensitivity_of_a_block_is_that_of_its_block_of_the_hessian(lm: LanguageModel, groups: Groups) -> None:
    result = found(lm, groups)
    matrix = definition.whole_hessian(lm.model, IDS, 11)
    width = matrix.shape[1]
    drawn = torch.from_numpy(np.stack([signs(0, i, range(3), width) for i in range(7)], 1)).double()  # (m, T, D)
    norms = torch.stack([definition.block_norms(matrix, group, drawn[:, slice(*group)]) for group in groups])
    assert result.hessian is not None and result.density is not None
    # Softmax and norms in float32 inside a float64 model, as in test_hessian.py.
    least = (1e-10 if lm.architecture.name == "gpt2" else 1e-6) * float(norms.max())
    np.testing.assert_allclose(result.hessian.scores, norms.mean(1), rtol=0, atol=least)
    np.testing.assert_allclose(result.hessian.standard_error, norms.std(1) / 3**0.5, rtol=0, atol=least)
    np.testing.assert_allclose(result.density, result.hessian.scores / [b - a for a, b in groups])


def test_dense_takes_every_sign_vector_of_a_block() -> None:
    """Two tokens of four: 2^7 vectors each, against the mean over all 2^8 of the block."""
    lm = narrow_model("gpt2", width=4)
    result = attribute(
        lm,
        from_ids(lm.tokenizer, IDS[:4]),
        choice=Choice(token_id=11),
        settings=Settings(estimator="dense"),
        groups=((0, 2), (2, 4)),
    )
    matrix = definition.whole_hessian(lm.model, IDS[:4], 11)
    probes = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * 8).reshape(-1, 2, 4)
    expected = [float(definition.block_norms(matrix, group, probes).mean()) for group in ((0, 2), (2, 4))]
    assert result.hessian is not None
    np.testing.assert_allclose(result.hessian.scores, expected, rtol=1e-9)


@pytest.mark.parametrize(
    "settings",
    [QUICK, Settings(probes="auto"), Settings(estimator="coloured", probes=3)],
    ids=["own", "auto", "coloured"],
)
def test_blocks_of_one_token_are_the_tokens(lm: LanguageModel, settings: Settings) -> None:
    one, other = found(lm, singles(7), settings), found(lm, None, settings)
    assert one.hessian and other.hessian and one.information and other.information
    assert one.hessian.scores.tobytes() == other.hessian.scores.tobytes()
    assert one.information.kl.tobytes() == other.information.kl.tobytes()
    assert one.scores.tobytes() == other.scores.tobytes()


def test_a_block_is_not_the_sum_of_its_tokens(gpt2: LanguageModel) -> None:
    blocks, tokens = found(gpt2, CUT), found(gpt2, None)
    assert blocks.hessian and tokens.hessian and blocks.information and tokens.information
    for whole, parts in (
        (blocks.hessian.scores, tokens.hessian.scores),
        (blocks.information.kl, tokens.information.kl),
    ):
        summed = np.add.reduceat(parts, [start for start, _ in CUT])
        assert abs(whole[1] / summed[1] - 1) > 0.05
        assert whole[0] == pytest.approx(parts[0], rel=1e-9)


@pytest.mark.parametrize(
    "choice", [Choice(), Choice(4, stop=7), Choice(6, foil=(11,)), Choice(4, stop=6, foil=(11, 12))]
)
@pytest.mark.parametrize("groups", GROUPINGS)
def test_everything_that_can_be_explained_can_be_by_blocks(lm: LanguageModel, choice: Choice, groups: Grouping) -> None:
    result = attribute(lm, "Kate has a cup. So it is.", choice=choice, settings=QUICK, groups=groups)
    assert result.groups is not None and result.is_complete and len(result.scores) == len(result.groups)
    assert dumps(loads(dumps(result))) == dumps(result)
    assert result.effect is not None and len(result.effect) == result.n_units


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("has_prefix", [True, False])
def test_the_plan_counts_every_pass_over_blocks(llama: LanguageModel, mask: Mask, has_prefix: bool) -> None:
    settings = Settings(mask=mask, mask_token=3 if mask == "token" else None, probes=4, chunk=5)
    for choice in (Choice(), Choice(8, stop=11)):
        *_, result = attribute_steps(
            replace(llama, has_prefix=has_prefix), "One. Two. Three.", choice=choice, settings=settings, groups="words"
        )
        assert result.work.done == result.work.planned and result.work.fraction == 1


def test_a_long_text_is_scored_by_sentences() -> None:
    """A thousand tokens: two products and a masked run for each of twenty sentences, not for each token."""
    config = copy.deepcopy(TINY_CONFIGS["llama"])
    config.max_position_embeddings, config.num_hidden_layers = 1100, 1
    lm = wrap(random_model(config).float(), byte_tokenizer(), name="long")
    text = " ".join(f"Line {i:02} goes on for quite a while".ljust(48, ".") for i in range(20))
    *_, result = attribute_steps(lm, text, settings=Settings(probes=2), groups="sentences")
    assert result.n_context > 950 and result.n_units == 21
    assert result.work.products == 2 * 21
    assert result.scores.shape == (21,) and (result.scores > 0).all()
    assert result.units.pieces[1].startswith("Line 00 goes on for quite a while...")
