"""The command line: `python -m heta_core attribute --prompt "…"`."""

from heta_core.shell.commands import main

if __name__ == "__main__":
    raise SystemExit(main())
