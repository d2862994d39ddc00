"""Sets of tokens masked at once, and f under them, against one full run for each set."""

import numpy as np
import oracles_curvature as oracle
import pytest
import torch
from torch import Tensor

from heta_core.errors import NotDifferentiableError, UnsupportedModelError
from heta_core.language_model import LanguageModel
from heta_core.passes import sets as masking
from heta_core.passes.sets import Line, Sets, read_masked
from heta_core.passes.valuing import of_tokens, values
from heta_core.settings import MASKS, Mask, Settings
from heta_core.targets import Line as Terms
from heta_core.targets import Objective, Term

IDS = (70, 3, 9, 41, 9, 120, 7)  # shorter than the tiny window, which counts tokens, not positions
N_CONTEXT = 6  # the last token stands after what can be masked
# Beginnings of every length, holes, the row's own token, nothing and everything.
MASKED = ("000000", "100000", "110100", "010010", "000001", "101011", "111110", "111111")
# One log-probability of some 7 nats, rounded at 6e-8 where norms are float32.
CLOSE = 1e-5


def sets() -> Sets:
    return np.array([[c == "1" for c in row] for row in MASKED])


def settings_of(mask: Mask) -> Settings:
    return Settings(mask=mask, mask_token=5 if mask == "token" else None, batch=3)


@torch.no_grad()
def defined(lm: LanguageModel, hidden: np.ndarray, mask: Mask, row: int) -> Tensor:
    """(V,) predicted at a row of one sequence in which the set is masked, by definition."""
    if mask != "attention":
        embeddings = oracle.embedded(lm.model, IDS).clone()
        context = embeddings[:N_CONTEXT]
        instead = {"zero": context[0] * 0, "mean": context.mean(0), "token": oracle.embedded(lm.model, (5,))[0]}[mask]
        embeddings[: len(hidden)][torch.from_numpy(hidden)] = instead
        return oracle.log_p(lm.model, embeddings[: row + 1])
    kept = [i for i in range(row + 1) if i == row or i >= len(hidden) or not hidden[i]]
    given = torch.tensor([[IDS[i] for i in kept]])
    logits = lm.model(given, attention_mask=torch.ones_like(given), position_ids=torch.tensor([kept])).logits[0, -1]
    return logits - logits.logsumexp(-1)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("rows", [(6,), (5,), (1, 4, 5, 6)], ids=["after", "inside", "several"])
def test_masking_a_set_is_one_full_run_without_it(lm: LanguageModel, mask: Mask, rows: tuple[int, ...]) -> None:
    line = Line(IDS[: rows[-1] + 1], N_CONTEXT, rows)
    found: dict[tuple[int, int], Tensor] = {}
    for read in read_masked(lm, line, sets(), settings_of(mask)):
        for n, number in enumerate(read.sets):
            for k, row in enumerate(read.rows):
                assert (number, row) not in found
                found[number, row] = read.log_probs[n, k]
    assert len(found) == len(MASKED) * len(rows)
    for (number, row), log_p in found.items():
        torch.testing.assert_close(log_p, defined(lm, sets()[number], mask, row), atol=CLOSE, rtol=0)


@pytest.mark.parametrize("mask", MASKS)
def test_f_is_the_signed_sum_over_all_its_terms(llama: LanguageModel, mask: Mask) -> None:
    lines = (Terms(IDS, (Term(5, 7, 1), Term(6, 11, 1))), Terms(IDS[:6], (Term(5, 20, -1),)))
    *_, (_, found) = values(llama, Objective(N_CONTEXT, lines), sets(), settings_of(mask))
    assert found is not None
    for hidden, f in zip(sets(), found, strict=True):
        said = defined(llama, hidden, mask, 5)[7] + defined(llama, hidden, mask, 6)[11]
        assert f == pytest.approx(float(said - defined(llama, hidden, mask, 5)[20]), abs=3 * CLOSE)


def test_the_size_of_a_batch_changes_nothing(gpt2: LanguageModel) -> None:
    objective = Objective(N_CONTEXT, (Terms(IDS, (Term(6, 11, 1),)),))
    one, other = (list(values(gpt2, objective, sets(), Settings(mask="mean", batch=n))) for n in (1, 100))
    assert len(one) > len(other)
    assert one[-1][1] == pytest.approx(other[-1][1], abs=1e-12)


def test_a_group_is_masked_whole() -> None:
    units = np.array([[True, False, True], [False, True, False]])
    tokens = of_tokens(units, ((0, 1), (1, 4), (4, 6)))
    assert tokens.astype(int).tolist() == [[1, 0, 0, 0, 1, 1], [0, 1, 1, 1, 0, 0]]


def test_what_is_not_finite_is_no_number(gpt2: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "log_probs", lambda logits: logits * torch.nan)
    objective = Objective(N_CONTEXT, (Terms(IDS, (Term(6, 11, 1),)),))
    with pytest.raises(NotDifferentiableError, match="NaN"):
        list(values(gpt2, objective, sets(), Settings()))


def test_positions_that_come_from_the_mask_are_refused(gpt2: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpt2.model.config, "alibi", True, raising=False)
    with pytest.raises(UnsupportedModelError, match="positions"):
        list(read_masked(gpt2, Line(IDS, N_CONTEXT, (6,)), sets(), Settings(mask="attention")))
