"""Questions whose evidence the shipped model follows, in both orders."""

import pytest

from heta_core import load
from heta_core.answers import first_choices
from heta_core.datasets._littletown import both_orders
from heta_core.errors import InputError
from heta_core.evaluation.verified import SKILLS, WHY, verified
from heta_core.language_model import LanguageModel
from heta_core.littletown.lessons import evidence_change
from heta_core.shell.evaluate_options import Generated, _dataset
from heta_core.typed import token_of


@pytest.fixture(scope="module")
def town() -> LanguageModel:
    return load("littletown")


def test_every_example_is_one_that_the_model_follows_and_its_other_order_is_there(town: LanguageModel) -> None:
    found = verified(town, 16, 3, ("where", "two-step"))
    assert [example.tags for example in found.examples] == [
        (skill,) for skill in ("where", "two-step") for _ in "ab"
    ] * 4
    ids = {example.id for example in found.examples}
    assert len(ids) == 16 and all(example.pair in ids for example in found.examples)
    asked = {
        example.id: instance
        for skill in ("where", "two-step")
        for one in both_orders(skill, 64, 3)
        for instance, example in one
    }
    moved = [evidence_change(asked[example.id]) for example in found.examples]
    said = first_choices(town, [instance.prompt for instance in moved])
    assert said == [token_of(town.tokenizer, instance.answer) for instance in moved]


def test_those_that_do_not_count_are_listed_and_are_none_of_the_others(town: LanguageModel) -> None:
    found = verified(town, 16, 3, ("where", "two-step"))
    assert found.refused and {row.why for row in found.refused} == {WHY}
    assert not {row.id for row in found.refused} & {example.id for example in found.examples}
    assert all("two-step" in str(row.id) for row in found.refused)


def test_the_same_seed_gives_the_same_and_skills_take_turns(town: LanguageModel) -> None:
    found = verified(town, 16, 0)
    assert found == verified(town, 16, 0) != verified(town, 16, 1)
    assert [example.tags[0] for example in found.examples[::2]] == list(SKILLS)


@pytest.mark.parametrize("n", [0, 1, 7])
def test_both_orders_need_an_even_number(town: LanguageModel, n: int) -> None:
    with pytest.raises(InputError, match="even number"):
        verified(town, n, 0)


def test_a_model_that_reads_nothing_is_told_so(llama: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heta_core.evidence.first_choices", lambda lm, prompts: [0] * len(prompts))
    monkeypatch.setattr("heta_core.evidence.token_of", lambda tokenizer, text: 1)
    with pytest.raises(InputError, match="found fewer of where"):
        verified(llama, 2, 0, ("where",))


def test_data_that_come_along_are_named_in_the_shell() -> None:
    assert _dataset("littletown:verified:20") == Generated("littletown", "verified", 20)
    assert _dataset("littletown") == Generated("littletown", None, 100)
    assert _dataset("curated:6") == Generated("curated", None, 6)
