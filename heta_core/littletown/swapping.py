"""The same question after the sentences that tell its answer and those that tell the wrong one have changed places."""

from dataclasses import replace

from heta_core.littletown.lessons import Ask, Instance, minimal_pair
from heta_core.littletown.scenes import Scene


def told_by(ask: Ask) -> set[int]:
    """The numbers of the sentences that state what is asked for."""
    return {number for number, _ in (*(place for _, place in ask.fact.found), *ask.fact.links)}


def swapped(instance: Instance) -> Instance | None:
    """The instance in the other order; the answer is the same.

    None where there is no other order: one sentence tells both, the later of two wins, or nothing in the scene tells.
    """
    ask, twin = instance.ask, instance.twin
    if ask.scene != twin.scene:
        return None
    ours, theirs = sorted(told_by(ask) - told_by(twin)), sorted(told_by(twin) - told_by(ask))
    if not ours or len(ours) != len(theirs):
        return None
    number = {k: k for k in range(len(ask.scene.sentences))}
    number |= dict(zip(ours + theirs, theirs + ours, strict=True))
    scene = _renumbered(ask.scene, number)
    moved, rival = (replace(one, scene=scene, fact=one.fact.moved(number)) for one in (ask, twin))
    return minimal_pair(replace(instance, ask=rival, twin=moved))  # the twin of the rival is the question itself


def _renumbered(scene: Scene, number: dict[int, int]) -> Scene:
    """The scene with sentence k as its sentence number[k]."""
    order = sorted(number, key=lambda k: number[k])
    return Scene(tuple(scene.sentences[k] for k in order), tuple(fact.moved(number) for fact in scene.facts))
