"""Methods against measures in one Markdown table: what a paper or a README shows of a run."""

from collections.abc import Iterator, Sequence

from heta_core.errors import InputError
from heta_core.evaluation.account import Account, Part, Row
from heta_core.evaluation.summary import Estimate
from heta_core.evaluation.telling import UNKNOWN, number
from heta_core.views import words

_ARROWS = {"high": "↑", "low": "↓"}


def overview(found: Account, measures: Sequence[str] = (), *, timed: Account | None = None) -> str:
    """A table for each model and data set: a row a method, a column a measure, each a mean and its 95 % interval.

    Args:
        measures: names; every measure of the run if none is given.
        timed: whose seconds are told, a run of the same methods on a computer that did nothing else; the run's own if
            not given.

    Raises:
        InputError: the run knows no such measure, or the timed run not the same methods.
    """
    clocks = {row.method: row for part in (timed or found).parts for table in part.tables for row in table.rows}
    return "\n\n".join("\n".join(_table(part, measures, clocks)) for part in found.parts) + "\n"


def _table(part: Part, measures: Sequence[str], clocks: dict[str, Row]) -> Iterator[str]:
    columns = {table.measure.name: table for table in part.tables}
    missing = next((name for name in measures if name not in columns), None)
    if missing is not None:
        raise InputError(f"The measures of this run are {', '.join(columns)}; got {missing!r}: choose among them.")
    shown = [columns[name] for name in measures] or list(columns.values())
    heads = [f"{t.measure.title} {_ARROWS[t.measure.better]}" for t in shown]
    yield f"{part.n_done:,} of {part.n:,} examples of {part.dataset}, {part.model}"
    yield ""
    yield "| " + " | ".join(["Method", *heads, "Seconds"]) + " |"
    yield "|---|" + "---:|" * (len(heads) + 1)
    for rows in zip(*(table.rows for table in shown), strict=True):
        name = rows[0].method
        clock = clocks.get(name)
        if clock is None:
            raise InputError(f"The seconds must be of the same methods, found none of {name}: time a run with it too.")
        seconds = words.number(clock.seconds[0]) if clock.seconds else UNKNOWN
        yield "| " + " | ".join([name, *(_cell(row.mean) for row in rows), seconds]) + " |"


def _cell(mean: Estimate | None) -> str:
    if mean is None:
        return UNKNOWN
    if mean.n_clusters < 2:
        return number(mean.mean)
    return f"{number(mean.mean)} ({number(mean.low)} to {number(mean.high)})"
