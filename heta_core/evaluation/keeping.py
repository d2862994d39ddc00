"""A run in a folder: its file open for whoever carries it on, every line on the disk before the next is begun.

1. The file is locked: of two commands on one folder the second is refused.
2. A last line without its end is cut off, then the plan must be the one that was begun.
3. Each line is written at its end and synced; where the disk is full what was written of it is taken back.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from io import FileIO
from pathlib import Path
from typing import Protocol

from heta_core.errors import InputError, ReportError, SettingsError
from heta_core.evaluation.outcome import Key, Outcome, Remark
from heta_core.evaluation.plan import Plan, differences
from heta_core.evaluation.record import Record, loads, outcome_line, plan_line, remark_line, source_line
from heta_core.parts import Source

NAME = "run.jsonl"


class Ledger(Protocol):
    """What a run is written into while it is carried on."""

    @property
    def record(self) -> Record:
        """All that is known of it."""
        ...

    @property
    def done(self) -> set[Key]:
        """The examples that are there."""
        ...

    def add(self, outcome: Outcome) -> None:
        """One more example."""

    def meet(self, source: Source) -> None:
        """A model as it has been loaded."""


@dataclass(slots=True, eq=False)
class Loose:
    """A run that is kept nowhere but here."""

    record: Record
    done: set[Key] = field(default_factory=set)

    def add(self, outcome: Outcome) -> None:
        """One more example."""
        self.done.add(outcome.key)
        self.record = replace(self.record, outcomes=(*self.record.outcomes, outcome))

    def meet(self, source: Source) -> None:
        """A model as it has been loaded.

        Raises:
            SettingsError: the run was begun with other weights under this name.
        """
        if not _is_met(self.record, source):
            self.record = replace(self.record, sources=(*self.record.sources, source))


@dataclass(slots=True, eq=False)
class Kept:
    """A run with the file that it stands in."""

    record: Record
    path: Path
    file: FileIO
    done: set[Key]
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def add(self, outcome: Outcome) -> None:
        """One more example.

        Raises:
            InputError: the file cannot be written.
            ReportError: a number is not finite.
        """
        self._write(outcome_line(outcome))
        self.done.add(outcome.key)
        self.record = replace(self.record, outcomes=(*self.record.outcomes, outcome))

    def meet(self, source: Source) -> None:
        """A model as it has been loaded; nothing is written where it was met before.

        Raises:
            SettingsError: the run was begun with other weights under this name.
            InputError: the file cannot be written.
        """
        if not _is_met(self.record, source):
            self._write(source_line(source))
            self.record = replace(self.record, sources=(*self.record.sources, source))

    def remark(self, key: Key, words: Remark) -> None:
        """What a reader writes about an example; also while another thread adds examples.

        Raises:
            InputError: the file cannot be written.
        """
        self._write(remark_line(key, words))
        self.record = self.record.with_remark(key, words)

    def _write(self, line: str) -> None:
        with self._writing:
            self._append(line)

    def _append(self, line: str) -> None:
        end = self.file.seek(0, os.SEEK_END)
        try:
            left = memoryview(line.encode())
            while left:
                left = left[self.file.write(left) or 0 :]
            os.fsync(self.file.fileno())
        except OSError as error:
            with suppress(OSError):
                self.file.truncate(end)
            raise InputError(
                f"{str(self.path)!r} could not be written ({error.strerror}): what was done before is kept. Mend that "
                "and give the same command again, it goes on from there."
            ) from error


def _is_met(record: Record, source: Source) -> bool:
    """The model was met before; the same weights under its name, or none."""
    for known in (one for one in record.sources if one.model == source.model):
        for what in ("weights_id", "tokenizer_id", "dtype"):
            own, other = getattr(known, what), getattr(source, what)
            if own != other:
                raise SettingsError(
                    f"{source.model} must be the model that the run was begun with, found another: {what} "
                    f"{own} in the run, {other} now. Bring it back, or name another --out."
                )
    return source in record.sources


@contextmanager
def keeping(folder: Path, plan: Plan) -> Iterator[Kept]:
    """The run of a folder, new or as far as it has come.

    Raises:
        InputError: the folder or its file cannot be made or read, or another command is at work on it.
        SettingsError: the run that stands there was begun with another plan.
        ReportError: what stands there is no run, or damaged.
    """
    path = folder / NAME
    try:
        folder.mkdir(exist_ok=True)
        file = FileIO(str(path), "a+")
    except OSError as error:
        raise InputError(
            f"--out needs a folder that can be written, in one that exists, got {str(folder)!r} ({error.strerror}): "
            "name another."
        ) from error
    with file:
        _lock(file, path)
        yield _begun(file, path, plan)


def _begun(file: FileIO, path: Path, plan: Plan) -> Kept:
    file.seek(0)
    text = file.readall()
    whole, torn = text[: text.rfind(b"\n") + 1], text[text.rfind(b"\n") + 1 :]
    kept = Kept(Record(plan), path, file, set())
    if not whole:
        if not plan_line(plan).encode().startswith(torn):
            raise ReportError(f"Need a run or nothing in {str(path)!r}, found another file: name another --out.")
        file.truncate(0)
        kept._write(plan_line(plan))
        return kept
    try:
        record = loads(whole.decode())
    except UnicodeDecodeError as error:
        raise ReportError(f"Need a run in {str(path)!r}, found no UTF-8: the file is damaged.") from error
    if told := differences(record.plan, plan):
        raise SettingsError(
            f"{str(path)!r} was begun with another plan ({'; '.join(told)}): give the same options again, or another "
            "--out."
        )
    if torn:
        file.truncate(len(whole))
    # The plan as it is asked now: how the work is cut up may be another.
    kept.record, kept.done = replace(record, plan=plan), {outcome.key for outcome in record.outcomes}
    return kept


def _lock(file: FileIO, path: Path) -> None:
    """Ends with the process, however that ends. Windows has no such lock: there it is on whoever types."""
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise InputError(
            f"{str(path)!r} is at work in another process: wait for it, end it, or name another --out."
        ) from error
