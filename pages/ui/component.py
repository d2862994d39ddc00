"""The scripts and styles of the components, read from `assets/strip` and joined in a fixed order."""

from pathlib import Path

_STRIP = Path(__file__).resolve().parents[2] / "assets" / "strip"
HTML = '<div class="heta">\n</div>'
# The screen of one explained answer. A page adds a script of its own that ends in its `export default`.
SCREEN = ("basics", "values", "head", "targets", "text", "blocks", "rank", "card", "candidates", "reader", "screen")


def script(*names: str) -> str:
    """The named scripts as one; they share a scope. Streamlit takes a path only from installed packages."""
    return "\n".join((_STRIP / f"{name}.js").read_text("utf-8") for name in names)


def style(*names: str) -> str:
    """The named styles as one."""
    return "\n".join((_STRIP / f"{name}.css").read_text("utf-8") for name in names)
