"""`evaluate`: many examples under many methods and metrics, as a folder that a later command can go on with."""

import argparse
import os
import shutil
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from heta_core.datasets import Dataset, curated_set, generated, read_path
from heta_core.errors import HetaError, InputError
from heta_core.faithfulness.curves import check_mask
from heta_core.shell.evaluate_options import VERIFIED, Generated
from heta_core.shell.options import settings_of, weights_of
from heta_core.shell.progress import fail, saying

if TYPE_CHECKING:
    from heta_core.evaluation.crew import Crew
    from heta_core.evaluation.plan import Plan
    from heta_core.evaluation.record import Record


def run(arguments: argparse.Namespace) -> int:
    """Carry the run on, and rewrite what is derived from it, also where it is interrupted."""
    datasets = _datasets(arguments)
    plan = _plan(arguments, datasets)
    from heta_core.evaluation.carrying import carried
    from heta_core.evaluation.keeping import keeping

    crew, code = _crew(arguments), 0
    with keeping(arguments.out, plan) as kept:
        try:
            with saying() as told:
                for state in carried(kept, datasets, crew, may_download=arguments.download):
                    told(state.words[: shutil.get_terminal_size().columns - 1])
                    if state.problem is not None:
                        code = fail(f"{state.model}: {state.problem}")
        except HetaError:
            with suppress(InputError):  # of a full disk the first message is enough
                derive(kept.record, arguments.out)
            raise
        except KeyboardInterrupt:
            derive(kept.record, arguments.out)
            print("interrupted: the same command goes on from here", file=sys.stderr)
            raise
        print(derive(kept.record, arguments.out))
    return code


def _datasets(arguments: argparse.Namespace) -> dict[str, Dataset]:
    """By name. Rows that cannot be used are told.

    Raises:
        InputError: one cannot be read, or two have one name.
    """
    found: dict[str, Dataset] = {}
    for asked in arguments.dataset:
        dataset = _generated(asked, arguments) if isinstance(asked, Generated) else read_path(asked)
        if dataset.name in found:
            raise InputError(
                f"Every data set needs a name of its own in a run, found {dataset.name!r} twice: rename one file."
            )
        if dataset.refused:
            first = dataset.refused[0]
            place = "" if first.line is None else f"line {first.line}: "
            n = "1 row" if len(dataset.refused) == 1 else f"{len(dataset.refused):,} rows"
            print(f"{dataset.name}: {n} cannot be used, the first: {place}{first.why}", file=sys.stderr)
        found[dataset.name] = replace(dataset, examples=dataset.examples[: arguments.limit])
    return found


def _generated(asked: Generated, arguments: argparse.Namespace) -> Dataset:
    n = min(asked.n, arguments.limit or asked.n)
    if asked.name == "curated":
        return curated_set(n, arguments.seed)
    if asked.skill != VERIFIED:
        return generated(asked.skill, n, arguments.seed)
    from heta_core.evaluation.verified import verified
    from heta_core.loading import load

    return verified(load("littletown"), n, arguments.seed)


def _plan(arguments: argparse.Namespace, datasets: dict[str, Dataset]) -> "Plan":
    """What is asked.

    Raises:
        InputError: there is no such method or metric.
        SettingsError: an option has a value that it cannot have.
    """
    settings = settings_of(arguments)
    weights = weights_of(arguments)
    from heta_core import methods, metrics
    from heta_core.evaluation.plan import Plan, corpus

    for name in arguments.methods:
        methods.named(name)
    for name in arguments.metrics:
        metrics.named(name)
    return Plan(
        methods=arguments.methods,
        metrics=arguments.metrics,
        settings=settings,
        weights=weights,
        check_mask=arguments.check_mask or check_mask(settings.mask),
        grouping=arguments.groups,
        seed=arguments.seed,
        models=tuple(arguments.model or ("littletown",)),
        corpora=tuple(map(corpus, datasets.values())),
    )


def _crew(arguments: argparse.Namespace) -> "Crew":
    workers = arguments.workers
    if workers.is_ray:
        from heta_core.evaluation.on_ray import on_ray

        return on_ray(workers.n, arguments.ray_address)
    if workers.n > 1:
        from heta_core.evaluation.processes import in_processes

        return in_processes(workers.n)
    from heta_core.evaluation.crew import alone

    return alone


def derive(record: "Record", folder: Path) -> str:
    """Write what is derived from a run beside it; tells what the run has come to.

    Raises:
        InputError: a file cannot be written; what stood there is left as it was.
    """
    from heta_core.evaluation.account import account, summary_csv
    from heta_core.evaluation.page import page
    from heta_core.evaluation.rows import long_csv
    from heta_core.evaluation.telling import counts, heading, markdown

    found = account(record)
    for name, text in (
        ("rows.csv", long_csv(record.outcomes, record.remarks)),
        ("summary.csv", summary_csv(found)),
        ("report.md", markdown(found)),
        ("report.html", page(found)),
    ):
        _replace(folder / name, text)
    parts = (f"{heading(part)}: {counts(part)}" for part in found.parts)
    return "\n".join((*parts, f"The report: {folder / 'report.html'}"))


def _replace(path: Path, text: str) -> None:
    """Write all of a file or nothing."""
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_text(text, encoding="utf-8", newline="")
        os.replace(new, path)
    except OSError as error:
        with suppress(OSError):
            new.unlink()
        raise InputError(
            f"{str(path)!r} could not be written ({error.strerror}): the run itself is kept. Mend that and give the "
            "same command again."
        ) from error
