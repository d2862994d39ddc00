"""What lessons put on paper: words with their numbers, bars, tables, and gaps to fill in.

HTML without scripts. Every text is escaped; what is HTML already says so by being `Html`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from heta_core.teaching.contract import Data
from heta_core.views import words


@dataclass(frozen=True, slots=True)
class Html:
    """Markup that goes into a page as it is."""

    text: str


Cell = str | Html
Writer = Callable[[str], Cell]  # how a number is put on paper

GAP = Html('<span class="gap" role="img" aria-label="to be filled in"></span>')


def found(*, is_solved: bool) -> Writer:
    """How to write what the reader is to find: in the student's copy as a gap."""
    return _found if is_solved else lambda text: GAP


def _found(text: str) -> Cell:
    return Html(f'<b class="found">{escape(text)}</b>')


def sentence(text: str) -> str:
    """A text of the model's, set apart."""
    return f'<p class="said">{escape(text)}</p>'


def named(labels: Sequence[str], i: int) -> str:
    """A token between quotes; of several that look the same which it is, as the pictures say it."""
    same = [k for k, label in enumerate(labels) if label == labels[i]]
    return words.quoted(labels[i]) + (f" ({same.index(i) + 1} of {len(same)})" if len(same) > 1 else "")


def note(text: Cell) -> str:
    """A line below a picture."""
    return f'<p class="note">{_html(text)}</p>'


def beside(*parts: str) -> str:
    """Parts next to one another."""
    return f'<div class="beside">{"".join(f"<div>{part}</div>" for part in parts)}</div>'


def bars(chances: Sequence[Data], write: Writer = str) -> str:
    """A bar for each of some next tokens, with its number; where that is a gap, word and bar are left out too."""
    rows = []
    for chance in chances:
        number = write(words.percent(chance["p"]))
        is_open = number is GAP
        bar = "<u></u>" if is_open else f'<i style="width:{100 * chance["p"]:.1f}%"></i>'
        rows.append((GAP if is_open else words.quoted(chance["label"]), Html(bar), number))
    return table((), rows, kind="bars")


def row_of_words(parts: Sequence[Sequence[str]], numbers: Sequence[Cell], parts_of_full: Sequence[float]) -> str:
    """A text word by word, each shaded and with its number below; one whose number is a gap has no shade.

    Args:
        parts: [white space before, what is seen, white space after, kind] of each word.
        parts_of_full: 0 to 1, how much of the full shade each has.
    """
    cells = [
        f'<span style="background:rgb(29 78 216 / {0 if number is GAP else 0.6 * part:.2f})">'
        f"<b>{escape(body)}</b><small>{_html(number)}</small></span>"
        for (_, body, _, _), number, part in zip(parts, numbers, parts_of_full, strict=True)
    ]
    return f'<p class="words">{"".join(cells)}</p>'


def table(head: Sequence[str], rows: Sequence[Sequence[Cell]], *, kind: str = "table") -> str:
    """A table, its texts escaped."""
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{_html(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<table class="{kind}">{f"<thead><tr>{top}</tr></thead>" if top else ""}<tbody>{body}</tbody></table>'


def _html(cell: Cell) -> str:
    return cell.text if isinstance(cell, Html) else escape(cell)
