"""`attribute`: the ranking of each prompt, or its JSON. torch is imported once the command is known to make sense."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from heta_core.errors import HetaError, InputError
from heta_core.shell.cost import announce
from heta_core.shell.files import check_files, write_files
from heta_core.shell.options import loaded, settings_of, weights_of
from heta_core.shell.progress import fail, progress
from heta_core.shell.saving import print_json, writable, write

if TYPE_CHECKING:
    from heta_core.attribution import Attribution
    from heta_core.cost.estimate import Plan
    from heta_core.language_model import LanguageModel
    from heta_core.targets import Choice
    from heta_core.tokens import Tokens


def run(arguments: argparse.Namespace) -> int:
    """The ranking of each prompt, or its JSON; a prompt that fails is reported and the rest go on."""
    settings_of(arguments), weights_of(arguments)  # what cannot be chosen is refused before the model is loaded
    prompts, saved = list(_prompts(arguments)), writable(arguments.json)
    check_files(arguments)
    from heta_core.report import dumps
    from heta_core.shell.lines import report

    lm = loaded(arguments, may_download=arguments.download)
    choice = _choice(arguments, lm)
    finished: list[str] = []
    code = 0
    try:
        for where, prompt in prompts:
            try:
                asked = _asked(lm, prompt, choice, arguments)
                plan = _plan(lm, *asked, arguments)
                if arguments.estimate:
                    print(f"{where}{plan.cost().words}", flush=True)
                    continue
                announce(plan)
                result = _finished(lm, *asked, arguments)
                line = dumps(result)
                write_files(result, arguments)
            except HetaError as error:
                code = fail(where + str(error))
                continue
            if arguments.json == "-":
                print_json(line)
            else:
                print("\n" if finished else "", report(result, arguments.top), sep="", flush=True)
            finished.append(line)
    finally:  # what is finished is kept, also when the rest is interrupted
        if saved is not None and finished:
            write(saved, finished)
    return code


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


def _choice(arguments: argparse.Namespace, lm: "LanguageModel") -> "Choice":
    """What is asked of every prompt alike; a contrast is named for each."""
    from heta_core.targets import Choice
    from heta_core.typed import token_of

    if arguments.span is not None:
        return Choice(arguments.span[0], stop=arguments.span[1])
    token_id = arguments.target_id
    if arguments.target is not None:
        token_id = token_of(lm.tokenizer, arguments.target)
    return Choice(position=arguments.position, token_id=token_id)


def _asked(
    lm: "LanguageModel", prompt: str, choice: "Choice", arguments: argparse.Namespace
) -> "tuple[str | Tokens, Choice]":
    """The text and what is explained of it: what two texts begin with in common joins the prompt."""
    if arguments.contrast is None:
        return prompt, choice
    from heta_core.tokens import from_text
    from heta_core.typed import contrast

    said, foil = arguments.contrast
    return contrast(lm.tokenizer, from_text(lm.tokenizer, prompt), said, foil, is_whole=arguments.whole)


def _plan(lm: "LanguageModel", text: "str | Tokens", choice: "Choice", arguments: argparse.Namespace) -> "Plan":
    from heta_core.cost.estimate import plan

    return plan(lm, text, choice=choice, settings=settings_of(arguments), groups=arguments.groups)


def _finished(
    lm: "LanguageModel", text: "str | Tokens", choice: "Choice", arguments: argparse.Namespace
) -> "Attribution":
    """The last of the steps, with progress told on the way where a person watches."""
    from heta_core.engine import attribute_steps

    settings, weights = settings_of(arguments), weights_of(arguments)
    with progress() as show:
        steps = attribute_steps(lm, text, choice=choice, settings=settings, weights=weights, groups=arguments.groups)
        for step in steps:
            show(step.work.fraction)
    return step
