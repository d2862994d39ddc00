"""What can be typed after `python -m heta_core`. Nothing here imports torch, so help comes at once."""

import argparse
from pathlib import Path
from typing import TypeAlias

from heta_core.configuration import NAME
from heta_core.grouping import GROUPINGS
from heta_core.settings import Decoding, Settings
from heta_core.shell.bench_options import asked_of_bench
from heta_core.shell.computing import add_settings, add_weights
from heta_core.shell.evaluate_options import asked_of_evaluate, odd_evaluate
from heta_core.shell.files import add_files, odd_files
from heta_core.shell.options import add_loading, add_model
from heta_core.shell.overview import asked_of_overview
from heta_core.shell.sweep_options import asked_of_sweep, odd_sweep

_EXIT_CODES = """exit codes:
  0  everything asked for was done
  1  something could not be done: a prompt, the model, a file; the message says what to do
  2  the command itself was not understood
"""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="python -m heta_core",
        description="Why did the model say that? Hessian-Enhanced Token Attribution (arXiv 2604.13258).",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="command")
    measuring = (_evaluate, _overview, _sweep, _evidence, _bench)
    for add in (_attribute, _generate, *measuring, _serve, _models, _train, _card, _examples, _lessons, _figures):
        add(commands)
    return top


def parsed(argv: list[str] | None = None) -> argparse.Namespace:
    """What was typed; ends the program where it cannot be understood or contradicts itself."""
    top = parser()
    arguments = top.parse_args(argv)
    odd = {"attribute": _odd_attribute, "generate": _odd_generate, "evaluate": odd_evaluate, "sweep": odd_sweep}
    told = odd.get(arguments.command, lambda _: None)(arguments)
    if told:
        top.error(told)
    return arguments


def _odd_attribute(a: argparse.Namespace) -> str | None:
    """What contradicts itself, beyond what argparse sees."""
    if a.position is not None and (a.span or a.contrast):
        return "--position goes with --target and --target-id; --span and --contrast say themselves where they stand"
    return "--whole goes with --contrast" if a.whole and not a.contrast else odd_files(a)


def _odd_generate(a: argparse.Namespace) -> str | None:
    if a.system is not None and a.user is None:
        return "--system goes with --user"
    decoded = (a.steps, a.temperature, a.top_k, a.top_p, a.decoding_seed)
    if a.continuation is not None and (a.sample or a.stop or any(value is not None for value in decoded)):
        return "--continuation is given, so nothing says how to choose one: leave out --steps, --sample and the like"
    return None


_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _command(commands: _Commands, name: str, told: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=told,
        description=told[0].upper() + told[1:] + ".",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _attribute(commands: _Commands) -> None:
    command = _command(commands, "attribute", "rank the words of a prompt by what they did for the model's next word")
    asked = command.add_mutually_exclusive_group(required=True)
    asked.add_argument("--prompt", help="the text before the word that is explained")
    asked.add_argument("--file", metavar="PATH", help="a file with one prompt on each line; - reads standard input")
    _model(command, may_download=True)
    target = command.add_argument_group("what is explained (without any: the model's own next word)")
    target.add_argument(
        "--position", type=int, metavar="N", help="the token at N, counted from 0, from what precedes it"
    )
    named = target.add_mutually_exclusive_group()
    named.add_argument("--target", metavar="TEXT", help='a token the model could say, with its space: " garden"')
    named.add_argument("--target-id", type=int, metavar="ID", help="the same by its id in the vocabulary")
    named.add_argument("--span", type=_span, metavar="A:B", help="the tokens A … B−1 of the text together: 12:16")
    named.add_argument(
        "--contrast",
        nargs=2,
        metavar="TEXT",
        help='the first rather than the second, after the text: " garden" " park"',
    )
    target.add_argument(
        "--whole", action="store_true", help="compare all of both texts, not the first tokens that differ"
    )
    add_settings(command)
    _estimate(command)
    command.add_argument(
        "--groups", choices=GROUPINGS, help="score words or sentences as blocks, masked and probed whole, not tokens"
    )
    add_weights(command)
    shown = command.add_argument_group("what is printed")
    shown.add_argument(
        "--top", type=_count, default=10, metavar="K", help="rows of the ranking, 0 for all (default 10)"
    )
    add_files(shown, "the whole result, one JSON a line; - prints it instead of the ranking", "the text")


def _generate(commands: _Commands) -> None:
    command = _command(
        commands, "generate", "let the model go on and rank, for every word it says, the words before it"
    )
    asked = command.add_mutually_exclusive_group(required=True)
    asked.add_argument("--prompt", help="the text that the model goes on with")
    asked.add_argument("--user", metavar="TEXT", help="what a user says, in the model's own chat template")
    asked.add_argument(
        "--chat", metavar="FILE", help='a chat as JSON: [{"role": "system", "content": "…"}, {"role": "user", …}]'
    )
    command.add_argument("--system", metavar="TEXT", help="what the system says before --user")
    _model(command, may_download=True)
    usual = Decoding()
    said = command.add_argument_group("what is said")
    said.add_argument("--steps", type=int, metavar="N", help=f"tokens at most (default {usual.steps})")
    said.add_argument(
        "--stop", action="append", metavar="TEXT", help="end with the token that completes this; repeatable"
    )
    said.add_argument("--sample", action="store_true", help="draw tokens instead of taking the most probable")
    said.add_argument("--temperature", type=float, metavar="X", help=f"of the draw (default {usual.temperature:g})")
    said.add_argument("--top-k", type=int, metavar="K", help="draw from the K most probable")
    said.add_argument("--top-p", type=float, metavar="P", help="draw from the fewest that hold P of the probability")
    said.add_argument("--decoding-seed", type=int, metavar="N", help=f"of the draw (default {usual.seed})")
    said.add_argument("--continuation", metavar="TEXT", help="explain this text instead of generating one")
    add_settings(command)
    _estimate(command)
    add_weights(command)
    shown = command.add_argument_group("what is printed")
    shown.add_argument("--top", type=_count, default=3, metavar="K", help="rows of each word, 0 for all (default 3)")
    add_files(shown, "the whole result as JSON; - prints it instead of the words", "every token at every step")


def _estimate(command: argparse.ArgumentParser) -> None:
    command.add_argument("--estimate", action="store_true", help="tell what it would cost, and stop")


def _overview(commands: _Commands) -> None:
    asked_of_overview(_command(commands, "overview", "print a run of `evaluate` as one table"))


def _evaluate(commands: _Commands) -> None:
    asked_of_evaluate(_command(commands, "evaluate", "score many examples with many methods, and judge the scores"))


def _sweep(commands: _Commands) -> None:
    asked_of_sweep(_command(commands, "sweep", "print a table that a claim about the score rests on"))


def _serve(commands: _Commands) -> None:
    command = _command(commands, "serve", "start the app for others, as a file or the environment says")
    command.add_argument(
        "--config", type=Path, metavar="FILE", help=f"of settings (default: $HETA_CONFIG, or {NAME} in this folder)"
    )


def _models(commands: _Commands) -> None:
    _command(commands, "models", "list the models that load without a download")


def _train(commands: _Commands) -> None:
    command = _command(commands, "train-littletown", "train the embedded model from nothing; takes hours on two cores")
    command.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="of the run; a run that stands there goes on"
    )
    command.add_argument("--seed", type=int, default=0, help="of the world and the weights (default %(default)s)")


def _card(commands: _Commands) -> None:
    _command(commands, "littletown-card", "measure the embedded model again and rewrite its card")


def _evidence(commands: _Commands) -> None:
    command = _command(commands, "evidence", "print how often each score finds evidence that is known")
    _model(command)
    command.add_argument("--n", type=_count, default=100, help="questions with verified evidence (default %(default)s)")
    command.add_argument(
        "--probes", type=int, default=Settings().probes, help="sign vectors a token (default %(default)s)"
    )
    command.add_argument("--seed", type=int, default=0, help="of the questions and sign vectors (default %(default)s)")


def _bench(commands: _Commands) -> None:
    asked_of_bench(_command(commands, "bench", "measure the engine against the loop that a textbook would write"))


def _examples(commands: _Commands) -> None:
    command = _command(commands, "examples", "choose the examples that the page opens with and rewrite assets/examples")
    command.add_argument("--seed", type=int, default=0, help="of the search (default %(default)s)")


def _lessons(commands: _Commands) -> None:
    command = _command(commands, "lessons", "measure what the lessons show and rewrite assets/lessons")
    command.add_argument("name", nargs="*", help="a lesson; all of them if none is named")


def _figures(commands: _Commands) -> None:
    command = _command(commands, "figures", "measure everything again and rewrite every figure of card and README")
    command.add_argument("--n", type=_count, default=100, help="questions with verified evidence (default %(default)s)")


def _model(command: argparse.ArgumentParser, *, may_download: bool = False) -> None:
    add_model(command)
    if may_download:
        add_loading(command)
        command.add_argument("--download", action="store_true", help="allow the model to be fetched from the hub")


def _span(text: str) -> tuple[int, int]:
    try:
        start, stop = map(int, text.split(":"))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be two positions A:B, as 12:16, got {text!r}") from error
    return start, stop


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must be 0 or more, got {number}")
    return number
