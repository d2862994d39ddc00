"""What a run is asked to do: the data, the methods, the metrics, as the form has them."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from heta_core import datasets
from heta_core.datasets import Dataset
from heta_core.errors import HetaError, InputError
from heta_core.evaluation.plan import Plan, corpus
from heta_core.faithfulness.curves import check_mask
from heta_core.settings import Mask, Settings, Weights
from pages.ui import allowed, keeping, session, state

Source = Literal["town", "curated", "paste", "upload", "path"]
SOURCES: dict[Source, str] = {
    "town": "Littletown",
    "curated": "Stories and science",
    "paste": "Paste",
    "upload": "Upload",
    "path": "A path",
}
KEYS = {
    name: f"heta.errors.{name}"
    for name in (
        "source",
        "skill",
        "count",
        "pairs",
        "pasted",
        "upload",
        "path",
        "methods",
        "metrics",
        "limit",
        "mask",
        "scaling",
    )
}
FIRST_METHODS = ("heta", "first_order", "input_gradient", "occlusion")
FIRST_METRICS = ("deletion", "evidence", "dsa")
_EVERY = "every skill"
MOST_AT_ONCE = 2000  # examples of a run on the page; the command takes any number


@dataclass(frozen=True, slots=True)
class Asked:
    """A whole run: the examples, the model and the plan."""

    dataset: Dataset
    model: str
    plan: Plan


def skills() -> tuple[str, ...]:
    """What Littletown's questions are about."""
    from heta_core.littletown.lessons import SKILLS

    return (*SKILLS, _EVERY)


def sources() -> list[str]:
    """Where data can come from; from the disk of the server only where the reader sits at it."""
    return [title for name, title in SOURCES.items() if name != "path" or _has_paths()]


def _has_paths() -> bool:
    return keeping.is_private() and not allowed.current().demo


def source() -> Source:
    """Where the data come from."""
    chosen = state.widget(KEYS["source"])
    return next((name for name in get_args(Source) if SOURCES[name] == chosen), "town")


def _is_made() -> bool:
    """The data come with the app, as many as were asked for."""
    return source() in ("town", "curated")


def dataset() -> Dataset | None:
    """The data as they stand in the form; None where there are none yet. They are read again only where they changed.

    Raises:
        InputError: they cannot be read.
    """
    wanted = _wanted()
    if wanted is None:
        return None
    key, read = wanted
    found = state.held("errors.data", (source(), key), lambda: _tried(read))
    if isinstance(found, HetaError):
        raise found.with_traceback(None)  # else it grows by this frame each time
    return found


def _wanted() -> tuple[object, Callable[[], Dataset]] | None:
    """What the data of the form are known by, and how they are read."""
    chosen = source()
    if chosen == "town":
        skill, n = state.widget(KEYS["skill"]) or skills()[0], int(state.widget(KEYS["count"]) or 20)
        return (skill, n), lambda: datasets.generated(None if skill == _EVERY else skill, n, 0)
    if chosen == "curated":
        n = int(state.widget(KEYS["pairs"]) or 20)
        return n, lambda: datasets.curated_set(n, 0)
    if chosen == "path":
        typed = (state.widget(KEYS["path"]) or "").strip()
        path = Path(typed).expanduser()
        return ((typed, _stamps(path)), lambda: datasets.read_path(path)) if typed and _has_paths() else None
    if chosen == "paste":
        text = (state.widget(KEYS["pasted"]) or "").strip("\n")
        return (text, lambda: datasets.read(text, "pasted")) if text.strip() else None
    file = state.widget(KEYS["upload"])
    return (file.file_id, lambda: datasets.read_bytes(file.getvalue(), file.name)) if file is not None else None


def _tried(read: Callable[[], Dataset]) -> Dataset | HetaError:
    try:
        return read()
    except HetaError as error:
        return error


def _stamps(path: Path) -> tuple[tuple[str, int, int, int], ...]:
    """What is other once a file has changed, or one that is read with it: of its folder, or beside it of its name."""
    found = []
    with suppress(OSError, ValueError):  # whoever reads it says what is wrong
        is_folder = path.is_dir()
        for one in path.iterdir() if is_folder else path.parent.iterdir():
            if is_folder or one.stem == path.stem:
                told = one.stat()
                found.append((one.name, told.st_mtime_ns, told.st_ctime_ns, told.st_size))
    return tuple(sorted(found))


def asked() -> Asked:
    """The run that the form asks for.

    Raises:
        HetaError: data are missing or cannot be read, or an option cannot be used.
    """
    data = dataset()
    if data is None:
        raise InputError("A run needs examples, got none: paste some or choose a file.")
    n = MOST_AT_ONCE if _is_made() else int(state.widget(KEYS["limit"]) or MOST_AT_ONCE)
    data = Dataset(data.name, data.format, data.examples[:n], data.refused)
    return Asked(data, session.model(), plan(session.model(), data))


def plan(model: str, data: Dataset) -> Plan:
    """The methods, metrics and settings of the form.

    Raises:
        SettingsError: no method was chosen.
    """
    mask: Mask = state.widget(KEYS["mask"]) or "zero"
    settings = allowed.bounded(Settings(probes="auto", mask=mask))
    return Plan(
        methods=tuple(state.widget(KEYS["methods"]) or ()),
        metrics=tuple(state.widget(KEYS["metrics"]) or ()),
        settings=settings,
        weights=Weights(scaling=state.widget(KEYS["scaling"]) or session.weights().scaling),
        check_mask=check_mask(mask),
        models=(model,),
        corpora=(corpus(data),),
    )


def readable(data: Dataset | None) -> str | None:
    """What the data are, in a line."""
    if data is None:
        return None
    n, refused = len(data.examples), len(data.refused)
    form = "" if _is_made() else f", read as {datasets.named(data.format).title}"
    left = f"; {refused:,} cannot be used" if refused else ""
    return f"{n:,} {'example' if n == 1 else 'examples'}{form}{left}."
