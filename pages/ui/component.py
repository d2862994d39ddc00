"""What every component of the pages is made of: the node that it draws in, and its script and style from `assets`."""

from heta_core.taking.screen import SCREEN, script, style

__all__ = ["HTML", "SCREEN", "script", "style"]

HTML = '<div class="heta">\n</div>'
