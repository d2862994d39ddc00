"""The table of a sweep: means over examples with intervals, as Markdown and as JSON. Nothing here runs a model."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from heta_core.evaluation.summary import N_RESAMPLES, Estimate, estimate
from heta_core.evaluation.telling import ARROWS, UNKNOWN, counted, number
from heta_core.metrics import Measure
from heta_core.packing import pack_fields
from heta_core.settings import Mask, Probes, Settings
from heta_core.sweeps._contract import Found, Skipped, Sweep

_FORMAT, _VERSION = "heta-sweep", 1


@dataclass(frozen=True, slots=True)
class Basis:
    """What a table was measured on."""

    model: str
    weights_id: str
    dataset: str
    n_asked: int  # examples
    settings: Settings
    check_mask: Mask  # of what is judged by taking words away


@dataclass(frozen=True, slots=True)
class Row:
    """One condition."""

    name: str
    cells: tuple[Estimate | None, ...]  # one for each column; None where it could be computed nowhere


@dataclass(frozen=True, slots=True)
class Table:
    """A finished sweep, with every number of every example."""

    name: str
    title: str
    meaning: str
    protocol: str
    basis: Basis
    n: int  # examples of which something was found
    n_clusters: int  # of them
    n_resamples: int
    columns: tuple[Measure, ...]
    rows: tuple[Row, ...]
    skipped: tuple[Skipped, ...]
    found: tuple[Found, ...]

    def cell(self, row: str, column: str) -> Estimate | None:
        """The mean of a row and column."""
        place = [measure.name for measure in self.columns].index(column)
        return next(one for one in self.rows if one.name == row).cells[place]


def tabled(sweep: Sweep, basis: Basis, found: Iterable[Found], skipped: Iterable[Skipped] = ()) -> Table:
    """Every row with its means, in the order in which rows were met. Intervals are bootstrapped over clusters."""
    found = tuple(found)
    members: dict[str, list[Found]] = {}
    for one in found:
        members.setdefault(one.row, []).append(one)
    rows = tuple(
        Row(name, tuple(_mean(own, measure.name, basis.settings.seed) for measure in sweep.columns))
        for name, own in members.items()
    )
    return Table(
        *(sweep.name, sweep.title, sweep.meaning, sweep.protocol, basis),
        n=len({one.example for one in found}),
        n_clusters=len({one.cluster for one in found}),
        n_resamples=N_RESAMPLES,
        columns=sweep.columns,
        rows=rows,
        skipped=tuple(dict.fromkeys(skipped)),
        found=found,
    )


def _mean(found: list[Found], column: str, seed: int) -> Estimate | None:
    return estimate([(one.cluster, dict(one.values).get(column)) for one in found], seed)


def markdown(table: Table) -> str:
    """The table between what it was measured on and what its columns mean."""
    heads = [_head(measure) for measure in table.columns]
    lines = [
        *(f"**{table.title}.** {table.meaning}", "", _basis(table), ""),
        *("| | " + " | ".join(heads) + " |", "|---|" + "---|" * len(heads)),
        *(f"| {row.name} | " + " | ".join(_cell(cell, table.n) for cell in row.cells) + " |" for row in table.rows),
        *("", table.protocol),
        *(f"- {measure.title}: {measure.meaning} ({ARROWS[measure.better]})" for measure in table.columns),
    ]
    if table.skipped:
        first = table.skipped[0]
        lines += ["", f"Skipped: {counted(len(table.skipped), 'example')}, the first {first.example}: {first.why}"]
    return "\n".join(lines)


def _head(measure: Measure) -> str:
    return f"{measure.title}, {measure.unit}" if measure.unit else measure.title


def _cell(found: Estimate | None, n: int) -> str:
    """Mean and interval, and the number of examples where it is not that of the table."""
    if found is None:
        return UNKNOWN
    bounds = f" [{_told(found.low)}, {_told(found.high)}]" if found.n_clusters > 1 else ""
    return _told(found.mean) + bounds + ("" if found.n == n else f" (n = {found.n})")


def _told(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else number(value)


def _basis(table: Table) -> str:
    basis, settings = table.basis, table.basis.settings
    parts = [
        f"{basis.model} (weights {basis.weights_id[:12]})",
        f"{basis.dataset}, n = {table.n} in {counted(table.n_clusters, 'cluster')}",
        "mask by row" if table.name == "mask" else f"mask {settings.mask}",
        "probes by row" if table.name == "probes" else f"{_n_probes(settings.probes)} a token",
        f"seed {settings.seed}",
    ]
    if any(measure.name == "deletion" for measure in table.columns):
        parts.insert(3, f"judged under mask {basis.check_mask}")
    return " · ".join(parts) + f". In brackets 95 % intervals, {table.n_resamples:,} resamples of clusters."


def _n_probes(probes: Probes) -> str:
    return f"{probes} probes" if probes == "auto" else counted(probes, "probe")


def dumps(table: Table) -> str:
    """The JSON of a table, on one line.

    Raises:
        ReportError: a number is not finite.
    """
    return json.dumps({"format": _FORMAT, "version": _VERSION, **pack_fields(table, "")}, ensure_ascii=False)
