"""Starts the app for others: Streamlit on the address and port that were decided."""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path

from heta_core import configuration
from heta_core.errors import SettingsError
from heta_core.library.place import VARIABLE, place
from heta_core.serving import Serving

_APP = Path(__file__).resolve().parents[2] / "app.py"


def run(arguments: argparse.Namespace) -> int:
    """Become the server, so that whoever ends this process ends it. It does not return but on Windows.

    Raises:
        SettingsError: the settings cannot be, or the app is not there.
    """
    serving = configuration.read(arguments.config)
    place(is_private=False, environment={**os.environ, VARIABLE: serving.kept})  # refuses what the pages would
    line = command(serving)
    for told in in_words(serving):
        print(told, flush=True)
    environment = told_on(arguments.config, os.environ)
    if sys.platform == "win32":  # where another program takes no process over
        return subprocess.call(line, env=environment)
    os.execve(line[0], line, environment)


def command(serving: Serving) -> list[str]:
    """How the server is started.

    Raises:
        SettingsError: the app or Streamlit is not there.
    """
    if not _APP.is_file() or find_spec("streamlit") is None:
        raise SettingsError(f"The app must lie at {_APP}, with Streamlit installed: install from a checkout.")
    told = {"address": [serving.address], "port": [str(serving.port)], "allowedHosts": serving.hosts}
    options = [part for name, values in told.items() for value in values for part in (f"--server.{name}", value)]
    return [sys.executable, "-m", "streamlit", "run", str(_APP), *options]


def told_on(config: Path | None, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of the server, which reads the same file itself."""
    return {**environment, **({} if config is None else {configuration.CONFIG: str(config.absolute())})}


def in_words(serving: Serving) -> list[str]:
    """What was decided, one line each; what is as at home is left out."""
    usual = Serving()
    return [
        f"{own.name} = {', '.join(value) if isinstance(value, tuple) else value}"
        for own in fields(serving)
        if (value := getattr(serving, own.name)) != getattr(usual, own.name)
    ]
