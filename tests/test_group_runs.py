"""Groups masked and summed as blocks, against one group at a time in full runs."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import oracles_curvature as oracle
import oracles_groups as definition
import pytest
import torch
from torch import Tensor

from heta_core.attribution import Attribution
from heta_core.components.kl import Effects, effects
from heta_core.engine import attribute_steps
from heta_core.errors import InputError, OutOfMemoryError
from heta_core.groups import Groups, singles
from heta_core.language_model import LanguageModel
from heta_core.passes import masked as masking
from heta_core.settings import MASKS, Mask, Settings
from heta_core.targets import Choice, Line, Term
from heta_core.tokens import Tokens, from_ids

IDS = (70, 3, 9, 41, 9, 120, 7)  # shorter than the tiny window, which counts tokens, not positions
WORD = 11
CUTS: dict[str, Groups] = {
    "a long beginning": ((0, 3), (3, 4), (4, 6), (6, 7)),
    "a long end": ((0, 1), (1, 3), (3, 7)),
    "all at once": ((0, 7),),
    "pairs": ((0, 2), (2, 4), (4, 6), (6, 7)),
}


@pytest.fixture(params=CUTS.values(), ids=CUTS)
def groups(request: pytest.FixtureRequest) -> Groups:
    found: Groups = request.param
    return found


def settings_of(mask: Mask, chunk: int = 3) -> Settings:
    return Settings(mask=mask, mask_token=5 if mask == "token" else None, chunk=chunk)


def line_of(rows: Sequence[int]) -> Line:
    return Line(IDS[: rows[-1] + 1], tuple(Term(row, WORD, 1) for row in rows))


def rows_of(lm: LanguageModel, rows: Sequence[int]) -> Tensor:
    """(R, V) unmasked."""
    with torch.no_grad():
        embeddings = oracle.embedded(lm.model, IDS)
        return torch.stack([oracle.log_p(lm.model, embeddings[: row + 1]) for row in rows])


def measured(lm: LanguageModel, groups: Groups | int, settings: Settings, rows: Sequence[int] = (6,)) -> Effects:
    *_, (_, found) = effects(lm, line_of(rows), groups, rows_of(lm, rows), settings)
    assert found is not None
    return found


def defined(lm: LanguageModel, group: tuple[int, int], mask: Mask, row: int) -> Tensor:
    """(V,) with one group masked, as it is defined."""
    if mask == "attention":
        return definition.hidden(lm.model, IDS, group, row)
    embeddings = oracle.embedded(lm.model, IDS)
    substitute = {"zero": embeddings[0] * 0, "mean": embeddings.mean(0), "token": oracle.embedded(lm.model, (5,))[0]}
    return definition.replaced(lm.model, IDS, group, substitute[mask], row)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("rows", [(6,), (2, 4, 5, 6)], ids=["one row", "several"])
def test_masking_a_group_is_masking_all_of_it_at_once(
    lm: LanguageModel, groups: Groups, mask: Mask, rows: tuple[int, ...]
) -> None:
    found, unmasked = measured(lm, groups, settings_of(mask), rows), rows_of(lm, rows)
    # Families other than GPT-2 take softmax or norms in float32 inside a float64 model, and several embeddings of zero
    # side by side are what a norm rounds worst.
    near, far = (1e-8, 1e-10) if lm.architecture.name == "gpt2" else (1e-6, 1e-5)
    for g, group in enumerate(groups):
        for k, row in enumerate(rows):
            q = defined(lm, group, mask, row) if group[0] <= row else unmasked[k]
            assert found.kl[g, k] == pytest.approx(oracle.divergence(unmasked[k], q), rel=1e-5, abs=near)
            assert found.log_p[g, k] == pytest.approx(float(q[WORD]), abs=far)
            assert found.first[g, k] == int(q.argmax())


def test_a_row_that_begins_a_group_has_nothing_of_it_to_hide(lm: LanguageModel) -> None:
    found = measured(lm, ((0, 4), (4, 7)), settings_of("attention"), (4, 6))
    assert found.kl[1, 0] == 0 and found.kl[1, 1] > 0 and (found.kl[0] > 0).all()


@pytest.mark.parametrize("mask", MASKS)
def test_a_group_of_one_token_is_that_token_bit_for_bit(lm: LanguageModel, mask: Mask) -> None:
    settings, rows = settings_of(mask), (4, 6)
    one, other = measured(lm, singles(7), settings, rows), measured(lm, 7, settings, rows)
    for name in ("kl", "first", "first_log_p", "log_p"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
    mixed = measured(lm, ((0, 1), (1, 3), (3, 4), (4, 5), (5, 7)), settings, rows)
    np.testing.assert_allclose(mixed.log_p[[0, 2, 3]], one.log_p[[0, 3, 4]], rtol=0, atol=1e-5)


@pytest.mark.parametrize("mask", MASKS)
def test_a_prefix_changes_no_number(lm: LanguageModel, groups: Groups, mask: Mask) -> None:
    behind = measured(lm, groups, settings_of(mask, chunk=1), (4, 6))
    whole = measured(replace(lm, has_prefix=False), groups, settings_of(mask, chunk=64), (4, 6))
    np.testing.assert_allclose(behind.kl, whole.kl, rtol=1e-5, atol=1e-8)


def text(lm: LanguageModel) -> Tokens:
    return from_ids(lm.tokenizer, IDS)


def opening(lm: LanguageModel, groups: Groups | None, choice: Choice = Choice()) -> Attribution:
    """The first result, which holds the transition."""
    return next(attribute_steps(lm, text(lm), choice=choice, groups=groups))


@pytest.mark.parametrize("choice", [Choice(), Choice(4, stop=7), Choice(6, foil=(11,))], ids=["token", "span", "foil"])
def test_the_transition_of_a_group_is_the_sum_of_its_tokens(lm: LanguageModel, choice: Choice) -> None:
    tokens = opening(lm, None, choice)
    groups = ((0, 3), (3, tokens.n_context))
    found = opening(lm, groups, choice)
    assert found.transition and tokens.transition
    flow = np.stack([tokens.transition.flow[:, :, a:b].sum(-1) for a, b in groups], -1)
    np.testing.assert_allclose(found.transition.flow, flow, rtol=1e-12)
    assert found.transition.total == pytest.approx(tokens.transition.total, rel=1e-12)
    one = opening(lm, singles(tokens.n_context), choice)
    assert one.transition and one.transition.flow.tobytes() == tokens.transition.flow.tobytes()


def test_groups_that_do_not_cut_the_context_are_refused_before_anything_runs(lm: LanguageModel) -> None:
    with pytest.raises(InputError, match="cover the 7 tokens"):
        attribute_steps(lm, text(lm), groups=((0, 3), (3, 6)))


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("has_prefix", [True, False])
def test_the_forwards_are_counted_before(llama: LanguageModel, groups: Groups, mask: Mask, has_prefix: bool) -> None:
    lm, settings = replace(llama, has_prefix=has_prefix), settings_of(mask)
    for rows in ((6,), (2, 4, 5, 6)):
        line = line_of(rows)
        done = sum(work.forwards for work, _ in effects(lm, line, groups, rows_of(lm, rows), settings))
        assert done == masking.n_forwards(lm, masking.Reading(line.ids, groups, line.rows), settings)


@pytest.mark.parametrize("mask", MASKS)
def test_masking_goes_on_in_smaller_batches_where_memory_runs_out(
    lm: LanguageModel, monkeypatch: pytest.MonkeyPatch, mask: Mask
) -> None:
    settings = settings_of(mask, chunk=6)
    expected = measured(lm, 7, settings)
    sizes: list[int] = []
    whole = masking.logits_at

    def scarce(lm: LanguageModel, rows: Tensor, *arguments: object, **named: object) -> Tensor:
        sizes.append(len(rows))
        if len(rows) > 2:
            raise torch.OutOfMemoryError("full")
        return whole(lm, rows, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(masking, "logits_at", scarce)
    found = measured(lm, 7, settings)
    np.testing.assert_allclose(found.log_p, expected.log_p, rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.kl, expected.kl, rtol=1e-5, atol=1e-8)
    assert max(sizes) > 2 and sizes.count(max(sizes)) == 1


def test_a_single_masked_run_that_does_not_fit_is_an_error(
    llama: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> Tensor:
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(masking, "logits_at", full)
    with pytest.raises(OutOfMemoryError, match="more memory"):
        measured(llama, 7, settings_of("zero"))


def test_a_window_shorter_than_a_group_is_kept_in_single_precision(
    tiny_models: dict[str, LanguageModel],
) -> None:
    """Hidden tokens that see nothing at all must not reach the prediction: their own rows are noise, and stay there."""
    lm = tiny_models["mistral"]
    ids = tuple(range(30, 54))
    assert lm.model.config.sliding_window < 12
    model = lm.model.float()
    try:
        line = Line(ids, (Term(23, WORD, 1),))
        with torch.no_grad():
            plain = model(input_ids=torch.tensor([ids])).logits[0, -1].log_softmax(-1)
            other = torch.tensor([(*ids[:5], *[200] * 12, *ids[17:])])
            mask, positions = torch.ones_like(other), torch.arange(24)[None]
            mask[0, 5:17] = 0
            logits = model(input_ids=other, attention_mask=mask, position_ids=positions).logits[0, -1]
        *_, (_, found) = effects(lm, line, ((0, 5), (5, 17), (17, 24)), plain[None], settings_of("attention"))
        assert found is not None
        assert found.log_p[1, 0] == pytest.approx(float(logits.log_softmax(-1)[WORD]), abs=1e-5)
    finally:
        model.double()
