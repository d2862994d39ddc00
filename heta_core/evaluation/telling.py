"""The account of a run as Markdown."""

import re
from collections.abc import Iterator, Sequence

from heta_core.evaluation.account import MOST_PROBLEMS, Account, Part, Row, Table, reasons, settings_told
from heta_core.evaluation.summary import Estimate
from heta_core.views import words

UNKNOWN = "—"
ARROWS = {"high": "higher is better", "low": "lower is better"}
HEADS = ("Method", "Mean", "95 % interval", "Minus random", "95 % interval", "n", "Missing", "Failed", "Seconds")
# What Markdown takes for something else than what it says.
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~&])")


def markdown(found: Account) -> str:
    """The whole account."""
    return "\n".join(_lines(found)) + "\n"


def number(value: float, *, is_difference: bool = False) -> str:
    """Three significant digits, a difference with its sign."""
    return f"{value:+.3g}".replace("-", "−") if is_difference else f"{value:.3g}".replace("-", "−")


def interval(found: Estimate | None, *, is_difference: bool = False) -> str:
    """Both bounds; of a single cluster none is known."""
    if found is None or found.n_clusters < 2:
        return UNKNOWN
    low, high = (number(bound, is_difference=is_difference) for bound in (found.low, found.high))
    return f"{low} to {high}"


def cells(row: Row) -> tuple[str, ...]:
    """What stands under `HEADS`."""
    mean, gain = row.mean, row.gain
    return (
        row.method,
        number(mean.mean) if mean else UNKNOWN,
        interval(mean),
        number(gain.mean, is_difference=True) if gain else UNKNOWN,
        interval(gain, is_difference=True),
        _n(mean),
        f"{row.n_missing:,}",
        f"{row.n_failed:,}",
        f"{words.number(row.seconds[0])} (p95 {words.number(row.seconds[1])})" if row.seconds else UNKNOWN,
    )


def _n(mean: Estimate | None) -> str:
    if mean is None:
        return "0"
    return f"{mean.n:,}" if mean.n == mean.n_clusters else f"{mean.n:,} in {counted(mean.n_clusters, 'cluster')}"


def counted(n: int, what: str) -> str:
    """So many of something."""
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def counts(part: Part) -> str:
    """What became of the examples."""
    told = f"{part.n_done:,} of {counted(part.n, 'example')} done, {part.n_skipped:,} skipped"
    left = part.n - part.n_done - part.n_skipped
    if left:
        told += f", {left:,} not reached yet"
    if part.n_right is not None:
        told += f"; the model's first choice is the target in {part.n_right:,}"
    return f"{told}."


def heading(part: Part) -> str:
    """The model and the data set."""
    return f"{part.model} on {part.dataset}"


def provenance(found: Account) -> Iterator[tuple[str, str]]:
    """(what, which) of the data and the models."""
    for corpus in found.plan.corpora:
        refused = f", {counted(corpus.n_refused, 'row')} refused" if corpus.n_refused else ""
        n = counted(corpus.n, "example")
        yield "Data", f"{corpus.name}: {n}{refused}, format {corpus.format}, digest {corpus.digest}"
    for s in found.sources:
        versions = ", ".join(f"{name} {version}" for name, version in s.versions)
        yield (
            "Model",
            (f"{s.model}: weights {s.weights_id}, tokenizer {s.tokenizer_id}, {s.dtype} on {s.device}; {versions}"),
        )


def _lines(found: Account) -> Iterator[str]:
    yield "# A run of HETA Explorer\n"
    if not found.is_complete:
        yield "**Not complete:** the same command goes on from here.\n"
    for what, told in (*settings_told(found.plan), *provenance(found)):
        yield f"- {what}: {escaped(told)}"
    for part in found.parts:
        yield f"\n## {escaped(heading(part))}\n\n{counts(part)}"
        for table in part.tables:
            yield from _table(table)
        yield from _problems(part)


def _table(table: Table) -> Iterator[str]:
    measure = table.measure
    unit = f", {measure.unit}" if measure.unit else ""
    yield f"\n### {escaped(measure.title)}{unit} ({ARROWS[measure.better]})\n"
    yield f"{escaped(measure.meaning)} {escaped(table.protocol)}\n"
    yield _row(HEADS)
    yield "|---|" + "---:|" * (len(HEADS) - 1)
    for row in table.rows:
        yield _row([escaped(cell) for cell in cells(row)])


def _row(found: Sequence[str]) -> str:
    return f"| {' | '.join(found)} |"


def _problems(part: Part) -> Iterator[str]:
    if not part.problems:
        return
    yield f"\n### Skipped and failed: {len(part.problems):,}\n"
    if len(part.problems) > MOST_PROBLEMS:
        for why, n in reasons(part)[:MOST_PROBLEMS]:
            yield f"- {n:,} × {escaped(why)}"
        yield f"\nThe first {MOST_PROBLEMS}, the others stand in rows.csv:\n"
    for name, method, why in part.problems[:MOST_PROBLEMS]:
        yield f"- **{escaped(name)}**: {escaped(f'{method}, {why}' if method else why)}"


def escaped(text: str) -> str:
    """A text that Markdown takes for nothing but itself, on one line."""
    return _MARKUP.sub(r"\\\1", words.visible(text).replace("\n", " ⏎ "))
