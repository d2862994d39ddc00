"""The file of a run: a line for the plan, one for each model, example and remark, the example's as soon as it is done.

Lines are only ever added, so that a run that is killed loses at most the example it was in. A last line without its
end was being written then: it is left out, and whoever goes on writes over it. Of two remarks on one example the
later counts.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from heta_core.datasets import Example
from heta_core.errors import InputError, ReportError
from heta_core.evaluation.outcome import Key, Outcome, Remark
from heta_core.evaluation.plan import Plan
from heta_core.groups import check
from heta_core.packing import pack_fields, parse, read_fields
from heta_core.parts import Source

FORMAT, VERSION = "heta-evaluation", 1


@dataclass(frozen=True, slots=True)
class _Noted:
    """A remark and where it belongs, as a line."""

    model: str
    dataset: str
    id: str
    remark: Remark


@dataclass(frozen=True, slots=True)
class Record:
    """A run as far as it has come."""

    plan: Plan
    outcomes: tuple[Outcome, ...] = ()
    remarks: dict[Key, Remark] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()  # the models as they were loaded, those of a run that was continued again
    n_read: int = 0  # characters of the text that were whole lines

    def with_remark(self, key: Key, remark: Remark) -> "Record":
        """The same with another remark on an example."""
        return replace(self, remarks=self.remarks | {key: remark})


def plan_line(plan: Plan) -> str:
    """The first line."""
    return _line({"format": FORMAT, "version": VERSION, "plan": pack_fields(plan, "")})


def source_line(source: Source) -> str:
    """The line of a model."""
    return _line({"source": pack_fields(source, "")})


def outcome_line(outcome: Outcome) -> str:
    """The line of an example.

    Raises:
        ReportError: a number is not finite.
    """
    return _line({"outcome": pack_fields(outcome, "")})


def remark_line(key: Key, remark: Remark) -> str:
    """The line of a remark."""
    return _line({"remark": pack_fields(_Noted(*key, remark), "")})


def dumps(record: Record) -> str:
    """The whole file."""
    remarks = (remark_line(key, remark) for key, remark in record.remarks.items())
    sources, outcomes = map(source_line, record.sources), map(outcome_line, record.outcomes)
    return "".join((plan_line(record.plan), *sources, *outcomes, *remarks))


def loads(text: str) -> Record:
    """The run that a file holds.

    Raises:
        ReportError: this is no such file, or a line of it is damaged; the message names the line.
    """
    whole, _, _ = text.rpartition("\n")
    lines = whole.split("\n") if whole else []
    if not lines:
        raise ReportError("Need a run saved by this app, found no whole line: choose its .jsonl file.")
    record = Record(_plan(_parsed(lines[0], 1)), n_read=len(whole) + 1)
    outcomes: dict[Key, Outcome] = {}
    sources: list[Source] = []
    for number, line in enumerate(lines[1:], start=2):
        document = _parsed(line, number)
        where = f"line {number}"
        if document.keys() == {"outcome"}:
            outcome: Outcome = read_fields(document["outcome"], Outcome, where)
            if outcome.key in outcomes:
                raise ReportError(f"An example may stand once in a run, line {number} repeats {outcome.example.id!r}.")
            _check(outcome, number)
            outcomes[outcome.key] = outcome
        elif document.keys() == {"remark"}:
            noted: _Noted = read_fields(document["remark"], _Noted, where)
            record.remarks[noted.model, noted.dataset, noted.id] = noted.remark
        elif document.keys() == {"source"}:
            sources.append(read_fields(document["source"], Source, where))
        else:
            raise ReportError(f"Line {number} must be a source, an outcome or a remark, found {_named(document)}.")
    return replace(record, outcomes=tuple(outcomes.values()), sources=tuple(sources))


def _line(document: dict[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False) + "\n"


def _parsed(line: str, number: int) -> dict[str, object]:
    try:
        document = parse(line)
    except ReportError as error:
        raise ReportError(f"Line {number} of the run is damaged: {error}") from error
    if not isinstance(document, dict):
        raise ReportError(f"Line {number} of the run must be an object, found another thing: the file is damaged.")
    return document


def _plan(document: dict[str, object]) -> Plan:
    if document.get("format") != FORMAT:
        raise ReportError(f"Need a run (format {FORMAT!r}), found {_named(document)}: choose a .jsonl of a run.")
    if document.get("version") != VERSION:
        raise ReportError(
            f"Need version {VERSION} of a run, found {document.get('version')!r}: open it with the release that "
            "wrote it."
        )
    plan: Plan = read_fields(document.get("plan"), Plan, "the plan")
    return plan


def _named(document: dict[str, object]) -> str:
    named = document.get("format", ", ".join(sorted(document)[:3]) or "nothing")
    return repr(str(named)[:60])


def _check(outcome: Outcome, number: int) -> None:
    """What must hold between the parts of an outcome."""
    holds = _spans_hold(outcome.example)
    if outcome.problem is not None:
        known = (outcome.tokens, outcome.target, outcome.groups, outcome.answer, outcome.stays)
        holds = holds and all(one is None for one in known) and not outcome.scored
    else:
        holds = holds and _parts_hold(outcome)
    if not holds:
        raise ReportError(f"Line {number} of the run contradicts itself: the file is damaged or was written by hand.")


def _spans_hold(example: Example) -> bool:
    """Stretches lie inside the prompt and rise."""
    for spans in (example.evidence, example.distractor, example.question, example.gold_words):
        edges = [0, *(edge for span in spans for edge in span), len(example.prompt)]
        if edges != sorted(edges) or any(start == stop for start, stop in spans):
            return False
    return True


def _parts_hold(outcome: Outcome) -> bool:
    """What is known of an example that was done fits together: nothing is believed before its size is."""
    tokens, target, answer = outcome.tokens, outcome.target, outcome.answer
    if tokens is None or target is None or answer is None or not 1 <= target.n_context <= len(tokens):
        return False
    if any(not 0 <= start <= stop <= len(tokens.text) for start, stop in tokens.spans):
        return False
    if outcome.groups is not None:
        try:
            check(outcome.groups, target.n_context)
        except InputError:
            return False
    n = len(outcome.places)
    return (
        answer.log_p < 1  # of a probability, whatever its rounding: it is raised to a power again
        and all(0 <= unit < n for unit in answer.flips)
        and all(len(one.scores) == (0 if one.problem else n) for one in outcome.scored)
        and len({one.method for one in outcome.scored}) == len(outcome.scored)
    )


def joined(plan: Plan, outcomes: Iterable[Outcome], remarks: dict[Key, Remark] | None = None) -> Record:
    """A run from its parts."""
    return Record(plan, tuple(outcomes), dict(remarks or {}))
