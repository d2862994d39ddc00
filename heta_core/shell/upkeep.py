"""What is run to look after what is shipped: models, training, evidence, examples, lessons, figures."""

import argparse
from typing import TYPE_CHECKING

from heta_core.settings import Settings
from heta_core.shell.progress import progress

if TYPE_CHECKING:
    from heta_core.evidence import Evidence


def models(arguments: argparse.Namespace) -> int:
    """One line a model: name, size, and why it does not load where it does not."""
    from heta_core.models.hub import available

    for model in available():
        told = model.problem or f"{model.model_type}, {model.n_bytes / 1e6:,.0f} MB"
        print(f"{model.name}  ({told})")
    return 0


def train(arguments: argparse.Namespace) -> int:
    """Train the embedded model; the folder of the run holds what `load` takes."""
    from heta_core.littletown.recipe import Recipe
    from heta_core.littletown.train import train as run

    run(arguments.out, Recipe(seed=arguments.seed))
    return 0


def card(arguments: argparse.Namespace) -> int:
    """Measure the embedded model and rewrite its card."""
    from heta_core.littletown.report import write_card

    found = write_card()
    print(f"learnt: {', '.join(found.learnt) or 'nothing'}")
    return 0


def evidence(arguments: argparse.Namespace) -> int:
    """Print the table of evidence."""
    from heta_core.evidence import better_scaling, table

    found = _measured(arguments.model, n=arguments.n, settings=Settings(probes=arguments.probes, seed=arguments.seed))
    print(f"{found.n} questions with verified evidence, {found.n_excluded} excluded; mask {found.settings.mask}.")
    print("Top candidate in the evidence sentence / part of the candidates' score that it holds, in %:")
    print(f"\n{table(found)}\n\nThe page should open with: {better_scaling(found)}.")
    return 0


def _measured(model: str, *, n: int, settings: Settings) -> "Evidence":
    from heta_core.evidence import measure
    from heta_core.loading import load

    with progress() as told:
        return measure(load(model), n=n, seed=settings.seed, settings=settings, told=told)


def examples(arguments: argparse.Namespace) -> int:
    """Choose the examples anew, from skills that the card calls learnt."""
    from heta_core.evidence import better_scaling
    from heta_core.examples import TITLES, choose_default, choose_more, story, write
    from heta_core.figures import learnt, read_evidence
    from heta_core.loading import load
    from heta_core.settings import Weights

    lm, weights = load("littletown"), Weights(scaling=better_scaling(read_evidence()))
    first = choose_default(lm, arguments.seed, weights)
    others = [skill for skill in learnt() if TITLES[skill] != first.title]
    for path in write([first, *choose_more(lm, arguments.seed, others, weights)], story(lm, first)):
        print(path)
    return 0


def lessons(arguments: argparse.Namespace) -> int:
    """Measure lessons anew."""
    from heta_core.learning import called
    from heta_core.learning import lessons as every
    from heta_core.loading import load
    from heta_core.teaching.shipped import write

    chosen = [called(name) for name in arguments.name] or every()
    lm = load("littletown", device="cpu")  # where the pages measure too, and a GPU rounds otherwise
    for lesson in chosen:
        print(write(lesson, lm))
    return 0


def figures(arguments: argparse.Namespace) -> int:
    """Measure everything again and rewrite card, assets and README."""
    from heta_core.figures import README, blocks, with_figures, with_outputs, write_evidence

    card(arguments)
    write_evidence(_measured("littletown", n=arguments.n, settings=Settings()))
    README.write_text(with_outputs(with_figures(README.read_text("utf-8"), blocks())), "utf-8")
    print("rewritten: the card, assets/evidence.json, README.md")
    return 0
