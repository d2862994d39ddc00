"""How a sweep goes through its examples, and what several sweeps ask of one."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from heta_core import metrics
from heta_core.attribution import Attribution
from heta_core.datasets import Example
from heta_core.errors import HetaError
from heta_core.evaluation.plan import Plan
from heta_core.evaluation.reading import Question, question
from heta_core.evaluation.running import case_of, judged
from heta_core.faithfulness.curves import check_mask
from heta_core.methods import Asked
from heta_core.metrics import Case, Values
from heta_core.parts import Floats
from heta_core.sweeps._contract import Found, Skipped, Step, Study

# Of one example every row of the table, one after another.
Rows = Iterator[tuple[str, Values]]


@dataclass(frozen=True, slots=True)
class Stage:
    """The part of a sweep that goes through all examples once."""

    place: int = 0
    n: int = 1
    title: str = ""


def of_each(study: Study, rows: Callable[[Question], Rows], stage: Stage = Stage()) -> Iterator[Step]:
    """Every example with all its rows, or skipped with the reason: rows are compared on the same examples."""
    examples = study.dataset.examples
    for k, example in enumerate(examples):
        done = (stage.place + k / len(examples)) / stage.n
        where = f"{stage.title}example {k + 1} of {len(examples)}"
        found: list[Found] = []
        yield Step(where, done)
        try:
            for row, values in rows(question(study.lm, example, plan_of(study))):
                found.append(Found(example.id, _cluster(study, example), row, tuple(values.items())))
                yield Step(f"{where}: {row}", done)
        except HetaError as error:
            yield Step(where, done, skipped=Skipped(example.id, str(error)))
        else:
            yield Step(where, (stage.place + (k + 1) / len(examples)) / stage.n, tuple(found))


def _cluster(study: Study, example: Example) -> str:
    return example.cluster or f"{study.dataset.name} {example.id}"


def plan_of(study: Study) -> Plan:
    """The same as that of `evaluate` with the settings of the study."""
    settings = study.settings
    return Plan(
        methods=("heta",), metrics=(), settings=settings, check_mask=check_mask(settings.mask), seed=settings.seed
    )


def case(study: Study, asked: Question) -> Case:
    """The example as `evaluate` judges it."""
    return case_of(asked, plan_of(study))


def explained(asked: Asked) -> Attribution:
    """All components, run once however often they are asked for.

    Raises: as `attribute`.
    """
    for _ in asked.shared.until("transition", "kl", "hessian"):
        pass
    assert asked.shared.result is not None
    return asked.shared.result


def judgements(case: Case, scores: Floats, *names: str) -> Mapping[str, float | None]:
    """The measures of the named metrics."""
    values: dict[str, float | None] = {}
    for name in names:
        for _ in judged(metrics.named(name), case, scores, values):
            pass
    return values
