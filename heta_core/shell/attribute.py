"""`attribute`: the ranking of each prompt, or its JSON. torch is imported once the command is known to make sense."""

import argparse
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from heta_core.errors import HetaError, InputError, LoadError
from heta_core.settings import Settings, Weights
from heta_core.shell.progress import fail, progress

if TYPE_CHECKING:
    from heta_core.attribution import Attribution
    from heta_core.language_model import LanguageModel
    from heta_core.targets import Choice


def run(arguments: argparse.Namespace) -> int:
    """The ranking of each prompt, or its JSON; a prompt that fails is reported and the rest go on."""
    settings, weights, prompts = _settings(arguments), _weights(arguments), list(_prompts(arguments))
    saved = _writable(arguments.json)
    from heta_core.report import dumps
    from heta_core.shell.lines import report

    lm = _loaded(arguments.model, may_download=arguments.download)
    choice = _choice(arguments, lm)
    finished: list[str] = []
    code = 0
    try:
        for where, prompt in prompts:
            try:
                result = _finished(lm, prompt, choice, settings, weights)
                line = dumps(result)
            except HetaError as error:
                code = fail(where + str(error))
                continue
            if arguments.json == "-":
                _print_json(line)
            else:
                print("\n" if finished else "", report(result, arguments.top), sep="", flush=True)
            finished.append(line)
    finally:  # what is finished is kept, also when the rest is interrupted
        if saved is not None and finished:
            _write(saved, finished)
    return code


def _loaded(name: str, *, may_download: bool) -> "LanguageModel":
    """The model; what a download takes is told before it begins."""
    from heta_core.loading import describe_remote, load
    from heta_core.models.hub import locate

    if may_download:
        try:
            locate(name)
        except LoadError:
            remote = describe_remote(name)
            size, licence = f"{remote.n_bytes / 1e6:,.0f} MB", remote.licence or "unknown"
            print(f"fetching {remote.name}: {size}, licence: {licence}", file=sys.stderr)
    with progress() as told:
        return load(name, download=may_download, progress=lambda _, part: told(part))


def _print_json(line: str) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="strict")  # JSON is UTF-8 whatever the terminal is
    print(line, flush=True)


def _writable(path: str | None) -> Path | None:
    """Where the JSON goes, refused before the work is done rather than after it."""
    if path is None or path == "-":
        return None
    target = Path(path)
    if target.is_dir() or not target.parent.is_dir():
        raise InputError(f"--json needs the path of a file in a folder that exists, got {path!r}: name another.")
    return target


def _write(target: Path, lines: list[str]) -> None:
    try:
        target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"The result could not be written to {str(target)!r} ({error.strerror}).") from error


def _prompts(arguments: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """(what an error message begins with, prompt)."""
    if arguments.file is None:
        yield "", arguments.prompt
        return
    try:
        raw = sys.stdin.buffer.read() if arguments.file == "-" else Path(arguments.file).read_bytes()
    except OSError as error:
        raise InputError(f"--file needs a text file, got {arguments.file!r} ({error.strerror}).") from error
    # Bytes that are no UTF-8 become half surrogates: their line is refused like any such text, and the rest go on.
    text = raw.decode("utf-8-sig", errors="surrogateescape")
    numbered = [(n, line.removesuffix("\r")) for n, line in enumerate(text.split("\n"), start=1)]
    if not any(line for _, line in numbered):
        raise InputError(f"--file needs a prompt on each line, found none in {arguments.file!r}.")
    yield from ((f"{arguments.file}, line {n}: ", line) for n, line in numbered if line)


def _settings(arguments: argparse.Namespace) -> Settings:
    return Settings(
        mask=arguments.mask,
        mask_token=arguments.mask_token,
        estimator=arguments.estimator,
        probes=arguments.probes,
        seed=arguments.seed,
    )


def _weights(arguments: argparse.Namespace) -> Weights:
    return Weights(beta=arguments.beta, gamma=arguments.gamma, scaling=arguments.scaling)


def _choice(arguments: argparse.Namespace, lm: "LanguageModel") -> "Choice":
    from heta_core.targets import Choice
    from heta_core.typed import token_of

    token_id = arguments.target_id
    if arguments.target is not None:
        token_id = token_of(lm.tokenizer, arguments.target)
    return Choice(position=arguments.position, token_id=token_id)


def _finished(
    lm: "LanguageModel", prompt: str, choice: "Choice", settings: Settings, weights: Weights
) -> "Attribution":
    """The last of the steps, with progress told on the way where a person watches."""
    from heta_core.engine import attribute_steps

    with progress() as show:
        for step in attribute_steps(lm, prompt, choice=choice, settings=settings, weights=weights):
            show(step.work.fraction)
    return step
