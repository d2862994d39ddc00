"""`generate`: a continuation as it grows, and for each of its words the words before it, or the JSON of both."""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from heta_core.errors import InputError
from heta_core.settings import Decoding
from heta_core.shell.cost import announce
from heta_core.shell.files import check_files, write_files
from heta_core.shell.options import loaded, settings_of, weights_of
from heta_core.shell.progress import progress
from heta_core.shell.saving import print_json, writable, write

if TYPE_CHECKING:
    from heta_core.conversation import Message
    from heta_core.cost.estimate import Plan
    from heta_core.generated import GenerationAttribution
    from heta_core.language_model import LanguageModel
    from heta_core.tokens import Tokens


def run(arguments: argparse.Namespace) -> int:
    """What the model says and why, or the JSON of it."""
    settings_of(arguments), weights_of(arguments), _decoding(arguments)  # refused before the model is loaded
    saved = writable(arguments.json)
    check_files(arguments)
    from heta_core.report import dumps
    from heta_core.shell import steps

    lm = loaded(arguments, may_download=arguments.download)
    prompt = _prompt(lm, arguments)
    plan = _plan(lm, prompt, arguments)
    if arguments.estimate:
        print(plan.cost().words)
        return 0
    announce(plan)
    grown: GenerationAttribution | None = None
    shown, is_open = None, arguments.json != "-"
    try:
        with progress() as told:
            for grown in _growing(lm, prompt, arguments):
                if is_open:
                    shown, is_open = steps.show(grown, shown), grown.ending is None
                if grown.steps:
                    told(grown.fraction)
    finally:  # what is finished is kept, also when the rest is interrupted
        if grown is not None and grown.steps:
            if saved is not None:
                write(saved, [dumps(grown)])
            write_files(grown, arguments)
    assert grown is not None  # there is no prompt without a first result
    if arguments.json == "-":
        print_json(dumps(grown))
    else:
        print(steps.report(grown, arguments.top), flush=True)
    return 0


def _plan(lm: "LanguageModel", prompt: "str | Tokens", arguments: argparse.Namespace) -> "Plan":
    from heta_core.cost.estimate import plan_steps
    from heta_core.typed import ids_of

    given = arguments.continuation
    steps = _decoding(arguments).steps if given is None else len(ids_of(lm.tokenizer, given))
    return plan_steps(lm, prompt, steps=steps, settings=settings_of(arguments))


def _growing(
    lm: "LanguageModel", prompt: "str | Tokens", arguments: argparse.Namespace
) -> "Iterable[GenerationAttribution]":
    from heta_core.generation import explain_steps, generate_steps

    settings, weights = settings_of(arguments), weights_of(arguments)
    if arguments.continuation is not None:
        return explain_steps(lm, prompt, arguments.continuation, settings=settings, weights=weights)
    return generate_steps(lm, prompt, decoding=_decoding(arguments), settings=settings, weights=weights)


def _decoding(arguments: argparse.Namespace) -> Decoding:
    usual = Decoding()
    return Decoding(
        method="sample" if arguments.sample else "greedy",
        steps=usual.steps if arguments.steps is None else arguments.steps,
        temperature=usual.temperature if arguments.temperature is None else arguments.temperature,
        top_k=arguments.top_k,
        top_p=arguments.top_p,
        seed=usual.seed if arguments.decoding_seed is None else arguments.decoding_seed,
        stop=tuple(arguments.stop or ()),
    )


def _prompt(lm: "LanguageModel", arguments: argparse.Namespace) -> "str | Tokens":
    if arguments.prompt is not None:
        prompt: str = arguments.prompt
        return prompt
    from heta_core.conversation import Message, chat

    if arguments.chat is not None:
        return chat(lm.tokenizer, _messages(arguments.chat))
    system = [] if arguments.system is None else [Message("system", arguments.system)]
    return chat(lm.tokenizer, [*system, Message("user", arguments.user)])


def _messages(path: str) -> "list[Message]":
    """The messages of a file."""
    from heta_core.conversation import Message

    try:
        turns = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"--chat needs a JSON file, got {path!r} ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:  # no UTF-8, or no JSON
        raise InputError(f"--chat needs a whole JSON file, found a damaged one in {path!r} ({error}).") from error
    if not isinstance(turns, list) or not all(_is_turn(turn) for turn in turns):
        raise InputError(
            f'--chat needs a list of {{"role": "…", "content": "…"}}, found other JSON in {path!r}: give every message '
            "both and nothing else."
        )
    return [Message(turn["role"], turn["content"]) for turn in turns]


def _is_turn(turn: object) -> bool:
    return (
        isinstance(turn, dict) and turn.keys() == {"role", "content"} and all(isinstance(v, str) for v in turn.values())
    )
