"""Questions about Littletown as a data set: evidence that is known by construction, and the same in the other order."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import islice

from heta_core.datasets._contract import Dataset, Example, Span
from heta_core.datasets._fields import checked
from heta_core.errors import InputError
from heta_core.littletown.lessons import SKILLS, Instance, held_out
from heta_core.littletown.swapping import swapped, told_by

# Their scene is one sentence, which is the whole prompt or all of it but the question: its words are the evidence.
ONE_SENTENCE = ("agreement", "copying")


@lru_cache(maxsize=4)  # nine of ten scenes are told in vain, being those of training: thousands take seconds
def generated(skill: str | None, n: int, seed: int) -> Dataset:
    """`n` examples that training never saw; the same for the same seed, on every machine.

    Where the answer and the wrong one stand in sentences that can change places, the next example is the same question
    with them changed: each names the other as its `pair`, and as they are not independent they share a `cluster`.

    Args:
        skill: one of `lessons.SKILLS`; None lets all take turns.

    Raises:
        InputError: there is no such skill, or n is less than 1.
    """
    if skill is not None and skill not in SKILLS:
        raise InputError(f"There is no skill {skill!r} in Littletown: take one of {', '.join(SKILLS)}.")
    if n < 1:
        raise InputError(f"Need at least 1 example, found {n}: ask for more.")
    skills = SKILLS if skill is None else (skill,)
    a_turn = sum(1 if swapped(held_out(one, 1, seed)[0]) is None else 2 for one in skills)
    examples: list[Example] = []
    turns = -(-n // a_turn)
    while len(examples) < n:
        examples = list(islice(_taking_turns(skills, turns, seed), n))
        turns *= 2
    if examples[-1].pair and (len(examples) < 2 or examples[-2].id != examples[-1].pair):
        examples[-1] = replace(examples[-1], pair="", cluster="")
    return Dataset(f"Littletown, {skill or 'every skill'}", "littletown", tuple(examples))


def both_orders(skill: str, n: int, seed: int) -> Iterator[tuple[tuple[Instance, Example], ...]]:
    """n questions that training never saw, each with its example, and where there is one in the other order too."""
    for k, instance in enumerate(held_out(skill, n, seed)):
        examples = _both(instance, f"littletown-{skill}-{seed}-{k}")
        instances = (instance, other) if (other := swapped(instance)) is not None else (instance,)
        yield tuple(zip(instances, examples, strict=True))


def _taking_turns(skills: tuple[str, ...], turns: int, seed: int) -> Iterator[Example]:
    for k, instances in enumerate(zip(*(held_out(one, turns, seed) for one in skills), strict=True)):
        for instance in instances:
            yield from _both(instance, f"littletown-{instance.skill}-{seed}-{k}")


def _both(instance: Instance, name: str) -> Iterator[Example]:
    """The example of an instance, and that of the other order where there is one."""
    other = swapped(instance)
    example = as_example(instance, name)
    if other is None:
        yield example
    else:
        yield replace(example, pair=f"{name}-swapped", cluster=name)
        yield replace(as_example(other, f"{name}-swapped"), pair=name, cluster=name)


def as_example(instance: Instance, name: str) -> Example:
    """An instance as data: what is asked, what tells the answer, what tells the wrong one."""
    start, stop = instance.question_span
    # A fixed fact is asked for without a scene that tells it: what decides stands in the question itself.
    asks = start < stop and instance.skill != "facts"
    by_word = instance.skill in ONE_SENTENCE
    return checked(
        Example(
            id=name,
            prompt=instance.prompt,
            target=instance.answer,
            evidence=instance.word_spans if by_word else instance.evidence_spans,
            distractor=_rival_words(instance) if by_word else _rival_sentences(instance),
            question=((start, stop),) if asks else (),
            gold_words=instance.word_spans,
            tags=(instance.skill,),
        )
    )


def _rival_sentences(instance: Instance) -> tuple[Span, ...]:
    """Sentences that name the wrong answer or tell it, and are no evidence."""
    scene, wrong = instance.ask.scene, instance.distractor.strip()
    numbers = {k for k, sentence in enumerate(scene.sentences) if wrong in dict(sentence.words).values()}
    if instance.twin.scene == scene:
        numbers |= told_by(instance.twin)
    spans = [scene.sentence_span(number) for number in sorted(numbers)]
    return tuple(span for span in spans if span not in instance.evidence_spans)


def _rival_words(instance: Instance) -> tuple[Span, ...]:
    """Words of the one sentence that are the wrong answer, or would make it right."""
    scene, wrong = instance.ask.scene, instance.distractor.strip()
    (sentence,) = scene.sentences
    roles = [role for role, word in sentence.words if word == wrong or role == "attractor"]
    return tuple(sorted(scene.word_span((0, role)) for role in roles))
