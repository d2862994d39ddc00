"""Attention methods against their definitions, from the models' own attention and hidden states."""

from itertools import pairwise, product

import numpy as np
import oracles
import pytest
import torch
from test_methods import CHOICES, IDS, PAIRS, asked, scored

from heta_core.language_model import LanguageModel
from heta_core.parts import Floats

CLOSE = 1e-6  # softmax is float32 in some float64 models


def blocks(scores: Floats) -> Floats:
    return np.array([scores[start:stop].sum() for start, stop in PAIRS])


def rolled_out(attention: Floats, row: int) -> Floats:
    """(T,) the sum over every path from a token to a row of the product of its steps, one path at a time."""
    n_layers, _, n_tokens, _ = attention.shape
    found = np.zeros(n_tokens)
    for path in product(range(n_tokens), repeat=n_layers):
        weight = 1.0
        for layer, (source, reader) in enumerate(pairwise((*path, row))):
            weight *= 0.5 * attention[layer, :, reader, source].mean() + 0.5 * (reader == source)
        found[path[0]] += weight
    return found


def cosines(lm: LanguageModel, ids: tuple[int, ...], row: int) -> Floats:
    hidden = oracles.eager(lm.model)(torch.tensor([ids]), output_hidden_states=True).hidden_states[-1][0].detach()
    return np.array([float(h @ hidden[row] / (h.norm() * hidden[row].norm())) for h in hidden])


def expected(lm: LanguageModel, name: str, ids: tuple[int, ...], row: int) -> Floats:
    if name == "peering":
        return cosines(lm, ids, row) * (np.arange(len(ids)) <= row)
    attention = oracles.attention_of(lm.model, ids)
    return attention[-1, :, row].mean(0) if name == "last_attention" else rolled_out(attention, row)


NAMES = ("last_attention", "attention_rollout", "peering")


@pytest.mark.parametrize("name", NAMES)
def test_a_token_s_share_is_as_defined_and_a_block_s_is_the_sum(lm: LanguageModel, name: str) -> None:
    of_tokens = expected(lm, name, IDS, len(IDS) - 1)
    assert scored(asked(lm), name) == pytest.approx(of_tokens, abs=CLOSE)
    assert scored(asked(lm, groups=PAIRS), name) == pytest.approx(blocks(of_tokens), abs=CLOSE)


@pytest.mark.parametrize("name", NAMES)
def test_of_a_span_it_is_the_mean_over_its_rows(gpt2: LanguageModel, name: str) -> None:
    rows = [np.pad(expected(gpt2, name, IDS[: row + 1], row), (0, 5 - row)) for row in (3, 4, 5)]
    assert scored(asked(gpt2, choice=CHOICES["span"]), name) == pytest.approx(np.mean(rows, 0), abs=CLOSE)


@pytest.mark.parametrize("name", NAMES)
def test_of_two_strings_it_is_the_mean_over_the_rows_of_both(gpt2: LanguageModel, name: str) -> None:
    # Positions 5 and 6 are explained, 120 7 against 20 21; what precedes both is the context.
    lines = [IDS[:6], (*IDS[:5], 20)]
    rows = [expected(gpt2, name, line[: row + 1], row)[:5] for line in lines for row in (4, 5)]
    assert scored(asked(gpt2, choice=CHOICES["strings"]), name) == pytest.approx(np.mean(rows, 0), abs=CLOSE)


@pytest.mark.parametrize("name", ["last_attention", "attention_rollout"])
def test_shares_add_up_to_one(lm: LanguageModel, name: str) -> None:
    assert scored(asked(lm), name).sum() == pytest.approx(1, abs=CLOSE)
