"""Littletown as data: what is marked says what it is marked for, and the other order changes nothing but the order."""

import re

import pytest

from heta_core.datasets import Dataset, Example, generated
from heta_core.errors import InputError
from heta_core.littletown.lessons import CORE, SKILLS, held_out, minimal_pair
from heta_core.littletown.swapping import swapped

SETS = {skill: generated(skill, 40, 5) for skill in SKILLS}
each_skill = pytest.mark.parametrize("skill", SKILLS)
ORDERED = tuple(skill for skill in (*CORE, "pronoun", "two-step") if skill != "facts")


def said(example: Example, field: str) -> list[str]:
    return [example.prompt[start:stop] for start, stop in getattr(example, field)]


def sentences(example: Example) -> list[str]:
    """The scene, cut at its full stops: written without the code that made it."""
    (question,) = example.question
    return re.findall(r"[^.]+\.", example.prompt[: question[0]])


def by_id(found: Dataset) -> dict[str, Example]:
    return {example.id: example for example in found.examples}


@each_skill
def test_examples_have_an_answer_of_one_token_evidence_and_a_tag(skill: str) -> None:
    found = SETS[skill]
    assert (len(by_id(found)), found.format, found.refused) == (40, "littletown", ())
    for example in found.examples:
        assert example.takes == "one" and example.target and example.target.startswith(" ")
        assert example.evidence and example.gold_words and example.tags == (skill,)
        assert re.fullmatch(rf"littletown-{skill}-5-\d+(-swapped)?", example.id)


@each_skill
def test_marked_words_stand_in_the_evidence_and_the_distractor_does_not(skill: str) -> None:
    for example in SETS[skill].examples:
        for a, b in example.gold_words:
            assert any(c <= a and b <= d for c, d in example.evidence)
        for a, b in example.distractor:
            assert all(b <= c or d <= a for c, d in (*example.evidence, *example.question))


@pytest.mark.parametrize("skill", [*ORDERED, "conflict"])
def test_a_wrong_answer_is_told_by_the_distractor(skill: str) -> None:
    for example in SETS[skill].examples:
        text = " ".join(said(example, "distractor"))
        assert text.endswith(".")
        assert not re.search(rf"\b{(example.target or '').strip()}\b", text) or skill in ("who", "gave")


def test_the_words_of_one_sentence_are_told_apart() -> None:
    for example in SETS["agreement"].examples:
        (head,), (attractor,) = said(example, "evidence"), said(example, "distractor")
        assert example.prompt.startswith(f"The {head} ") and example.prompt.endswith(f" the {attractor}")
    for example in SETS["copying"].examples:
        copied = example.prompt.split("Again: ")[1].split()
        assert said(example, "evidence") == [*copied, (example.target or "").strip()]
        assert len(said(example, "distractor")) == 1


def test_a_fixed_fact_stands_in_its_question() -> None:
    for example in SETS["facts"].examples:
        assert example.question == () and said(example, "evidence")[0].startswith("Question: ")


@pytest.mark.parametrize("skill", ORDERED)
def test_the_other_order_asks_the_same_of_the_same_sentences(skill: str) -> None:
    found = by_id(SETS[skill])
    pairs = [(one, found[one.pair]) for one in found.values() if one.pair and not one.id.endswith("-swapped")]
    assert len(pairs) == 20
    for one, other in pairs:
        assert other.pair == one.id and one.cluster == other.cluster == one.id
        assert one.prompt != other.prompt
        assert sorted(s.strip() for s in sentences(one)) == sorted(s.strip() for s in sentences(other))
        assert (one.target, said(one, "question")) == (other.target, said(other, "question"))
        assert said(one, "evidence") == said(other, "evidence")
        assert sorted(said(one, "distractor")) == sorted(said(other, "distractor"))


@pytest.mark.parametrize("skill", ["where", "have", "colour", "gave"])
def test_in_the_other_order_the_evidence_stands_where_the_wrong_answer_stood(skill: str) -> None:
    for instance in held_out(skill, 50, 1):
        other = swapped(instance)
        assert other is not None
        places = []
        for one in (instance, other):
            assert one.prompt[slice(*minimal_pair(one).evidence_spans[0])] != one.prompt[slice(*one.evidence_spans[0])]
            places.append(one.evidence_spans[0] < minimal_pair(one).evidence_spans[0])
        assert places[0] != places[1]


def test_a_pronoun_still_follows_the_meeting_that_it_points_to() -> None:
    for example in SETS["pronoun"].examples:
        told = [sentence.strip() for sentence in sentences(example)]
        pointing = [k for k, sentence in enumerate(told) if sentence.split()[0] in ("He", "She")]
        assert len(pointing) == 2
        assert next(k for k, sentence in enumerate(told) if " met " in sentence) < min(pointing)


@pytest.mark.parametrize("skill", ["facts", "negation", "conflict", "agreement", "copying"])
def test_where_the_order_decides_or_there_is_none_nothing_is_swapped(skill: str) -> None:
    assert all(swapped(instance) is None for instance in held_out(skill, 50, 1))
    assert not any(example.pair or example.cluster for example in SETS[skill].examples)


@pytest.mark.parametrize("n", [1, 3, 7])
def test_an_example_whose_pair_is_left_out_has_none(n: int) -> None:
    found = generated("where", n, 0)
    assert len(found.examples) == n
    assert found.examples[-1].pair == "" and found.examples[-1].cluster == ""
    assert all(example.pair in by_id(found) for example in found.examples[:-1])


def test_all_skills_take_turns() -> None:
    found = generated(None, 100, 0)
    assert len(by_id(found)) == 100 and found.name == "Littletown, every skill"
    assert {example.tags for example in found.examples} == {(skill,) for skill in SKILLS}


def test_the_same_seed_gives_the_same_examples_and_more_of_them_begin_with_the_same() -> None:
    assert generated("gave", 10, 3) == generated("gave", 10, 3)
    assert generated("gave", 10, 3).examples == generated("gave", 30, 3).examples[:10]
    assert generated("gave", 10, 3).examples != generated("gave", 10, 4).examples


def test_what_cannot_be_generated_says_why() -> None:
    with pytest.raises(InputError, match=r"no skill 'flying' in Littletown: take one of where, have"):
        generated("flying", 1, 0)
    with pytest.raises(InputError, match=r"Need at least 1 example, found 0"):
        generated("where", 0, 0)
