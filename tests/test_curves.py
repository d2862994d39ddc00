"""Deletion and insertion curves: their points against one full run each, their areas by hand, their labels."""

from dataclasses import replace

import numpy as np
import oracles_curvature as oracle
import pytest
import torch

from heta_core import methods
from heta_core.attribution import Attribution
from heta_core.engine import attribute
from heta_core.errors import InputError, ReportError
from heta_core.explaining import explain_by
from heta_core.faithfulness.curves import (
    MAP,
    MAP_TITLE,
    MOST_RANKS,
    Curve,
    Curves,
    area,
    check_mask,
    order_of,
    ranks_of,
)
from heta_core.faithfulness.masking import mask_these
from heta_core.faithfulness.running import curve_steps, curves, own_steps
from heta_core.groups import Groups
from heta_core.language_model import LanguageModel
from heta_core.parts import Floats, Work
from heta_core.settings import MASKS, Settings
from heta_core.targets import Choice
from heta_core.tokens import from_ids

IDS = (70, 3, 9, 41, 9, 120, 7, 33)
QUICK = Settings(probes=2)
CLOSE = 1e-5  # rounding of a log-probability where norms are float32
CHOICES = {
    "token": Choice(token_id=11),
    "standing": Choice(5),
    "span": Choice(4, stop=7),
    "contrast": Choice(token_id=11, foil=(12,)),
    "strings": Choice(5, stop=7, foil=(20, 21)),
}


def explained(lm: LanguageModel, choice: Choice = CHOICES["token"], groups: Groups | None = None) -> Attribution:
    return attribute(lm, from_ids(lm.tokenizer, IDS), choice=choice, settings=QUICK, groups=groups)


def f_without(lm: LanguageModel, result: Attribution, units: set[int]) -> float:
    """f with the mean of the context in the place of some units, every log p in a full run of its own."""
    target = result.target
    mean = oracle.embedded(lm.model, result.tokens.ids[: result.n_context]).mean(0)
    places = [i for unit in units for i in range(*result.places[unit])]
    total = 0.0
    for said, sign in ((target.said, 1), (target.foil, -1)):
        ids = (*result.tokens.ids[: target.position], *(s.token_id for s in said))
        for k in range(target.position, len(ids)):
            embeddings = oracle.embedded(lm.model, ids[:k]).clone()
            embeddings[[i for i in places if i < k]] = mean
            with torch.no_grad():
                total += sign * float(oracle.log_p(lm.model, embeddings)[ids[k]])
    return total


def test_every_point_is_one_full_run(lm: LanguageModel) -> None:
    result = explained(lm)
    found = curves(lm, result)
    assert found.settings.mask == "mean" and found.is_complete
    everything = set(range(result.n_units))
    for curve in found.curves:
        for k, out, kept in zip(found.ranks, curve.deletion, curve.insertion, strict=True):
            assert out == pytest.approx(f_without(lm, result, set(curve.order[:k])), abs=CLOSE)
            assert kept == pytest.approx(f_without(lm, result, everything - set(curve.order[:k])), abs=CLOSE)


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_whatever_is_explained_its_own_f_is_followed(llama: LanguageModel, choice: Choice) -> None:
    result = explained(llama, choice)
    found = curves(llama, result)
    (own,) = found.of(MAP)
    assert own.order == order_of(result.scores, 0)
    assert own.deletion[0] == own.insertion[-1] == pytest.approx(result.f, abs=CLOSE)
    for k in (1, 3, result.n_units):
        assert own.deletion[k] == pytest.approx(f_without(llama, result, set(own.order[:k])), abs=3 * CLOSE)


def test_groups_are_masked_as_one(gpt2: LanguageModel) -> None:
    groups = ((0, 3), (3, 4), (4, 8))
    result = explained(gpt2, groups=groups)
    found = curves(gpt2, result)
    assert found.n_units == 3 and found.ranks == (0, 1, 2, 3)
    (own,) = found.of(MAP)
    assert own.deletion[1] == pytest.approx(f_without(gpt2, result, {own.order[0]}), abs=CLOSE)


def test_the_map_is_held_against_every_method_and_five_random_orders(gpt2: LanguageModel) -> None:
    found = curves(gpt2, explained(gpt2))
    assert [(c.name, c.draw) for c in found.curves[:6]] == [(MAP, 0), *(("random", n) for n in range(5))]
    assert {c.name for c in found.curves} == {MAP, *(m.name for m in methods.references())}
    assert {"random", "occlusion", "input_gradient", "recency"} <= {m.name for m in methods.known()}
    assert found.of("recency")[0].order == (7, 6, 5, 4, 3, 2, 1, 0)


def test_a_map_alone_has_the_same_curve_and_costs_less(gpt2: LanguageModel) -> None:
    result = explained(gpt2)
    whole = curves(gpt2, result)
    *_, alone = own_steps(gpt2, result)
    *_, beside = own_steps(gpt2, result, has_random=True)
    assert [(c.name, c.draw) for c in beside.curves] == [(MAP, 0), *(("random", n) for n in range(5))]
    assert [c.name for c in alone.curves] == [MAP] and alone.said == ()
    for few in (beside, alone):
        assert few.is_complete and few.settings == whole.settings
        for curve, other in zip(few.curves, whole.curves, strict=False):
            assert curve.order == other.order and (curve.deletion == other.deletion).all()
    assert alone.work.forwards == 2 * result.n_units < beside.work.forwards < whole.work.forwards


def test_another_methods_map_is_drawn_from_what_speaks_for_the_target_to_what_speaks_against(
    gpt2: LanguageModel,
) -> None:
    result = explain_by(gpt2, from_ids(gpt2.tokenizer, IDS), "occlusion", choice=CHOICES["token"])
    *_, found = own_steps(gpt2, result, mask="mean")
    assert result.scores.min() < 0
    (own,) = found.curves
    assert own.order == tuple(np.argsort(-result.scores))
    assert own.deletion[1] == pytest.approx(f_without(gpt2, result, {own.order[0]}), abs=CLOSE)


def test_random_orders_go_by_the_seed(gpt2: LanguageModel) -> None:
    result = explained(gpt2)
    one, again, other = ([c.order for c in curves(gpt2, result, seed=seed).of("random")] for seed in (3, 3, 4))
    assert one == again != other
    assert len(set(one)) == 5


@pytest.mark.parametrize("made", [m for m in MASKS if m != "token"])
def test_the_mask_that_made_the_map_is_never_the_default_and_is_labelled(gpt2: LanguageModel, made: str) -> None:
    settings = replace(QUICK, mask=made)
    result = attribute(gpt2, from_ids(gpt2.tokenizer, IDS), settings=settings)
    first = next(curve_steps(gpt2, result))
    assert first.settings.mask == check_mask(result.settings.mask) != made and not first.is_circular
    assert next(curve_steps(gpt2, result, mask=result.settings.mask)).is_circular


def test_another_mask_gives_other_curves(gpt2: LanguageModel) -> None:
    result = explained(gpt2)
    zero, mean, hidden = (curves(gpt2, result, mask=m).curves[0].deletion for m in ("zero", "mean", "attention"))
    assert not np.allclose(zero[1:], mean[1:]) and not np.allclose(mean[1:], hidden[1:])


def test_every_rank_says_what_the_model_says_then(gpt2: LanguageModel) -> None:
    result = explained(gpt2)
    found = curves(gpt2, result)
    assert len(found.said) == len(found.ranks)
    assert found.said[0].candidates[0].token_id == result.prediction.candidates[0].token_id
    before, after = mask_these(gpt2, result, found.curves[0].order[:3])
    assert (before.log_p, after.log_p) == pytest.approx((found.said[0].log_p, found.said[3].log_p))
    assert [c.token_id for c in after.candidates] == [c.token_id for c in found.said[3].candidates]
    assert len(after.candidates) == 10 and after.log_p == pytest.approx(found.curves[0].deletion[3])


def test_what_is_not_there_cannot_be_masked(gpt2: LanguageModel) -> None:
    with pytest.raises(InputError, match="0 to 7"):
        mask_these(gpt2, explained(gpt2), (8,))


def test_a_map_of_another_model_is_refused(gpt2: LanguageModel, llama: LanguageModel) -> None:
    result = explained(gpt2)
    with pytest.raises(InputError, match="tiny-gpt2"):
        curve_steps(llama, result)
    with pytest.raises(InputError, match="tiny-gpt2"):
        mask_these(llama, result, (0,))


def test_an_unfinished_map_has_no_order(gpt2: LanguageModel) -> None:
    with pytest.raises(ReportError, match="partial"):
        curve_steps(gpt2, replace(explained(gpt2), hessian=None))


def test_work_grows_with_every_step_and_what_is_known_stays(gpt2: LanguageModel) -> None:
    steps = list(curve_steps(gpt2, explained(gpt2)))
    done = [step.work.done for step in steps]
    assert done == sorted(done) and all(step.work.fraction < 1 for step in steps[:-1])
    assert steps[-1].work.fraction == 1
    known = [len(step.curves) for step in steps]
    assert known == sorted(known) and known[-1] == 9


def test_a_closed_run_leaves_the_model_free(gpt2: LanguageModel) -> None:
    running = curve_steps(gpt2, explained(gpt2))
    next(running)
    running.close()
    assert gpt2.lock.acquire(blocking=False)
    gpt2.lock.release()


def test_the_area_of_a_line_is_its_middle() -> None:
    assert area((0, 1, 2, 4), np.array([1.0, 0.75, 0.5, 0.0])) == pytest.approx(0.5)
    assert area((0, 3), np.array([0.4, 0.4])) == pytest.approx(0.4)
    assert area((0, 1, 4), np.array([1.0, 0.0, 0.0])) == pytest.approx(1 / 8)


def made_up(kind: str, f: Floats) -> Curves:
    curve = Curve(MAP, MAP_TITLE, 0, (0, 1), f, f[::-1].copy())
    return Curves(kind, 2, (0, 1, 2), Settings(mask="mean"), "zero", False, Work(), (curve,))  # type: ignore[arg-type]


def test_a_probability_is_that_of_the_target_or_of_it_among_the_two() -> None:
    f = np.log(np.array([0.5, 0.25, 0.125]))
    for kind, expected in (("token", [0.5, 0.25, 0.125]), ("contrast", [1 / 3, 1 / 5, 1 / 9])):
        found = made_up(kind, f)
        (own,) = found.curves
        assert found.values(own, "deletion", "probability") == pytest.approx(expected)
        assert (found.values(own, "insertion", "nats") == f[::-1]).all()
        mean = (expected[0] + 2 * expected[1] + expected[2]) / 4
        assert found.area(own, "deletion") == found.area(own, "insertion") == pytest.approx(mean)


def test_a_curve_of_another_length_is_no_curve() -> None:
    with pytest.raises(ReportError, match="each rank"):
        made_up("token", np.zeros(2))


def test_many_units_are_masked_in_steps_and_the_first_one_by_one() -> None:
    assert ranks_of(5) == (0, 1, 2, 3, 4, 5)
    for n in (MOST_RANKS - 1, MOST_RANKS, MOST_RANKS + 1, 64, 2000):
        ranks = ranks_of(n)
        assert ranks[:9] == tuple(range(9)) and ranks[-1] == n
        assert len(ranks) <= MOST_RANKS and list(ranks) == sorted(set(ranks))


def test_equal_scores_stand_in_an_order_that_is_drawn() -> None:
    scores = np.array([0.0, 2.0, 0.0, 0.0, 1.0, 0.0])
    orders = {order_of(scores, seed) for seed in range(20)}
    assert all(order[:2] == (1, 4) for order in orders) and len(orders) > 5
    assert order_of(scores, 3) == order_of(scores, 3)
