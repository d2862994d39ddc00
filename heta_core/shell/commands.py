"""Which command does what, and how each way of ending becomes an exit code."""

import argparse
import io
import os
import sys
from collections.abc import Callable

from heta_core.allocator import keep_freed
from heta_core.errors import HetaError
from heta_core.shell import attribute, bench, evaluate, generate, overview, serve, sweep, upkeep
from heta_core.shell.arguments import parsed
from heta_core.shell.progress import fail

_INTERRUPTED = 130  # 128 + SIGINT, as shells count

_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "attribute": attribute.run,
    "generate": generate.run,
    "evaluate": evaluate.run,
    "overview": overview.run,
    "sweep": sweep.run,
    "serve": serve.run,
    "models": upkeep.models,
    "train-littletown": upkeep.train,
    "littletown-card": upkeep.card,
    "bench": bench.run,
    "evidence": upkeep.evidence,
    "examples": upkeep.examples,
    "lessons": upkeep.lessons,
    "figures": upkeep.figures,
}


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = parsed(argv)
    keep_freed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # bars and Greek on a terminal that has neither
    try:
        code = _COMMANDS[arguments.command](arguments)
        sys.stdout.flush()
    except HetaError as error:
        return fail(str(error))
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader (head) has seen enough. Python flushes once more at exit: let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code
