"""The scripts and styles that draw a result in a browser, read from `assets/strip` and joined in a fixed order."""

from pathlib import Path

_STRIP = Path(__file__).resolve().parents[2] / "assets" / "strip"
# The screen of one explained answer. Whoever shows it adds a script of its own, which comes last.
SCREEN = (
    *("basics", "terms", "values", "head", "targets", "text", "units", "reading", "blocks", "keys"),
    *("drawing", "formula", "plane", "rank", "card", "candidates", "reader", "screen"),
)


def script(*names: str) -> str:
    """The named scripts as one; they share a scope."""
    return "\n".join((_STRIP / f"{name}.js").read_text("utf-8") for name in names)


def style(*names: str) -> str:
    """The named styles as one."""
    return "\n".join((_STRIP / f"{name}.css").read_text("utf-8") for name in names)
