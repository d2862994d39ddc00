"""Whether maps need what the model learnt: the same question to copies whose weights mean nothing, layer by layer."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from heta_core.agreement import chance_overlap, overlap, spearman
from heta_core.attribution import Attribution
from heta_core.evaluation.reading import Question
from heta_core.evaluation.running import seed_of
from heta_core.evidence import RANDOM, SCORES
from heta_core.faithfulness.scrambled import TOP
from heta_core.faithfulness.scrambling import scrambled_copy
from heta_core.language_model import LanguageModel
from heta_core.metrics import Measure
from heta_core.parts import Floats
from heta_core.sweeps._asking import Rows, Stage, explained, of_each, plan_of
from heta_core.sweeps._contract import Step, Study, Sweep

COMPARED = ("HETA, raw", "HETA, unit", "M", "S", "I")


def run(study: Study) -> Iterator[Step]:
    """One attribution an example on the model, and one on each copy. One copy is in memory at a time."""
    own: dict[str, Attribution] = {}  # of the model, by example
    every = depths(study.lm)
    n_stages = len(every) + 1
    for place, n_last in enumerate(every):
        yield Step(f"scrambling {told(n_last)}", place / n_stages)
        other = scrambled_copy(study.lm, n_last=n_last, seed=study.settings.seed)
        rows = partial(_rows, study, other, told(n_last), own)
        yield from of_each(study, rows, Stage(place, n_stages, f"{told(n_last)}, "))
    yield from of_each(study, partial(_chance, study, own), Stage(len(every), n_stages))


def depths(lm: LanguageModel) -> tuple[int | None, ...]:
    """How many last layers are redrawn with the output; None is everything, embeddings included."""
    n_layers = len(lm.architecture.blocks(lm.model))
    return (None, *range(1, n_layers + 1))


def told(n_last: int | None) -> str:
    """What is redrawn, in words."""
    if n_last is None:
        return "everything"
    return "output and last layer" if n_last == 1 else f"output and last {n_last} layers"


def _rows(study: Study, other: LanguageModel, what: str, own: dict[str, Attribution], asked: Question) -> Rows:
    name = asked.example.id
    if name not in own:
        own[name] = explained(asked.asked)
    there = explained(replace(asked.asked, lm=other))
    for score in COMPARED:
        yield f"{score}: {what}", alike(SCORES[score](own[name]), SCORES[score](there))


def _chance(study: Study, own: dict[str, Attribution], asked: Question) -> Rows:
    """The model's map beside random scores, where the model has one."""
    found = own.get(asked.example.id)
    if found is not None:
        drawn = np.random.default_rng(seed_of(plan_of(study), asked.example)).random(found.n_units)
        yield f"HETA, raw: {RANDOM} scores", alike(found.scores, drawn)


def alike(here: Floats, there: Floats) -> dict[str, float | None]:
    """How far two maps of the same (U,) units agree, and what chance gives."""
    n = len(here)
    k = min(TOP, n)
    return {"order": spearman(here, there), "top": overlap(here, there, k) / k, "top_chance": chance_overlap(k, n) / k}


SWEEP = Sweep(
    name="scrambled",
    title="Whether the map needs the weights",
    meaning="How far a map stays the same on a copy of the model whose weights are redrawn.",
    protocol="Each redrawn parameter is normal with its own mean and standard deviation, drawn with the seed: all of "
    "them, or from the output down by layers. The copy is asked for the same word with the same probes. β = γ = 0.5; "
    "all units of the context. A correlation near 0 means that the map needed what was redrawn.",
    columns=(
        Measure(
            name="order",
            title="Spearman",
            meaning="Rank correlation of the map with that of the copy; 0 by chance.",
            better="low",
        ),
        Measure(
            name="top",
            title="Top five",
            meaning="The part of the five highest that are among the copy's five highest.",
            better="low",
        ),
        Measure(
            name="top_chance",
            title="Top five by chance",
            meaning="The same of an order that knows nothing, 5 over the number of units.",
            better="low",
        ),
    ),
    run=run,
)
