"""A run as an account: for each model and data set what was done and left out, and every measure with its interval.

What Markdown, a page and a table for a spreadsheet say of a run, they all read here.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from heta_core import methods, metrics
from heta_core.evaluation.outcome import Outcome
from heta_core.evaluation.plan import Plan
from heta_core.evaluation.record import Record
from heta_core.evaluation.summary import N_RESAMPLES, Estimate, Line, lines
from heta_core.metrics import Measure
from heta_core.parts import Source
from heta_core.views import export, words

MOST_PROBLEMS = 200  # that are listed one by one


@dataclass(frozen=True, slots=True)
class Row:
    """One method under one measure."""

    method: str  # its title
    mean: Estimate | None  # None where it could be computed nowhere
    gain: Estimate | None  # minus random scores, paired; None for random itself
    n_missing: int  # examples on which the method was done and the measure could not be computed
    n_failed: int
    seconds: tuple[float, float] | None  # median and 95th percentile of an example


@dataclass(frozen=True, slots=True)
class Table:
    """One measure on one model and data set."""

    measure: Measure
    protocol: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One model on one data set."""

    model: str
    dataset: str
    n: int  # examples that are asked
    n_done: int
    n_skipped: int
    n_right: int | None  # of those done, None where the data name no targets
    tables: tuple[Table, ...]
    problems: tuple[tuple[str, str, str], ...]  # example, method or nothing, reason


@dataclass(frozen=True, slots=True)
class Account:
    """The whole run."""

    plan: Plan
    sources: tuple[Source, ...]
    parts: tuple[Part, ...]

    @property
    def is_complete(self) -> bool:
        """Every example of the plan was done or skipped."""
        return all(part.n_done + part.n_skipped == part.n for part in self.parts)


def account(record: Record) -> Account:
    """What a run comes to, as far as it has come."""
    plan = record.plan
    by_part: dict[tuple[str, str], list[Outcome]] = {
        (model, corpus.name): [] for model in plan.models for corpus in plan.corpora
    }
    for outcome in record.outcomes:
        by_part.setdefault((outcome.model, outcome.dataset), []).append(outcome)
    asked = {corpus.name: corpus.n for corpus in plan.corpora}
    parts = (_part(plan, key, found, asked.get(key[1], len(found))) for key, found in by_part.items())
    return Account(plan, record.sources, tuple(parts))


def _part(plan: Plan, key: tuple[str, str], outcomes: list[Outcome], n: int) -> Part:
    done = [outcome for outcome in outcomes if outcome.problem is None]
    told = [outcome.answer.is_right for outcome in done if outcome.answer and outcome.answer.is_right is not None]
    found = {line.method: line for line in lines(done, seed=plan.seed)}
    tables = []
    for metric in (metrics.named(name) for name in plan.metrics):
        for measure in metric.measures:
            of = [found[name] for name in plan.methods if name in found]
            tables.append(Table(measure, metric.protocol, tuple(_row(line, measure) for line in of)))
    return Part(
        *key,
        n=n,
        n_done=len(done),
        n_skipped=len(outcomes) - len(done),
        n_right=sum(told) if told else None,
        tables=tuple(tables),
        problems=tuple(_problems(outcomes)),
    )


def _row(line: Line, measure: Measure) -> Row:
    mean = line.means.get(measure.name)
    known = mean.n if mean else 0
    return Row(
        methods.named(line.method).title,
        mean,
        line.gains.get(measure.name),
        n_missing=line.n - line.n_failed - known,
        n_failed=line.n_failed,
        seconds=line.seconds,
    )


def _problems(outcomes: list[Outcome]) -> Iterator[tuple[str, str, str]]:
    for outcome in outcomes:
        if outcome.problem is not None:
            yield outcome.example.id, "", outcome.problem
        for one in outcome.scored:
            if one.problem is not None:
                yield outcome.example.id, methods.named(one.method).title, one.problem


def settings_told(plan: Plan) -> list[tuple[str, str]]:
    """(what, how) of everything that a number of the run depends on, beside the models and the data."""
    s, w = plan.settings, plan.weights
    named = [methods.named(name) for name in plan.methods]
    drawn = ", ".join(f"{one.title} {one.n_draws}" for one in named if one.n_draws > 1)
    return [
        ("Scores made with", f"mask {s.mask}, {s.probes} probes a token ({s.estimator}), seed {s.seed}"),
        ("Eq. 5", f"β {w.beta:g}, γ {w.gamma:g}, scaling {words.SCALINGS[w.scaling]}"),
        ("Scored", plan.grouping or "tokens"),
        (
            "Judged under",
            f"mask {plan.check_mask}" + (" — circular: it made the scores too" if plan.is_circular else ""),
        ),
        ("Draws", f"{drawn} for each example, means over them; from seed {plan.seed} and the example's id"),
        (
            "Intervals",
            f"95 %, percentiles of {N_RESAMPLES:,} bootstrap resamples of clusters of examples; differences are paired",
        ),
        *(("Method", f"{one.title}: {one.meaning}{f' ({one.source})' if one.source else ''}") for one in named),
    ]


def reasons(part: Part) -> list[tuple[str, int]]:
    """How often each reason was given, without the example; the most frequent first."""
    return Counter(f"{method}: {why}" if method else why for _, method, why in part.problems).most_common()


SUMMARY = (
    *("model", "dataset", "method", "measure", "better", "mean", "low", "high"),
    *("minus_random", "minus_random_low", "minus_random_high", "n", "n_clusters", "n_paired", "n_missing", "n_failed"),
    *("n_skipped", "seconds_median", "seconds_p95", "mask", "check_mask", "probes", "seed", "protocol"),
)


def summary_csv(found: Account) -> str:
    """A row for each model, data set, measure and method; what is not known is empty."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(SUMMARY)
    s, plan = found.plan.settings, found.plan
    for part in found.parts:
        for one in part.tables:
            for row in one.rows:
                cells = (
                    *(part.model, part.dataset, row.method, one.measure.name, one.measure.better, *_bounds(row.mean)),
                    *(*_bounds(row.gain), row.mean.n if row.mean else 0, row.mean.n_clusters if row.mean else 0),
                    *(row.gain.n if row.gain else 0, row.n_missing, row.n_failed, part.n_skipped),
                    *(*(row.seconds or ("", "")), s.mask, plan.check_mask, s.probes, plan.seed, one.protocol),
                )
                table.writerow([export.cell(cell) if isinstance(cell, str) else cell for cell in cells])
    return file.getvalue()


def _bounds(found: Estimate | None) -> tuple[float | str, ...]:
    if found is None:
        return ("", "", "")
    return (found.mean, found.low, found.high) if found.n_clusters > 1 else (found.mean, "", "")
