"""What a run costs, told before it starts, against what it then takes."""

from dataclasses import replace

import pytest
from torch.utils.flop_counter import FlopCounterMode

from heta_core import attribute, generate
from heta_core.cost import pace
from heta_core.cost.calls import Call, flops
from heta_core.cost.estimate import Cost, duration, estimate, plan, plan_steps
from heta_core.cost.pace import pace_of
from heta_core.errors import InputError, OutOfMemoryError
from heta_core.language_model import LanguageModel
from heta_core.passes.room import Extent, shape_of
from heta_core.settings import MASKS, Decoding, Mask, Settings
from heta_core.targets import Choice

TEXT = "Kate has a cup and Noah has a map."
CHOICES = {
    "next": Choice(),
    "span": Choice(10, stop=14),
    "contrast": Choice(token_id=70, foil=(71,)),
    "string contrast": Choice(10, stop=13, foil=(80, 81, 82, 83)),
}


def test_operations_are_those_that_a_run_dispatches(lm: LanguageModel) -> None:
    settings = Settings(probes=3, chunk=5)
    assert plan(lm, TEXT, settings=settings).flops == pytest.approx(dispatched(lm, Choice(), settings), rel=0.15)


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("has_prefix", [True, False])
def test_so_are_those_of_every_choice(llama: LanguageModel, name: str, has_prefix: bool) -> None:
    lm, settings, choice = replace(llama, has_prefix=has_prefix), Settings(probes=2, chunk=5), CHOICES[name]
    predicted = plan(lm, TEXT, choice=choice, settings=settings).flops
    assert predicted == pytest.approx(dispatched(lm, choice, settings), rel=0.15)


def dispatched(lm: LanguageModel, choice: Choice, settings: Settings) -> int:
    """Operations of a run, counted as it goes."""
    with FlopCounterMode(display=False) as counter:
        attribute(lm, TEXT, choice=choice, settings=settings)
    return int(counter.get_total_flops())


def test_operations_of_a_continuation_are_those_of_its_steps(llama: LanguageModel) -> None:
    settings, decoding = Settings(probes=2), Decoding(steps=4)
    predicted = plan_steps(llama, TEXT, steps=4, settings=settings)
    with FlopCounterMode(display=False) as counter:
        said = generate(llama, TEXT, settings=settings, decoding=decoding)
    assert len(said.steps) == 4
    assert predicted.flops == pytest.approx(counter.get_total_flops(), rel=0.15)
    assert predicted.passes == said.work.done + sum(step.work.done for step in said.steps)


@pytest.mark.parametrize("mask", MASKS)
def test_passes_are_those_that_a_run_counts(llama: LanguageModel, mask: Mask) -> None:
    settings = Settings(mask=mask, mask_token=3 if mask == "token" else None, probes=3)
    for groups in (None, "words"):
        found = attribute(llama, TEXT, settings=settings, groups=groups)
        assert plan(llama, TEXT, settings=settings, groups=groups).passes == found.work.done


@pytest.mark.parametrize(
    "settings",
    [Settings(estimator="coloured", probes=2), Settings(estimator="low_rank", rank=2), Settings(layers=1, probes=2)],
)
def test_other_estimates_take_their_own_products(llama: LanguageModel, settings: Settings) -> None:
    predicted = plan(llama, TEXT, settings=settings)
    with FlopCounterMode(display=False) as counter:
        found = attribute(llama, TEXT, settings=settings)
    assert predicted.passes == found.work.done
    assert predicted.flops == pytest.approx(counter.get_total_flops(), rel=0.15)


def test_adaptive_probes_take_fewer_operations_than_ten_each(llama: LanguageModel) -> None:
    text = 3 * TEXT
    auto, ten = (plan(llama, text, settings=Settings(probes=probes)) for probes in ("auto", 10))
    assert 0.1 * ten.flops < auto.flops < 0.5 * ten.flops


def test_a_plan_runs_nothing(llama: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(llama.model), "forward", None)
    assert not plan(llama, TEXT).may_take(1)
    assert plan(llama, 3 * TEXT, settings=Settings(probes=10_000)).may_take(1)


def test_less_memory_is_told_where_less_is_allowed(llama: LanguageModel) -> None:
    free = estimate(llama, TEXT)
    tight = estimate(llama, TEXT, settings=Settings(memory=free.bytes // 2))
    assert tight.bytes <= free.bytes // 2
    assert tight.passes == free.passes and tight.flops == pytest.approx(free.flops)


def test_what_cannot_run_is_refused_before_it_starts(llama: LanguageModel) -> None:
    with pytest.raises(OutOfMemoryError, match=r"needs about .* --memory allows: allow more memory"):
        estimate(llama, TEXT, settings=Settings(memory=1000))
    with pytest.raises(InputError, match="got an empty text"):
        estimate(llama, "")


def test_the_pace_is_the_line_through_what_was_timed(llama: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """0.01 s of any call and a second for 10⁹ units of size."""
    shape, now, timed = shape_of(llama), [0.0], []

    def piece(_lm: LanguageModel, _ids: tuple[int, ...], call: Call) -> object:
        timed.append(call)
        return lambda: now.__setitem__(0, now[0] + 0.01 + pace.size(shape, call) / 1e9)

    monkeypatch.setattr(pace, "_piece", piece)
    monkeypatch.setattr(pace, "_measured", pace.WeakKeyDictionary())
    found = pace_of(llama, tuple(range(100)), lambda: now[0])
    call = Call("product", 16, Extent(300, 400), 5)
    assert found.seconds(shape, call) == pytest.approx(0.05 + pace.size(shape, call) / 1e9)
    n_timed = len(timed)
    assert pace_of(llama, tuple(range(90)), lambda: now[0]) is found and len(timed) == n_timed
    pace_of(llama, tuple(range(200)), lambda: now[0])
    assert len(timed) > n_timed  # a longer text may show more


def test_attention_takes_a_quadratic_share(llama: LanguageModel) -> None:
    shape = shape_of(llama)
    short, long = (flops(shape, Call("forward", 1, Extent(n, n))) for n in (1000, 2000))
    assert 2 < long / short < 4


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.1, "half a second or less"),
        (0.8, "a second"),
        (1.26, "1.3 s"),
        (42, "42 s"),
        (89, "89 s"),
        (444, "7.4 min"),
        (1234, "21 min"),
        (10_000, "2.8 h"),
        (1e6, "12 d"),
    ],
)
def test_durations_are_told_with_two_digits(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_cost_is_told_in_words() -> None:
    told = Cost(passes=5912, flops=1e12, seconds=41.3, bytes=1_230_000_000).words
    assert told == "about 41 s, 1.2 GB beside the model, 5,912 passes"
